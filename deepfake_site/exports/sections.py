"""What a person's data are: everything that is stored about them, and nothing that is about somebody else."""

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

from django.conf import settings
from django.contrib.auth.models import User

from deepfake_site.accounts.retention import chosen_by
from deepfake_site.accounts.sessions import sessions_of
from detection.api.models import ApiToken
from detection.evidence import as_document
from detection.models import AuditEvent, Detection, MediaFile
from detection.moderation.models import Appeal, ModerationCase, Report
from detection.webhooks.models import WebhookEndpoint
from learning.feedback.models import Feedback, TrainingConsent

CHUNK = 200
Rows = Iterator[dict[str, Any]]


def when(moment: datetime | None) -> str | None:
    """A time as text."""
    return moment.isoformat() if moment else None


def account(user: User) -> Rows:
    yield {
        "username": user.get_username(),
        "first_name": user.first_name,
        "last_name": user.last_name,
        "email": user.email,
        "joined_at": when(user.date_joined),
        "last_login_at": when(user.last_login),
        "files_may_train_by_default": TrainingConsent.objects.filter(person=user, by_default=True).exists(),
        "files_are_kept_days": chosen_by(user) or settings.DEEPFAKE_RETENTION_DAYS or None,
        "groups": sorted(group.name for group in user.groups.all()),
    }


def sessions(user: User) -> Rows:
    for session in sessions_of(user, None):
        yield {
            "browser": session.agent,
            "signed_in_at": when(session.signed_in_at),
            "last_used_at": when(session.seen_at),
        }


def files(user: User) -> Rows:
    for media in MediaFile.objects.filter(owner=user).order_by("created_at").iterator(CHUNK):
        yield {
            "id": str(media.pk),
            "name": media.name,
            "kind": media.kind,
            "format": media.format,
            "width": media.width,
            "height": media.height,
            "duration": media.duration,
            "size": media.size,
            "sha256": media.sha256,
            "may_train": media.may_train,
            "uploaded_at": when(media.created_at),
            "removed_at": when(media.purged_at),
        }


def detections(user: User) -> Rows:
    own = Detection.objects.filter(owner=user).select_related("media").order_by("created_at")
    for detection in own.iterator(CHUNK):
        yield as_document(detection) | {"media_id": str(detection.media_id)}


def feedback(user: User) -> Rows:
    for said in Feedback.objects.filter(person=user).order_by("created_at").iterator(CHUNK):
        yield {
            "id": str(said.pk),
            "detection": str(said.detection_id),
            "answer": said.answer,
            "claim": said.claim or None,
            "kind": said.kind or None,
            "how": said.how,
            "source_url": said.source_url or None,
            "state": said.state,
            "given_at": when(said.created_at),
            "changed_at": when(said.changed_at),
            "settled_at": when(said.settled_at),
        }


def reports(user: User) -> Rows:
    for said in Report.objects.filter(reporter=user).order_by("pk").iterator(CHUNK):
        yield {"detection": str(said.detection_id), "text": said.text, "reported_at": when(said.created_at)}


def human_decisions(user: User) -> Rows:
    """About one's own results, without the names of those who decided."""
    cases = ModerationCase.objects.filter(detection__owner=user, is_gold=False, settled_at__isnull=False)
    for case in cases.order_by("decided_at").iterator(CHUNK):
        yield {
            "case": case.pk,
            "detection": str(case.detection_id),
            "verdict": case.verdict,
            "kind": case.kind or None,
            "decided_at": when(case.decided_at),
        }


def appeals(user: User) -> Rows:
    for said in Appeal.objects.filter(case__detection__owner=user).order_by("pk").iterator(CHUNK):
        yield {"case": said.case_id, "text": said.text, "state": said.state, "answer": said.answer}


def webhooks(user: User) -> Rows:
    for endpoint in WebhookEndpoint.objects.filter(owner=user):
        yield {
            "id": str(endpoint.pk),
            "url": endpoint.url,
            "description": endpoint.description,
            "events": endpoint.events,
            "enabled": endpoint.enabled,
            "added_at": when(endpoint.created_at),
        }


def tokens(user: User) -> Rows:
    for token in ApiToken.objects.filter(user=user).order_by("pk"):
        yield {
            "name": token.name,
            "begins_with": token.prefix,
            "scopes": token.scopes,
            "made_at": when(token.created_at),
            "expires_at": when(token.expires_at),
            "last_used_at": when(token.last_used_at),
            "revoked_at": when(token.revoked_at),
        }


def acts(user: User) -> Rows:
    for event in AuditEvent.objects.filter(actor=user).order_by("pk").iterator(CHUNK):
        yield {"at": when(event.at), "act": event.verb, "on": event.object_type, "id": event.object_id}


SECTIONS: dict[str, tuple[str, Callable[[User], Rows]]] = {
    "account": ("your name, address and role", account),
    "sessions": ("where you are signed in", sessions),
    "files": ("facts about what you uploaded", files),
    "detections": ("your results with their whole evidence", detections),
    "feedback": ("what you said about results, and what became of it", feedback),
    "reports": ("which results you disputed", reports),
    "human_decisions": ("what people decided about your results", human_decisions),
    "appeals": ("your appeals, and their answers", appeals),
    "webhooks": ("your webhooks", webhooks),
    "tokens": ("your API tokens, without the tokens", tokens),
    "acts": ("what the audit trail says that you did", acts),
}
