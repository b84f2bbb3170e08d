"""Everything that the page of one case shows, as far as the person who looks may know it."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from django.contrib.auth.models import User
from django.http import Http404
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from detection.evidence import Evidence, evidence_of
from detection.models import Detection, MediaFile
from detection.moderation import access, priority, trust
from detection.moderation.models import Appeal, Decision, ModerationCase, Report
from detection.moderation.similar import Similar, similar_cases
from detection.moderation.words import Reason, State

NEW_ACCOUNT = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Flag:
    """One reason, with the measured value where it has one."""

    words: str
    value: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the case's history."""

    at: datetime
    who: str
    words: str
    text: str = ""


@dataclass(frozen=True, slots=True)
class Uploader:
    """What helps to judge, and no more: no name, no address, no file name."""

    new: bool
    uploads: int
    reports: int
    trust: str


@dataclass(frozen=True)
class Dossier:
    """One case, read for one person."""

    case: ModerationCase
    user: User

    @property
    def detection(self) -> Detection:
        return self.case.detection

    @property
    def media(self) -> MediaFile:
        return self.case.media

    @cached_property
    def evidence(self) -> Evidence | None:
        return evidence_of(self.detection)

    @cached_property
    def held(self) -> bool:
        """Does this person hold the case, with something left to decide?"""
        return self.case.is_open and access.holds(self.case, self.user) and not self.own_decision

    @cached_property
    def held_by_another(self) -> bool:
        holder, until = self.case.holder_id, self.case.held_until
        return holder not in (None, self.user.pk) and until is not None and until > timezone.now()

    @cached_property
    def own_decision(self) -> Decision | None:
        return next((one for one in self.case.standing if one.moderator_id == self.user.pk), None)

    @cached_property
    def claimable(self) -> bool:
        return access.workable(self.user).filter(pk=self.case.pk).exists()

    @cached_property
    def decisions(self) -> list[Decision]:
        """Opinions are given without knowledge of each other: until a case is decided, others' are for leads only,
        once they are asked to decide between them. Who answers an appeal knows what it is about."""
        given = list(self.case.standing)
        open_to_all = self.case.state in (State.DECIDED, State.APPEALED)
        if open_to_all or (self.case.state == State.ESCALATED and access.leads(self.user)):
            return given
        return [one for one in given if one.moderator_id == self.user.pk]

    @cached_property
    def blind(self) -> bool:
        """Is there something that this person must not see yet?"""
        return len(self.decisions) < len(list(self.case.standing))

    @cached_property
    def appeal(self) -> Appeal | None:
        return Appeal.objects.filter(case=self.case).first()

    @cached_property
    def flags(self) -> list[Flag]:
        """The reasons in words, the earliest first."""
        rows = []
        for code, flag in self.case.flags.items():
            at = parse_datetime(flag["at"])
            if code == Reason.ESCALATED and not access.leads(self.user):
                continue
            rows.append(Flag(Reason(code).label, _measured(code, flag["value"]), at))
        return sorted(rows, key=lambda row: (row.at is None, row.at))

    @cached_property
    def priority(self) -> float:
        return priority.priority(self.case.rank, timezone.now())

    @cached_property
    def factors(self) -> list[tuple[str, float, str]]:
        """The four parts of the priority: name, factor, in words."""
        case = self.case
        waited = timezone.now() - case.opened_at
        trusted = priority.NEUTRAL_TRUST if case.trust is None else case.trust
        return [
            ("Uncertainty", 0.5 + case.uncertainty, f"{case.uncertainty:.2f} of 1"),
            ("Disagreement", 0.5 + case.disagreement, f"{case.disagreement:.2f} of 1"),
            ("Reporter", 0.5 + trusted, trust.level(case.trust)),
            ("Waiting", 2 ** (waited.total_seconds() / priority.DAY), "doubles each day"),
        ]

    @cached_property
    def reports(self) -> list[Report]:
        """A known case was reported, if ever, when it was not one yet."""
        if self.case.is_gold:
            return []
        return list(Report.objects.filter(detection=self.detection))

    @cached_property
    def similar(self) -> list[Similar]:
        return similar_cases(self.case)

    @cached_property
    def uploader(self) -> Uploader:
        owner = self.detection.owner
        return Uploader(
            new=timezone.now() - owner.date_joined < NEW_ACCOUNT,
            uploads=MediaFile.objects.filter(owner=owner).count(),
            reports=Report.objects.filter(reporter=owner).count(),
            trust=trust.level(trust.trust_of(owner.pk)),
        )

    @cached_property
    def history(self) -> list[Entry]:
        """What has happened, the latest first, without what this person must not see yet."""
        rows = [Entry(flag.at or self.case.opened_at, "the policy", f"Flagged: {flag.words}") for flag in self.flags]
        rows += [
            Entry(one.created_at, "the owner" if self._owns(one) else "a user", "Report", one.text)
            for one in self.reports
        ]
        rows += [Entry(one.decided_at, self._name(one), _decided(one), one.note) for one in self.decisions]
        if self.appeal:
            rows.append(Entry(self.appeal.created_at, "the owner", "Appeal", self.appeal.text))
            if self.appeal.answered_at:
                rows.append(Entry(self.appeal.answered_at, "a moderator", "Answer", self.appeal.answer))
        return sorted(rows, key=lambda row: row.at, reverse=True)

    def _owns(self, report: Report) -> bool:
        return report.reporter_id == self.detection.owner_id

    def _name(self, decision: Decision) -> str:
        """Colleagues are named to leads; to each other they are moderators."""
        if decision.moderator_id == self.user.pk:
            return "you"
        if access.leads(self.user) and decision.moderator is not None:
            return decision.moderator.get_username()
        return "a moderator"


def dossier(user: User, case_id: int) -> Dossier:
    """The case for somebody who moderates; for everybody else, and about one's own upload, it does not exist."""
    if not access.moderates(user):
        raise Http404("no such case")
    cases = ModerationCase.objects.select_related("detection", "detection__media", "detection__owner", "holder")
    cases = cases.prefetch_related("decisions__moderator").exclude(detection__owner=user)
    case = cases.filter(pk=case_id).first()
    if case is None:
        raise Http404("no such case")
    return Dossier(case, user)


def _decided(decision: Decision) -> str:
    kind = f" ({decision.get_kind_display()})" if decision.kind else ""
    words = f"{decision.get_verdict_display()}{kind}, {decision.get_confidence_display()}"
    return f"{decision.get_round_display().capitalize()}: {words}; {decision.get_ground_display()}"


def _measured(code: str, value: object) -> str:
    """The number that made it a reason, in words."""
    if value is None:
        return ""
    if code in (Reason.INCONCLUSIVE, Reason.STAKES):
        return f"P(fake) {float(str(value)):.2f}"
    if code == Reason.MEMBERS:
        return f"{float(str(value)):.2f} of 1"
    if code == Reason.REPORTED:
        return f"{value} people" if value != 1 else "1 person"
    return "" if code == Reason.AUDIT else str(value)
