"""Where somebody is signed in, and ending it from elsewhere."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib.auth import HASH_SESSION_KEY
from django.contrib.auth.models import User
from django.db import transaction
from django.utils import timezone
from django.utils.crypto import constant_time_compare, salted_hmac

from deepfake_site.accounts.models import AccountSession
from detection import audit


@dataclass(frozen=True, slots=True)
class Session:
    """One browser. `handle` names it in forms: the key itself would be as good as the password."""

    handle: str
    agent: str
    signed_in_at: datetime
    seen_at: datetime
    is_this: bool


def handle_of(session_key: str) -> str:
    """What can be shown of a key."""
    return salted_hmac("deepfake_site.accounts.sessions", session_key, algorithm="sha256").hexdigest()[:32]


def sessions_of(user: User, current: str | None) -> list[Session]:
    """This one first, then the last used. Those that a changed password has ended are gone already."""
    rows = [row for row in _live(user) if _is_valid(row, user)]
    found = [
        Session(handle_of(row.session_key), str(row), row.created_at, row.seen_at, row.session_key == current)
        for row in rows
    ]
    return sorted(found, key=lambda session: (not session.is_this, -session.seen_at.timestamp()))


def _live(user: User) -> list[AccountSession]:
    return list(AccountSession.objects.filter(account=user, expire_date__gt=timezone.now()))


def _is_valid(row: AccountSession, user: User) -> bool:
    """Django drops a session whose hash is that of an earlier password when it is used the next time."""
    return constant_time_compare(row.get_decoded().get(HASH_SESSION_KEY, ""), user.get_session_auth_hash())


@transaction.atomic
def sign_out(user: User, handle: str) -> bool:
    """End one of one's sessions; False where there is no such one."""
    key = next((row.session_key for row in _live(user) if handle_of(row.session_key) == handle), None)
    if key is None or not AccountSession.objects.filter(session_key=key, account=user).delete()[0]:
        return False
    audit.record(user, "session_ended", user)
    return True


@transaction.atomic
def sign_out_others(user: User, current: str | None) -> int:
    """End all but the one that is asking."""
    others = AccountSession.objects.filter(account=user).exclude(session_key=current or "")
    count: int = others.delete()[0]
    if count:
        audit.record(user, "sessions_ended", user, count=count)
    return count
