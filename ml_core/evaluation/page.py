"""The report of an evaluation as one HTML file that needs nothing beside it."""

import base64
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any

from ml_core.evaluation import tables
from ml_core.evaluation.tables import Table

STYLE = """<style>
:root { color-scheme: light dark; }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 70rem; margin: 2rem auto; padding: 0 1rem; }
.wide { overflow-x: auto; } table { border-collapse: collapse; margin: .5rem 0 1.5rem; font-size: .85rem; }
caption { text-align: left; font-weight: 600; padding: .25rem 0; }
th, td { padding: .2rem .6rem; border-bottom: 1px solid #8886; text-align: right; white-space: nowrap; }
th:first-child, td:first-child { text-align: left; } img { max-width: 100%; background: #fff; }
</style>"""
ALT = {
    "reliability": "Share of fakes against mean P(fake), per source",
    "roc": "ROC curve per source",
    "families": "What was said, by family",
    "risk_coverage": "Error rate against the share of items judged",
}


def write_page(path: Path, report: Mapping[str, Any], plots: Mapping[str, Mapping[str, Path]]) -> None:
    """`report` is what metrics.json holds; `plots` the PNG files by split."""
    parts = [f"<h1>Evaluation of {escape(report['version'])}</h1>", _facts(report)]
    for split, found in report["splits"].items():
        parts.append(f"<h2>{escape(_named(split))}</h2>")
        parts += [_table(table) for table in split_tables(found)]
        parts += [_image(name, file) for name, file in plots.get(split, {}).items()]
    parts += [_table(table) for table in report_tiers(report)]
    head = f"<meta charset=utf-8><meta name=viewport content='width=device-width'><title>Evaluation</title>{STYLE}"
    path.write_text(
        f"<!doctype html><html lang=en><head>{head}</head><body>{''.join(parts)}</body></html>", encoding="utf-8"
    )


def split_tables(found: Mapping[str, Any]) -> list[Table]:
    """Everything that was measured on one split."""
    shown = [*tables.all_slices("Sources", "source", found["sources"]), tables.members(found), tables.weights(found)]
    shown += [*tables.all_slices("Families", "source/family", found["families"])]
    shown += [*tables.all_slices("Face width", "width", found["sizes"])] if found["sizes"] else []
    return [table for table in [*shown, tables.not_judged(found)] if table.rows]


def report_tiers(report: Mapping[str, Any]) -> list[Table]:
    """Per tier and source: AUC and false alarms, beside the same items as they are."""
    rows = [
        [tier, source, str(after["items"]), *_both(before, after, "auc"), *_both(before, after, "false_alarms")]
        for tier, found in report.get("tiers", {}).items()
        for source, (before, after) in found.items()
    ]
    head = ["tier", "source", "items", "AUC as is", "AUC in the tier", "reals called FAKE as is", "in the tier"]
    return [Table("Compression tiers, on the same items", head, rows)] if rows else []


def _both(before: Mapping[str, Any], after: Mapping[str, Any], name: str) -> Sequence[str]:
    return tables.with_interval(before, name), tables.with_interval(after, name)


def _named(split: str) -> str:
    return f"Split {split}" if split else "Without a split"


def _facts(report: Mapping[str, Any]) -> str:
    bands = report["bands"]
    text = (
        f"{report['items']} items on {report['device']}, tier {report['tier']}. "
        f"REAL up to {bands['real']:.2f}, FAKE from {bands['fake']:.2f}, INCONCLUSIVE between. "
        "In brackets: 95 % intervals of the bootstrap over groups. Every figure follows from scores.csv."
    )
    return f"<p>{escape(text)}</p>"


def _table(table: Table) -> str:
    head = "".join(f"<th scope=col>{escape(cell)}</th>" for cell in table.head)
    rows = "".join("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in row) + "</tr>" for row in table.rows)
    caption = f"<caption>{escape(table.caption)}</caption>"
    return (
        f"<div class=wide tabindex=0><table>{caption}<thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table></div>"
    )


def _image(name: str, file: Path) -> str:
    data = base64.b64encode(file.read_bytes()).decode()
    return f"<p><img alt='{escape(ALT[name])}' src='data:image/png;base64,{data}'></p>"
