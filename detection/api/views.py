"""What every endpoint derives from."""

from typing import Any, cast

from django.contrib.auth.models import User
from django_filters import CharFilter
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.exceptions import ValidationError
from rest_framework.generics import ListAPIView
from rest_framework.renderers import JSONRenderer
from rest_framework.request import Request
from rest_framework.views import APIView

from detection.api.authentication import SiteAuthentication, TokenAuthentication
from detection.api.negotiation import OneFormat
from detection.api.paging import CursorPages
from detection.api.parsers import JsonBody
from detection.api.permissions import SignedIn
from detection.api.problems import handle
from detection.api.throttling import ScopeThrottle


class ApiView(APIView):
    """JSON in, JSON or a problem out; token or session. Endpoints set `permission_classes = (HasScope.of(...),)`."""

    authentication_classes = (TokenAuthentication, SiteAuthentication)
    permission_classes: Any = (SignedIn,)
    parser_classes: Any = (JsonBody,)
    renderer_classes: Any = (JSONRenderer,)
    content_negotiation_class = OneFormat

    throttle_classes: Any = (ScopeThrottle,)

    def finalize_response(self, request: Request, response: Any, *args: Any, **kwargs: Any) -> Any:
        """What is left of the minute stands in every answer, failures included."""
        answer = super().finalize_response(request, response, *args, **kwargs)
        if rate := getattr(self.request._request, "rate", None):
            for name, value in rate.headers.items():
                answer[name] = value
        return answer

    def get_exception_handler(self) -> Any:
        return handle


class ListView(ApiView, ListAPIView[Any]):
    """A list by cursor: set `serializer_class`, `get_queryset` and, where it is not newest first, `ordering`."""

    pagination_class = CursorPages
    filter_backends = (DjangoFilterBackend,)

    def filter_queryset(self, queryset: Any) -> Any:
        """A filter that is there and says nothing is a mistake, unless it is a text to search for."""
        declared = getattr(getattr(self, "filterset_class", None), "base_filters", {})
        texts = {name for name, one in declared.items() if isinstance(one, CharFilter)}
        empty = [name for name in declared if self.request.query_params.get(name) == "" and name not in texts]
        if empty:
            raise ValidationError(dict.fromkeys(empty, "Say a value, or leave it out."))
        return super().filter_queryset(queryset)


def person(request: Request) -> User:
    """Who asks; only for operations that no anonymous visitor reaches."""
    return cast("User", request.user)
