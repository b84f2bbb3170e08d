"""The pages: owner, stranger, nobody; the secret once; every button."""

import re

import pytest
from django.contrib.auth.models import User
from django.http import HttpResponse
from django.test import Client
from django.urls import URLPattern, reverse
from django.utils import timezone

from detection.models import AuditEvent
from detection.webhooks import outbox, selectors, services, signing, switch, urls
from detection.webhooks.delivery import attempt
from detection.webhooks.events import WORDS
from detection.webhooks.models import WebhookDelivery, WebhookEndpoint
from tests.webhooks.receiver import Receiver

FORM = {"url": "https://example.org/hook", "description": "My program", "events": ["detection.done"]}
PATTERNS = {str(pattern.name): pattern for pattern in urls.urlpatterns if isinstance(pattern, URLPattern)}


@pytest.fixture
def delivery(endpoint: WebhookEndpoint) -> WebhookDelivery:
    return outbox.put(endpoint, "detection.done", {"detection": {"id": "1"}}, None)


def ask(client: Client, method: str, name: str, delivery: WebhookDelivery) -> HttpResponse:
    values = {"endpoint_id": delivery.endpoint_id, "delivery_id": delivery.pk}
    wanted = PATTERNS[name].pattern.converters
    address = reverse(f"webhooks:{name}", kwargs={key: values[key] for key in wanted})
    response: HttpResponse = getattr(client, method)(address)
    return response


@pytest.mark.parametrize("name", sorted(PATTERNS))
def test_the_owner_gets_in(owner_client: Client, delivery: WebhookDelivery, name: str) -> None:
    codes = {ask(owner_client, method, name, delivery).status_code for method in ("get", "post")}
    assert codes <= {200, 302, 405}
    assert codes != {405}


@pytest.mark.parametrize("who", ["stranger", "admin"])
def test_nobody_else_finds_anything(request: pytest.FixtureRequest, delivery: WebhookDelivery, who: str) -> None:
    client = Client()
    client.force_login(request.getfixturevalue(who))
    for name, pattern in PATTERNS.items():
        if pattern.pattern.converters:
            codes = {ask(client, method, name, delivery).status_code for method in ("get", "post")}
            assert 404 in codes, name
            assert codes <= {404, 405}, name
    assert delivery.endpoint.url not in ask(client, "get", "endpoints", delivery).content.decode()
    assert WebhookEndpoint.objects.count() == WebhookDelivery.objects.count() == 1


def test_anonymous_visitors_sign_in(anonymous_client: Client, delivery: WebhookDelivery) -> None:
    for name in PATTERNS:
        for method in ("get", "post"):
            response = ask(anonymous_client, method, name, delivery)
            assert response.headers["Location"].startswith(f"{reverse('login')}?next="), name


def test_empty_list_teaches_the_next_step(owner_client: Client) -> None:
    page = owner_client.get("/webhooks/").content.decode()
    assert "No webhooks yet" in page
    assert "/webhooks/add/" in page


def test_added_and_its_secret_is_shown_once(owner_client: Client, owner: User) -> None:
    response = owner_client.post("/webhooks/add/", FORM)
    endpoint = WebhookEndpoint.objects.get()
    assert response.headers["Location"] == f"/webhooks/{endpoint.pk}/"
    assert (endpoint.owner, endpoint.url, endpoint.events) == (owner, FORM["url"], FORM["events"])
    first = owner_client.get(f"/webhooks/{endpoint.pk}/")
    shown = re.search(r"whsec_[A-Za-z0-9+/]+=", first.content.decode())
    assert shown
    assert signing.fingerprint(shown[0]) == endpoint.secret_sha256
    assert "no-store" in first.headers["Cache-Control"]
    assert shown[0] not in owner_client.get(f"/webhooks/{endpoint.pk}/").content.decode()
    assert AuditEvent.objects.filter(verb="webhook_added", actor=owner).count() == 1


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"url": ""}, "Enter the address"),
        ({"url": "ftp://example.org/"}, "http:// and https://"),
        ({"url": "http://127.0.0.1/"}, "private or reserved network"),
        ({"url": "http://a:b@example.org/"}, "user name or password"),
        ({"events": []}, "Choose at least one event."),
        ({"events": ["everything"]}, "not one of the available choices"),
        ({"description": "x" * 101}, "at most 100 characters"),
    ],
)
def test_form_says_what_is_wrong(owner_client: Client, change: dict[str, object], words: str) -> None:
    page = owner_client.post("/webhooks/add/", FORM | change).content.decode()
    assert "There is a problem" in page
    assert words in page
    assert not WebhookEndpoint.objects.exists()


