"""An owner's endpoint and the receiver behind it."""

from collections.abc import Iterator

import pytest
from django.contrib.auth.models import User
from pytest_django import Settings

from detection.webhooks import services
from detection.webhooks.events import WORDS
from detection.webhooks.models import WebhookEndpoint
from tests.webhooks.receiver import Receiver, receiving

LOOPBACK = ["127.0.0.0/8"]


@pytest.fixture
def loopback(settings: Settings) -> None:
    """The settings open this machine's own network."""
    settings.DEEPFAKE_WEBHOOK_ALLOWED_NETWORKS = LOOPBACK


@pytest.fixture
def receiver(loopback: None) -> Iterator[Receiver]:
    with receiving() as running:
        yield running


@pytest.fixture
def endpoint(owner: User, receiver: Receiver) -> WebhookEndpoint:
    """Listens to everything."""
    return services.add(owner, url=receiver.url, events=list(WORDS))[0]
