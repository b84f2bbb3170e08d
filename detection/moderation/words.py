"""The fixed vocabulary of moderation: states, reasons, verdicts, and the sentences in which people read them."""

from django.db import models


class State(models.TextChoices):
    """Where a case stands; the diagram is in ModerationCase."""

    OPEN = "open", "open"
    SECOND = "second", "waits for a second opinion"
    ESCALATED = "escalated", "waits for a lead"
    APPEALED = "appealed", "appealed"
    DECIDED = "decided", "decided"


OPEN_STATES = (State.OPEN.value, State.SECOND.value, State.ESCALATED.value, State.APPEALED.value)


class Reason(models.TextChoices):
    """Why a result was flagged; a case may have several."""

    INCONCLUSIVE = "inconclusive", "The verdict is INCONCLUSIVE"
    MEMBERS = "members", "The models disagree"
    STAKES = "stakes", "FAKE with high stakes"
    DISPUTED = "disputed", "The owner disputes it"
    REPORTED = "reported", "Reported by several people"
    AUDIT = "audit", "Drawn at random to check the detector"
    APPEAL = "appeal", "The owner appeals"
    ESCALATED = "escalated", "A moderator asks a lead"


class Verdict(models.TextChoices):
    """What a person can decide."""

    REAL = "real", "real"
    FAKE = "fake", "fake"
    CANNOT_TELL = "cannot_tell", "cannot tell"
    OUT_OF_SCOPE = "out_of_scope", "out of scope"


class FakeKind(models.TextChoices):
    """How it was faked."""

    FACE_SWAP = "face_swap", "face swap"
    REENACTMENT = "reenactment", "reenactment"
    SYNTHESIS = "synthesis", "whole-image synthesis"
    EDIT = "edit", "edit"
    OTHER = "other", "other"


class Ground(models.TextChoices):
    """What a decision rests on."""

    SEEN = "seen", "what is seen in the picture"
    MOTION = "motion", "how it moves or sounds"
    SOURCE = "source", "the source is known"
    METADATA = "metadata", "metadata or provenance"
    QUALITY = "quality", "the quality is too low"
    NO_PERSON = "no_person", "no real person in it"
    OTHER = "other", "something else, see the note"


class Confidence(models.TextChoices):
    """How sure the person is; unsure asks for a second opinion."""

    UNSURE = "unsure", "unsure"
    FAIR = "fair", "fairly sure"
    SURE = "sure", "sure"


class Round(models.TextChoices):
    """As what somebody decides."""

    FIRST = "first", "first opinion"
    SECOND = "second", "second opinion"
    LEAD = "lead", "lead's decision"
    APPEAL = "appeal", "decision on the appeal"


class AppealState(models.TextChoices):
    """What became of an appeal."""

    PENDING = "pending", "waits for another moderator"
    UPHELD = "upheld", "the decision was upheld"
    OVERTURNED = "overturned", "the decision was overturned"


# What the machine says, in the words in which people decide: the two are compared, never mixed.
VERDICT_OF_LABEL = {
    "FAKE": Verdict.FAKE.value,
    "REAL": Verdict.REAL.value,
    "INCONCLUSIVE": Verdict.CANNOT_TELL.value,
    "NOT_APPLICABLE": Verdict.OUT_OF_SCOPE.value,
}
