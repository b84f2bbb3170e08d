"""A version in shadow is asked what the champion has answered: afterwards, in the training cluster, without effect.

Every ten minutes the light cluster looks whether there is something to ask, and the training cluster asks it of an
inference host of its own, which ends with the task; host and decoder run at the lowest priority. Detection is not
touched: no task of its queue, no host of its workers. People's files and other work of the training cluster go first,
before every item. At most DEEPFAKE_SHADOW_PER_HOUR an hour, the newest first; what was deleted or purged is not asked.
"""

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from datetime import timedelta
from functools import partial
from typing import Any, cast

from django.conf import settings
from django.db import IntegrityError
from django.db.models import Exists, OuterRef, QuerySet
from django.utils import timezone
from django_q.models import OrmQ
from django_q.tasks import async_task

from detection import pipeline, queue
from detection.models import Detection
from detection.pipeline import Tools
from learning.registry.models import ModelVersion, ShadowScore
from learning.registry.selectors import champion_or_none, shadow_or_none
from ml_core.datatypes import Frame, Kind
from ml_core.errors import InferenceError, MediaError
from ml_core.host_client import HostClient
from ml_core.media import frames as media_frames
from ml_core.media.frames import DecoderDied

logger = logging.getLogger(__name__)
CLUSTER = "training"
TASK = "learning.registry.tasks.shadow"
LOWEST = 19  # of all priorities
Opened = Callable[[], AbstractContextManager[Tools]]


@contextmanager
def own_host() -> Iterator[Tools]:
    """The real tools; the models are loaded by the first request and gone at the end."""
    with HostClient(settings.DEEPFAKE_MODELS, nice=LOWEST) as host:

        def predict(
            frames: list[Frame], kind: Kind, on_stage: Callable[[str], None], version: str | None
        ) -> dict[str, Any]:
            return host.predict(frames, kind, version, on_stage, settings.DEEPFAKE_INFERENCE_SECONDS)

        yield Tools(partial(media_frames.decode, nice=LOWEST), predict)


def wake() -> bool:
    """Enqueue a task where there is something to ask and nothing in the way; whether that was so."""
    version = shadow_or_none()
    queued = OrmQ.objects.filter(key=queue.queue_name(CLUSTER)).exists()
    if version is None or queued or people_wait() or allowance() == 0 or not due(version).exists():
        return False
    async_task(TASK, cluster=queue.queue_name(CLUSTER))
    return True


def catch_up(opened: Opened = own_host) -> int:
    """Ask until something more important waits, the hour's allowance is used or the host fails; how many answers."""
    version = shadow_or_none()
    if version is None:
        return 0
    answers = 0
    with opened() as tools:
        for detection in due(version)[: allowance()]:
            if people_wait() or others_wait() or shadow_or_none() != version:
                break
            try:
                answers += ask(version, detection, tools)
            except InferenceError as error:
                logger.warning("version %s gave no answer in shadow on %s: %s", version, detection.pk, error)
                break
    return answers


def due(version: ModelVersion) -> QuerySet[Detection]:
    """What the present champion has judged since the watch began, is still there and was not asked yet."""
    champion = champion_or_none()
    if champion is None or version.shadow_since is None:
        return Detection.objects.none()
    asked = ShadowScore.objects.filter(version=version, detection=OuterRef("pk"))
    found = Detection.objects.filter(
        ~Exists(asked),
        state=Detection.State.DONE,
        model_version=champion.name,
        created_at__gte=version.shadow_since,
        media__purged_at=None,
    )
    return found.select_related("media").order_by("-created_at", "-id")


def allowance() -> int:
    """How many may still be asked within this hour."""
    lately = ShadowScore.objects.filter(asked_at__gt=timezone.now() - timedelta(hours=1)).count()
    return max(0, int(settings.DEEPFAKE_SHADOW_PER_HOUR) - lately)


def people_wait() -> bool:
    """Is a detection queued?"""
    return Detection.objects.filter(state=Detection.State.QUEUED).exists()


def others_wait() -> bool:
    """Is there a training or an evaluation?"""
    return any(row.func() != TASK for row in OrmQ.objects.filter(key=queue.queue_name(CLUSTER)))


def ask(version: ModelVersion, detection: Detection, tools: Tools) -> bool:
    """Whether there is an answer now. Raises InferenceError where the host failed: then there is a row without one."""
    try:
        row, new = ShadowScore.objects.get_or_create(version=version, detection=detection)
        if not new:
            return False
        kind = cast(Kind, detection.media.kind)
        frames = pipeline.decode(detection.media, kind, tools)
    except (IntegrityError, MediaError, DecoderDied) as error:  # deleted or purged at this very moment, most likely
        logger.info("detection %s was not asked in shadow: %s", detection.pk, error)
        return False
    verdict = tools.predict(frames, kind, _unheard, version.name)
    said = {name: verdict[name] for name in ("label", "p_fake", "members")}
    return bool(ShadowScore.objects.filter(pk=row.pk).update(answered_at=timezone.now(), **said))


def _unheard(stage: str) -> None:
    """Nobody waits for this."""
