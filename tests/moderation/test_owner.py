"""What the owner sees, is told, and can do."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import User
from django.core import mail
from django.test import Client
from django.urls import reverse

from detection.moderation import flagging, services, settlement, tasks
from detection.moderation.models import ModerationCase, OwnerNotice
from detection.webhooks.models import WebhookDelivery, WebhookEndpoint
from tests.moderation.cases import decide, make_case, make_result
from tests.moderation.conftest import Later


def result_page(client: Client, case: ModerationCase) -> str:
    return client.get(reverse("detection:result", args=[case.detection_id])).content.decode()


def pass_time(case: ModerationCase, later: Later, seconds: float) -> None:
    """The case and its news grow older, then the clock's task runs."""
    later(case, seconds)
    for notice in OwnerNotice.objects.all():
        notice.due_at -= timedelta(seconds=seconds)
        notice.save()
    tasks.settle()


def test_it_works(owner: User, owner_client: Client, colleague: User, later: Later) -> None:
    case = make_case(owner, "FAKE", 0.8)
    decide(case, colleague, "real", note="Only for colleagues.")
    assert "hold it to be real" not in result_page(owner_client, case), "it could still be undone"
    pass_time(case, later, 31)
    page = result_page(owner_client, case)
    assert "FAKE" in page
    assert "hold it to be real" in page
    assert "Decided by a moderator" in page
    for secret in (colleague.username, "Only for colleagues."):
        assert secret not in page
    assert mail.outbox == []
    pass_time(case, later, 301)
    (message,) = mail.outbox
    assert message.to == [owner.email]
    assert "So far: fake\nNow: real" in message.body
    assert reverse("detection:result", args=[case.detection_id]) in message.body
    tasks.settle()
    assert len(mail.outbox) == 1


def test_the_site_tells_until_the_owner_has_looked(
    owner: User, owner_client: Client, stranger_client: Client, moderator: User, later: Later
) -> None:
    case = make_case(owner)
    decide(case, moderator, "real")
    pass_time(case, later, 31)
    assert "People have looked at your file" not in owner_client.get(reverse("home")).content.decode()
    pass_time(case, later, 301)
    assert "People have looked at your file" in owner_client.get(reverse("home")).content.decode()
    assert "People have looked" not in stranger_client.get(reverse("home")).content.decode()
    result_page(owner_client, case)
    assert "People have looked at your file" not in owner_client.get(reverse("home")).content.decode()


def test_what_changes_nothing_is_not_told(owner: User, moderator: User, later: Later) -> None:
    case = make_case(owner)
    decide(case, moderator, "cannot_tell")
    pass_time(case, later, 31)
    pass_time(case, later, 301)
    assert mail.outbox == []


def test_what_changes_back_is_not_told(owner: User, moderator: User, later: Later) -> None:
    case = make_case(owner, "FAKE", 0.8)
    decide(case, moderator, "real")
    pass_time(case, later, 31)
    ModerationCase.objects.filter(pk=case.pk).update(verdict="fake")
    pass_time(case, later, 301)
    assert mail.outbox == []
    assert OwnerNotice.objects.get().dropped_at is not None


def test_an_answered_appeal_is_always_told(
    owner: User, owner_client: Client, moderator: User, colleague: User, later: Later
) -> None:
    case = make_case(owner, "FAKE", 0.8)
    decide(case, moderator, "fake")
    pass_time(case, later, 31)
    owner_client.post(reverse("moderation:appeal", args=[case.detection_id]), {"text": "I was there."})
    assert "Another moderator will answer" in result_page(owner_client, case)
    decide(case, colleague, "fake", answer="We compared it with the original: the eyes differ.")
    assert "the eyes differ" not in result_page(owner_client, case), "it could still be undone"
    pass_time(case, later, 31)
    page = result_page(owner_client, case)
    assert "the decision was upheld" in page
    assert "the eyes differ" in page
    pass_time(case, later, 301)
    (message,) = mail.outbox
    assert message.subject == "Your appeal was answered"
    assert "the eyes differ" in message.body


