"""The learning page, the page of a run, the fragment that is fetched while it runs, and the two buttons."""

from typing import Any, cast

from django.contrib import messages
from django.contrib.auth.decorators import permission_required
from django.contrib.auth.models import User
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_POST, require_safe

from detection.views.access import signed_in
from learning.registry.models import Evaluation
from learning.retraining import services
from learning.retraining.curves import learning_curves, step_curves
from learning.retraining.errors import RetrainingError, sentence
from learning.retraining.housekeeping import next_due, schedule
from learning.retraining.models import TrainingRun
from learning.retraining.preview import preview
from learning.retraining.selectors import fit, flips, held_out, run_or_404, runs, unfinished
from learning.retraining.stats import figures, learned_runs, totals

MAY_START, MAY_VIEW = "retraining.start_run", "retraining.view_trainingrun"
RUNS_LISTED = 20
FLIPS_LISTED = 100


@signed_in
@require_safe
def learning(request: HttpRequest) -> HttpResponse:
    """What came in, what was accepted, what was trained, what became better and worse."""
    rows = figures(learned_runs())
    may_start = request.user.has_perm(MAY_START)
    context = {
        "totals": totals(),
        "plots": learning_curves(rows),
        "figures": rows[::-1],
        "runs": runs()[:RUNS_LISTED],
        "running": unfinished(),
        "judged": last_judged(),
        "may_start": may_start,
        "may_view": request.user.has_perm(MAY_VIEW),
        "preview": preview() if may_start else None,
        "next_due": next_due(schedule()) if may_start else None,
    }
    return render(request, "learning/learning.html", context)


def last_judged() -> Evaluation | None:
    """The newest table of slices of a version that came from a run."""
    judged = Evaluation.objects.filter(version__training_run__isnull=False)
    return judged.select_related("version", "champion").first()


@signed_in
@permission_required(MAY_VIEW, raise_exception=True)
@require_safe
def run(request: HttpRequest, run_id: int) -> HttpResponse:
    """One run with its curves, live while it goes on."""
    found = run_or_404(run_id)
    return render(request, "learning/run.html", {**_run_context(request, found), "run": found})


@signed_in
@permission_required(MAY_VIEW, raise_exception=True)
@require_safe
def live(request: HttpRequest, run_id: int) -> HttpResponse:
    """The changing part of the page alone."""
    found = run_or_404(run_id)
    answer = render(request, "learning/_run_body.html", {**_run_context(request, found), "run": found})
    answer["X-Run-State"] = found.state
    answer["X-Run-Over"] = "1" if found.is_over else "0"
    return answer


def _run_context(request: HttpRequest, found: TrainingRun) -> dict[str, Any]:
    return {
        "plots": step_curves(found),
        "looks": found.looks.all(),
        "held_out": held_out(found),
        "fit": fit(found),
        "to_right": flips(found, to_wrong=False)[:FLIPS_LISTED],
        "to_wrong": flips(found, to_wrong=True)[:FLIPS_LISTED],
        "judged": found.candidate.evaluations.select_related("champion").first() if found.candidate else None,
        "why": sentence(found.code) if found.code else "",
        "share": round(100 * found.step / found.steps) if found.steps else 0,
        "may_start": request.user.has_perm(MAY_START),
    }


@signed_in
@permission_required(MAY_START, raise_exception=True)
@require_POST
def train(request: HttpRequest) -> HttpResponseBase:
    """The button *Train on feedback*."""
    kind = TrainingRun.Kind.FULL if request.POST.get("kind") == "full" else TrainingRun.Kind.SMALL
    try:
        started = services.start_run(cast("User", request.user), TrainingRun.Trigger.BUTTON, kind)
    except RetrainingError as error:
        messages.error(request, error.sentence)
        return redirect("retraining:learning")
    messages.success(request, f"Training {started.pk} waits for a worker. This page follows it; you can leave.")
    return redirect("retraining:run", started.pk)


@signed_in
@permission_required(MAY_START, raise_exception=True)
@require_POST
def cancel(request: HttpRequest, run_id: int) -> HttpResponseBase:
    """Stop it; what it has learned is dropped."""
    found = run_or_404(run_id)
    if services.cancel(found, cast("User", request.user)):
        messages.success(request, f"Training {found.pk} was cancelled. The version in force was not touched.")
    else:
        messages.info(request, sentence("is_over"))
    return redirect("retraining:run", found.pk)
