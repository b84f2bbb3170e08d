"""Runs and snapshots to read, *Retrain now*, the statistics, and the schedule to edit."""

from typing import TYPE_CHECKING, Any, cast

from croniter import croniter
from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.core.exceptions import PermissionDenied
from django.db.models import Model
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import URLPattern, path
from django.utils import timezone

from detection import audit
from detection.admin import AnyAdmin, ReadOnlyAdmin
from learning.retraining import services
from learning.retraining.errors import RetrainingError, sentence
from learning.retraining.housekeeping import schedule
from learning.retraining.models import RetrainingSchedule, Snapshot, TrainingRun
from learning.retraining.stats import totals


@admin.register(TrainingRun)
class TrainingRunAdmin(ReadOnlyAdmin):
    """What ran, from what, and what became of it; above the list the statistics and the button."""

    change_list_template = "admin/retraining/runs.html"
    list_display = ("id", "state", "kind", "trigger", "parent", "candidate", "code", "created_at", "finished_at")
    list_filter = ("state", "kind", "trigger", "created_at")
    list_select_related = ("parent", "candidate")
    search_fields = ("id", "candidate__name", "snapshot__digest")
    exclude = ("slot", "lease_token", "lease_until", "task_id")

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.retrain_now)
        return [path("retrain-now/", view, name="retraining_retrain_now"), *super().get_urls()]

    def changelist_view(self, request: HttpRequest, extra_context: Any = None) -> Any:
        may = request.user.has_perm("retraining.start_run")
        return super().changelist_view(request, {"totals": totals(), "may_start": may, **(extra_context or {})})

    def retrain_now(self, request: HttpRequest) -> HttpResponse:
        """*Retrain now*."""
        if request.method != "POST" or not request.user.has_perm("retraining.start_run"):
            raise PermissionDenied
        try:
            run = services.start_run(cast("User", request.user), TrainingRun.Trigger.ADMIN)
        except RetrainingError as error:
            self.message_user(request, error.sentence, messages.ERROR)
        else:
            self.message_user(request, f"Training {run.pk} waits for a worker.", messages.SUCCESS)
        return redirect("admin:retraining_trainingrun_changelist")


@admin.register(Snapshot)
class SnapshotAdmin(ReadOnlyAdmin):
    """What runs were allowed to see."""

    list_display = ("digest", "split_by", "left_out", "created_at")


if TYPE_CHECKING:
    AnyForm = forms.ModelForm[RetrainingSchedule]
else:
    AnyForm = forms.ModelForm  # generic for the type checker only


class ScheduleForm(AnyForm):
    """The expression is checked before it is stored."""

    class Meta:
        model = RetrainingSchedule
        fields = ("cron", "kind")
        help_texts = {"cron": "Minute, hour, day, month, weekday, in UTC. Empty: trainings start by hand only."}

    def clean_cron(self) -> str:
        cron = str(self.cleaned_data["cron"]).strip()
        if cron and not croniter.is_valid(cron):
            raise forms.ValidationError(sentence("bad_cron"), "bad_cron")
        return cron


@admin.register(RetrainingSchedule)
class ScheduleAdmin(AnyAdmin):
    """One row. Counting starts anew when it is saved: nothing that is past becomes due."""

    form = ScheduleForm
    list_display = ("__str__", "kind", "last_due")

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_queryset(self, request: HttpRequest) -> Any:
        schedule()
        return super().get_queryset(request)

    def save_model(self, request: HttpRequest, obj: RetrainingSchedule, form: Any, change: bool) -> None:
        obj.last_due = timezone.now()
        super().save_model(request, obj, form, change)
        audit.record(cast("User", request.user), "training_scheduled", obj, cron=obj.cron, kind=obj.kind)
