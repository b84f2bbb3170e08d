"""An address as its owner writes it, taken apart once: what is checked is what is called."""

import ipaddress
from dataclasses import dataclass
from urllib.parse import SplitResult, urlsplit

from django.conf import settings
from django.utils.encoding import iri_to_uri

from detection.webhooks.addresses import is_allowed
from detection.webhooks.errors import WebhookError

MAX_LENGTH = 500
PORTS = {"http": 80, "https": 443}
FIRST_FREE_PORT = 1024  # below it live mail, remote shells and other services that a request could be smuggled into


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request goes."""

    scheme: str
    host: str
    port: int
    path: str

    @property
    def host_header(self) -> str:
        """The value of `Host`: as a browser would write it."""
        name = f"[{self.host}]" if ":" in self.host else self.host
        return name if self.port == PORTS[self.scheme] else f"{name}:{self.port}"


def parse(url: str) -> Target:
    """The target of an address. WebhookError where it is none, or one that must not be called."""
    parts = _split(url)
    if parts.scheme not in PORTS:
        raise WebhookError("bad_scheme")
    if settings.DEEPFAKE_WEBHOOK_HTTPS_ONLY and parts.scheme != "https":
        raise WebhookError("https_only")
    if parts.username is not None or parts.password is not None:
        raise WebhookError("credentials_in_url")
    target = Target(parts.scheme, _host(parts), _port(parts), _path(parts))
    if _is_numeric(target.host) and not is_allowed(target.host):
        raise WebhookError("refused_address")
    return target


def _split(url: str) -> SplitResult:
    """Refuses what Python's parser would quietly drop: line ends, tabs, spaces and control characters."""
    if len(url) > MAX_LENGTH or any(not character.isprintable() or character in ' "<>\\^`{|}' for character in url):
        raise WebhookError("bad_url")
    try:
        return urlsplit(url)
    except ValueError as error:
        raise WebhookError("bad_url") from error


def _host(parts: SplitResult) -> str:
    """The name in ASCII letters, international ones encoded."""
    try:
        name = (parts.hostname or "").encode("idna").decode("ascii").rstrip(".")
    except UnicodeError as error:
        raise WebhookError("bad_url") from error
    if not name or "%" in name:
        raise WebhookError("bad_url")
    return name


def _port(parts: SplitResult) -> int:
    try:
        port = parts.port if parts.port is not None else PORTS[parts.scheme]
    except ValueError as error:
        raise WebhookError("bad_url") from error
    if port < FIRST_FREE_PORT and port not in PORTS.values():
        raise WebhookError("refused_port")
    return port


def _path(parts: SplitResult) -> str:
    path = iri_to_uri(parts.path) or "/"
    return f"{path}?{iri_to_uri(parts.query)}" if parts.query else path


def _is_numeric(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
