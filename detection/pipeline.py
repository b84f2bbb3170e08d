"""The bridge from a queued row to its verdict: claim, decode, previews, models, one conditional write.

Runs in a worker. Untrusted bytes are read by the decode child, the models are run by the inference host: neither
torch nor cv2 is imported here. A file that cannot be judged is over at once; a child or host that dies is an ordinary
failed attempt, of which there are Detection.MAX_ATTEMPTS.
"""

import functools
import logging
import time
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, cast

from django.conf import settings

from detection import leases, media_store, previews, services, similarity
from detection.models import Detection, MediaFile
from ml_core.datatypes import Frame, Kind
from ml_core.errors import InferenceError, MediaError, WeightsError
from ml_core.host_client import HostClient
from ml_core.media import frames as media_frames
from ml_core.media.frames import DecoderDied
from ml_core.versions import champion

logger = logging.getLogger(__name__)
Verdict = dict[str, Any]


class Decode(Protocol):
    """Frames of a file; MediaError says what is wrong with it, DecoderDied that its reader did not survive."""

    def __call__(self, path: Path, info_kind: Kind, format: str, *, timeout: float) -> list[Frame]: ...


class Predict(Protocol):
    """The verdict on frames; InferenceError where the models could not be run."""

    def __call__(
        self, frames: list[Frame], kind: Kind, on_stage: Callable[[str], None], version: str | None
    ) -> Verdict: ...


@dataclass(frozen=True, slots=True)
class Tools:
    """What reads and what judges: the real ones in a worker, fakes in unit tests."""

    decode: Decode
    predict: Predict


@functools.cache
def _host() -> HostClient:
    """One inference host per worker process, started by its first request, after the last fork."""
    return HostClient(settings.DEEPFAKE_MODELS)


def _predict(frames: list[Frame], kind: Kind, on_stage: Callable[[str], None], version: str | None) -> Verdict:
    """The host loads another version by itself where this is not the one that it has."""
    return _host().predict(frames, kind, version, on_stage, settings.DEEPFAKE_INFERENCE_SECONDS)


def _in_force() -> str | None:
    """The champion when an attempt begins: it keeps that version, whatever is promoted meanwhile."""
    try:
        return champion(settings.DEEPFAKE_MODELS)
    except WeightsError:
        return None  # the host says what is wrong


REAL_TOOLS = Tools(media_frames.decode, _predict)


def run_detection(detection_id: uuid.UUID, tools: Tools = REAL_TOOLS) -> None:
    """One attempt at one detection. Nothing happens where it is not queued any more."""
    lease = leases.claim(detection_id)
    if lease is None:
        return
    with leases.Heartbeat(lease):
        try:
            verdict = _judge(lease, tools)
        except MediaError as error:
            services.fail_detection(lease.detection_id, lease.token, error.code)
        except DecoderDied as error:
            _failed_attempt(lease, "poison", error)
        except InferenceError as error:
            _failed_attempt(lease, error.code, error)
        else:
            if verdict is None or not services.record_verdict(lease.detection_id, lease.token, verdict):
                logger.info("%s was cancelled, deleted or taken over: its answer is dropped", detection_id)


def _judge(lease: leases.Lease, tools: Tools) -> Verdict | None:
    """The verdict, or None where the lease was lost on the way."""
    detection = leases.held(lease).select_related("media").first()
    if detection is None:
        return None
    version = _in_force()
    media = detection.media
    kind = cast(Kind, media.kind)
    start = time.monotonic()
    frames = decode(media, kind, tools)
    decode_ms = round((time.monotonic() - start) * 1000, 1)
    if not _stage(lease, Detection.Stage.FACES):
        return None
    _write_previews(media, kind, frames)
    if not media.phash:
        similarity.remember(media.pk, similarity.phash_of(similarity.typical(kind, frames).image))

    def show(stage: str) -> None:
        _stage(lease, stage)

    verdict = tools.predict(frames, kind, show, version)
    verdict["stages_ms"] = {"decode": decode_ms, **verdict["stages_ms"]}
    verdict["elapsed_ms"] += decode_ms
    return verdict


def decode(media: MediaFile, kind: Kind, tools: Tools) -> list[Frame]:
    """The frames of the original; it may have been purged, or be deleted at this very moment."""
    path = media_store.root() / str(media.file.name)
    try:
        return tools.decode(path, kind, media.format, timeout=settings.DEEPFAKE_DECODE_SECONDS)
    except FileNotFoundError as error:
        raise MediaError("media_missing") from error


def _stage(lease: leases.Lease, name: str) -> bool:
    """Show a stage that has a name for people; the host may know more."""
    if name not in Detection.Stage.values:
        return True
    return services.set_stage(lease.detection_id, lease.token, name)


def _write_previews(media: MediaFile, kind: Kind, frames: list[Frame]) -> None:
    """A verdict without its previews is still a verdict. Deleted media has no directory, and gets none."""
    try:
        previews.write(media.pk, kind, frames)
    except OSError as error:
        logger.warning("no previews for %s: %s", media.pk, error)


def _failed_attempt(lease: leases.Lease, code: str, error: Exception) -> None:
    logger.warning("attempt at %s failed (%s): %s", lease.detection_id, code, error)
    leases.give_back(lease, code)
