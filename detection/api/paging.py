"""Pages by cursor: stable while rows come and go, and as quick on the last page as on the first.

A cursor is the signed place of the last row that was given, in the order in which it was given. All fields of an
order must have a value in every row (annotate where they may not), and the last one must be unique.
"""

from collections.abc import Sequence
from typing import Any

from django.core import signing
from django.db.models import Model, Q
from rest_framework.pagination import BasePagination
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.utils.urls import remove_query_param, replace_query_param
from rest_framework.views import APIView

from detection.api.problems import Problem

SALT = "detection.api.cursor"


class CursorPages(BasePagination):
    """`?cursor=…&limit=…` → `{"results": […], "next": "https://…" or null}`. A view may set its own `ordering`."""

    ordering: Sequence[str] = ("-created_at", "-id")
    default_limit = 25
    max_limit = 100

    def paginate_queryset(self, queryset: Any, request: Request, view: APIView | None = None) -> list[Any] | None:
        self.request = request
        self.order = tuple(getattr(view, "ordering", None) or self.ordering)
        limit = self.limit_of(request)
        if cursor := request.query_params.get("cursor"):
            queryset = queryset.filter(after(self.order, self.place(cursor)))
        rows = list(queryset.order_by(*self.order)[: limit + 1])
        self.last = rows[limit - 1] if len(rows) > limit else None
        return rows[:limit]

    def limit_of(self, request: Request) -> int:
        """How many rows are asked for."""
        text = request.query_params.get("limit", str(self.default_limit))
        if text.isascii() and text.isdecimal() and 1 <= int(text[:9]) <= self.max_limit:
            return int(text)
        detail = f"A whole number from 1 to {self.max_limit}."
        raise Problem("invalid", errors=[{"field": "limit", "code": "invalid", "detail": detail}])

    def place(self, cursor: str) -> list[Any]:
        """The values that the cursor stands for; a cursor of another order is refused."""
        try:
            order, values = signing.loads(cursor, salt=SALT)
        except (signing.BadSignature, ValueError) as error:
            raise Problem("invalid_cursor") from error
        if tuple(order) != self.order:
            raise Problem("invalid_cursor")
        return list(values)

    def next_link(self) -> str | None:
        """The address of the next page."""
        if self.last is None:
            return None
        values = [plain(getattr(self.last, name.lstrip("-"))) for name in self.order]
        cursor = signing.dumps([self.order, values], salt=SALT)
        return replace_query_param(remove_query_param(self.request.build_absolute_uri(), "cursor"), "cursor", cursor)

    def get_paginated_response(self, data: Any) -> Response:
        return Response({"results": data, "next": self.next_link()})

    def get_paginated_response_schema(self, schema: dict[str, Any]) -> dict[str, Any]:
        following = {
            "type": ["string", "null"],
            "format": "uri",
            "description": "The next page; null on the last.",
            "example": None,  # the wrapped example of a row is its page: the last one
        }
        return {
            "type": "object",
            "required": ["results", "next"],
            "properties": {"results": schema, "next": following},
        }

    def get_schema_operation_parameters(self, view: APIView) -> list[dict[str, Any]]:
        limit = {"type": "integer", "minimum": 1, "maximum": self.max_limit, "default": self.default_limit}
        return [
            {"name": "cursor", "in": "query", "description": "From `next`.", "schema": {"type": "string"}},
            {"name": "limit", "in": "query", "description": "Rows per page.", "schema": limit},
        ]


def plain(value: Any) -> Any:
    """As it goes into JSON and comes back into a query; numbers stay exact."""
    if isinstance(value, Model):
        return str(value.pk)
    return value if isinstance(value, int | float) else str(value)


def after(order: Sequence[str], values: Sequence[Any]) -> Q:
    """Rows behind this place: equal in the first fields, and further on in the one that follows."""
    wanted, equal = Q(pk__in=[]), Q()
    for name, value in zip(order, values, strict=True):
        field = name.lstrip("-")
        comparison = "lt" if name.startswith("-") else "gt"
        wanted |= equal & Q(**{f"{field}__{comparison}": value})
        equal &= Q(**{field: value})
    return wanted
