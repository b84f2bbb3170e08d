"""When claims become a label. Pure functions: no database, no clock.

A label is made
1. by a moderator's decision on these very bytes; or
2. by agreement of enough trusted reporters, at least one of whom saw these very bytes (the others: these or a
   near-duplicate), with nobody trusted against and no moderator's decision against it among the near-duplicates.
Where it contradicts a model that was surer than 90 %, it takes two people, moderators and trusted reporters together.
A moderator who looked and could not tell closes the subject: no agreement overrules that.
People who were set aside are not in the evidence at all.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from learning.feedback.words import Label, Source


@dataclass(frozen=True, slots=True)
class Policy:
    """How many people it takes."""

    reporters: int = 2
    against_sure_model: int = 2
    sure: float = 0.9


@dataclass(frozen=True, slots=True)
class Voice:
    """One person's claim. `here`: about these very bytes, and not about a near-duplicate."""

    person: int
    label: str
    trusted: bool
    mean: float
    here: bool = True


@dataclass(frozen=True, slots=True)
class Judgement:
    """A final decision of moderation, or a label that was known beforehand (gold)."""

    label: str
    kind: str = ""
    moderators: frozenset[int] = frozenset()
    gone: int = 0  # deciders whose accounts were deleted since
    gold: bool = False


@dataclass(frozen=True, slots=True)
class Evidence:
    """Everything that is known about one subject."""

    judgement: Judgement | None = None
    voices: tuple[Voice, ...] = ()
    judged_nearby: frozenset[str] = frozenset()  # labels that moderators gave to near-duplicates
    p_fakes: tuple[float, ...] = ()  # what the models said about these bytes


@dataclass(frozen=True, slots=True)
class Ruling:
    """What is to be held true, and by whose word."""

    label: str
    source: str
    kind: str = ""
    moderators: frozenset[int] = frozenset()
    reporters: frozenset[int] = frozenset()
    weight: float = 1.0


def contradicts_sure_model(label: str, p_fakes: Iterable[float], sure: float) -> bool:
    """Was any model surer than `sure` of the opposite?"""
    if label == Label.REAL:
        return any(p > sure for p in p_fakes)
    return label == Label.FAKE and any(1 - p > sure for p in p_fakes)


def rule(evidence: Evidence, policy: Policy = Policy()) -> Ruling | None:  # frozen
    """The label that follows from the evidence; None where nothing follows yet."""
    if evidence.judgement is not None:
        return _by_moderator(evidence.judgement, evidence, policy)
    rulings = [_by_agreement(label, evidence, policy) for label in (Label.REAL, Label.FAKE)]
    return next((ruling for ruling in rulings if ruling), None)


def _by_moderator(judgement: Judgement, evidence: Evidence, policy: Policy) -> Ruling | None:
    if judgement.gold:
        return Ruling(judgement.label, Source.GOLD, judgement.kind)
    helpers = {v.person for v in evidence.voices if v.trusted and v.here and v.label == judgement.label}
    people = len(judgement.moderators | helpers) + judgement.gone
    if contradicts_sure_model(judgement.label, evidence.p_fakes, policy.sure) and people < policy.against_sure_model:
        return None
    return Ruling(judgement.label, Source.MODERATOR, judgement.kind, judgement.moderators, frozenset(helpers))


def _by_agreement(label: str, evidence: Evidence, policy: Policy) -> Ruling | None:
    trusted = [voice for voice in evidence.voices if voice.trusted]
    means = {voice.person: voice.mean for voice in trusted if voice.label == label}
    if any(voice.label != label for voice in trusted) or evidence.judged_nearby - {label}:
        return None
    if not any(voice.here for voice in trusted):
        return None
    needed = policy.reporters
    if contradicts_sure_model(label, evidence.p_fakes, policy.sure):
        needed = max(needed, policy.against_sure_model)
    if len(means) < max(needed, 1):
        return None
    return Ruling(label, Source.AGREEMENT, reporters=frozenset(means), weight=sum(means.values()) / len(means))
