"""The bands of the evidence in two or three words, for lists; the full sentences stand on the result page."""

from django import template

register = template.Library()

BANDS = {
    "strong_fake": "Strong evidence",
    "fake": "Evidence",
    "inconclusive": "Points both ways",
    "real": "Little evidence",
    "strong_real": "No evidence found",
    "not_applicable": "Cannot be judged",
}


@register.filter
def band_words(band: str) -> str:
    """The band as a list shows it below the verdict."""
    return BANDS.get(band, "")
