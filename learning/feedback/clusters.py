"""Which subjects look the same: near-duplicates share a cluster, by the perceptual hash of their pictures.

An original and its face swap may look the same to that hash. So a cluster never carries a label from one subject to
another; it only lets claims support or stop each other (rules.py) and limits what trains (caps.py).
"""

from detection.models import MediaFile
from detection.similarity import near
from learning.feedback.models import Subject


def subject_of(sha256: str) -> Subject:
    """The row of these bytes, made where it is missing."""
    found = Subject.objects.filter(sha256=sha256).first()
    return found or Subject.objects.get_or_create(sha256=sha256, defaults={"cluster": cluster_of(sha256)})[0]


def cluster_of(sha256: str) -> str:
    """That of the nearest subject that looks the same; its own where none does, or where it has no hash."""
    media = MediaFile.objects.filter(sha256=sha256).exclude(phash="").first()
    if media is None:
        return sha256
    known = MediaFile.objects.filter(sha256__in=Subject.objects.values("sha256")).exclude(sha256=sha256)
    nearest = near(media, limit=1, within=known)
    return Subject.objects.get(sha256=nearest[0][0].sha256).cluster if nearest else sha256
