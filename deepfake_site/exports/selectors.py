"""One's own exports."""

from uuid import UUID

from django.contrib.auth.models import AbstractBaseUser, AnonymousUser
from django.http import Http404

from deepfake_site.exports.models import DataExport

Somebody = AbstractBaseUser | AnonymousUser


def latest_export_of(user: Somebody) -> DataExport | None:
    """The one that the profile speaks of."""
    return DataExport.objects.filter(owner_id=user.pk).first()


def export_of(user: Somebody, export_id: UUID) -> DataExport:
    """One of them; for a stranger it does not exist."""
    export = DataExport.objects.filter(owner_id=user.pk, pk=export_id).first()
    if export is None:
        raise Http404("no such export")
    return export
