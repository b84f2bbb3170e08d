"""How values look on every page: badges, percentages of two digits, durations, relative times."""

import json
from datetime import datetime
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.timesince import timesince

from detection.models import Detection
from ml_core.config import MIB

register = template.Library()

TONES = {"FAKE": "fake", "REAL": "real", "INCONCLUSIVE": "doubt", "NOT_APPLICABLE": "neutral"}
STATES = {"queued": "Waiting", "running": "Working", "failed": "Failed", "cancelled": "Cancelled"}


@register.filter
def tone(label: str) -> str:
    """The semantic colour of a label."""
    return TONES.get(label, "neutral")


@register.filter
def label_words(label: str) -> str:
    """The label as people read it."""
    return label.replace("_", " ")


@register.inclusion_tag("detection/_badge.html")
def verdict_badge(detection: Detection) -> dict[str, str]:
    """The verdict as word, shape and colour; before there is one, the state."""
    if detection.state == Detection.State.DONE and detection.label:
        return {"word": label_words(detection.label), "tone": tone(detection.label), "shape": detection.label}
    badge_tone = "fake" if detection.state == Detection.State.FAILED else "neutral"
    return {"word": STATES.get(detection.state, "Done"), "tone": badge_tone, "shape": detection.state}


@register.filter
def percent(probability: float | None) -> str:
    """Two digits at most, and never a certainty: <1 % and >99 % are the ends."""
    if probability is None:
        return "–"
    rounded = round(probability * 100)
    if rounded < 1:
        return "<1 %"
    return f"{rounded} %" if rounded < 100 else ">99 %"


@register.filter
def ratio(value: float | None) -> str:
    """A counted share, which may be none or all; two digits."""
    return "–" if value is None else f"{100 * value:.0f} %"


@register.filter
def share(probability: float) -> str:
    """The length of a bar in percent."""
    return f"{100 * min(max(probability, 0.0), 1.0):.1f}"


@register.filter
def limit(size: int) -> str:
    """A size limit in whole megabytes where it is one."""
    return f"{size / MIB:.3g} MB"


@register.filter
def clock(seconds: float | None) -> str:
    """A position in a video: 0:07.4, or 1:02:07 beyond an hour."""
    if seconds is None:
        return "–"
    minutes, rest = divmod(max(seconds, 0.0), 60)
    if minutes >= 60:
        return f"{int(minutes // 60)}:{int(minutes % 60):02d}:{int(rest):02d}"
    return f"{int(minutes)}:{rest:04.1f}"


@register.filter
def milliseconds(value: float | None) -> str:
    """Whole milliseconds with thin spaces between the thousands."""
    return "–" if value is None else f"{value:,.0f} ms".replace(",", "\u2009")


@register.filter
def duration(seconds: float | None) -> str:
    """A span in the unit that suits it: 40 s, 12 min, 3.5 h, 2.1 d."""
    if seconds is None:
        return "–"
    for size, unit in ((86_400, "d"), (3600, "h")):
        if seconds >= 2 * size:
            return f"{seconds / size:.1f} {unit}"
    return f"{seconds / 60:.0f} min" if seconds >= 90 else f"{seconds:.0f} s"


@register.filter
def ago(moment: datetime | None) -> SafeString | str:
    """A relative time with the exact one in its tooltip."""
    if moment is None:
        return "–"
    local = timezone.localtime(moment)
    seconds = (timezone.now() - moment).total_seconds()
    words = "just now" if seconds < 60 else f"{timesince(moment, depth=1)} ago"
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', local.isoformat(), local.strftime("%d %B %Y, %H:%M:%S %Z"), words
    )


@register.filter
def as_json(value: Any) -> str:
    """A stored structure as people read it in one line."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True)


@register.filter
def at_key(mapping: dict[Any, Any] | None, key: Any) -> Any:
    """A dictionary's value by a key that is itself a variable."""
    return (mapping or {}).get(key)
