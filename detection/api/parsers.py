"""Bodies as they come in."""

from collections.abc import Mapping
from typing import IO, Any

from rest_framework import parsers

from detection.api.problems import Problem

MAX_DEPTH = 32


class JsonBody(parsers.JSONParser):
    """JSON, of a depth that no honest request has any need to exceed."""

    def parse(
        self, stream: IO[Any], media_type: str | None = None, parser_context: Mapping[str, Any] | None = None
    ) -> Any:
        try:
            data = super().parse(stream, media_type, parser_context)
        except RecursionError as error:
            raise Problem("too_deep") from error
        if deeper_than(data, MAX_DEPTH):
            raise Problem("too_deep")
        return data


def deeper_than(data: Any, limit: int) -> bool:
    """Level by level and not by recursion: the depth is the sender's choice."""
    level = [data]
    for _ in range(limit):
        level = [inner for outer in level for inner in insides(outer)]
        if not level:
            return False
    return True


def insides(data: Any) -> list[Any]:
    """What a list or an object holds."""
    if isinstance(data, dict):
        return list(data.values())
    return data if isinstance(data, list) else []
