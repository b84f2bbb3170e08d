"""What django-q2 calls, by dotted path, with ids only; each answers None."""

import logging

from learning.registry import judging, notices, reconcile, shadowing
from learning.registry.errors import RegistryError
from learning.registry.models import ModelVersion

logger = logging.getLogger(__name__)


def judge(version_id: int) -> None:
    """The gate, in the training cluster. A version that is gone or cannot be judged is told to the log."""
    version = ModelVersion.objects.filter(pk=version_id).first()
    if version is None:
        return
    try:
        judging.judge_version(version)
    except RegistryError as error:
        logger.error("version %s was not judged: %s", version, error)


def announce(evaluation_id: int) -> None:
    """Mail, in the light cluster."""
    notices.announce(evaluation_id)


def settle() -> None:
    """Rows and folders, every minute, in the light cluster."""
    for sentence in reconcile.reconcile():
        logger.warning("registry: %s", sentence)


def wake_shadow() -> None:
    """Is there anything to ask the version in shadow? Every ten minutes, in the light cluster."""
    shadowing.wake()


def shadow() -> None:
    """Ask it, in the training cluster."""
    shadowing.catch_up()
