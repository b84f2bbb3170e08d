"""What can happen to media and detections: one function = one transaction = one audit event.

Bytes are moved outside transactions: before the rows are made, after the rows are gone.
"""

import uuid
from typing import TYPE_CHECKING, Any

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import QuerySet
from django.utils import timezone

from detection import audit, media_store, queue, quotas
from detection.leases import Lease, held
from detection.models import Detection, MediaFile
from detection.moderation import flagging
from detection.selectors import same_file
from detection.webhooks import announce
from ml_core.errors import MediaError

if TYPE_CHECKING:
    from detection.uploads import Accepted

State = Detection.State
UNFINISHED = (State.QUEUED, State.RUNNING)
RUNNING = {"state": State.RUNNING}  # what a worker's last write finds


class AlreadySubmitted(Exception):
    """The same file of the same owner has a detection under this model version already."""

    def __init__(self, detection: Detection) -> None:
        super().__init__(str(detection.pk))
        self.detection = detection


def submit_upload(
    owner: User,
    accepted: "Accepted",
    *,
    name: str,
    may_train: bool,
    batch: uuid.UUID | None = None,
    detection_id: uuid.UUID | None = None,
    unless_judged_by: str | None = None,
) -> Detection:
    """Take an accepted upload (`accepted.info`, `accepted.path`): bytes first, then the rows with their task.

    QuotaExceeded where it is one too many; AlreadySubmitted where `unless_judged_by` names a model version under
    which the owner's same file has a detection; IntegrityError where `detection_id` is taken.
    """
    info = accepted.info
    media = MediaFile(
        owner=owner,
        name=name,
        kind=info.kind,
        format=info.format,
        width=info.width,
        height=info.height,
        duration=info.duration,
        codec=(info.codec or "")[:16],
        animated=info.animated,
        size=info.size,
        sha256=info.sha256,
        provenance=info.provenance,
        may_train=may_train,
    )
    media_store.adopt(accepted.path, media)
    try:
        with transaction.atomic(durable=True):
            quotas.lock(owner)
            if unless_judged_by and (found := same_file(owner, info.sha256, unless_judged_by)):
                raise AlreadySubmitted(found)
            quotas.check_upload(owner, info.size)
            media.save(force_insert=True)
            return _queue(owner, media, "submitted", batch, detection_id)
    except BaseException:
        media_store.discard(media.pk)
        raise


@transaction.atomic(durable=True)
def run_again(detection: Detection, actor: User) -> Detection:
    """A new detection on the same media; MediaError media_missing where its bytes are gone, or QuotaExceeded."""
    quotas.lock(detection.owner)
    quotas.check_job(detection.owner)
    media = MediaFile.objects.select_for_update().filter(pk=detection.media_id, purged_at=None).first()
    if media is None:
        raise MediaError("media_missing")
    return _queue(actor, media, "run_again", None)


def _queue(
    actor: User, media: MediaFile, verb: str, batch: uuid.UUID | None, detection_id: uuid.UUID | None = None
) -> Detection:
    detection = Detection(pk=detection_id or uuid.uuid4(), owner=media.owner, media=media, batch=batch)
    detection.save(force_insert=True)
    audit.record(actor, verb, detection, after={"state": State.QUEUED}, media=str(media.pk), sha256=media.sha256)
    queue.wake(detection.pk)
    detection.refresh_from_db()
    return detection


@transaction.atomic(durable=True)
def cancel(detection: Detection, actor: User) -> bool:
    """Stop a detection that is not over. A worker that is busy with it loses its lease: its answer is dropped."""
    open_row = Detection.objects.select_for_update().filter(pk=detection.pk, state__in=UNFINISHED)
    before = open_row.values("state").first()
    if before is None or not _finish(open_row, state=State.CANCELLED):
        return False
    audit.record(actor, "cancelled", detection, before=before, after={"state": State.CANCELLED})
    announce.detection_finished(_finished(detection.pk))
    return True


def delete_media(media: MediaFile, actor: User) -> None:
    """Remove the media with every detection on it: rows, original, previews, directory."""
    with transaction.atomic(durable=True):
        before = {"sha256": media.sha256, "detections": media.detections.count()}
        audit.record(actor, "deleted", media, before=before)
        MediaFile.objects.filter(pk=media.pk).delete()
    media_store.discard(media.pk)


def delete_account(user: User) -> None:
    """Remove the account with all its media. The audit trail keeps the name, not the person."""
    with transaction.atomic(durable=True):
        media_ids = list(MediaFile.objects.select_for_update().filter(owner=user).values_list("pk", flat=True))
        audit.record(user, "account_deleted", user, media=len(media_ids))
        user.delete()
    for media_id in media_ids:
        media_store.discard(media_id)


def purge_media(media: MediaFile) -> bool:
    """Retention: the bytes go, the results stay. Media that is still waited for is left alone."""
    with transaction.atomic(durable=True):
        idle = MediaFile.objects.filter(pk=media.pk, purged_at=None).exclude(detections__state__in=UNFINISHED)
        if not idle.update(purged_at=timezone.now()):
            return False
        audit.record(None, "purged", media, sha256=media.sha256)
    media_store.discard(media.pk)
    return True


def set_stage(detection_id: uuid.UUID, token: uuid.UUID, stage: str) -> bool:
    """What the worker is doing now; False where it has lost the lease."""
    return held(Lease(detection_id, token)).update(stage=Detection.Stage(stage)) == 1


@transaction.atomic(durable=True)
def record_verdict(detection_id: uuid.UUID, token: uuid.UUID, verdict: dict[str, Any]) -> bool:
    """The end: the verdict with its evidence. False, and nothing written, where the lease was lost."""
    copied = ("label", "band", "p_fake", "confidence", "model_version", "device", "elapsed_ms")
    values = {name: verdict[name] for name in copied}
    row = held(Lease(detection_id, token))
    if not _finish(row, state=State.DONE, reason=verdict["reason"] or "", result=verdict, **values):
        return False
    after = {"state": State.DONE, "label": verdict["label"], "p_fake": verdict["p_fake"]}
    audit.record(
        None, "done", Detection(pk=detection_id), before=RUNNING, after=after, version=verdict["model_version"]
    )
    done = _finished(detection_id)
    flagging.consider(done)
    announce.detection_finished(done)
    return True


@transaction.atomic(durable=True)
def fail_detection(detection_id: uuid.UUID, token: uuid.UUID, code: str) -> bool:
    """The end for a file that cannot be judged; `code` is a key of `ml_core.errors.ERRORS`."""
    if not _finish(held(Lease(detection_id, token)), state=State.FAILED, error_code=code):
        return False
    after = {"state": State.FAILED}
    audit.record(None, "failed", Detection(pk=detection_id), before=RUNNING, after=after, code=code)
    announce.detection_finished(_finished(detection_id))
    return True


def _finish(row: QuerySet[Detection], **values: Any) -> bool:
    over = {"stage": Detection.Stage.FINISHED, "finished_at": timezone.now(), "lease_token": None, "lease_until": None}
    return row.update(**over, **values) == 1


def _finished(detection_id: uuid.UUID) -> Detection:
    """As it now stands, for those who are told."""
    return Detection.objects.select_related("media").get(pk=detection_id)
