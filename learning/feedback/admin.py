"""Feedback, labels and reporters for the staff: to read, nothing to forge; reporters can be set aside."""

from typing import cast

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db import models
from django.db.models import QuerySet
from django.http import HttpRequest

from detection.admin import ReadOnlyAdmin
from learning.feedback import services
from learning.feedback.models import Feedback, LabelDecision, ReporterTrust


@admin.register(Feedback)
class FeedbackAdmin(ReadOnlyAdmin):
    """What people said. Nobody puts words into their mouths."""

    list_display = ("detection", "person", "answer", "claim", "kind", "state", "created_at", "settled_at")
    list_filter = ("state", "answer", "claim", "kind", "created_at")
    list_select_related = ("detection", "person")
    formfield_overrides = {models.URLField: {"assume_scheme": "https"}}
    search_fields = ("id", "detection__id", "detection__media__sha256", "person__username", "how")


@admin.register(LabelDecision)
class LabelDecisionAdmin(ReadOnlyAdmin):
    """What is held to be true, and what was before."""

    list_display = ("subject", "label", "kind", "source", "state", "weight", "decided_at", "ended_at")
    list_filter = ("state", "source", "label", "kind", "decided_at")
    list_select_related = ("subject",)
    search_fields = ("id", "subject__sha256", "reporters__username", "moderators__username")


@admin.register(ReporterTrust)
class ReporterTrustAdmin(ReadOnlyAdmin):
    """How far people are believed. Their word can be set aside, and be taken back in."""

    list_display = ("person", "level", "lower", "right", "wrong", "set_aside_at", "set_aside_by")
    list_filter = ("level", "set_aside_at")
    list_select_related = ("person",)
    search_fields = ("person__username",)
    actions = ("set_aside", "take_back")

    def has_set_aside_permission(self, request: HttpRequest) -> bool:
        """Reading the list is not enough."""
        return request.user.has_perm("feedback.set_aside_reporter")

    @admin.action(description="Set aside, and rebuild the labels without them", permissions=["set_aside"])
    def set_aside(self, request: HttpRequest, queryset: QuerySet[ReporterTrust]) -> None:
        """Reversible; the audit trail keeps who did it."""
        actor = cast("User", request.user)
        changed = sum([services.set_aside(row.person, actor, "in the administration") for row in queryset])
        self.message_user(request, f"Set aside. Labels that changed: {changed}.", messages.SUCCESS)

    @admin.action(description="Let them count again", permissions=["set_aside"])
    def take_back(self, request: HttpRequest, queryset: QuerySet[ReporterTrust]) -> None:
        """The way back."""
        changed = sum([services.take_back(row.person, cast("User", request.user)) for row in queryset])
        self.message_user(request, f"They count again. Labels that changed: {changed}.", messages.SUCCESS)
