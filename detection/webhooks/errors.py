"""What can go wrong with a webhook: what its owner is told, and why a request was not answered."""

from ml_core.errors import ErrorText

ERRORS: dict[str, ErrorText] = {
    "bad_url": ErrorText("This is no complete address. Write it like https://example.org/hooks.", 422),
    "bad_scheme": ErrorText("Only http:// and https:// addresses can be called.", 422),
    "https_only": ErrorText("Only https:// addresses are allowed here.", 422),
    "credentials_in_url": ErrorText(
        "The address must not contain a user name or password. Verify the signature instead.", 422
    ),
    "refused_port": ErrorText("This port is not allowed. Use 80, 443, or one from 1024 up.", 422),
    "refused_address": ErrorText("The address leads into a private or reserved network, which is not allowed.", 422),
    "too_many_endpoints": ErrorText("You have as many webhooks as are allowed. Delete one first.", 409),
    "too_many_requests": ErrorText("Too many requests by hand. Wait a minute, then try again.", 429),
    "disabled": ErrorText("This webhook is off. Switch it on first.", 409),
}

# Why an attempt failed; these stand in the delivery log.
FAULTS: dict[str, str] = {
    "bad_url": "The address cannot be called.",
    "bad_scheme": "The address is neither http:// nor https://.",
    "https_only": "Only https:// addresses are allowed here.",
    "credentials_in_url": "The address contains a user name or password.",
    "refused_port": "The address' port is not allowed.",
    "refused_address": "The host name leads into a private or reserved network.",
    "dns": "The host name could not be resolved.",
    "connection": "The connection was refused or broke off.",
    "tls": "The receiver's certificate could not be verified.",
    "timeout": "The receiver did not answer in time.",
    "bad_answer": "The answer was not valid HTTP.",
    "http_status": "The receiver answered with an error.",
    "redirect": "The receiver answered with a redirect. Redirects are not followed: correct the address.",
    "gone": "The receiver answered 410 Gone: it wants no more events.",
    "worker_lost": "The worker stopped while it waited for the answer.",
    "secret_lost": "The signing secret cannot be read any more. Make a new one.",
    "disabled": "The webhook was switched off before this event was delivered.",
}


class WebhookError(Exception):
    """What the owner asked for cannot be done. `code` is a key of `ERRORS`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code

    @property
    def sentence(self) -> str:
        """What the person can do about it."""
        return ERRORS[self.code].sentence

    @property
    def status(self) -> int:
        """The HTTP status of a refusal."""
        return ERRORS[self.code].status
