"""Programs in the place of browsers."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.test import Client

from tests.factories import token_client


@pytest.fixture
def program(owner: User) -> Client:
    """The owner's program, with every scope."""
    return token_client(owner)


def problem_of(response: Any) -> str:
    """The code of a failure, which must have the form that all of them have."""
    body = response.json()
    assert response["Content-Type"] == "application/problem+json"
    assert {"type", "title", "status", "code", "detail", "request_id"} <= set(body)
    assert body["status"] == response.status_code
    assert body["request_id"] == response["X-Request-ID"]
    return str(body["code"])
