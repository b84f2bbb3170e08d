"""Mail about a webhook that stopped by itself."""

import uuid

from django.core.mail import send_mail
from django.urls import reverse

from detection.webhooks.events import site_url
from detection.webhooks.models import WebhookEndpoint

SUBJECT = "A webhook was switched off"
TEXT = """Your webhook "{name}" was switched off: {reason}.

Events that were waiting for it, and what happens from now on, are not sent there. Look at its log, and switch it on
again when the receiver works:

{link}
"""


def mail_disabled(endpoint_id: uuid.UUID) -> None:
    """To its owner, if there is an address, and if it is still off."""
    endpoint = WebhookEndpoint.objects.select_related("owner").filter(pk=endpoint_id, enabled=False).first()
    if endpoint is None or not endpoint.owner.email:
        return
    link = site_url(reverse("webhooks:endpoint", args=[endpoint.pk]))
    text = TEXT.format(name=endpoint, reason=endpoint.off_words, link=link)
    send_mail(SUBJECT, text, None, [endpoint.owner.email])
