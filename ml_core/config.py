"""Numbers that the whole project agrees on. The web process imports this file: keep it light."""

from pathlib import Path

PROJECT_ROOT = Path(__file__).resolve().parent.parent
TRAINED_MODELS = PROJECT_ROOT / "trained_models"

MIB = 1024 * 1024
MAX_UPLOAD_BYTES = 500 * MIB
MIN_SIDE = 224  # pixels
MAX_IMAGE_PIXELS = 50_000_000
MAX_VIDEO_SECONDS = 3600.0

FRAMES_PER_VIDEO = 16
MAX_FRAME_SIDE = 1280  # pixels: frames leave the decode child no larger than this
MAX_STILL_SIDE = 2048

INPUT_SIZE = 224
CROP_MARGIN = 0.30
SECOND_LOOK = 0.88  # share of a crop's side that the second look at a still has; training sees 0.8 to 1.0
DECIDING_FACE_RATIO = 0.5  # faces less than this share of the largest one's width do not decide
