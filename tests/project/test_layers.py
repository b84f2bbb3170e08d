"""What import-linter cannot see: what really is loaded when a part of `ml_core` is imported."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("torch", "torchvision", "cv2", "timm", "openvino", "onnx")
LOAD = "import sys; {load}; print(sorted(set(sys.modules) & {heavy!r}))"
LIGHT = "import ml_core.config, ml_core.datatypes, ml_core.errors, ml_core.media.probe"


def heavy_modules_after(load: str) -> str:
    code = LOAD.format(load=load, heavy=set(HEAVY))
    environment = {"DJANGO_SETTINGS_MODULE": "deepfake_site.settings_test", "PATH": ""}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_light_half_of_ml_core_is_light() -> None:
    assert heavy_modules_after(LIGHT) == "[]"


def test_ml_core_works_where_django_cannot_be_imported() -> None:
    block = "import sys; sys.modules['django'] = None; import ml_core.__main__, ml_core.cli"
    done = subprocess.run([sys.executable, "-c", block], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
