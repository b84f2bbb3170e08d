"""The web process is small: it never loads the models' libraries."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
HEAVY = ("torch", "torchvision", "cv2", "timm", "openvino", "onnx")
LOAD = "import sys; {load}; print(sorted(set(sys.modules) & {heavy!r}))"
URLS = "import django; django.setup(); from django.urls import get_resolver; get_resolver().url_patterns"
WSGI = "import deepfake_site.wsgi"
LIGHT = "import ml_core.config, ml_core.datatypes, ml_core.errors, ml_core.media.probe"


def heavy_modules_after(load: str) -> str:
    code = LOAD.format(load=load, heavy=set(HEAVY))
    environment = {"DJANGO_SETTINGS_MODULE": "deepfake_site.settings_test", "PATH": ""}
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_the_urls_load_without_the_models_libraries() -> None:
    assert heavy_modules_after(URLS) == "[]"


def test_so_does_what_the_web_server_calls() -> None:
    assert heavy_modules_after(WSGI) == "[]"


def test_so_does_the_light_half_of_ml_core() -> None:
    assert heavy_modules_after(LIGHT) == "[]"


def test_ml_core_works_where_django_cannot_be_imported() -> None:
    block = "import sys; sys.modules['django'] = None; import ml_core.__main__, ml_core.cli"
    done = subprocess.run([sys.executable, "-c", block], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
