"""The life of a token. Its text exists once, in the answer that made it."""

import hashlib
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.contrib.auth.models import User
from django.db import transaction
from django.db.models import Q, QuerySet
from django.http import Http404
from django.utils import timezone

from detection import audit
from detection.api.models import ApiToken
from detection.api.problems import Problem

RANDOM_BYTES = 32
MOST_TOKENS = 50  # of one person, not revoked
USE_IS_NOTED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True, slots=True)
class Wish:
    """What a new token is to be."""

    name: str
    scopes: Sequence[str]
    expires_at: datetime | None = None


def visible_to(user: User, holder: ApiToken | None) -> QuerySet[ApiToken]:
    """All of the person's; for a program only its own token, and what was made with that."""
    own = ApiToken.objects.filter(user=user)
    return own if holder is None else own.filter(Q(pk=holder.pk) | Q(parent=holder))


def visible(user: User, holder: ApiToken | None, token_id: UUID) -> ApiToken:
    """One of them; what is not visible does not exist."""
    token = visible_to(user, holder).filter(pk=token_id).first()
    if token is None:
        raise Http404("no such token")
    return token


def digest_of(text: str) -> str:
    """A token is random and long: a plain hash of it can be neither reversed nor guessed."""
    return hashlib.sha256(text.encode()).hexdigest()


def find(text: str) -> ApiToken | None:
    """The row of a token, whatever state it is in."""
    if not text.startswith(ApiToken.PREFIX):
        return None
    return ApiToken.objects.select_related("user").filter(digest=digest_of(text)).first()


def note_use(token: ApiToken) -> None:
    """When it was last used, to the minute: no write for every request."""
    now = timezone.now()
    unnoted = Q(last_used_at=None) | Q(last_used_at__lt=now - USE_IS_NOTED_EVERY)
    ApiToken.objects.filter(unnoted, pk=token.pk).update(last_used_at=now)


def issue_for(user: User, wish: Wish, holder: ApiToken | None) -> tuple[ApiToken, str]:
    """A new token for the person, or for the program with this token: no more rights than it has, and no longer."""
    if ApiToken.objects.filter(user=user, revoked_at=None).count() >= MOST_TOKENS:
        raise Problem("too_many_tokens")
    expires_at = wish.expires_at
    if holder is not None:
        if holder.parent_id is not None or not set(wish.scopes) <= set(holder.scopes):
            raise Problem("stronger_token")
        expires_at = min(filter(None, (expires_at, holder.expires_at)), default=None)
    return issue(user, name=wish.name, scopes=set(wish.scopes), expires_at=expires_at, parent=holder)


@transaction.atomic
def issue(
    user: User,
    *,
    name: str,
    scopes: Iterable[str],
    expires_at: datetime | None = None,
    parent: ApiToken | None = None,
    actor: User | None = None,
) -> tuple[ApiToken, str]:
    """A new token and its text, which nobody can be shown again."""
    text = ApiToken.PREFIX + secrets.token_urlsafe(RANDOM_BYTES)
    token = ApiToken.objects.create(
        user=user,
        name=name,
        prefix=text[: ApiToken.VISIBLE],
        digest=digest_of(text),
        scopes=sorted(scopes),
        expires_at=expires_at,
        parent=parent,
    )
    audit.record(actor or user, "token_issued", token, prefix=token.prefix, scopes=token.scopes, user=user.pk)
    return token, text


@transaction.atomic
def revoke(token: ApiToken, actor: User) -> bool:
    """Never valid again, nor what was made with it; False where it was revoked before."""
    family = Q(pk=token.pk) | Q(parent=token.pk)
    if not ApiToken.objects.filter(family, revoked_at=None).update(revoked_at=timezone.now()):
        return False
    audit.record(actor, "token_revoked", token, prefix=token.prefix)
    return True


@transaction.atomic
def revoke_all(user: User, actor: User) -> int:
    """Every token of this person, as after a changed password."""
    revoked = ApiToken.objects.filter(user=user, revoked_at=None).update(revoked_at=timezone.now())
    if revoked:
        audit.record(actor, "tokens_revoked", user, count=revoked)
    return revoked


@transaction.atomic
def rotate(token: ApiToken, actor: User) -> tuple[ApiToken, str] | None:
    """The same rights under a new text; the old one ends at once. None where it is not active any more."""
    current = ApiToken.objects.select_for_update().get(pk=token.pk)
    if current.state != "active":
        return None
    fresh, text = issue(
        current.user,
        name=current.name,
        scopes=current.scopes,
        expires_at=current.expires_at,
        parent=current.parent,
        actor=actor,
    )
    current.children.update(parent=fresh)
    revoke(current, actor)
    return fresh, text
