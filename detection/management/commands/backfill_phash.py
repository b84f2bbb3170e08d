"""`manage.py backfill_phash`: perceptual hashes for media that was judged before there were any."""

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand
from PIL import Image

from detection import media_store, similarity
from detection.models import MediaFile


class Command(BaseCommand):
    help = "Give a perceptual hash to media that has none, from its previews. Can be interrupted and run again."

    def handle(self, *args: Any, **options: Any) -> None:
        made = left = 0
        for media in MediaFile.objects.filter(phash="", purged_at=None).iterator(chunk_size=500):
            preview = _preview_of(media)
            phash = similarity.phash_of(_open(preview)) if preview else ""
            if phash and similarity.remember(media.pk, phash):
                made += 1
            else:
                left += 1
        self.stdout.write(f"Hashes made: {made}. Without a preview, or with nothing to recognise: {left}.")


def _preview_of(media: MediaFile) -> Path | None:
    """The preview; of a video the sampled frame in the middle."""
    if media.kind == MediaFile.Kind.VIDEO:
        frames = sorted(media_store.directory(media.pk).glob("frame-*.jpg"))
        return frames[len(frames) // 2] if frames else None
    path = media_store.preview_path(media.pk)
    return path if path.is_file() else None


def _open(path: Path) -> Image.Image:
    """Our own JPEG, not the upload."""
    with Image.open(path, formats=("JPEG",)) as image:
        image.load()
        return image
