"""Two administrators start a training at once: there is one run, and the other is told so."""

import pytest
from django.contrib.auth.models import User
from django_q.models import OrmQ

from detection.models import AuditEvent
from learning.registry.models import ModelVersion
from learning.retraining.models import TrainingRun
from tests.factories import make_user, token_client
from tests.races import together

AT_ONCE = 4
pytestmark = pytest.mark.django_db(transaction=True)


def test_one_run_for_one_key(champion: ModelVersion, admin: User) -> None:
    program = token_client(admin, "learn:run")

    def send(number: int) -> tuple[int, int]:
        headers = {"Idempotency-Key": "once"}
        answer = program.post("/api/rl/retrain", {}, content_type="application/json", headers=headers)
        return answer.status_code, answer.json().get("id", 0)

    answers = set(together(AT_ONCE, send))
    assert answers == {(202, TrainingRun.objects.get().pk)}


def test_one_run(champion: ModelVersion, roles: None) -> None:
    programs = [token_client(make_user(f"boss-{number}", "admin"), "learn:run") for number in range(AT_ONCE)]

    def press(number: int) -> tuple[int, str]:
        answer = programs[number].post("/api/rl/retrain", {}, content_type="application/json")
        return answer.status_code, answer.json().get("code", "")

    assert sorted(together(AT_ONCE, press)) == [(202, ""), *[(409, "already_running")] * (AT_ONCE - 1)]
    assert TrainingRun.objects.count() == 1
    assert OrmQ.objects.filter(key="training").count() == 1
    assert AuditEvent.objects.filter(verb="training_started").count() == 1