def test_overturned(owner: User, owner_client: Client, moderator: User, colleague: User, later: Later) -> None:
    case = make_case(owner, "FAKE", 0.8)
    decide(case, moderator, "fake")
    pass_time(case, later, 31)
    services.appeal(case.pk, owner, "I was there.")
    decide(case, colleague, "real", answer="You are right.")
    pass_time(case, later, 31)
    page = result_page(owner_client, case)
    assert "the decision was overturned" in page
    assert "another moderator, on your appeal" in page
    assert "hold it to be real" in page


def test_disputed_on_the_page(owner: User, owner_client: Client) -> None:
    detection = make_result(owner, "FAKE", 0.8)
    address = reverse("moderation:dispute", args=[detection.pk])
    assert address in owner_client.get(reverse("detection:result", args=[detection.pk])).content.decode()
    assert "Why do you think so?" in owner_client.get(address).content.decode()
    assert "This field is required" in owner_client.post(address, {"text": " "}).content.decode()
    response = owner_client.post(address, {"text": "I took it."}, follow=True)
    assert "A moderator will look at it" in response.content.decode()
    assert "You disputed this verdict" in response.content.decode()
    assert ModerationCase.objects.get().reason_codes == ["disputed"]


@pytest.mark.parametrize("name", ["dispute", "appeal"])
def test_nobody_but_the_owner(
    stranger_client: Client, anonymous_client: Client, owner: User, moderator: User, later: Later, name: str
) -> None:
    case = make_case(owner)
    decide(case, moderator, "fake")
    later(case, 31)
    address = reverse(f"moderation:{name}", args=[case.detection_id])
    assert stranger_client.post(address, {"text": "Mine."}).status_code == 404
    assert anonymous_client.post(address, {"text": "Mine."}).status_code == 302
    case.refresh_from_db()
    assert (case.state, case.reason_codes) == ("decided", ["inconclusive"])


def test_no_appeal_against_nothing(owner: User, owner_client: Client) -> None:
    case = make_case(owner)
    response = owner_client.post(reverse("moderation:appeal", args=[case.detection_id]), {"text": "No."}, follow=True)
    assert "There is no decision to appeal against." in response.content.decode()


def test_programs_are_told_once(owner: User, moderator: User, later: Later) -> None:
    WebhookEndpoint.objects.create(owner=owner, url="https://hooks.example/", events=["case.decided"])
    case = make_case(owner)
    decide(case, moderator, "fake", kind="edit")
    tasks.settle()
    assert not WebhookDelivery.objects.exists()
    pass_time(case, later, 31)
    tasks.settle()
    assert WebhookDelivery.objects.count() == 1


def test_nobody_hears_of_known_cases(owner: User, moderator: User, colleague: User, lead: User, later: Later) -> None:
    known = make_case(owner, "FAKE", 0.8)
    decide(known, moderator, "fake")
    later(known, 31)
    services.make_known(known.pk, lead)
    gold = flagging.mix_in()
    assert gold is not None
    decide(gold, colleague, "real")
    pass_time(gold, later, 31)
    assert gold.detection_id == known.detection_id
    assert not OwnerNotice.objects.filter(case=gold).exists()
    assert not settlement.settle(gold.pk)


@pytest.mark.parametrize(("decided", "left"), [(False, 0), (True, 1)])
def test_known_cases_do_not_stay_for_ever(
    owner: User, moderator: User, colleague: User, lead: User, later: Later, decided: bool, left: int
) -> None:
    known = make_case(owner, "FAKE", 0.99)
    decide(known, moderator, "fake")
    later(known, 31)
    services.make_known(known.pk, lead)
    gold = flagging.mix_in()
    assert gold is not None
    if decided:
        decide(gold, colleague, "real", confidence="unsure")
        later(gold, 31)
    tasks.settle()
    assert ModerationCase.objects.get(pk=gold.pk).is_open
    later(gold, 4 * 86400)
    tasks.settle()
    assert ModerationCase.objects.filter(is_gold=True, state="decided").count() == left
    assert not ModerationCase.objects.filter(is_gold=True, state__in=("open", "second")).exists()
