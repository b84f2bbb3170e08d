"""The life of an export. Files are written and removed outside transactions."""

import uuid
from datetime import timedelta

from django.conf import settings
from django.contrib.auth.models import User
from django.db import IntegrityError, transaction
from django.utils import timezone
from django_q.tasks import async_task

from deepfake_site.exports import archive
from deepfake_site.exports.models import DataExport
from deepfake_site.exports.sections import SECTIONS
from detection import audit, queue

State = DataExport.State
UNFINISHED = (State.QUEUED, State.RUNNING)
CLUSTER = "light"
STAYS_FRESH = timedelta(minutes=10)  # asking again and again costs nobody anything
LEASE = timedelta(seconds=150)  # longer than a task of this cluster may take


def request(owner: User) -> DataExport:
    """Ask for an archive. While one is on its way, or new, there is no second one; older ones make room."""
    fresh = DataExport.objects.filter(owner=owner, state=State.READY, finished_at__gt=timezone.now() - STAYS_FRESH)
    if export := fresh.first():
        return export
    try:
        with transaction.atomic():
            replaced = list(DataExport.objects.filter(owner=owner).exclude(state__in=UNFINISHED))
            export = DataExport.objects.create(owner=owner)
            DataExport.objects.filter(pk__in=[old.pk for old in replaced]).delete()
            audit.record(owner, "export_requested", export)
            wake(export)
    except IntegrityError:
        return DataExport.objects.get(owner=owner, state__in=UNFINISHED)
    for old in replaced:
        archive.discard(old.pk)
    return export


@transaction.atomic
def wake(export: DataExport) -> None:
    """Enqueue its task. One too many is harmless: its claim fails."""
    export.task_id = async_task("deepfake_site.exports.tasks.make", str(export.pk), cluster=CLUSTER)
    DataExport.objects.filter(pk=export.pk).update(task_id=export.task_id)


def make(export_id: uuid.UUID) -> bool:
    """Claim it, write the archive, and say that it is ready. False where somebody else has it."""
    export = claim(export_id)
    if export is None:
        return False
    at = timezone.now().isoformat(timespec="seconds")
    rows = ((name, words, read(export.owner)) for name, (words, read) in SECTIONS.items())
    size, digest = archive.write(export.pk, rows, at)
    if finish(export, size, digest):
        return True
    if not DataExport.objects.filter(pk=export.pk).exists():  # deleted meanwhile
        archive.discard(export.pk)
    return False


def claim(export_id: uuid.UUID) -> DataExport | None:
    """Take it, and count the attempt before anything is read."""
    now, token = timezone.now(), uuid.uuid4()
    free = DataExport.objects.filter(pk=export_id, state=State.QUEUED)
    export = free.select_related("owner").first()
    if export is None:
        return None
    export.attempts, export.token = export.attempts + 1, token
    taken = free.update(state=State.RUNNING, attempts=export.attempts, token=token, lease_until=now + LEASE)
    return export if taken else None


@transaction.atomic
def finish(export: DataExport, size: int, digest: str) -> bool:
    """It can be downloaded; its owner gets a mail."""
    now = timezone.now()
    held = DataExport.objects.filter(pk=export.pk, token=export.token, state=State.RUNNING)
    expires = now + timedelta(days=settings.DEEPFAKE_EXPORT_DAYS)
    values = {"size": size, "sha256": digest, "finished_at": now, "expires_at": expires}
    if not held.update(state=State.READY, token=None, lease_until=None, **values):
        return False
    audit.record(None, "export_ready", export, sha256=digest)
    async_task("deepfake_site.exports.tasks.tell", str(export.pk), cluster=CLUSTER)
    return True


def delete(export: DataExport, actor: User) -> None:
    """Its owner does not need it any longer."""
    with transaction.atomic():
        audit.record(actor, "export_deleted", export)
        DataExport.objects.filter(pk=export.pk).delete()
    archive.discard(export.pk)


@transaction.atomic
def note_download(export: DataExport, actor: User) -> None:
    """Who took a whole account's data away is worth knowing later."""
    audit.record(actor, "export_downloaded", export)


def sweep() -> None:
    """Bring back what a worker left, wake what the queue forgot, remove what is too old or belongs to nobody."""
    now = timezone.now()
    lost = DataExport.objects.filter(state=State.RUNNING, lease_until__lt=now)
    lost.filter(attempts__gte=DataExport.MAX_ATTEMPTS).update(state=State.FAILED, token=None, finished_at=now)
    lost.update(state=State.QUEUED, token=None, lease_until=None)
    waiting = list(DataExport.objects.filter(state=State.QUEUED))
    alive = queue.live_tasks(CLUSTER) if waiting else set()
    for export in waiting:
        if export.task_id not in alive:
            wake(export)
    DataExport.objects.filter(expires_at__lt=now).delete()
    _remove_orphans()


def _remove_orphans() -> None:
    """Files without a row: expired ones, and those of accounts that are gone. What is being written is left alone."""
    known = {archive.path_of(pk).name for pk in DataExport.objects.values_list("pk", flat=True)}
    young = timezone.now().timestamp() - LEASE.total_seconds()
    for file in archive.files():
        is_being_written = file.suffix == ".part" and file.stat().st_mtime > young
        if file.name not in known and not is_being_written:
            file.unlink(missing_ok=True)
