"""System checks: what must hold before anything is served."""

import math
import os
import stat
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from django.apps.config import AppConfig
from django.conf import settings
from django.core.checks import CheckMessage, Error, Warning, register

from detection.queue import cluster_settings
from detection.webhooks.addresses import allowed_networks
from ml_core.errors import WeightsError
from ml_core.versions import champion, read_manifest

LONGEST_WEBHOOK_SECONDS = 20
Apps = Sequence[AppConfig] | None


@register()
def retry_is_long_enough(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """A task is locked when it is prefetched: `retry` must outlast everything that may run before it, and itself."""
    found: list[CheckMessage] = []
    for name in ("default", *settings.Q_CLUSTER["ALT_CLUSTERS"]):
        limits = cluster_settings(name)
        rounds = math.ceil((limits["queue_limit"] + 1) / limits["workers"]) + 1
        least = limits["timeout"] * rounds + 30
        if limits["retry"] <= least:
            text = f"Cluster {name}: retry is {limits['retry']} s and must be more than {least} s."
            found.append(Error(text, id="deepfake_site.E001"))
    return found


@register()
def media_root_is_writable(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """Uploads need a place."""
    root = Path(settings.MEDIA_ROOT)
    if not root.is_dir():
        return [Warning(f"{root} does not exist yet.", hint="Run: python manage.py setup", id="deepfake_site.W002")]
    if not os.access(root, os.W_OK | os.X_OK):
        return [Error(f"{root} cannot be written to.", id="deepfake_site.E002")]
    return []


@register()
def secret_key_is_secret(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """Nobody but the owner may read the key file."""
    path = Path(settings.SECRET_KEY_FILE)
    if path.is_file() and stat.S_IMODE(path.stat().st_mode) & 0o077:
        return [Error(f"{path} is readable by others.", hint=f"chmod 600 {path}", id="deepfake_site.E003")]
    return []


@register()
def there_is_a_champion(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """Without a model version nothing can be judged; uploads would wait and fail."""
    root = Path(settings.DEEPFAKE_MODELS)
    try:
        read_manifest(root, champion(root))
    except WeightsError as error:
        return [Warning(f"No model version can be used: {error}", id="deepfake_site.W001")]
    return []


@register()
def webhook_settings_make_sense(app_configs: Apps, **kwargs: Any) -> list[CheckMessage]:
    """Networks must be networks, and an attempt must end well before its task's time limit."""
    found: list[CheckMessage] = []
    try:
        allowed_networks()
    except ValueError as error:
        found.append(Error(f"DEEPFAKE_WEBHOOK_ALLOWED_NETWORKS: {error}", id="deepfake_site.E004"))
    if not 1 <= settings.DEEPFAKE_WEBHOOK_SECONDS <= LONGEST_WEBHOOK_SECONDS:
        text = f"DEEPFAKE_WEBHOOK_SECONDS must be between 1 and {LONGEST_WEBHOOK_SECONDS}."
        found.append(Error(text, id="deepfake_site.E005"))
    return found
