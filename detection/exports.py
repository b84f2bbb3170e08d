"""The filtered history as CSV and JSON, written row by row so that its length costs no memory."""

import csv
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from detection.models import Detection
from ml_core.datatypes import MEMBERS

CHUNK = 200
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
Row = dict[str, Any]


class Echo:
    """A file for csv.writer that hands every line back instead of keeping it."""

    def write(self, line: str) -> str:
        return line


def defused(value: object) -> object:
    """A text that a spreadsheet would run as a formula gets an apostrophe in front."""
    if isinstance(value, str) and value.lstrip(" ").startswith(FORMULA_STARTS):
        return f"'{value}"
    return value


def as_row(detection: Detection) -> Row:
    """One detection with its media's facts; times in ISO 8601, probabilities unrounded."""
    media, result = detection.media, detection.result or {}
    return {
        "id": str(detection.id),
        "name": media.name,
        "kind": media.kind,
        "format": media.format,
        "size": media.size,
        "sha256": media.sha256,
        "width": media.width,
        "height": media.height,
        "duration": media.duration,
        "state": detection.state,
        "error": detection.error_code or None,
        "created_at": detection.created_at.isoformat(),
        "finished_at": detection.finished_at.isoformat() if detection.finished_at else None,
        "label": detection.label or None,
        "reason": detection.reason or None,
        "band": detection.band or None,
        "p_fake": detection.p_fake,
        "p_real": result.get("p_real"),
        "confidence": detection.confidence,
        "model_version": detection.model_version or None,
        "device": detection.device or None,
        "elapsed_ms": detection.elapsed_ms,
        "members": {name: (result.get("members") or {}).get(name) for name in MEMBERS},
    }


def flat(row: Row) -> Row:
    """The members as columns: a table has no nested values."""
    columns = {key: defused(value) for key, value in row.items() if key != "members"}
    for name, score in row["members"].items():
        columns[f"{name}_p_fake"] = score["p_fake"] if score else None
        columns[f"{name}_weight"] = score["weight"] if score else None
    return columns


COLUMNS = [
    *("id", "name", "kind", "format", "size", "sha256", "width", "height", "duration", "state", "error"),
    *("created_at", "finished_at", "label", "reason", "band", "p_fake", "p_real", "confidence"),
    *("model_version", "device", "elapsed_ms"),
    *(f"{member}_{what}" for member in MEMBERS for what in ("p_fake", "weight")),
]


def csv_lines(detections: Iterable[Detection]) -> Iterator[str]:
    """A head line, then one line for each detection."""
    writer = csv.writer(Echo())
    yield writer.writerow(COLUMNS)
    for detection in detections:
        columns = flat(as_row(detection))
        yield writer.writerow([columns[name] for name in COLUMNS])


def json_lines(detections: Iterable[Detection]) -> Iterator[str]:
    """A list with one object a line."""
    yield "["
    before = "\n"
    for detection in detections:
        yield before + json.dumps(as_row(detection), ensure_ascii=False)
        before = ",\n"
    yield "\n]\n"


FORMATS: dict[str, tuple[str, Callable[[Iterable[Detection]], Iterator[str]]]] = {
    "csv": ("text/csv; charset=utf-8", csv_lines),
    "json": ("application/json", json_lines),
}