def test_number_of_endpoints_is_limited(owner_client: Client, owner: User) -> None:
    for number in range(services.MAX_ENDPOINTS):
        services.add(owner, url=f"https://example.org/{number}", events=["detection.done"])
    assert "as many webhooks as are allowed" in owner_client.post("/webhooks/add/", FORM).content.decode()
    assert WebhookEndpoint.objects.count() == services.MAX_ENDPOINTS


def test_changed(owner_client: Client, endpoint: WebhookEndpoint) -> None:
    WebhookEndpoint.objects.update(failures=3, paused_until=timezone.now())
    owner_client.post(f"/webhooks/{endpoint.pk}/edit/", FORM)
    endpoint.refresh_from_db()
    assert (endpoint.url, str(endpoint), endpoint.events) == (FORM["url"], "My program", ["detection.done"])
    assert (endpoint.failures, endpoint.paused_until) == (0, None)


def test_deleted_after_one_question(owner_client: Client, delivery: WebhookDelivery) -> None:
    address = f"/webhooks/{delivery.endpoint_id}/delete/"
    assert "Delete this webhook?" in owner_client.get(address).content.decode()
    assert owner_client.post(address).headers["Location"] == "/webhooks/"
    assert not WebhookEndpoint.objects.exists()
    assert not WebhookDelivery.objects.exists()


def test_new_secret_is_asked_for_and_shown_once(owner_client: Client, endpoint: WebhookEndpoint) -> None:
    before = endpoint.secret_sha256
    address = f"/webhooks/{endpoint.pk}/secret/"
    assert "Make a new secret?" in owner_client.get(address).content.decode()
    assert "whsec_" in owner_client.post(address, follow=True).content.decode().split("<dl")[0]
    endpoint.refresh_from_db()
    assert endpoint.secret_sha256 != before


def test_ping_and_its_answer(owner_client: Client, endpoint: WebhookEndpoint, receiver: Receiver) -> None:
    receiver.reply = b"<script>pong()</script>"
    address = owner_client.post(f"/webhooks/{endpoint.pk}/ping/").headers["Location"]
    assert "Waiting" in owner_client.get(address).content.decode()
    attempt(WebhookDelivery.objects.get().pk)
    page = owner_client.get(address).content.decode()
    assert "HTTP 200" in page
    assert "&lt;script&gt;pong()&lt;/script&gt;" in page
    assert "&quot;type&quot;: &quot;ping&quot;" in page


def test_redelivered_under_the_same_event_id(
    owner_client: Client, delivery: WebhookDelivery, receiver: Receiver
) -> None:
    attempt(delivery.pk)
    owner_client.post(f"/webhooks/deliveries/{delivery.pk}/redeliver/")
    again = WebhookDelivery.objects.get(redelivery_of=delivery)
    attempt(again.pk)
    first, second = receiver.requests
    assert first.body == second.body
    assert first.headers["webhook-id"] == second.headers["webhook-id"]


def test_redelivery_does_not_wait_for_a_resting_endpoint(
    owner_client: Client, delivery: WebhookDelivery, receiver: Receiver
) -> None:
    receiver.statuses = [500, 200]
    attempt(delivery.pk)
    owner_client.post(f"/webhooks/deliveries/{delivery.pk}/redeliver/")
    attempt(WebhookDelivery.objects.get(redelivery_of=delivery).pk)
    assert len(receiver.requests) == 2


