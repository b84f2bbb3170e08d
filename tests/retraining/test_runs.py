"""Every state of a run, how it gets there, and where it cannot go from there."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.db import IntegrityError, transaction
from django.utils import timezone
from django_q.models import OrmQ
from pytest_django import Settings

from detection.models import AuditEvent, MediaFile
from learning.registry.errors import RegistryError
from learning.registry.models import ModelVersion
from learning.retraining import bridge, leases, notices, services
from learning.retraining.errors import AlreadyRunning, RetrainingError
from learning.retraining.models import LookRecord, RunItem, StepRecord, TrainingRun
from learning.retraining.plans import run_folder
from tests.retraining.conftest import Gate, Stage, confirm, story

State = TrainingRun.State
Confirmed = list[MediaFile]


def again(run: TrainingRun) -> TrainingRun:
    return TrainingRun.objects.get(pk=run.pk)


def verbs(run: TrainingRun) -> list[str]:
    return list(
        AuditEvent.objects.filter(object_type="retraining.trainingrun", object_id=str(run.pk))
        .order_by("pk")
        .values_list("verb", flat=True)
    )


def test_it_works(run: TrainingRun, confirmed: Confirmed, stage: Stage, gate: Gate, champion: ModelVersion) -> None:
    assert OrmQ.objects.filter(key="training").count() == 1
    bridge.run_training(run.pk)
    done = again(run)
    assert (done.state, done.code, done.step, done.steps) == (State.CANDIDATE, "", 3, 3)
    assert done.candidate is not None
    assert (done.candidate.origin, done.candidate.parent, done.candidate.run_id) == ("feedback", champion, str(run.pk))
    assert list(StepRecord.objects.filter(run=run).values_list("number", "reward")) == [(0, 0.25), (1, 0.25), (2, 0.25)]
    assert list(LookRecord.objects.filter(run=run).values_list("step", "kept")) == [(0, False), (3, True)]
    assert RunItem.objects.filter(run=run).count() == len(confirmed)
    assert verbs(run) == ["training_started", "training_done", "training_candidate"]
    assert not run_folder(run.pk).exists()
    assert champion.name == ModelVersion.objects.get(state="champion").name  # nothing changes by itself


def test_the_gate_is_told_what_was_learned_from(
    run: TrainingRun, confirmed: Confirmed, stage: Stage, gate: Gate
) -> None:
    bridge.run_training(run.pk)
    assert gate.trained == {media.sha256 for media in confirmed}


def test_a_candidate_that_the_gate_refuses(run: TrainingRun, confirmed: Confirmed, stage: Stage, gate: Gate) -> None:
    gate.passed = False
    bridge.run_training(run.pk)
    done = again(run)
    assert (done.state, done.detail) == (State.REFUSED, "AUC on lab may have fallen.")
    assert done.candidate is not None


def test_no_improvement_leaves_no_version(run: TrainingRun, confirmed: Confirmed, stage: Stage, gate: Gate) -> None:
    stage.tell = lambda run_id: story(run_id, improved=False)
    bridge.run_training(run.pk)
    done = again(run)
    assert (done.state, done.code, done.candidate) == (State.REFUSED, "no_improvement", None)
    assert RunItem.objects.filter(run=run).exists()


def test_with_too_few_labels_it_ends_at_once(run: TrainingRun, roles: None, stage: Stage) -> None:
    confirm(1)
    bridge.run_training(run.pk)
    assert (again(run).state, again(run).code) == (State.UNCHANGED, "too_few_labels")
    assert not stage.plans


def test_unchanged_data_ends_at_once_and_a_new_label_ends_that(
    run: TrainingRun, confirmed: Confirmed, stage: Stage, gate: Gate, admin: User
) -> None:
    bridge.run_training(run.pk)
    second = services.start_run(admin, "button")
    bridge.run_training(second.pk)
    assert (again(second).state, again(second).code) == (State.UNCHANGED, "data_unchanged")
    assert len(stage.plans) == 1
    assert again(second).snapshot == again(run).snapshot
    confirm(99)
    third = services.start_run(admin, "button")
    bridge.run_training(third.pk)
    assert again(third).state == State.CANDIDATE


def test_a_full_run_over_the_same_data_is_something_else(
    run: TrainingRun, confirmed: Confirmed, stage: Stage, gate: Gate, admin: User
) -> None:
    bridge.run_training(run.pk)
    full = services.start_run(admin, "button", "full")
    bridge.run_training(full.pk)
    assert again(full).state == State.CANDIDATE


def test_a_named_error_of_the_process(run: TrainingRun, confirmed: Confirmed, stage: Stage) -> None:
    stage.tell = lambda run_id: [{"event": "error", "code": "not_finite", "detail": "step 3"}]
    bridge.run_training(run.pk)
    assert (again(run).state, again(run).code, again(run).detail) == (State.FAILED, "not_finite", "step 3")


def test_a_process_that_dies_without_a_word_is_tried_again_and_not_for_ever(
    run: TrainingRun, confirmed: Confirmed, stage: Stage
) -> None:
    stage.tell = lambda run_id: story(run_id)[:3]
    bridge.run_training(run.pk)
    assert again(run).state == State.QUEUED
    for _ in range(TrainingRun.MAX_ATTEMPTS):
        bridge.run_training(run.pk)
    assert (again(run).state, again(run).code) == (State.FAILED, "died")
    assert "out of memory" in again(run).detail


def test_without_frozen_sets_the_candidate_stays_unjudged(
    run: TrainingRun, confirmed: Confirmed, stage: Stage, gate: Gate
) -> None:
    def none() -> None:
        raise RegistryError("no_frozen_sets")

    gate.then = none
    bridge.run_training(run.pk)
    assert (again(run).state, again(run).code) == (State.CANDIDATE, "no_frozen_sets")


def test_without_a_champion_nothing_starts(db: None, admin: User) -> None:
    with pytest.raises(RetrainingError, match="no_champion"):
        services.start_run(admin, "button")


class TestOneAtATime:
    def test_the_second_is_told(self, run: TrainingRun, admin: User) -> None:
        with pytest.raises(AlreadyRunning) as caught:
            services.start_run(admin, "api")
        assert caught.value.code == "already_running"
        assert TrainingRun.objects.count() == 1
        assert OrmQ.objects.filter(key="training").count() == 1

    @pytest.mark.parametrize("state", TrainingRun.UNFINISHED)
    def test_the_database_holds_it(self, run: TrainingRun, state: str) -> None:
        TrainingRun.objects.filter(pk=run.pk).update(state=state)
        with pytest.raises(IntegrityError), transaction.atomic():
            TrainingRun.objects.create(trigger="api")

    def test_an_unfinished_run_cannot_give_up_its_place(self, run: TrainingRun) -> None:
        with pytest.raises(IntegrityError), transaction.atomic():
            TrainingRun.objects.filter(pk=run.pk).update(slot=None)

    def test_a_run_that_is_over_cannot_keep_it(self, run: TrainingRun) -> None:
        with pytest.raises(IntegrityError), transaction.atomic():
            TrainingRun.objects.filter(pk=run.pk).update(state=State.FAILED)


class TestCancelling:
    def test_a_queued_run_never_begins(self, run: TrainingRun, admin: User, stage: Stage) -> None:
        assert services.cancel(run, admin)
        bridge.run_training(run.pk)
        assert again(run).state == State.CANCELLED
        assert not stage.plans
        assert verbs(run) == ["training_started", "training_cancelled"]

    @pytest.mark.parametrize("moment", ["looking", "training", "step", "look", "result"])
    def test_a_running_one_writes_nothing_more(
        self, run: TrainingRun, admin: User, confirmed: Confirmed, stage: Stage, gate: Gate, moment: str
    ) -> None:
        def cancel(event: dict[str, object]) -> None:
            if event["event"] == moment:
                services.cancel(run, admin)

        stage.then = cancel
        bridge.run_training(run.pk)
        assert again(run).state == State.CANCELLED
        assert again(run).candidate is None
        assert not run_folder(run.pk).exists()

    def test_one_that_is_being_judged(
        self, run: TrainingRun, admin: User, confirmed: Confirmed, stage: Stage, gate: Gate
    ) -> None:
        def cancel() -> None:
            services.cancel(run, admin)

        gate.then = cancel
        bridge.run_training(run.pk)
        assert again(run).state == State.CANCELLED

    def test_the_process_is_ended_by_the_heartbeat(
        self, run: TrainingRun, admin: User, confirmed: Confirmed, stage: Stage
    ) -> None:
        killer = bridge.Killer()
        killer.aim(stage.kill)
        killer()
        assert stage.killed

    @pytest.mark.parametrize("over", [State.CANDIDATE, State.REFUSED, State.UNCHANGED, State.CANCELLED, State.FAILED])
    def test_what_is_over_stays_over(self, run: TrainingRun, admin: User, over: str, stage: Stage) -> None:
        TrainingRun.objects.filter(pk=run.pk).update(state=over, slot=None)
        assert not services.cancel(run, admin)
        assert leases.claim(run.pk) is None
        bridge.run_training(run.pk)
        assert again(run).state == over


class TestAfterAKill:
    """The worker is gone: its lease runs out, and the next attempt goes on with what was written down."""

    def expire(self, run: TrainingRun) -> None:
        past = timezone.now() - timedelta(seconds=1)
        TrainingRun.objects.filter(pk=run.pk).update(lease_until=past)

    def test_it_goes_on_with_the_same_snapshot(
        self, run: TrainingRun, confirmed: Confirmed, stage: Stage, gate: Gate
    ) -> None:
        def die(event: dict[str, object]) -> None:
            if event.get("number") == 2:
                raise KeyboardInterrupt

        stage.then = die
        with pytest.raises(KeyboardInterrupt):
            bridge.run_training(run.pk)
        before = again(run)
        assert before.state == State.RUNNING
        assert run_folder(run.pk).exists()
        confirm(99)  # what comes later belongs to the next run
        self.expire(run)
        assert leases.recover() == 1
        assert again(run).state == State.QUEUED
        stage.then, stage.tell = (lambda event: None), (lambda run_id: story(run_id, first=1))
        bridge.run_training(run.pk)
        done = again(run)
        assert (done.state, done.attempts, done.snapshot) == (State.CANDIDATE, 2, before.snapshot)
        assert list(StepRecord.objects.filter(run=run).values_list("number", flat=True)) == [1, 2]

    def test_steps_beyond_the_checkpoint_are_told_again(
        self, run: TrainingRun, confirmed: Confirmed, stage: Stage, gate: Gate
    ) -> None:
        lease = leases.claim(run.pk)
        assert lease is not None
        old = {"kl": 0.0, "grad_norm": 0.0, "reward": 0.0, "before": 0.0, "after": 0.0, "improved": 0, "items": 1}
        StepRecord.objects.bulk_create(StepRecord(run=run, number=n, loss=9.0, **old) for n in range(3))
        self.expire(run)
        leases.recover()
        stage.tell = lambda run_id: story(run_id, first=1)
        bridge.run_training(run.pk)
        assert list(StepRecord.objects.filter(run=run).values_list("number", "loss")) == [(0, 9.0), (1, 0.7), (2, 0.7)]

    def test_one_killed_while_it_was_judged_is_not_trained_again(
        self, run: TrainingRun, confirmed: Confirmed, stage: Stage, gate: Gate
    ) -> None:
        def die() -> None:
            raise KeyboardInterrupt

        gate.then = die
        with pytest.raises(KeyboardInterrupt):
            bridge.run_training(run.pk)
        assert again(run).state == State.EVALUATING
        self.expire(run)
        leases.recover()
        gate.then = lambda: None
        bridge.run_training(run.pk)
        assert again(run).state == State.CANDIDATE
        assert len(stage.plans) == 1
        assert ModelVersion.objects.filter(run_id=str(run.pk)).count() == 1

    def test_after_too_many_attempts_it_is_given_up(self, run: TrainingRun, stage: Stage) -> None:
        for _ in range(TrainingRun.MAX_ATTEMPTS):
            assert leases.claim(run.pk) is not None
            self.expire(run)
            leases.recover()
        assert (again(run).state, again(run).code, again(run).slot) == (State.FAILED, "gave_up", None)
        assert leases.claim(run.pk) is None

    def test_a_living_worker_keeps_its_run(self, run: TrainingRun) -> None:
        lease = leases.claim(run.pk)
        assert lease is not None
        assert leases.recover() == 0
        assert leases.claim(run.pk) is None
        assert leases.extend(lease)

    def test_a_task_that_got_lost_is_enqueued_again(self, run: TrainingRun) -> None:
        assert leases.recover() == 0
        OrmQ.objects.all().delete()
        assert leases.recover() == 1
        assert OrmQ.objects.filter(key="training").count() == 1


class TestMail:
    def test_administrators_hear_of_a_candidate(
        self, run: TrainingRun, confirmed: Confirmed, stage: Stage, gate: Gate, admin: User, owner: User
    ) -> None:
        bridge.run_training(run.pk)
        assert OrmQ.objects.filter(key="light").count() == 1
        assert notices.announce(run.pk) == 1
        assert mail.outbox[0].to == [admin.email]
        assert f"r{run.pk}" in mail.outbox[0].body

    def test_nothing_new_is_no_news(self, run: TrainingRun, stage: Stage, settings: Settings) -> None:
        bridge.run_training(run.pk)
        assert again(run).state == State.UNCHANGED
        assert notices.announce(run.pk) == 0
        assert not mail.outbox
