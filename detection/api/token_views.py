"""/api/tokens: make, list, rotate and revoke tokens.

A person who is signed in sees all of theirs. A token sees itself and what was made with it, and can make only what
is weaker than itself: whoever steals it wins nothing that its revocation would leave.
"""

from typing import Any, cast
from uuid import UUID

from django.db.models import QuerySet
from django.utils import timezone
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_view
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.reverse import reverse

from detection.api import tokens
from detection.api.models import ApiToken
from detection.api.permissions import SignedIn
from detection.api.problems import Problem
from detection.api.schema import ProblemSerializer
from detection.api.scopes import SCOPES
from detection.api.views import ApiView, ListView, person


class TokenSerializer(serializers.ModelSerializer[ApiToken]):
    """A token, by its first letters: its text is not kept."""

    scopes = serializers.ListField(child=serializers.ChoiceField(choices=tuple(SCOPES)))
    state = serializers.ChoiceField(choices=("active", "expired", "revoked"), read_only=True)

    class Meta:
        model = ApiToken
        fields: tuple[str, ...] = (
            "id",
            "name",
            "prefix",
            "scopes",
            "state",
            "created_at",
            "expires_at",
            "last_used_at",
            "revoked_at",
        )
        read_only_fields = fields


class IssuedTokenSerializer(TokenSerializer):
    """A new token, with its text: the only time."""

    token = serializers.CharField()

    class Meta(TokenSerializer.Meta):
        fields = (*TokenSerializer.Meta.fields, "token")
        read_only_fields = fields


class TokenRequestSerializer(serializers.Serializer[Any]):
    """What the new token is to be."""

    name = serializers.CharField(max_length=80)
    scopes = serializers.ListField(
        child=serializers.ChoiceField(choices=tuple(SCOPES)), min_length=1, max_length=len(SCOPES)
    )
    expires_at = serializers.DateTimeField(
        required=False, allow_null=True, default=None, help_text="In the future. Null: does not expire."
    )

    def validate_expires_at(self, value: Any) -> Any:
        if value is not None and value <= timezone.now():
            raise serializers.ValidationError("This moment has passed.", "past")
        return value


def holder(request: Request) -> ApiToken | None:
    """The token that asks; None for a person who is signed in."""
    return cast("ApiToken | None", request.auth)


def issued(token: ApiToken, text: str) -> dict[str, Any]:
    """The token's fields with its text."""
    return {**TokenSerializer(token).data, "token": text}


@extend_schema_view(get=extend_schema(operation_id="tokens", summary="Own tokens"))
class TokensView(ListView):
    permission_classes = (SignedIn,)
    serializer_class = TokenSerializer
    queryset = ApiToken.objects.none()

    def get_queryset(self) -> QuerySet[ApiToken]:
        return tokens.visible_to(person(self.request), holder(self.request))

    @extend_schema(
        operation_id="make_token",
        summary="Make a token",
        request=TokenRequestSerializer,
        responses={
            201: IssuedTokenSerializer,
            409: OpenApiResponse(ProblemSerializer, description="`too_many_tokens`"),
        },
    )
    def post(self, request: Request) -> Response:
        form = TokenRequestSerializer(data=request.data)
        form.is_valid(raise_exception=True)
        wish = tokens.Wish(**form.validated_data)
        token, text = tokens.issue_for(person(request), wish, holder(request))
        address = reverse("api:token", args=[token.pk], request=request)
        return Response(issued(token, text), status=201, headers={"Location": address, "Cache-Control": "no-store"})


class TokenView(ApiView):
    permission_classes = (SignedIn,)

    @extend_schema(operation_id="token", summary="One token", responses=TokenSerializer)
    def get(self, request: Request, token_id: UUID) -> Response:
        return Response(TokenSerializer(tokens.visible(person(request), holder(request), token_id)).data)

    @extend_schema(
        operation_id="revoke_token",
        summary="Revoke a token",
        description="It ends at once, with everything that was made with it. Revoking it again changes nothing.",
        responses={204: None},
    )
    def delete(self, request: Request, token_id: UUID) -> Response:
        tokens.revoke(tokens.visible(person(request), holder(request), token_id), person(request))
        return Response(status=204)


class RotateView(ApiView):
    permission_classes = (SignedIn,)

    @extend_schema(
        operation_id="rotate_token",
        summary="Put a new token in the place of this one",
        description="Same name, scopes and expiry; the old text ends at once.",
        request=None,
        responses={
            200: IssuedTokenSerializer,
            409: OpenApiResponse(ProblemSerializer, description="`not_active`"),
        },
    )
    def post(self, request: Request, token_id: UUID) -> Response:
        token = tokens.visible(person(request), holder(request), token_id)
        rotated = tokens.rotate(token, person(request))
        if rotated is None:
            raise Problem("not_active")
        return Response(issued(*rotated), headers={"Cache-Control": "no-store"})
