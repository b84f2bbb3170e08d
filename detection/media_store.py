"""Where the bytes lie: MEDIA_ROOT/<hex of the media's id>/{original.*, preview.jpg, frame-NN.jpg}.

A directory comes by rename from staging and goes by rename into the trash. Nothing else ever creates one, so that a
worker which is still busy with deleted media cannot bring anything back.
"""

import re
import shutil
import time
import uuid
from contextlib import suppress
from pathlib import Path

from django.conf import settings

from detection.models import MediaFile, upload_path

DIRECTORY_NAME = re.compile(r"[0-9a-f]{32}")


def root() -> Path:
    """MEDIA_ROOT as a path."""
    return Path(settings.MEDIA_ROOT)


def staging() -> Path:
    """Where uploads arrive. Below MEDIA_ROOT: accepting a file is then a rename and no copy."""
    return root() / ".staging"


def trash() -> Path:
    """Where directories wait for their removal."""
    return root() / ".trash"


def directory(media_id: uuid.UUID) -> Path:
    """The upload's own directory."""
    return root() / media_id.hex


def preview_path(media_id: uuid.UUID) -> Path:
    """The upright picture, at most 1600 pixels, without metadata."""
    return directory(media_id) / "preview.jpg"


def frame_path(media_id: uuid.UUID, number: int) -> Path:
    """The sampled frame `number` (from 0) of a video, at most 640 pixels."""
    return directory(media_id) / f"frame-{number:02d}.jpg"


def adopt(staged: Path, media: MediaFile) -> None:
    """Move a staged file into a directory of its own and note its name in the (unsaved) row."""
    media.file.name = upload_path(media, media.name)
    target = root() / str(media.file.name)
    target.parent.mkdir(mode=0o700, parents=True)
    staged.replace(target)
    target.chmod(0o600)


def discard(media_id: uuid.UUID) -> None:
    """Remove the upload's directory with everything in it. The rename makes it vanish at once for everybody."""
    trash().mkdir(mode=0o700, parents=True, exist_ok=True)
    grave = trash() / uuid.uuid4().hex
    with suppress(FileNotFoundError):
        directory(media_id).rename(grave)
        shutil.rmtree(grave)


def sweep_arrivals(older_than: float) -> int:
    """Remove what crashes left in staging and trash and nobody has touched for `older_than` seconds."""
    places = [place for place in (staging(), trash()) if place.is_dir()]
    left = [path for place in places for path in place.iterdir() if _old(path, older_than)]
    return sum(_remove(path) for path in left)


def sweep_orphans(older_than: float) -> int:
    """Remove the directories of uploads that no row speaks of. Looks at every upload: for once a day."""
    places = root().iterdir() if root().is_dir() else ()
    found = [path for path in places if DIRECTORY_NAME.fullmatch(path.name) and _old(path, older_than)]
    known = set(MediaFile.objects.filter(purged_at=None).values_list("pk", flat=True))
    return sum(_remove(path) for path in found if uuid.UUID(hex=path.name) not in known)


def _old(path: Path, seconds: float) -> bool:
    with suppress(FileNotFoundError):
        return path.stat().st_mtime < time.time() - seconds
    return False


def _remove(path: Path) -> bool:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
    return not path.exists()
