"""The buttons: promote, roll back, evaluate, watch. What moves the champion names the one that the person saw."""

from collections.abc import Callable
from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST

from learning.registry import services
from learning.registry.errors import RegistryError
from learning.registry.judging import ask_for_judgement
from learning.registry.views.pages import require_viewer, visible

PROMOTE = "registry.promote_modelversion"


@login_required
@require_POST
def promote(request: HttpRequest, name: str) -> HttpResponse:
    """This version becomes the champion."""
    row = visible(request, name)
    act(request, lambda person: services.promote(row, person, seen=request.POST.get("seen", "")), "is the champion now")
    return redirect("registry:version", name)


@login_required
@require_POST
def rollback(request: HttpRequest) -> HttpResponse:
    """The version before comes back."""
    require_viewer(request)
    act(request, lambda person: services.rollback(person, seen=request.POST.get("seen", "")), "is the champion again")
    return redirect("registry:versions")


@login_required
@require_POST
def evaluate(request: HttpRequest, name: str) -> HttpResponse:
    """The gate judges it, in the training cluster."""
    row = visible(request, name)

    def ask(person: User) -> object:
        ask_for_judgement(row, person)
        return row

    act(request, ask, "waits to be evaluated. You get a mail when the gate has judged it")
    return redirect("registry:version", name)


@login_required
@require_POST
def shadow(request: HttpRequest, name: str) -> HttpResponse:
    """It answers beside the champion, unseen."""
    row = visible(request, name)
    act(request, lambda person: services.shadow(row, person), "is watched beside the champion now")
    return redirect("registry:version", name)


@login_required
@require_POST
def end_shadow(request: HttpRequest, name: str) -> HttpResponse:
    """It is a candidate like others again."""
    row = visible(request, name)
    act(request, lambda person: services.end_shadow(row, person), "is not watched any more")
    return redirect("registry:version", name)


def act(request: HttpRequest, what: Callable[[User], object], words: str) -> None:
    """Does it, and says what came of it. 403 where the person may only look."""
    if not request.user.has_perm(PROMOTE):
        raise PermissionDenied
    try:
        version = what(cast("User", request.user))
    except RegistryError as error:
        messages.error(request, error.sentence)
    else:
        messages.success(request, f"{version} {words}.")
