"""Mail: the archive is ready."""

import uuid

from django.conf import settings
from django.core.mail import send_mail
from django.urls import reverse

from deepfake_site.exports.models import DataExport

TEXT = """The archive of your data is ready. Sign in and download it from your profile:

{link}

It is removed after {days} days. If it was not you who asked for it, change your password.
"""


def tell(export_id: uuid.UUID) -> None:
    """If it is still there, and its owner has an address. The link leads to the profile, never to the file."""
    export = DataExport.objects.select_related("owner").filter(pk=export_id, state=DataExport.State.READY).first()
    if export is None or not export.owner.email:
        return
    link = settings.DEEPFAKE_SITE_URL.rstrip("/") + reverse("profile")
    text = TEXT.format(link=link, days=settings.DEEPFAKE_EXPORT_DAYS)
    send_mail("Your data are ready", text, None, [export.owner.email])
