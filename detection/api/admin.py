"""Tokens, keys and quotas for the staff."""

from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.models import User
from django.db.models import Model, QuerySet
from django.http import HttpRequest

from detection.admin import AnyAdmin, ReadOnlyAdmin, outranks
from detection.api import tokens
from detection.api.models import ApiToken, UserQuota
from detection.api.scopes import SCOPES

if TYPE_CHECKING:
    TokenForm = forms.ModelForm[ApiToken]
else:
    TokenForm = forms.ModelForm  # generic for the type checker only


class TokenAdminForm(TokenForm):
    """For whom, what for, until when."""

    scopes = forms.MultipleChoiceField(choices=list(SCOPES.items()), widget=forms.CheckboxSelectMultiple)

    class Meta:
        model = ApiToken
        fields = ("user", "name", "scopes", "expires_at")


@admin.register(ApiToken)
class ApiTokenAdmin(ReadOnlyAdmin):
    """Made and revoked here, never changed. The text is shown once, to whoever makes the token."""

    form = TokenAdminForm
    list_display = ("prefix", "name", "user", "scopes", "state", "created_at", "expires_at", "last_used_at")
    list_filter = ("created_at", "revoked_at")
    list_select_related = ("user",)
    search_fields = ("name", "prefix", "user__username")
    autocomplete_fields = ("user",)
    exclude = ("digest",)
    actions = ("revoke",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        """Who holds another person's token acts as that person."""
        return bool(request.user.is_superuser)

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        fields = ("user", "name", "scopes", "expires_at")
        return fields if obj is None else (*fields, "prefix", "parent", "created_at", "last_used_at", "revoked_at")

    def save_model(self, request: HttpRequest, obj: ApiToken, form: Any, change: bool) -> None:
        said: dict[str, Any] = form.cleaned_data
        expires: datetime | None = said["expires_at"]
        actor = cast("User", request.user)
        made, text = tokens.issue(
            said["user"], name=said["name"], scopes=said["scopes"], expires_at=expires, actor=actor
        )
        obj.pk, obj.prefix, obj.created_at, obj.digest = made.pk, made.prefix, made.created_at, made.digest
        messages.warning(request, f"The token, shown only this once: {text}")

    @admin.action(description="Revoke the chosen tokens", permissions=("revoke",))
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiToken]) -> None:
        actor = cast("User", request.user)
        mine = [token for token in queryset.select_related("user") if outranks(request, token.user)]
        done = sum(tokens.revoke(token, actor) for token in mine)
        messages.success(request, f"{done} revoked.")

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("api.change_apitoken")


@admin.register(UserQuota)
class UserQuotaAdmin(AnyAdmin):
    """One person's own limits; an empty field leaves what the settings say."""

    list_display = ("user", "bytes_stored", "uploads_per_hour", "queued_jobs")
    list_select_related = ("user",)
    search_fields = ("user__username",)
    autocomplete_fields = ("user",)
