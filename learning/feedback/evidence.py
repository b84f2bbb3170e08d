"""Everything that is known about a subject, gathered from the rows for `rules.rule`."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from django.conf import settings

from detection.models import Detection
from learning.feedback import judgements
from learning.feedback.models import Feedback, ReporterTrust, Subject
from learning.feedback.rules import Evidence, Policy, Voice
from learning.feedback.trust import is_trusted
from learning.feedback.words import Label

COUNTS = (Feedback.State.PENDING, Feedback.State.ACCEPTED, Feedback.State.REJECTED)


def policy() -> Policy:
    """How many people it takes here."""
    return Policy(reporters=settings.DEEPFAKE_LABEL_REPORTERS)


def set_aside_ids() -> frozenset[int]:
    """Whose word does not count at present."""
    return frozenset(ReporterTrust.objects.exclude(set_aside_at=None).values_list("person_id", flat=True))


def evidence_on(subject: Subject, now: datetime) -> Evidence:
    """The moderators' word, people's claims, and what the models said."""
    cluster = set(Subject.objects.filter(cluster=subject.cluster).values_list("sha256", flat=True)) | {subject.sha256}
    judged = judgements.judgements_on(cluster, set_aside_ids())
    nearby = {found.label for sha256, found in judged.items() if sha256 != subject.sha256 and not found.gold}
    return Evidence(
        judgement=judged.get(subject.sha256),
        voices=tuple(voices_on(subject.sha256, cluster, now)),
        judged_nearby=frozenset(nearby - {Label.UNKNOWN}),
        p_fakes=tuple(p_fakes_of(subject.sha256)),
    )


def voices_on(sha256: str, cluster: Iterable[str], now: datetime) -> list[Voice]:
    """One voice for each person and these bytes or others of the cluster; the last claim on the same bytes counts."""
    rows = (
        Feedback.objects.filter(detection__media__sha256__in=list(cluster), state__in=COUNTS, person__is_active=True)
        .exclude(claim="")
        .exclude(person__reporter_trust__set_aside_at__isnull=False)
        .order_by("changed_at", "pk")
        .values_list("person", "detection__media__sha256", "claim", "person__date_joined")
    )
    last = {(person, about): (claim, joined) for person, about, claim, joined in rows}
    trust = dict(ReporterTrust.objects.filter(person__in={person for person, _ in last}).values_list("person", "lower"))
    means = dict(ReporterTrust.objects.filter(person__in=trust).values_list("person", "mean"))
    old_enough = now - timedelta(days=settings.DEEPFAKE_ACCOUNT_DAYS)
    return [
        Voice(
            person=person,
            label=claim,
            trusted=joined <= old_enough and is_trusted(trust.get(person, 0.0)),
            mean=means.get(person, 0.5),
            here=about == sha256,
        )
        for (person, about), (claim, joined) in last.items()
    ]


def p_fakes_of(sha256: str) -> list[float]:
    """What the models ever said about these bytes."""
    done = Detection.objects.filter(media__sha256=sha256, state=Detection.State.DONE, p_fake__isnull=False)
    return [p for p in done.values_list("p_fake", flat=True) if p is not None]
