"""Settings come from environment variables: how their text becomes values."""

import os
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

SQLITE_OPTIONS = {"timeout": 20, "transaction_mode": "IMMEDIATE", "init_command": "PRAGMA synchronous=NORMAL;"}
ENGINES = {
    "sqlite": "django.db.backends.sqlite3",
    "postgres": "django.db.backends.postgresql",
    "postgresql": "django.db.backends.postgresql",
}


def flag(name: str, default: bool = False) -> bool:
    """1, true, yes and on are yes; 0, false, no, off and nothing are no; anything else is refused."""
    text = os.environ.get(name, "").strip().lower()
    if not text:
        return default
    if text in {"1", "true", "yes", "on"}:
        return True
    if text in {"0", "false", "no", "off"}:
        return False
    raise ImproperlyConfigured(f"{name} must be 1 or 0, not {text!r}.")


def number(name: str, default: int) -> int:
    """A whole number."""
    text = os.environ.get(name, "").strip()
    try:
        return int(text) if text else default
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be a whole number, not {text!r}.") from error


def fraction(name: str, default: float) -> float:
    """A number from 0 to 1."""
    text = os.environ.get(name, "").strip()
    try:
        value = float(text) if text else default
    except ValueError as error:
        raise ImproperlyConfigured(f"{name} must be a number, not {text!r}.") from error
    if not 0 <= value <= 1:
        raise ImproperlyConfigured(f"{name} must lie between 0 and 1, not be {text}.")
    return value


def words(name: str, default: str = "") -> list[str]:
    """A list separated by commas."""
    return [word.strip() for word in os.environ.get(name, default).split(",") if word.strip()]


def path(name: str, default: Path) -> Path:
    """A path; a relative one counts from where the process was started."""
    text = os.environ.get(name, "").strip()
    return Path(text).resolve() if text else default


def rates(name: str, defaults: dict[str, int]) -> dict[str, int]:
    """`detect:read=600,detect:write=60` over the defaults."""
    given = dict(word.rpartition("=")[::2] for word in words(name))
    if unknown := set(given) - set(defaults):
        raise ImproperlyConfigured(f"{name} has no {', '.join(sorted(unknown))}: there are {', '.join(defaults)}.")
    if not all(text.isdecimal() for text in given.values()):
        raise ImproperlyConfigured(f"{name} must be like detect:read=600.")
    return {**defaults, **{scope: int(text) for scope, text in given.items()}}


def cache(url: str, directory: Path) -> dict[str, Any]:
    """Files in a directory, or `redis://host:port/0` (with the package `redis`): what several web hosts share."""
    common = {"TIMEOUT": 3600, "KEY_PREFIX": "deepfake"}
    if not url:
        options = {"MAX_ENTRIES": 10_000}
        return {**common, "BACKEND": "deepfake_site.cache.CountingFileCache", "LOCATION": directory, "OPTIONS": options}
    if urlsplit(url).scheme not in {"redis", "rediss"}:
        raise ImproperlyConfigured("CACHE_URL must begin with redis:// or rediss://.")
    return {**common, "BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": url}


def secret_key(file: Path) -> str:
    """The key from DJANGO_SECRET_KEY or from the key file; empty where neither exists, and Django then says so."""
    key = os.environ.get("DJANGO_SECRET_KEY", "")
    if key or not file.is_file():
        return key
    return file.read_text(encoding="ascii").strip()


def database(url: str) -> dict[str, Any]:
    """`sqlite:////absolute/path` or `postgres://user:password@host:port/name` as Django's dictionary.

    No pooling and no persistent connections: a forked worker must never inherit one.
    """
    parts = urlsplit(url)
    if parts.scheme not in ENGINES:
        raise ImproperlyConfigured("DATABASE_URL must begin with sqlite:// or postgres://.")
    common = {"ENGINE": ENGINES[parts.scheme], "CONN_MAX_AGE": 0, "ATOMIC_REQUESTS": False}
    if parts.scheme == "sqlite":
        return {**common, "NAME": unquote(parts.path[1:]), "OPTIONS": dict(SQLITE_OPTIONS)}
    return {
        **common,
        "NAME": unquote(parts.path[1:]),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": parts.hostname or "",
        "PORT": str(parts.port or ""),
    }
