"""The admin shows, and forges nothing."""

from pathlib import Path

import pytest
from django.contrib.auth.models import Permission, User
from django.test import Client
from django_q.models import Schedule
from pytest_django import DjangoAssertNumQueries, DjangoCaptureOnCommitCallbacks

from detection import audit
from detection.models import AuditEvent, Detection, MediaFile
from tests.factories import make_detection, make_user

LISTS = ("detection/detection", "detection/mediafile", "detection/auditevent")
QUEUE_LISTS = ("django_q/schedule", "django_q/success", "django_q/failure", "django_q/ormq")


@pytest.fixture
def admin_client(admin: User) -> Client:
    client = Client()
    client.force_login(admin)
    return client


@pytest.fixture
def staff(roles: None) -> User:
    """May see and edit everything that rights can give, but is no superuser."""
    user = make_user("staff", "admin", is_staff=True)
    user.user_permissions.set(Permission.objects.all())
    return user


@pytest.fixture
def staff_client(staff: User) -> Client:
    client = Client()
    client.force_login(staff)
    return client


@pytest.mark.parametrize("name", [*LISTS, *QUEUE_LISTS, "auth/user", "auth/group"])
def test_lists_work(admin_client: Client, owner: User, name: str) -> None:
    audit.record(owner, "tested", make_detection(owner, state="done"))
    assert admin_client.get(f"/admin/{name}/").status_code == 200
    assert admin_client.get(f"/admin/{name}/", {"q": "owner"}).status_code in {200, 302}


@pytest.mark.parametrize("name", LISTS)
def test_nobody_adds(admin_client: Client, name: str) -> None:
    assert admin_client.get(f"/admin/{name}/add/").status_code == 403


def test_verdict_cannot_be_changed(admin_client: Client, owner: User) -> None:
    detection = make_detection(owner, state="done")
    address = f"/admin/detection/detection/{detection.pk}/change/"
    assert admin_client.get(address).status_code == 200
    assert admin_client.post(address, {"label": "REAL"}).status_code == 403
    assert Detection.objects.get().label == "FAKE"


def test_trail_cannot_be_deleted(admin_client: Client, owner: User) -> None:
    event = audit.record(owner, "tested", owner)
    assert admin_client.post(f"/admin/detection/auditevent/{event.pk}/delete/", {"post": "yes"}).status_code == 403
    assert AuditEvent.objects.filter(pk=event.pk).exists()


def test_deleted_file_takes_its_bytes_along(
    admin_client: Client,
    owner: User,
    media_root: Path,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    media = make_detection(owner, state="done").media
    with django_capture_on_commit_callbacks(execute=True):
        response = admin_client.post(f"/admin/detection/mediafile/{media.pk}/delete/", {"post": "yes"})
    assert response.status_code == 302
    assert not MediaFile.objects.exists()
    assert not (media_root / media.id.hex).exists()


def test_deleted_accounts_take_their_bytes_along(
    admin_client: Client,
    owner: User,
    media_root: Path,
    django_capture_on_commit_callbacks: DjangoCaptureOnCommitCallbacks,
) -> None:
    media = make_detection(owner, state="done").media
    form = {"action": "delete_selected", "_selected_action": [owner.pk], "post": "yes"}
    with django_capture_on_commit_callbacks(execute=True):
        admin_client.post("/admin/auth/user/", form)
    assert not User.objects.filter(pk=owner.pk).exists()
    assert not (media_root / media.id.hex).exists()


def test_without_rights_there_is_nothing_to_see(roles: None, owner: User) -> None:
    client = Client()
    client.force_login(make_user("porter", is_staff=True))
    make_detection(owner, state="done")
    assert client.get("/admin/").status_code == 200
    for name in LISTS:
        assert client.get(f"/admin/{name}/").status_code == 403


def test_users_do_not_get_in(owner_client: Client) -> None:
    assert owner_client.get("/admin/detection/detection/").status_code == 302


@pytest.mark.parametrize("name", QUEUE_LISTS)
def test_only_superusers_write_to_the_queue(staff_client: Client, name: str) -> None:
    assert staff_client.get(f"/admin/{name}/").status_code == 200
    assert staff_client.get(f"/admin/{name}/add/").status_code == 403
    form = {"action": "resubmit_task", "_selected_action": ["1"]}
    assert "resubmit" not in staff_client.post(f"/admin/{name}/", form, follow=True).content.decode()


def test_staff_cannot_schedule_code(staff_client: Client) -> None:
    schedule = Schedule.objects.create(func="detection.tasks.reap", name="reaper")
    form = {"func": "os.system", "schedule_type": "O", "repeats": "1"}
    assert staff_client.post(f"/admin/django_q/schedule/{schedule.pk}/change/", form).status_code == 403
    assert Schedule.objects.get(pk=schedule.pk).func == "detection.tasks.reap"


def test_staff_cannot_become_or_touch_a_superuser(staff_client: Client, staff: User, admin: User) -> None:
    assert staff_client.post(f"/admin/auth/user/{admin.pk}/change/", {}).status_code == 403
    assert staff_client.get(f"/admin/auth/user/{admin.pk}/delete/").status_code == 403
    page = staff_client.get(f"/admin/auth/user/{staff.pk}/change/").content.decode()
    assert 'name="is_staff"' in page
    assert 'name="is_superuser"' not in page


@pytest.mark.parametrize("name", LISTS)
def test_queries_do_not_grow(
    admin_client: Client, owner: User, name: str, django_assert_max_num_queries: DjangoAssertNumQueries
) -> None:
    for _ in range(12):
        audit.record(owner, "tested", make_detection(owner, state="done"))
    with django_assert_max_num_queries(10):
        admin_client.get(f"/admin/{name}/")
