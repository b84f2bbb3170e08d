"""Uploads as programs send them: each file is accepted or refused by itself, and a request may come twice."""

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.conf import settings
from django.contrib.auth.models import User
from django.core.files.uploadedfile import UploadedFile
from django.db import IntegrityError

from detection import services, uploads
from detection.api import idempotency
from detection.api.models import IdempotencyRecord
from detection.api.problems import Problem
from detection.models import Detection
from detection.uploads import Accepted
from ml_core.errors import MediaError, WeightsError
from ml_core.versions import champion

PASSING = {429, 503, 507}  # refusals that another try may not meet


@dataclass(frozen=True, slots=True)
class Wish:
    """What the request asks for, beside the files."""

    kind: str = ""  # image or video; empty: either
    may_train: bool = False
    force: bool = False
    batch: UUID | None = None


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file. `existing`: it was there before this request."""

    name: str
    detection: Detection | None = None
    error: Exception | None = None
    existing: bool = False


@dataclass(frozen=True, slots=True)
class Arrival:
    """One file of the request, looked at."""

    name: str
    accepted: Accepted | None = None
    error: Exception | None = None

    def trace(self) -> list[str]:
        """What of it goes into the request's fingerprint."""
        return [self.name, self.accepted.info.sha256 if self.accepted else str(self.error)]


def submit(user: User, files: "Sequence[UploadedFile[Any]]", wish: Wish, key: str) -> list[Outcome]:
    """All files of one request. With a key that was used before: what became of them then."""
    with ExitStack() as leftovers:
        arrivals = [arrive(file, wish, leftovers) for file in files]
        if not key:
            return [take(user, arrival, wish) for arrival in arrivals]
        marks = [wish.kind, wish.may_train, wish.force, *(arrival.trace() for arrival in arrivals)]
        record = idempotency.claim(user, key, idempotency.fingerprint(*marks))
        if record.outcomes is not None:
            return replay(user, record, arrivals)
        outcomes = [take(user, arrival, wish, record.id_of(at)) for at, arrival in enumerate(arrivals)]
        if not any(getattr(outcome.error, "status", 0) in PASSING for outcome in outcomes):
            idempotency.settle(record, [noted(outcome) for outcome in outcomes])
        return outcomes


def arrive(file: "UploadedFile[Any]", wish: Wish, leftovers: ExitStack) -> Arrival:
    """Look at one file; what nobody takes in the end is removed."""
    name = uploads.display_name(file.name)
    try:
        accepted = uploads.accept(file)
    except MediaError as error:
        return Arrival(name, error=error)
    leftovers.callback(accepted.discard)
    if wish.kind and accepted.info.kind != wish.kind:
        return Arrival(name, error=Problem("wrong_kind", detail=f"This is a {accepted.info.kind}."))
    return Arrival(name, accepted)


def take(user: User, arrival: Arrival, wish: Wish, detection_id: UUID | None = None) -> Outcome:
    """Submit one accepted file, or find what it became before."""
    if arrival.accepted is None:
        return Outcome(arrival.name, error=arrival.error)
    try:
        made = services.submit_upload(
            user,
            arrival.accepted,
            name=arrival.name,
            may_train=wish.may_train,
            batch=wish.batch,
            detection_id=detection_id,
            unless_judged_by=None if wish.force else champion_name(),
        )
    except services.AlreadySubmitted as found:
        return Outcome(arrival.name, found.detection, existing=True)
    except MediaError as error:
        return Outcome(arrival.name, error=error)
    except IntegrityError:
        twin = find(user, detection_id)
        if twin is None:
            raise
        return Outcome(arrival.name, twin, existing=True)
    return Outcome(arrival.name, made)


def find(user: User, detection_id: UUID | str | None) -> Detection | None:
    """The person's detection with this id."""
    if detection_id is None:
        return None
    return Detection.objects.filter(owner=user, pk=detection_id).select_related("media").first()


def champion_name() -> str | None:
    """The model version in force; None where there is none."""
    try:
        return champion(settings.DEEPFAKE_MODELS)
    except WeightsError:
        return None


def noted(outcome: Outcome) -> dict[str, Any]:
    """An outcome as it is kept with the key."""
    return {"id": str(outcome.detection.pk)} if outcome.detection else {}


def replay(user: User, record: IdempotencyRecord, arrivals: Sequence[Arrival]) -> list[Outcome]:
    """The same answer again, with the state of today. What was deleted since does not come back."""
    outcomes = []
    for arrival, note in zip(arrivals, record.outcomes or [], strict=True):
        detection = find(user, note.get("id"))
        error = arrival.error or (None if detection else Problem("deleted"))
        outcomes.append(Outcome(arrival.name, detection, error, existing=detection is not None))
    return outcomes
