"""How good the version in force is: its card.json, ready for the page. Light: reads JSON, computes no figure."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.utils.text import slugify

from detection import card_charts
from ml_core.errors import WeightsError
from ml_core.versions import champion

SCHEMA = 2
OPEN_TABLES = 1  # of a section; the others open on demand
OF_A_SECTION = {"roc": card_charts.roc, "reliability": card_charts.reliability, "risk_coverage": card_charts.risk}


@dataclass(frozen=True, slots=True)
class CardTable:
    """A table of ready text."""

    caption: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


@dataclass(frozen=True, slots=True)
class CardSection:
    """A heading with an anchor, paragraphs, tables and plots."""

    title: str
    paragraphs: Sequence[str]
    listed: bool
    code: Sequence[str]
    first: CardTable | None
    others: Sequence[CardTable]
    plots: Sequence[card_charts.Plot]
    said: Sequence[card_charts.SaidRow]

    @property
    def anchor(self) -> str:
        """The id of the heading."""
        return slugify(self.title)


@dataclass(frozen=True, slots=True)
class ModelCard:
    """The page. Without sections the version was not evaluated yet."""

    version: str
    created: datetime | None
    summary: Sequence[str]
    sections: Sequence[CardSection]


def read_card(root: Path) -> ModelCard | None:
    """The champion's card; None where there is no version at all."""
    try:
        version = champion(root)
    except WeightsError:
        return None
    return card_of(version, root / version / "card.json")


def card_of(version: str, path: Path) -> ModelCard:
    """A version's card; one that is missing, broken or of an older program has no sections."""
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
        if found.get("schema") != SCHEMA:
            return ModelCard(version, None, (), ())
        sections = [_section(section, found["curves"]) for section in found["sections"]]
        return ModelCard(version, datetime.fromisoformat(found["created"]), found["summary"], sections)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return ModelCard(version, None, (), ())


def _section(section: Mapping[str, Any], curves: Mapping[str, Any]) -> CardSection:
    shown = [CardTable(table["caption"], table["head"], table["rows"]) for table in section["tables"]]
    texts = [text for text in section["paragraphs"] if not text.startswith("```")]
    return CardSection(
        section["title"],
        texts,
        len(texts) > OPEN_TABLES and not shown,
        [text.strip("`\n") for text in section["paragraphs"] if text.startswith("```")],
        shown[0] if shown else None,
        shown[1:],
        [make(curves) for name, make in OF_A_SECTION.items() if name in section["plots"]],
        card_charts.said(curves) if "said" in section["plots"] else [],
    )
