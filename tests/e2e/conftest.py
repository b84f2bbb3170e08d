"""One browser and one site per database for all tests of this package."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

from tests.e2e.databases import scratch_database, skip
from tests.e2e.person import PAGE_MS
from tests.e2e.samples import write_picture, write_video
from tests.e2e.site import Site, environment_of, run, running_site

# No sandbox: tests run in containers as root. The others keep the browser from talking to anybody but the site.
FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync"),
]
MAKE_MODELS = (
    "import sys; from pathlib import Path; from tests.tiny import make_tiny_version as m; m(Path(sys.argv[1]))"
)


def chromium() -> str:
    """The browser of the system."""
    for path in (os.environ.get("CHROMIUM"), "/usr/bin/chromium", shutil.which("chromium")):
        if path and Path(path).is_file():
            return path
    skip("no Chromium: install it (apt-get install chromium) or name it in CHROMIUM")
    raise AssertionError  # skip does not return


@pytest.fixture(scope="package")
def browser() -> Iterator[Browser]:
    """Ends with the package: while it runs, Django takes this thread for an asynchronous one."""
    path = chromium()
    expect.set_options(timeout=PAGE_MS)
    with sync_playwright() as playwright, playwright.chromium.launch(executable_path=path, args=FLAGS) as running:
        yield running


@pytest.fixture(scope="package")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The tiny version, made by a process of its own: this one need not load torch."""
    root = tmp_path_factory.mktemp("models")
    run(environment_of(root, "", root), "-c", MAKE_MODELS, str(root))
    return root


@pytest.fixture(scope="package", params=["sqlite", "postgresql"])
def site(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, models: Path, browser: Browser
) -> Iterator[Site]:
    directory = tmp_path_factory.mktemp(request.param)
    with scratch_database(request.param, directory) as url, running_site(directory, url, models) as running:
        yield running


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    return write_picture(tmp_path / "astronaut.jpg")


@pytest.fixture(scope="package")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("samples") / "astronaut.avi")
