"""Queue and case, as moderators see them."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from detection import similarity
from detection.moderation import claims, flagging, services
from detection.moderation.models import Decision, DecisionTemplate, ModerationCase
from tests.factories import make_media
from tests.moderation.cases import decide, make_case
from tests.moderation.conftest import Later


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def address(name: str, case: ModerationCase) -> str:
    return reverse(f"moderation:{name}", args=[case.pk])


def text(client: Client, url: str, status: int = 200) -> str:
    response = client.get(url)
    assert response.status_code == status
    return response.content.decode()


CHOICE = {"verdict": "fake", "kind": "edit", "confidence": "sure", "ground": "seen", "note": "The hand."}


def test_it_works(owner: User, moderator: User) -> None:
    case, client = make_case(owner), browser(moderator)
    assert f"Case {case.pk}" in text(client, reverse("moderation:queue"))
    response = client.post(reverse("moderation:next"), follow=True)
    assert response.redirect_chain[-1][0] == address("case", case)
    assert "Decide and next" in response.content.decode()
    response = client.post(address("decide", case), {**CHOICE, "then": "next"}, follow=True)
    assert "No case waits for you" in response.content.decode()
    assert "Undo" in response.content.decode()
    decision = Decision.objects.get()
    assert (decision.verdict, decision.kind, decision.note, decision.moderator) == (
        "fake",
        "edit",
        "The hand.",
        moderator,
    )
    client.post(reverse("moderation:undo", args=[decision.pk]))
    case.refresh_from_db()
    assert (case.state, case.holder) == ("open", moderator)


def test_decide_and_stay(owner: User, moderator: User) -> None:
    case, client = make_case(owner), browser(moderator)
    client.post(address("claim", case))
    response = client.post(address("decide", case), {**CHOICE, "then": "stay"})
    assert response["Location"] == address("case", case)


def test_a_fake_without_its_kind_is_asked_for_in_place(owner: User, moderator: User) -> None:
    case, client = make_case(owner), browser(moderator)
    client.post(address("claim", case))
    response = client.post(address("decide", case), {**CHOICE, "kind": ""})
    assert response.status_code == 400
    assert "Choose how it was faked." in response.content.decode()
    assert "The hand." in response.content.decode()


def test_two_people_at_one_case(owner: User, moderator: User, colleague: User) -> None:
    case = make_case(owner)
    browser(moderator).post(address("claim", case))
    other = browser(colleague)
    assert "Somebody else is working on this case" in text(other, address("case", case))
    response = other.post(address("claim", case), follow=True)
    assert "Somebody else is working on this case. Take the next one." in response.content.decode()
    other.post(address("decide", case), CHOICE)
    other.post(address("release", case))
    case.refresh_from_db()
    assert (case.holder, case.state) == (moderator, "open")


def test_released_from_the_page(owner: User, moderator: User) -> None:
    case, client = make_case(owner), browser(moderator)
    client.post(address("claim", case))
    response = client.post(address("release", case), follow=True)
    assert f"Case {case.pk} is back in the queue." in response.content.decode()


def test_filters(owner: User, moderator: User) -> None:
    doubtful, disputed = make_case(owner), make_case(owner, "FAKE", 0.8)
    client, queue = browser(moderator), reverse("moderation:queue")

    def shown(query: str) -> set[int]:
        return {case.pk for case in client.get(f"{queue}?{query}").context["cases"]}

    assert shown("") == {doubtful.pk, disputed.pk}
    assert shown("reason=disputed") == {disputed.pk}
    assert shown("reason=audit") == set()
    assert shown("kind=video") == set()
    assert shown("age=1h") == set()
    assert shown("age=nonsense") == {doubtful.pk, disputed.pk}
    claims.claim(doubtful.pk, moderator)
    assert shown("mine=on") == {doubtful.pk}
    numbers = client.get(queue).context["overview"]
    assert (numbers.total, numbers.kinds) == (2, {"image": 2})
    assert {code: count for code, _, count in numbers.reasons} == {"inconclusive": 1, "disputed": 1}
    assert numbers.oldest == doubtful.opened_at


def test_live_part(owner: User, moderator: User) -> None:
    client = browser(moderator)
    assert "Nothing waits for you" in text(client, reverse("moderation:live"))
    case = make_case(owner)
    assert f"Case {case.pk}" in text(client, reverse("moderation:live"))


def test_the_second_does_not_see_the_first(owner: User, moderator: User, colleague: User, later: Later) -> None:
    case = make_case(owner)
    decide(case, moderator, "fake", kind="edit", confidence="unsure", note="I see a seam at the chin.")
    later(case, 31)
    page = text(browser(colleague), address("case", case))
    for secret in ("seam at the chin", "second opinion", "unsure;", moderator.username):
        assert secret not in page
    decide(case, colleague, "fake", kind="edit")
    later(case, 31)
    assert "seam at the chin" in text(browser(colleague), address("case", case))


def test_a_lead_sees_both_when_they_differ(
    owner: User, moderator: User, colleague: User, lead: User, later: Later
) -> None:
    case = make_case(owner)
    decide(case, moderator, "fake", confidence="unsure", note="A seam.")
    later(case, 31)
    decide(case, colleague, "real", note="Only a shadow.")
    later(case, 31)
    page = text(browser(lead), address("case", case))
    assert "A seam." in page
    assert "Only a shadow." in page
    assert "A seam." not in text(browser(colleague), address("case", case))


def test_a_known_case_does_not_show(owner: User, moderator: User, lead: User, colleague: User, later: Later) -> None:
    known = make_case(owner, "FAKE", 0.99)
    decide(known, moderator, "fake", note="Known since long.")
    later(known, 31)
    services.make_known(known.pk, lead)
    gold = flagging.mix_in()
    assert gold is not None
    page = text(browser(colleague), address("case", gold))
    for secret in ("gold", "known", "Known", f"Case {known.pk}"):
        assert secret not in page


def test_no_more_of_the_uploader_than_is_needed(owner: User, moderator: User) -> None:
    case = make_case(owner)
    page = text(browser(moderator), address("case", case))
    for secret in (owner.username, owner.email, case.media.name):
        assert secret not in page
    assert "newer than a month" in page


def test_the_priority_is_shown_with_its_parts(owner: User, moderator: User) -> None:
    page = text(browser(moderator), address("case", make_case(owner)))
    for part in ("Uncertainty", "Disagreement", "Reporter", "Waiting"):
        assert part in page


def test_an_earlier_decision_on_the_same_file(owner: User, stranger: User, moderator: User, colleague: User) -> None:
    earlier = make_case(owner, media=make_media(owner))
    decide(earlier, moderator, "fake", kind="edit")
    again = make_case(stranger, media=make_media(stranger))
    page = text(browser(colleague), address("case", again))
    assert f"Case {earlier.pk}" in page
    assert "the same picture" in page


def test_an_earlier_decision_on_nearly_the_same_picture(owner: User, moderator: User, colleague: User) -> None:
    earlier, again, other = make_case(owner), make_case(owner), make_case(owner)
    for case, phash in ((earlier, "f0f0f0f0f0f0f0f0"), (again, "f0f0f0f0f0f0f0f3"), (other, "0123456789abcdef")):
        similarity.remember(case.media.pk, phash)
    decide(earlier, moderator, "fake", kind="edit")
    page = text(browser(colleague), address("case", again))
    assert f"Case {earlier.pk}" in page
    assert "2 of 64 bits apart" in page
    assert f"Case {earlier.pk}" not in text(browser(colleague), address("case", other))


def test_templates_fill_the_form(owner: User, moderator: User) -> None:
    case, client = make_case(owner), browser(moderator)
    client.post(address("claim", case))
    template = DecisionTemplate.objects.create(
        name="Doubled ear",
        verdict="fake",
        kind="synthesis",
        ground="seen",
        confidence="fair",
        note="The ear is doubled.",
    )
    page = text(client, f"{address('case', case)}?template={template.pk}")
    assert "The ear is doubled." in page
    assert 'value="synthesis" checked' in page
    assert Decision.objects.count() == 0


def test_blur_is_a_setting(owner: User, moderator: User) -> None:
    case, client = make_case(owner), browser(moderator)
    assert "case__media blurred" in text(client, address("case", case))
    response = client.post(reverse("moderation:blur"), {"blur": "off", "next": address("case", case)})
    assert response["Location"] == address("case", case)
    assert "case__media blurred" not in text(client, address("case", case))
    response = client.post(reverse("moderation:blur"), {"blur": "on", "next": "https://elsewhere.example/"})
    assert response["Location"] == reverse("moderation:queue")


@pytest.mark.parametrize("label", ["FAKE", "NOT_APPLICABLE"])
def test_every_kind_of_verdict_has_a_page(owner: User, moderator: User, label: str) -> None:
    case = make_case(owner, label, 0.8)
    assert "Why it is here" in text(browser(moderator), address("case", case))
