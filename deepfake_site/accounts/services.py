"""What happens to an account, each act in one transaction."""

from dataclasses import dataclass

from django.contrib.auth.models import Group, User
from django.db import transaction
from django.db.models import Sum

from deepfake_site.accounts.forms import ProfileForm, RegisterForm
from deepfake_site.exports import archive
from detection import audit
from detection.models import Detection, MediaFile
from detection.services import delete_account

EVERYBODY = "user"


@dataclass(frozen=True, slots=True)
class Stored:
    """What the platform keeps for a person."""

    detections: int
    files: int
    bytes: int


@transaction.atomic
def register(form: RegisterForm) -> User:
    """A new account in the group that everybody belongs to."""
    user = form.save()
    user.groups.add(Group.objects.get_or_create(name=EVERYBODY)[0])
    audit.record(user, "registered", user)
    return user


@transaction.atomic
def change_profile(user: User, form: ProfileForm) -> None:
    """Name and address; the trail says which of them, not what they were."""
    for field in ProfileForm.STORED:
        setattr(user, field, form.cleaned_data[field])
    user.save(update_fields=ProfileForm.STORED)
    audit.record(user, "profile_changed", user, fields=[name for name in form.changed_data if name != "password"])


def close(user: User) -> None:
    """The end of an account, with its media and its archives."""
    archives = list(user.data_exports.values_list("pk", flat=True))
    delete_account(user)
    for export_id in archives:
        archive.discard(export_id)


def stored_by(user: User) -> Stored:
    """Counts of what deleting the account would take away."""
    media = MediaFile.objects.filter(owner=user, purged_at=None)
    return Stored(
        detections=Detection.objects.filter(owner=user).count(),
        files=media.count(),
        bytes=media.aggregate(total=Sum("size", default=0))["total"],
    )
