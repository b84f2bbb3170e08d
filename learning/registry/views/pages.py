"""The list of versions and the page of one."""

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from learning.registry.changelog import changelog
from learning.registry.comparison import comparisons
from learning.registry.errors import RegistryError
from learning.registry.models import ModelVersion
from learning.registry.selectors import champion_or_none, frozen_sets, latest_evaluation, version_named, versions

VIEW = "registry.view_modelversion"


def visible(request: HttpRequest, name: str) -> ModelVersion:
    """The version; for who may not see versions it does not exist."""
    require_viewer(request)
    try:
        return version_named(name)
    except RegistryError as error:
        raise Http404 from error


def require_viewer(request: HttpRequest) -> None:
    """404 for everybody else."""
    if not request.user.has_perm(VIEW):
        raise Http404


@login_required
@require_safe
def version_list(request: HttpRequest) -> HttpResponse:
    """All versions, the champion first."""
    require_viewer(request)
    context = {"versions": versions(), "champion": champion_or_none(), "sets": frozen_sets()}
    return render(request, "registry/versions.html", context)


@login_required
@require_safe
def version(request: HttpRequest, name: str) -> HttpResponse:
    """What it is, what the gate said, and what may be done with it."""
    row = visible(request, name)
    judged = latest_evaluation(row)
    champion = champion_or_none()
    current = judged is not None and champion is not None and judged.champion_id == champion.pk
    context = {
        "version": row,
        "champion": champion,
        "evaluation": judged,
        "log": changelog(judged) if judged else None,
        "current": current,
        "ready": current and judged is not None and judged.passed and row.state in ("candidate", "shadow", "retired"),
        "may_be_judged": row.state in ("candidate", "shadow", "retired") and not current,
        "comparisons": comparisons(row),
        "children": row.children.all(),
    }
    return render(request, "registry/version.html", context)