def test_nothing_is_redelivered_to_an_endpoint_that_is_off(
    owner_client: Client, owner: User, delivery: WebhookDelivery
) -> None:
    switch.off(delivery.endpoint, owner)
    page = owner_client.post(f"/webhooks/deliveries/{delivery.pk}/redeliver/", follow=True).content.decode()
    assert "This webhook is off." in page
    assert WebhookDelivery.objects.count() == 1


def test_buttons_are_no_tool_to_flood_somebody(owner_client: Client, endpoint: WebhookEndpoint) -> None:
    for _ in range(services.BY_HAND_PER_MINUTE + 2):
        page = owner_client.post(f"/webhooks/{endpoint.pk}/ping/", follow=True).content.decode()
    assert "Too many requests by hand." in page
    assert WebhookDelivery.objects.count() == services.BY_HAND_PER_MINUTE


def test_switched_off_and_on(owner_client: Client, endpoint: WebhookEndpoint) -> None:
    for to, expected in (("off", False), ("on", True)):
        owner_client.post(f"/webhooks/{endpoint.pk}/switch/", {"to": to})
        endpoint.refresh_from_db()
        assert endpoint.enabled is expected


def test_stopped_webhook_is_announced(
    owner_client: Client, stranger_client: Client, delivery: WebhookDelivery, receiver: Receiver
) -> None:
    receiver.statuses = [410]
    attempt(delivery.pk)
    for address in ("/", "/accounts/profile/"):
        assert "A webhook stopped" in owner_client.get(address).content.decode()
        assert "A webhook stopped" not in stranger_client.get(address).content.decode()
    owner_client.post(f"/webhooks/{delivery.endpoint_id}/switch/", {"to": "on"})
    assert "A webhook stopped" not in owner_client.get("/").content.decode()


def test_log_has_pages(owner_client: Client, endpoint: WebhookEndpoint) -> None:
    for _ in range(26):
        outbox.put(endpoint, "detection.done", {}, None)
    first = owner_client.get(f"/webhooks/{endpoint.pk}/").content.decode()
    assert "Page 1 of 2" in first
    last = owner_client.get(f"/webhooks/{endpoint.pk}/?page=2").content.decode()
    assert last.count("/webhooks/deliveries/") == 1
    assert owner_client.get(f"/webhooks/{endpoint.pk}/?page=99").status_code == 200


def test_profile_leads_there(owner_client: Client, owner: User) -> None:
    assert "/webhooks/add/" in owner_client.get("/accounts/profile/").content.decode()
    services.add(owner, url="https://example.org/", events=list(WORDS))
    assert 'href="/webhooks/"' in owner_client.get("/accounts/profile/").content.decode()


def test_trail_never_holds_the_address(owner: User, endpoint: WebhookEndpoint) -> None:
    services.change(endpoint, owner, url="https://example.org/s3cret", events=["detection.done"], description="")
    services.delete(selectors.endpoint_of(owner, endpoint.pk), owner)
    assert "example.org" not in str([event.data for event in AuditEvent.objects.all()])
    assert AuditEvent.objects.filter(object_type="webhooks.webhookendpoint").count() == 3


@pytest.mark.parametrize("name", ["webhookendpoint", "webhookdelivery"])
def test_staff_reads_and_forges_nothing(admin: User, delivery: WebhookDelivery, name: str) -> None:
    client = Client()
    client.force_login(admin)
    row = delivery if name == "webhookdelivery" else delivery.endpoint
    assert client.get(f"/admin/webhooks/{name}/").status_code == 200
    page = client.get(f"/admin/webhooks/{name}/{row.pk}/change/").content.decode()
    for secret in (delivery.endpoint.url, delivery.endpoint.secret_salt):
        assert secret not in page
    assert client.post(f"/admin/webhooks/{name}/{row.pk}/change/", {"url": "http://x.example"}).status_code == 403
    assert client.get(f"/admin/webhooks/{name}/add/").status_code == 403
