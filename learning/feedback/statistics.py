"""Where everything that was said stands, in numbers."""

from dataclasses import asdict, dataclass

from django.db.models import Count, Q

from learning.feedback.models import Feedback, LabelDecision, ReporterTrust

State = Feedback.State
LEVELS = ("low", "medium", "high")


@dataclass(frozen=True, slots=True)
class Totals:
    """Where everything that was said stands. `open_claims`: pending, and with something in it to decide."""

    given: int
    correct: int
    incorrect: int
    not_sure: int
    pending: int
    open_claims: int
    accepted: int
    rejected: int
    withdrawn: int
    people: int

    def as_dict(self) -> dict[str, int]:
        return asdict(self)


def totals() -> Totals:
    """In one query."""
    states = {state.value: Count("pk", filter=Q(state=state)) for state in State}
    answers = {answer.value: Count("pk", filter=Q(answer=answer)) for answer in Feedback.Answer}
    return Totals(
        **Feedback.objects.aggregate(
            given=Count("pk"),
            people=Count("person", distinct=True),
            open_claims=Count("pk", filter=Q(state=State.PENDING) & ~Q(claim="")),
            **states,
            **answers,
        )
    )


def standing_labels() -> dict[str, dict[str, int]]:
    """Source → label → how many stand."""
    rows = LabelDecision.objects.filter(state=LabelDecision.State.STANDING)
    counted = rows.values_list("source", "label").annotate(count=Count("pk")).order_by("source", "label")
    found: dict[str, dict[str, int]] = {}
    for source, label, count in counted:
        found.setdefault(source, {})[label] = count
    return found


def reporters_by_level() -> dict[str, int]:
    """How many people are believed how far; `set_aside` is a number of its own."""
    aside = Count("pk", filter=Q(set_aside_at__isnull=False))
    levels = {level: Count("pk", filter=Q(level=level, set_aside_at=None)) for level in LEVELS}
    return dict(ReporterTrust.objects.aggregate(**levels, set_aside=aside))
