"""Secrets and signatures, in the form of https://www.standardwebhooks.com, for which most languages have a library.

    webhook-id         the event's id: the same for every attempt and every redelivery
    webhook-timestamp  seconds since 1970 at the moment of this attempt
    webhook-signature  "v1," + base64(HMAC-SHA256(secret, id + "." + timestamp + "." + body)); several, separated by
                       a space, while an old secret is still valid

A secret is not stored. It is derived from the site's key and a random salt, so that a stolen database signs nothing;
its SHA-256 is kept, to notice when the site's key has changed.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Iterable

from django.utils.crypto import salted_hmac

PREFIX = "whsec_"
HINT_LENGTH = len(PREFIX) + 4  # what lists show
PURPOSE = "detection.webhooks.signing"


def new_salt() -> str:
    """What makes a new secret out of the site's key."""
    return secrets.token_hex(16)


def secret_of(salt: str) -> str:
    """The secret as its owner gets it: 32 bytes in base64 behind a prefix that scanners for leaked secrets know."""
    key = salted_hmac(PURPOSE, salt, algorithm="sha256").digest()
    return PREFIX + base64.b64encode(key).decode("ascii")


def fingerprint(secret: str) -> str:
    """What is stored of a secret."""
    return hashlib.sha256(secret.encode("ascii")).hexdigest()


def signature(secret: str, event_id: str, timestamp: int, body: bytes) -> str:
    """One signature over exactly the bytes that are sent."""
    key = base64.b64decode(secret.removeprefix(PREFIX))
    signed = f"{event_id}.{timestamp}.".encode("ascii") + body
    return "v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode("ascii")


def headers(valid_secrets: Iterable[str], event_id: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The three headers of a request."""
    signatures = [signature(secret, event_id, timestamp, body) for secret in valid_secrets]
    return {
        "webhook-id": event_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(signatures),
    }
