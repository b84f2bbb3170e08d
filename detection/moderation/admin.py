"""What leads and administrators see of moderation: everything to read, templates to change. Decisions are made on the
case's page and nowhere else."""

from django.contrib import admin
from django.urls import reverse

from detection.admin import AnyAdmin, ReadOnlyAdmin
from detection.moderation.models import Appeal, Decision, DecisionTemplate, KnownItem, ModerationCase, Report


@admin.register(ModerationCase)
class ModerationCaseAdmin(ReadOnlyAdmin):
    """Cases, the latest first; known ones are marked here and only here."""

    list_display = (
        "id",
        "state",
        "reasons",
        "media_kind",
        "verdict",
        "kind",
        "holder",
        "opened_at",
        "decided_at",
        "is_gold",
    )
    list_filter = ("state", "media_kind", "verdict", "is_gold", "opened_at")
    list_select_related = ("holder",)
    search_fields = ("=id", "=detection__id")
    ordering = ("-id",)

    def view_on_site(self, obj: ModerationCase) -> str:
        return reverse("moderation:case", args=[obj.pk])


@admin.register(Decision)
class DecisionAdmin(ReadOnlyAdmin):
    """Who decided what, with what was taken back."""

    list_display = ("case", "round", "verdict", "kind", "confidence", "moderator", "decided_at", "undone_at")
    list_filter = ("round", "verdict", "confidence", "decided_at")
    list_select_related = ("case", "moderator")
    search_fields = ("=case__id", "moderator__username", "note")


@admin.register(Appeal)
class AppealAdmin(ReadOnlyAdmin):
    """What owners wrote, and what they were answered."""

    list_display = ("case", "against", "state", "created_at", "answered_at")
    list_filter = ("state", "created_at")
    list_select_related = ("case",)


@admin.register(Report)
class ReportAdmin(ReadOnlyAdmin):
    """Who disputed what."""

    list_display = ("detection", "reporter", "created_at")
    list_select_related = ("detection", "reporter")
    search_fields = ("reporter__username", "=detection__id")


@admin.register(KnownItem)
class KnownItemAdmin(ReadOnlyAdmin):
    """What measures moderators, and when it was last mixed in."""

    list_display = ("detection", "label", "added_by", "added_at", "mixed_at")
    list_select_related = ("detection", "added_by")


@admin.register(DecisionTemplate)
class DecisionTemplateAdmin(AnyAdmin):
    """Prepared decisions; the first nine have keys."""

    list_display = ("position", "name", "verdict", "kind", "confidence")
    list_display_links = ("name",)
