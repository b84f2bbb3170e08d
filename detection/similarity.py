"""Which pictures look the same: a perceptual hash, and how to find the near ones among many.

The hash: luminance, 32 × 32, discrete cosine transform, the 8 × 8 lowest frequencies, one bit each: above their median
or not (Zauner, "Implementation and Benchmarking of Perceptual Image Hash Functions", 2010, section 3.2.1). It survives
recompression, resizing and small changes of colour; not mirroring, turning or much cropping.

The search: 64 bits in four bands of 16. Two hashes that differ in at most 8 bits differ in at most 2 in one of the
bands. So each stored hash has four rows in an index, one per band, and a search asks for the 4 × 137 values within 2
bits: about one in 120 of all media is looked at, instead of all. `benchmarks/similarity.py` measures it.
"""

import functools
import itertools
import uuid
from collections.abc import Sequence

import numpy as np
from django.db import transaction
from django.db.models import QuerySet
from PIL import Image

from detection.models import MediaFile, PhashBand
from ml_core.datatypes import Frame, Kind, Picture

SIDE, LOW = 32, 8
FLAT = 2.0  # standard deviation of the luminance (0–255) below which there is nothing to recognise
MAX_DISTANCE = 8
BANDS, BAND_BITS = 4, 16
RADIUS = MAX_DISTANCE // BANDS


def phash_of(picture: Picture | Image.Image) -> str:
    """The hash as 16 hexadecimal digits; empty where the picture is one plain surface."""
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    small = image.convert("L").resize((SIDE, SIDE), Image.Resampling.LANCZOS)
    pixels = np.asarray(small, dtype=np.float64)
    if pixels.std() < FLAT:
        return ""
    basis = _basis()
    low = (basis @ pixels @ basis.T).ravel()
    bits = low > np.median(low[1:])  # without the mean, which says how bright it is
    return np.packbits(bits).tobytes().hex()


@functools.cache
def _basis() -> "np.ndarray[tuple[int, int], np.dtype[np.float64]]":
    """The first rows of the DCT-II, (8, 32), up to a factor: only that of the mean would matter, which is left out."""
    frequency, place = np.arange(LOW)[:, None], np.arange(SIDE)[None, :]
    return np.asarray(np.cos(np.pi * frequency * (2 * place + 1) / (2 * SIDE)), dtype=np.float64)


def distance(first: str, second: str) -> int:
    """In how many of the 64 bits two hashes differ."""
    return (int(first, 16) ^ int(second, 16)).bit_count()


def band_keys(phash: str) -> list[int]:
    """The four rows of a hash in the index: 65536 · band + the band's bits."""
    value = int(phash, 16)
    mask = (1 << BAND_BITS) - 1
    return [(band << BAND_BITS) | ((value >> (band * BAND_BITS)) & mask) for band in range(BANDS)]


def probes(phash: str) -> list[int]:
    """Every row that a hash within MAX_DISTANCE can have in the index, at least one of which it has."""
    return [key ^ flip for key in band_keys(phash) for flip in _flips()]


@functools.cache
def _flips() -> tuple[int, ...]:
    chosen = (bits for count in range(RADIUS + 1) for bits in itertools.combinations(range(BAND_BITS), count))
    return tuple(sum(1 << bit for bit in bits) for bits in chosen)


def typical(kind: Kind, frames: Sequence[Frame]) -> Frame:
    """The frame that stands for the whole: of a video the one in the middle."""
    return frames[len(frames) // 2] if kind == "video" else frames[0]


def remember(media_id: uuid.UUID, phash: str) -> bool:
    """Store the hash with its rows in the index; False where the media is gone."""
    with transaction.atomic():
        if not MediaFile.objects.filter(pk=media_id).update(phash=phash):
            return False
        PhashBand.objects.filter(media_id=media_id).delete()
        keys = band_keys(phash) if phash else []
        PhashBand.objects.bulk_create([PhashBand(media_id=media_id, key=key) for key in keys])
    return True


def near(media: MediaFile, limit: int = 10, within: QuerySet[MediaFile] | None = None) -> list[tuple[MediaFile, int]]:
    """Other media within MAX_DISTANCE, nearest first, newest first among equals; only such as are `within`, which is
    what the viewer may see. Nothing for media that has no hash."""
    if not media.phash:
        return []
    seen = MediaFile.objects.all() if within is None else within
    same_band = PhashBand.objects.filter(key__in=probes(media.phash)).values("media_id")
    rows = seen.filter(pk__in=same_band).exclude(pk=media.pk).order_by("-created_at").values_list("pk", "phash")
    found = sorted(((pk, distance(media.phash, phash)) for pk, phash in rows), key=lambda row: row[1])
    nearest = [(pk, bits) for pk, bits in found if bits <= MAX_DISTANCE][:limit]
    files = MediaFile.objects.in_bulk([pk for pk, _ in nearest])
    return [(files[pk], bits) for pk, bits in nearest if pk in files]
