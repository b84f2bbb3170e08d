"""Labels as the fold of their evidence: settle one subject, catch up with the moderators, rebuild everything.

Settling again changes nothing where the evidence is the same, so that it may run at any moment, as often as it likes.
"""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django_q.tasks import async_task

from detection import audit
from learning.feedback import judgements, reporters
from learning.feedback.clusters import subject_of
from learning.feedback.evidence import evidence_on, policy
from learning.feedback.models import Feedback, LabelDecision, Subject, SyncPoint
from learning.feedback.rules import Ruling, rule
from learning.feedback.words import Label

State = LabelDecision.State
OVERLAP = timedelta(minutes=10)  # a decision may commit a little after the time that stands in it
AT_ONCE = 200  # so many subjects are settled by one task, well within its time


def settle(sha256: str) -> bool:
    """Hold true what follows from the evidence, and whatever follows from that; True where the label changed."""
    changed, touched = _settle_one(sha256)
    for person in reporters.refresh_all(touched):
        for other in sorted(with_neighbours(subjects_of(person)) - {sha256}):
            _settle_one(other)
    return changed


def subjects_of(person: int) -> set[str]:
    """What this person made a claim about."""
    return set(
        Feedback.objects.filter(person=person).exclude(claim="").values_list("detection__media__sha256", flat=True)
    )


def decided_by(person: int) -> set[str]:
    """What this person decided as a moderator."""
    return judgements.subjects_judged_by(person)


def with_neighbours(hashes: set[str]) -> set[str]:
    """Their near-duplicates too: what is said of one speaks for or against the other."""
    clusters = Subject.objects.filter(sha256__in=hashes).values_list("cluster", flat=True)
    return hashes | set(Subject.objects.filter(cluster__in=list(clusters)).values_list("sha256", flat=True))


def settle_with_neighbours(sha256: str) -> bool:
    """A claim also speaks about near-duplicates, for or against."""
    subject_of(sha256)
    changed = [settle(each) for each in [sha256, *sorted(with_neighbours({sha256}) - {sha256})]]
    return any(changed)


def catch_up(now: datetime | None = None) -> int:
    """Read what moderators decided since the last time, the oldest first; how many labels changed.

    Where there is more than one task can do, the next one goes on from there.
    """
    point = SyncPoint.objects.filter(name="moderation").first()
    since = point.at if point else None
    found = judgements.subjects_decided(since, AT_ONCE)
    reporters.refresh_all(judgements.deciders(since))
    changed = sum([settle_with_neighbours(sha256) for sha256 in dict(found)])
    reached = found[-1][1] if len(found) == AT_ONCE else (now or timezone.now()) - OVERLAP
    SyncPoint.objects.update_or_create(name="moderation", defaults={"at": reached})
    return changed


def everything() -> list[str]:
    """Every subject about which there is any evidence, or a label."""
    hashes = set(Subject.objects.values_list("sha256", flat=True))
    hashes |= {sha256 for sha256, _ in judgements.subjects_decided(None)}
    return sorted(hashes | set(Feedback.objects.values_list("detection__media__sha256", flat=True)))


def rebuild(hashes: Iterable[str]) -> int:
    """Settle these anew: after somebody was set aside, after rules changed. How many labels changed."""
    return sum([settle(sha256) for sha256 in sorted(set(hashes))])


def rebuild_soon(hashes: Sequence[str]) -> None:
    """The same in the light cluster, in tasks of a size that fits their time."""
    for start in range(0, len(hashes), AT_ONCE):
        async_task("learning.feedback.tasks.rebuild_some", list(hashes[start : start + AT_ONCE]), cluster="light")


@transaction.atomic
def _settle_one(sha256: str) -> tuple[bool, set[int]]:
    subject_of(sha256)
    subject = Subject.objects.select_for_update().get(sha256=sha256)
    now = timezone.now()
    ruling = rule(evidence_on(subject, now), policy())
    standing = subject.decisions.filter(state=State.STANDING).first()
    changed = not _is_held(standing, ruling)
    if changed:
        standing = _replace(subject, standing, ruling, now)
    return changed, _answer(subject, standing, now)


def _is_held(standing: LabelDecision | None, ruling: Ruling | None) -> bool:
    if standing is None or ruling is None:
        return standing is None and ruling is None
    people = {person.pk for person in standing.moderators.all()} == ruling.moderators and {
        person.pk for person in standing.reporters.all()
    } == ruling.reporters
    return people and (standing.label, standing.kind, standing.source) == (ruling.label, ruling.kind, ruling.source)


def _replace(
    subject: Subject, standing: LabelDecision | None, ruling: Ruling | None, now: datetime
) -> LabelDecision | None:
    """End what stands, write down what follows, and leave one event."""
    if standing:
        standing.state = State.SUPERSEDED if ruling else State.REVOKED
        standing.ended_at = now
        standing.save(update_fields=["state", "ended_at"])
    if ruling is None:
        if standing:
            audit.record(None, "label_revoked", standing, sha256=subject.sha256, label=standing.label)
        return None
    made = LabelDecision.objects.create(
        subject=subject,
        label=ruling.label,
        kind=ruling.kind,
        source=ruling.source,
        weight=ruling.weight,
        decided_at=now,
    )
    made.moderators.set(User.objects.filter(pk__in=ruling.moderators))
    made.reporters.set(User.objects.filter(pk__in=ruling.reporters))
    before = standing.label if standing else None
    audit.record(None, "label_decided", made, sha256=subject.sha256, label=made.label, source=made.source, was=before)
    return made


def _answer(subject: Subject, standing: LabelDecision | None, now: datetime) -> set[int]:
    """Accept, reject or reopen every claim on these bytes; whose."""
    claims = Feedback.objects.filter(detection__media__sha256=subject.sha256).exclude(claim="")
    claims = claims.exclude(state=Feedback.State.WITHDRAWN)
    touched = set()
    for claim in claims.select_for_update(of=("self",)):
        wanted = _state_of(claim, standing)
        if (claim.state, claim.decision_id) == (wanted, standing.pk if standing else None):
            continue
        Feedback.objects.filter(pk=claim.pk).update(
            state=wanted, decision=standing, settled_at=None if standing is None else now
        )
        touched.add(claim.person_id)
    return touched


def _state_of(claim: Feedback, standing: LabelDecision | None) -> Feedback.State:
    if standing is None:
        return Feedback.State.PENDING
    agrees = standing.label != Label.UNKNOWN and claim.claim == standing.label
    return Feedback.State.ACCEPTED if agrees else Feedback.State.REJECTED
