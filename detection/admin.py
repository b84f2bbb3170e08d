"""What the staff sees: detections, files and the audit trail to read, nothing to forge.

Deleting goes through the services, which take the bytes as well as the rows: after the admin's own transaction, since
bytes cannot be rolled back.
"""

from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django_q.admin import FailAdmin, QueueAdmin, ScheduleAdmin, TaskAdmin
from django_q.models import Failure, OrmQ, Schedule, Success

from detection import services
from detection.models import AuditEvent, Detection, MediaFile

if TYPE_CHECKING:
    AnyAdmin = admin.ModelAdmin[Any]
    AccountAdmin = UserAdmin[User]
else:
    AnyAdmin, AccountAdmin = admin.ModelAdmin, UserAdmin  # generic for the type checker only


class ReadOnlyAdmin(AnyAdmin):
    """Rows that only the platform itself writes."""

    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


class TakesRowsAlong(AnyAdmin):
    """Whoever may delete this may delete what hangs on it: the rows below need no right of their own."""

    def get_deleted_objects(self, objs: Any, request: HttpRequest) -> Any:
        deleted, counts, _needed, protected = super().get_deleted_objects(objs, request)
        return deleted, counts, set(), protected

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Any]) -> None:
        for row in queryset:
            self.delete_model(request, row)


@admin.register(Detection)
class DetectionAdmin(ReadOnlyAdmin):
    """A verdict cannot be written by hand, nor taken away without its file."""

    list_display = ("media", "owner", "state", "label", "p_fake", "model_version", "elapsed_ms", "created_at")
    list_filter = ("state", "label", "media__kind", "model_version", "created_at")
    list_select_related = ("media", "owner")
    search_fields = ("id", "media__name", "media__sha256", "owner__username")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """Lists need no evidence; the page of one detection loads it."""
        return super().get_queryset(request).defer("result")


@admin.register(MediaFile)
class MediaFileAdmin(TakesRowsAlong, ReadOnlyAdmin):
    """Facts about files, never their content."""

    list_display = ("name", "owner", "kind", "format", "size", "may_train", "created_at", "purged_at")
    list_filter = ("kind", "format", "may_train", "created_at")
    list_select_related = ("owner",)
    search_fields = ("id", "name", "sha256", "owner__username")
    exclude = ("file",)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return AnyAdmin.has_delete_permission(self, request, obj)

    def delete_model(self, request: HttpRequest, obj: MediaFile) -> None:
        actor = cast("User", request.user)
        transaction.on_commit(lambda: services.delete_media(obj, actor))


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnlyAdmin):
    """Who did what. Nobody edits this, not even superusers."""

    list_display = ("place", "at", "actor_name", "verb", "object_type", "object_id", "request_id")
    list_filter = ("verb", "object_type", "at")
    list_select_related = ("link",)
    exclude = ("actor",)  # a number without a foreign key: the account may be gone
    search_fields = ("actor_name", "object_id", "request_id")

    @admin.display(description="place in the chain")
    def place(self, event: AuditEvent) -> int | None:
        return event.link.position if hasattr(event, "link") else None


def outranks(request: HttpRequest, account: User | None) -> bool:
    """May this member of the staff lay hands on that account?"""
    return account is None or bool(request.user.is_superuser) or not account.is_superuser


admin.site.unregister(User)


@admin.register(User)
class PersonAdmin(TakesRowsAlong, AccountAdmin):
    """Accounts; deleting one takes all its media. Who is no superuser can neither become one nor touch one."""

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> Any:
        fields = tuple(super().get_readonly_fields(request, obj))
        return fields if request.user.is_superuser else (*fields, "is_superuser", "user_permissions")

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_change_permission(request, obj) and outranks(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_delete_permission(request, obj) and outranks(request, obj)

    def delete_model(self, request: HttpRequest, obj: User) -> None:
        transaction.on_commit(lambda: services.delete_account(obj))


class SuperusersOnly(AnyAdmin):
    """A schedule names any importable function and a task is a pickle: writing one is running code."""

    def has_add_permission(self, request: HttpRequest) -> bool:
        return bool(request.user.is_superuser) and super().has_add_permission(request)

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(request.user.is_superuser) and super().has_change_permission(request, obj)

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return bool(request.user.is_superuser) and super().has_delete_permission(request, obj)

    def get_actions(self, request: HttpRequest) -> dict[str, Any]:
        """django-q2's `resubmit` runs a stored task again and asks for no right at all."""
        return super().get_actions(request) if request.user.is_superuser else {}


for model, model_admin in ((Schedule, ScheduleAdmin), (Success, TaskAdmin), (Failure, FailAdmin), (OrmQ, QueueAdmin)):
    admin.site.unregister(model)
    admin.site.register(model, type(model_admin.__name__, (SuperusersOnly, model_admin), {}))
