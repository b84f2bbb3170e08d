"""Which curves the pages show, from which rows."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from django.db.models import Count, Q
from django.db.models.functions import TruncWeek
from django.utils import timezone

from learning.feedback.models import Feedback
from learning.retraining.models import StepRecord, TrainingRun
from learning.retraining.plots import Plot, plot
from learning.retraining.stats import RunFigures

WEEKS = 12


def learning_curves(runs: Sequence[RunFigures]) -> list[Plot]:
    """The four plots of the learning page."""
    places = [row.version or f"run {row.run}" for row in runs]
    return [
        feedback_curve(timezone.now()),
        plot(
            "loss",
            "Loss on held-out items",
            "Lower is better. These items were not trained on.",
            places,
            [
                ("After", [row.held_out_loss_after for row in runs]),
                ("Before", [row.held_out_loss_before for row in runs]),
            ],
        ),
        plot(
            "right",
            "Right answers on held-out items, in percent",
            "The only improvement that counts. A run that did not end as a candidate changed nothing for anybody.",
            places,
            [
                ("After", [_share(row.held_out.right_after, row.held_out.items) for row in runs]),
                ("Before", [_share(row.held_out.right_before, row.held_out.items) for row in runs]),
            ],
        ),
        plot(
            "reward",
            "Average reward over the steps",
            "+1 where the new answer agrees with the label, −1 where not, times how far the label is trusted.",
            places,
            [("Reward", [row.reward for row in runs])],
        ),
    ]


def feedback_curve(now: datetime) -> Plot:
    """What came in and what was accepted, week by week."""
    start = now - timedelta(weeks=WEEKS)
    rows = (
        Feedback.objects.filter(created_at__gte=start)
        .exclude(state=Feedback.State.WITHDRAWN)
        .annotate(week=TruncWeek("created_at"))
        .order_by("week")
        .values("week")
        .annotate(came=Count("pk"), accepted=Count("pk", filter=Q(state=Feedback.State.ACCEPTED)))
    )
    by_week = {row["week"].date(): row for row in rows}
    monday = (start - timedelta(days=start.weekday())).date()
    weeks = [monday + timedelta(weeks=number) for number in range(WEEKS + 1)] if by_week else []
    came = [float(by_week[week]["came"]) if week in by_week else 0.0 for week in weeks]
    accepted = [float(by_week[week]["accepted"]) if week in by_week else 0.0 for week in weeks]
    note = "Week by week. Feedback is accepted once enough trusted people agree, or a moderator decides."
    places = [week.isoformat() for week in weeks]
    return plot("feedback", "Feedback", note, places, [("Given", came), ("Accepted", accepted)], "Week of")


def step_curves(run: TrainingRun) -> list[Plot]:
    """What a run wrote down at every step; drawn while it runs."""
    rows = list(StepRecord.objects.filter(run=run).order_by("number"))
    places = [str(row.number + 1) for row in rows]
    curves: tuple[tuple[str, str, str], ...] = (
        ("loss", "Loss", "On the labelled items of each step, weighted by trust."),
        ("reward", "Reward", "+1 where the new answer agrees with the label, −1 where not, times trust."),
        ("kl", "Distance from the champion (KL)", "On replayed base data, in nats: how much it has forgotten."),
        ("grad_norm", "Gradient norm", "Before it is clipped at 1."),
    )
    return [
        plot(key, title, note, places, [(title, [getattr(row, key) for row in rows])], "Step")
        for key, title, note in curves
    ]


def _share(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None
