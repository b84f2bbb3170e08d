"""Saying what one thinks of a verdict, and following what became of it."""

from typing import cast
from uuid import UUID

from django.contrib import messages
from django.contrib.auth.models import User
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from detection.models import Detection
from detection.views.access import signed_in
from learning.feedback import services
from learning.feedback.errors import FeedbackError
from learning.feedback.forms import FeedbackForm, filled_with
from learning.feedback.models import Feedback
from learning.feedback.selectors import feedback_of, feedback_on, judgeable_detection, own_feedback
from learning.feedback.story import story_of

PER_PAGE = 25


@signed_in
@require_http_methods(["GET", "HEAD", "POST"])
def give(request: HttpRequest, detection_id: UUID) -> HttpResponseBase:
    """The whole form; the buttons on the result page post to here as well."""
    detection = judgeable_detection(request.user, detection_id)
    if detection.state != Detection.State.DONE:
        messages.error(request, FeedbackError("not_done").sentence)
        return redirect("detection:result", detection.pk)
    said = feedback_on(detection, request.user)
    if request.method != "POST":
        form = FeedbackForm(detection, initial=filled_with(said) if said else {})
        return _page(request, detection, said, form)
    form = FeedbackForm(detection, request.POST)
    if not form.is_valid():
        return _page(request, detection, said, form, status=400)
    try:
        feedback = services.give(detection, cast("User", request.user), form.given())
    except FeedbackError as error:
        form.add_error(None, error.sentence)
        return _page(request, detection, said, form, status=error.status)
    messages.success(request, "Thank you. Your answer is noted; you can follow here what becomes of it.")
    return redirect(_after(request, feedback))


@signed_in
@require_POST
def withdraw(request: HttpRequest, feedback_id: UUID) -> HttpResponseBase:
    """Take it back."""
    feedback = own_feedback(request.user, feedback_id)
    try:
        services.withdraw(feedback)
        messages.success(request, "Your answer is withdrawn, and what you wrote is deleted.")
    except FeedbackError as error:
        messages.error(request, error.sentence)
    return redirect(_after(request, feedback))


@signed_in
@require_safe
def story(request: HttpRequest, feedback_id: UUID) -> HttpResponse:
    """What became of one answer."""
    feedback = own_feedback(request.user, feedback_id)
    return render(request, "feedback/story.html", {"feedback": feedback, "story": story_of(feedback)})


@signed_in
@require_safe
def mine(request: HttpRequest) -> HttpResponse:
    """Everything that one has said."""
    page = Paginator(feedback_of(request.user), PER_PAGE).get_page(request.GET.get("page"))
    return render(request, "feedback/mine.html", {"page": page})


def _page(
    request: HttpRequest, detection: Detection, said: Feedback | None, form: FeedbackForm, status: int = 200
) -> HttpResponse:
    context = {"detection": detection, "said": said, "form": form, "own": detection.owner_id == request.user.pk}
    return render(request, "feedback/give.html", context, status=status)


def _after(request: HttpRequest, feedback: Feedback) -> str:
    """Back to one's own result; moderators have no result page of somebody else's, but the answer's own page."""
    if feedback.detection.owner_id == request.user.pk:
        return f"{reverse('detection:result', args=[feedback.detection_id])}#feedback"
    return reverse("feedback:story", args=[feedback.pk])
