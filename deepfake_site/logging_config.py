"""One line per event on standard error, with the request that caused it."""

from typing import Any


def logging_config(level: str) -> dict[str, Any]:
    """The dictionary for `logging.config`. No file: who runs the processes keeps their output."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "filters": {"request_id": {"()": "detection.request_id.RequestIdFilter"}},
        "formatters": {"line": {"format": "{asctime} {levelname} {name} [{request_id}] {message}", "style": "{"}},
        "handlers": {
            "stderr": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["request_id"]},
        },
        "root": {"handlers": ["stderr"], "level": "WARNING"},
        "loggers": {name: {"level": level} for name in ("detection", "learning", "ml_core", "deepfake_site", "django")},
    }
