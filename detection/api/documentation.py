"""The OpenAPI document, and the page on which it can be read and tried."""

from typing import Any

from django.http import HttpResponse
from django.shortcuts import render
from drf_spectacular.utils import extend_schema
from drf_spectacular.views import SpectacularAPIView
from rest_framework.request import Request
from rest_framework.views import APIView

from detection.api.negotiation import OneFormat
from detection.api.problems import handle

# Swagger UI paints its icons from data: addresses. Scripts and styles come from this site only, here too.
DOCS_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)


class SchemaView(SpectacularAPIView):
    """OpenAPI 3.1, in YAML or, for `Accept: application/vnd.oai.openapi+json` or `?format=json`, in JSON."""

    authentication_classes: Any = ()
    permission_classes: Any = ()

    def get_exception_handler(self) -> Any:
        return handle


class DocsView(APIView):
    """Swagger UI, from our own static files. Open to everybody, as the document is."""

    authentication_classes: Any = ()
    permission_classes: Any = ()
    content_negotiation_class = OneFormat

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse:
        response = render(request._request, "api/docs.html")
        response["Content-Security-Policy"] = DOCS_POLICY
        return response

    def get_exception_handler(self) -> Any:
        return handle
