"""What a process carries: the web and the worker never hold the libraries that read media or run models."""

import os
import subprocess
import sys

import pytest
from django.conf import settings

WEB = """
from django.urls import get_resolver
get_resolver().url_patterns
import deepfake_site.wsgi
"""
WORKER = """
import detection.supervisor
import detection.tasks
"""
PROGRAM = """
import sys
import django
django.setup()
{imports}
heavy = {{"torch", "torchvision", "timm", "cv2", "openvino"}} & set(sys.modules)
sys.exit(f"imported: {{sorted(heavy)}}" if heavy else 0)
"""


@pytest.mark.parametrize("imports", [WEB, WORKER], ids=["web", "worker"])
def test_neither_torch_nor_cv2(imports: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(imports=imports)],
        cwd=settings.BASE_DIR,
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "deepfake_site.settings_test"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
