"""Requests at the same moment."""

from typing import Any

import pytest
from django.contrib.auth.models import User
from django.core.files.uploadedfile import SimpleUploadedFile

from detection.api import tokens
from detection.api.models import ApiToken, IdempotencyRecord, UserQuota
from detection.models import Detection, MediaFile
from tests.factories import jpeg_bytes, token_client
from tests.races import together

AT_ONCE = 50
pytestmark = pytest.mark.django_db(transaction=True)


def test_fifty_equal_requests_make_one_row(owner: User) -> None:
    program, content = token_client(owner), jpeg_bytes()

    def send(number: int) -> Any:
        file = SimpleUploadedFile("a.jpg", content)
        fields = {"file": file, "force": "true"}
        return program.post("/api/detect/image", fields, headers={"Idempotency-Key": "once"})

    answers = together(AT_ONCE, send)
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert (Detection.objects.count(), MediaFile.objects.count(), IdempotencyRecord.objects.count()) == (1, 1, 1)


def test_the_same_file_at_once_without_a_key(owner: User) -> None:
    program, content = token_client(owner), jpeg_bytes()
    answers = together(
        8, lambda number: program.post("/api/detect/image", {"file": SimpleUploadedFile("a.jpg", content)})
    )
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert Detection.objects.count() == 1


def test_nobody_slips_past_a_quota(owner: User) -> None:
    UserQuota.objects.create(user=owner, uploads_per_hour=3)
    program = token_client(owner)

    def send(number: int) -> int:
        file = SimpleUploadedFile("a.jpg", jpeg_bytes(300 + number))
        return int(program.post("/api/detect/image", {"file": file}).status_code)

    assert sorted(together(8, send)) == [202] * 3 + [429] * 5
    assert Detection.objects.count() == 3


def test_one_rotation_wins(owner: User) -> None:
    token, _ = tokens.issue(owner, name="nightly", scopes=["detect:read"])
    rotated = together(6, lambda number: tokens.rotate(token, owner))
    assert len([one for one in rotated if one is not None]) == 1
    assert ApiToken.objects.filter(revoked_at=None).count() == 1
