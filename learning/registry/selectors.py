"""The only way in which a view, a command or the learning loop fetches versions and frozen items."""

from django.db.models import Count, QuerySet

from learning.registry.errors import RegistryError
from learning.registry.models import Evaluation, FrozenItem, FrozenSet, ModelVersion
from learning.registry.panels import held_out_decisions


def versions() -> QuerySet[ModelVersion]:
    """All of them, the newest first."""
    return ModelVersion.objects.select_related("parent", "replaced")


def version_named(name: str) -> ModelVersion:
    """One of them. Raises RegistryError `unknown_version`."""
    version = versions().filter(name=name).first()
    if version is None:
        raise RegistryError("unknown_version", name)
    return version


def champion_or_none() -> ModelVersion | None:
    """The one in force, where there is one."""
    return versions().filter(state=ModelVersion.State.CHAMPION).first()


def champion() -> ModelVersion:
    """The one in force. Raises RegistryError `no_champion`."""
    version = champion_or_none()
    if version is None:
        raise RegistryError("no_champion")
    return version


def shadow_or_none() -> ModelVersion | None:
    """The one that is watched beside the champion, where there is one."""
    return versions().filter(state=ModelVersion.State.SHADOW).first()


def latest_evaluation(version: ModelVersion) -> Evaluation | None:
    """What the gate said last about it."""
    return version.evaluations.select_related("champion").first()


def frozen_sets() -> QuerySet[FrozenSet]:
    """All of them, each with its number of `count` items."""
    return FrozenSet.objects.annotate(count=Count("items"))


def frozen_hashes() -> set[str]:
    """SHA-256 of every file that no training may read: of all frozen sets, also of those that are not scored any more,
    and of the held-out fifth of what moderators decided."""
    return set(FrozenItem.objects.values_list("sha256", flat=True)) | held_out_decisions()
