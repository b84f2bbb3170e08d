"""The whole feedback log as JSON, row by row, so that its length costs no memory. Nothing is locked in."""

import json
from collections.abc import Iterator
from typing import Any

from learning.feedback.models import Feedback, LabelDecision

CHUNK = 500


def feedback_row(feedback: Feedback, names: bool) -> dict[str, Any]:
    """One answer with what it was about. `names`: account names instead of numbers alone."""
    detection = feedback.detection
    return {
        "id": str(feedback.id),
        "detection": str(feedback.detection_id),
        "sha256": detection.media.sha256,
        "predicted": detection.label,
        "p_fake": detection.p_fake,
        "model_version": detection.model_version,
        "reporter": person(feedback.person_id, feedback.person.get_username() if names else None),
        "answer": feedback.answer,
        "claim": feedback.claim or None,
        "kind": feedback.kind or None,
        "how": feedback.how,
        "source_url": feedback.source_url,
        "state": feedback.state,
        "decision": str(feedback.decision_id) if feedback.decision_id else None,
        "created_at": feedback.created_at.isoformat(),
        "changed_at": feedback.changed_at.isoformat(),
        "settled_at": feedback.settled_at.isoformat() if feedback.settled_at else None,
    }


def decision_row(decision: LabelDecision, names: bool) -> dict[str, Any]:
    """One decision, standing or ended."""
    groups = {"reporters": decision.reporters.all(), "moderators": decision.moderators.all()}
    return {
        "id": str(decision.id),
        "sha256": decision.subject_id,
        "cluster": decision.subject.cluster,
        "label": decision.label,
        "kind": decision.kind or None,
        "source": decision.source,
        "state": decision.state,
        "weight": decision.weight,
        **{
            group: [person(one.pk, one.get_username() if names else None) for one in people]
            for group, people in groups.items()
        },
        "decided_at": decision.decided_at.isoformat(),
        "ended_at": decision.ended_at.isoformat() if decision.ended_at else None,
    }


def person(number: int, name: str | None) -> dict[str, Any]:
    """A person in the export."""
    return {"id": number} if name is None else {"id": number, "name": name}


def lines(names: bool = False) -> Iterator[str]:
    """One object with two lists, `feedback` and `decisions`, each row on a line of its own."""
    feedback = Feedback.objects.select_related("detection__media", "person").order_by("created_at", "pk")
    decisions = LabelDecision.objects.select_related("subject").prefetch_related("reporters", "moderators")
    yield '{"format": 1,\n"feedback": ['
    yield from _list(feedback_row(row, names) for row in feedback.iterator(CHUNK))
    yield '\n],\n"decisions": ['
    yield from _list(decision_row(row, names) for row in decisions.order_by("decided_at", "pk").iterator(CHUNK))
    yield "\n]}\n"


def _list(rows: Iterator[dict[str, Any]]) -> Iterator[str]:
    before = "\n"
    for row in rows:
        yield before + json.dumps(row, ensure_ascii=False)
        before = ",\n"
