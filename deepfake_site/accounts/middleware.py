"""Notes which browser a session is used by, and when."""

from collections.abc import Callable
from datetime import timedelta
from typing import cast

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from deepfake_site.accounts.models import AccountSession
from deepfake_site.accounts.session_store import SessionStore
from deepfake_site.accounts.user_agents import in_words

NOTED_EVERY = timedelta(minutes=5)  # no write for every request


class SessionNotesMiddleware:
    """Behind SessionMiddleware. A session that nothing has read is left alone."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        session = cast("SessionStore", request.session)
        session.agent = in_words(request.headers.get("User-Agent", ""))
        response = self.get_response(request)
        if session.row is not None and session.row.seen_at < timezone.now() - NOTED_EVERY:
            same = AccountSession.objects.filter(session_key=session.row.session_key)
            same.update(seen_at=timezone.now(), agent=session.agent)
        return response
