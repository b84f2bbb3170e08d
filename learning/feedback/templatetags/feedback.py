"""What the pages of the layers below show of feedback."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django import template

from detection.models import Detection
from learning.feedback.forms import choices_for
from learning.feedback.models import Feedback
from learning.feedback.selectors import feedback_of, feedback_on, wants_to_train
from learning.feedback.story import sentence_of

register = template.Library()
TONES = {"accepted": "real", "rejected": "doubt"}


@register.inclusion_tag("feedback/_block.html", takes_context=True)
def feedback_block(context: template.RequestContext) -> dict[str, Any]:
    """Under the verdict: three buttons, and afterwards what one said and what became of it."""
    detection, user = context["detection"], context["user"]
    said = feedback_on(detection, user)
    return {
        "csrf_token": context.get("csrf_token"),
        "detection": detection,
        "choices": choices_for(detection),
        "said": said,
        "sentence": sentence_of(said) if said else "",
    }


@register.simple_tag(takes_context=True)
def trains_by_default(context: template.RequestContext) -> bool:
    """Where the consent switch starts."""
    user = context["user"]
    return bool(user.is_authenticated) and wants_to_train(user)


@register.simple_tag(takes_context=True)
def feedback_for(context: template.RequestContext, detections: Iterable[Detection]) -> dict[UUID, Feedback]:
    """What the viewer said about each of these, in one query."""
    said = feedback_of(context["user"]).filter(detection__in=[detection.pk for detection in detections])
    return {row.detection_id: row for row in said.exclude(state=Feedback.State.WITHDRAWN)}


@register.filter
def feedback_tone(state: str) -> str:
    """The semantic colour of a state."""
    return TONES.get(state, "neutral")
