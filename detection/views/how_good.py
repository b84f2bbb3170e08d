"""How good is it? The model card of the version in force."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from detection.model_card import read_card
from detection.views.access import signed_in


@signed_in
@require_safe
def page(request: HttpRequest) -> HttpResponse:
    """The card's figures as tables and plots."""
    return render(request, "detection/how_good.html", {"card": read_card(settings.DEEPFAKE_MODELS)})
