"""Sessions in the database, with their owner beside them (Django's documented way of extending its own engine)."""

from typing import Any

from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.backends.db import SessionStore as DatabaseStore

from deepfake_site.accounts.models import AccountSession


class SessionStore(DatabaseStore):
    """Keeps the row that was read, so that saving does not forget when the session began."""

    agent = ""  # set by the middleware
    row: AccountSession | None = None

    @classmethod
    def get_model_class(cls) -> type[AccountSession]:
        return AccountSession

    def _get_session_from_db(self) -> AccountSession | None:
        self.row = super()._get_session_from_db()  # type: ignore[misc]  # not in the stubs
        return self.row

    def create_model_instance(self, data: Any) -> AccountSession:
        session: AccountSession = super().create_model_instance(data)  # type: ignore[assignment]  # the stubs' Session
        session.account_id = int(data[SESSION_KEY]) if SESSION_KEY in data else None
        session.agent = self.agent
        if self.row is not None and self.row.session_key == session.session_key:
            session.created_at = self.row.created_at
            session.agent = self.agent or self.row.agent
        return session
