"""At the same moment: real threads with connections of their own."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import TypeVar

from django.db import connection

Got = TypeVar("Got")


def together(count: int, act: Callable[[int], Got]) -> list[Got]:
    """What so many threads got, each with its number; all of them begin when the last one is there."""
    gate = Barrier(count)

    def one(number: int) -> Got:
        connection.ensure_connection()
        gate.wait(30)
        try:
            return act(number)
        finally:
            connection.close()

    with ThreadPoolExecutor(count) as pool:
        return list(pool.map(one, range(count)))
