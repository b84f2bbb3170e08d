"""`scores.csv`: one row an item, of which every table and plot is computed. Light: no torch, no OpenCV.

Columns: path,label,source,family,group,split,status,p_fake,label_given and the members' own P(fake) and gate weights.
Status is ok, not_applicable (no face) or error; what is absent is empty. `details.csv` beside it has the same rows'
face sizes and error codes.
"""

import csv
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from ml_core.datatypes import MEMBERS
from ml_core.evaluation.listing import Entry

BASE = ("path", "label", "source", "family", "group", "split")
COLUMNS = (*BASE, "status", "p_fake", "label_given", *MEMBERS, *(f"w_{name}" for name in MEMBERS))
DETAILS = ("path", "source", "split", "status", "error", "faces", "face_px", "seconds")

Row = dict[str, str]


def row_of(entry: Entry, outcome: Mapping[str, Any]) -> Row:
    """A row of scores.csv."""
    base = [entry.name, entry.label, entry.source, entry.family, entry.group, entry.split]
    row = {**dict.fromkeys(COLUMNS, ""), **dict(zip(BASE, base, strict=True)), "status": outcome["status"]}
    if outcome["status"] == "error":
        return row
    row |= {"p_fake": f"{outcome['p_fake']:.9f}", "label_given": outcome["label"]}
    for name, (p_fake, weight) in outcome["members"].items():
        row |= {name: f"{p_fake:.9f}", f"w_{name}": f"{weight:.6f}"}
    return row


def details_of(entry: Entry, outcome: Mapping[str, Any]) -> Row:
    """A row of details.csv."""
    base = {"path": entry.name, "source": entry.source, "split": entry.split}
    found = {key: outcome.get(key) for key in DETAILS[3:]}
    return base | {key: "" if value is None else str(value) for key, value in found.items()}


def write_rows(path: Path, columns: Sequence[str], rows: Iterable[Row]) -> None:
    """A CSV file: a temporary one, then renamed."""
    part = path.with_suffix(".part")
    with part.open("w", newline="", encoding="utf-8", errors="surrogateescape") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    part.replace(path)


def read_scores(path: Path) -> list[Row]:
    """The rows of a scores.csv. Raises ValueError where a column is missing."""
    return _read(path, COLUMNS)


def read_details(path: Path) -> list[Row]:
    """The rows of a details.csv; none where there is no such file."""
    return _read(path, DETAILS) if path.exists() else []


def _read(path: Path, columns: Sequence[str]) -> list[Row]:
    with path.open(newline="", encoding="utf-8", errors="surrogateescape") as file:
        reader = csv.DictReader(file)
        missing = set(columns) - set(reader.fieldnames or ())
        if missing:
            raise ValueError(f"{path}: columns are missing: {', '.join(sorted(missing))}")
        return list(reader)
