"""Versions, evaluations and frozen sets in the admin: to read, with the acts that the pages have too."""

from typing import Any, cast

from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import QuerySet
from django.http import HttpRequest

from detection.admin import ReadOnlyAdmin
from learning.registry import services
from learning.registry.comparison import comparisons
from learning.registry.errors import RegistryError
from learning.registry.judging import ask_for_judgement
from learning.registry.models import Evaluation, FrozenSet, ModelVersion, ShadowScore


@admin.register(ModelVersion)
class ModelVersionAdmin(ReadOnlyAdmin):
    """The table of slices stands on the page of the version ("View on site"): look there before promoting."""

    list_display = ("name", "state", "origin", "parent", "own_bytes", "made_at", "promoted_at")
    list_filter = ("state", "origin")
    list_select_related = ("parent",)
    search_fields = ("name", "run_id", "manifest_sha256")
    readonly_fields = ("in_shadow",)
    actions = ("promote", "roll_back", "evaluate", "shadow", "end_shadow")

    @admin.display(description="In shadow")
    def in_shadow(self, version: ModelVersion) -> str:
        """How it answered beside the champion."""
        return "\n".join(line.sentence for line in comparisons(version)) or "–"

    def has_promote_permission(self, request: HttpRequest) -> bool:
        """Whoever may only look gets no actions."""
        return request.user.has_perm("registry.promote_modelversion")

    @admin.action(description="Promote", permissions=["promote"])
    def promote(self, request: HttpRequest, queryset: QuerySet[ModelVersion]) -> None:
        """One that passed the gate."""
        if queryset.count() != 1:
            self.message_user(request, "Choose exactly one version.", messages.ERROR)
            return
        self._act(request, lambda: services.promote(queryset.get(), cast("User", request.user)), "is the champion now")

    @admin.action(description="Roll back to what the champion replaced", permissions=["promote"])
    def roll_back(self, request: HttpRequest, queryset: QuerySet[ModelVersion]) -> None:
        """From the chosen version, which must be the champion: of two who press at once one wins."""
        if queryset.count() != 1:
            self.message_user(request, "Choose the champion that is to go.", messages.ERROR)
            return
        name = queryset.get().name
        self._act(request, lambda: services.rollback(cast("User", request.user), seen=name), "is the champion again")

    @admin.action(description="Evaluate against the champion", permissions=["promote"])
    def evaluate(self, request: HttpRequest, queryset: QuerySet[ModelVersion]) -> None:
        """In the training cluster."""
        for version in queryset:
            self._act(request, lambda row=version: self._ask(request, row), "waits to be evaluated")

    @admin.action(description="Watch beside the champion (shadow)", permissions=["promote"])
    def shadow(self, request: HttpRequest, queryset: QuerySet[ModelVersion]) -> None:
        """One at a time: a second one is refused."""
        for version in queryset:
            self._act(request, lambda row=version: services.shadow(row, cast("User", request.user)), "is watched now")

    @admin.action(description="Stop watching", permissions=["promote"])
    def end_shadow(self, request: HttpRequest, queryset: QuerySet[ModelVersion]) -> None:
        """What it answered stays."""
        for version in queryset:
            self._act(
                request, lambda row=version: services.end_shadow(row, cast("User", request.user)), "is not watched now"
            )

    def _ask(self, request: HttpRequest, version: ModelVersion) -> ModelVersion:
        ask_for_judgement(version, cast("User", request.user))
        return version

    def _act(self, request: HttpRequest, what: Any, words: str) -> None:
        try:
            self.message_user(request, f"Version {what()} {words}.", messages.SUCCESS)
        except RegistryError as error:
            self.message_user(request, error.sentence, messages.ERROR)


@admin.register(Evaluation)
class EvaluationAdmin(ReadOnlyAdmin):
    """What the gate said."""

    list_display = ("version", "champion", "passed", "created_at")
    list_filter = ("passed",)
    list_select_related = ("version", "champion")


@admin.register(FrozenSet)
class FrozenSetAdmin(ReadOnlyAdmin):
    """What no training may read. `manage.py register_frozen_sets` adds one."""

    list_display = ("name", "role", "split", "tier", "limit", "active", "registered_at")
    list_filter = ("role", "active")


@admin.register(ShadowScore)
class ShadowScoreAdmin(ReadOnlyAdmin):
    """What a version in shadow would have said, beside what people were told. Comparisons stand with the version."""

    list_display = ("version", "detection_id", "label", "p_fake", "told", "told_p_fake", "asked_at")
    list_filter = ("version", "label")
    list_select_related = ("version", "detection")
    raw_id_fields = ("detection",)

    @admin.display(description="People were told")
    def told(self, score: ShadowScore) -> str:
        """By the champion."""
        return score.detection.label

    @admin.display(description="with P(fake)")
    def told_p_fake(self, score: ShadowScore) -> float | None:
        """Also by the champion."""
        return score.detection.p_fake
