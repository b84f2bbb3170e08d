"""The image and the composition, read without an engine."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings

ROOT = Path(__file__).resolve().parents[2]
VOLUMES = ["media:/srv/media", "var:/srv/var", "models:/srv/models"]
CLUSTERS = {"worker": None, "light": "light", "training": "training"}


def instructions(word: str) -> list[str]:
    text = (ROOT / "Dockerfile").read_text()
    return re.findall(rf"^{word}\s+(.+)$", text, flags=re.MULTILINE)


@pytest.fixture(scope="module")
def compose() -> dict[str, Any]:
    content: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return content


def test_the_image_does_not_run_as_root() -> None:
    assert instructions("USER") == ["app"]


def test_every_base_image_has_a_version(compose: dict[str, Any]) -> None:
    images = [default.split("=", 1)[1] for default in instructions("ARG") if "IMAGE=" in default]
    images += [service["image"] for service in compose["services"].values()]
    assert images
    assert [image for image in images if not re.search(r":\d", image)] == []


def test_cpu_is_the_default_and_cuda_a_build_argument() -> None:
    assert "DEVICE=cpu" in instructions("ARG")
    assert {"runtime AS device-cpu", "runtime AS device-cuda", "device-${DEVICE}"} <= set(instructions("FROM"))


def test_the_image_brings_what_opencv_needs() -> None:
    assert "libgl1 libglib2.0-0" in (ROOT / "Dockerfile").read_text()


def test_the_image_is_watched() -> None:
    assert "/health/live" in (ROOT / "Dockerfile").read_text().split("HEALTHCHECK")[1]


def test_the_services(compose: dict[str, Any]) -> None:
    assert set(compose["services"]) == {"db", "setup", "web", *CLUSTERS}
    assert compose["services"]["db"]["image"].startswith("postgres:")


@pytest.mark.parametrize(("service", "cluster"), CLUSTERS.items())
def test_a_worker_serves_its_cluster(compose: dict[str, Any], service: str, cluster: str | None) -> None:
    command = ["python", "manage.py", "worker"] + (["--cluster", cluster] if cluster else [])
    assert compose["services"][service]["command"] == command


def test_docker_waits_longer_than_the_worker_and_the_worker_longer_than_a_task(compose: dict[str, Any]) -> None:
    worker = compose["services"]["worker"]
    minutes = int(worker["stop_grace_period"].removesuffix("m"))
    assert settings.TASK_TIMEOUT < int(worker["environment"]["DEEPFAKE_STOP_GRACE"]) < minutes * 60


def test_nothing_starts_before_the_database_is_ready(compose: dict[str, Any]) -> None:
    for name in ("web", *CLUSTERS):
        assert compose["services"][name]["depends_on"] == {"setup": {"condition": "service_completed_successfully"}}
    assert compose["services"]["setup"]["depends_on"] == {"db": {"condition": "service_healthy"}}


def test_uploads_caches_and_versions_outlive_their_container(compose: dict[str, Any]) -> None:
    assert set(compose["volumes"]) == {"database", "media", "models", "var"}
    for name in ("setup", "web", *CLUSTERS):
        assert compose["services"][name]["volumes"] == VOLUMES


def test_no_secret_has_a_default(compose: dict[str, Any]) -> None:
    site = compose["services"]["web"]["environment"]
    assert site["DJANGO_SECRET_KEY"].startswith("${DJANGO_SECRET_KEY:?")
    assert "${POSTGRES_PASSWORD:?" in site["DATABASE_URL"]
    assert compose["services"]["db"]["environment"]["POSTGRES_PASSWORD"].startswith("${POSTGRES_PASSWORD:?")


def test_the_web_is_published_on_this_machine_only(compose: dict[str, Any]) -> None:
    assert all(port.startswith("127.0.0.1:") for port in compose["services"]["web"]["ports"])


def test_the_unprivileged_user_may_write_where_the_volumes_are_mounted() -> None:
    """A new volume takes the owner of the folder that the image has in its place."""
    made = re.search(r"install --directory --owner app --group app (.+)", (ROOT / "Dockerfile").read_text())
    assert made
    folders = {volume.split(":")[1] for volume in VOLUMES}
    assert folders <= set(made[1].split())
    assert folders == set(re.findall(r"/srv/\w+", instructions("VOLUME")[0]))


def test_versions_are_kept_in_their_volume_and_the_image_brings_the_first() -> None:
    assert "DEEPFAKE_MODELS=/srv/models" in (ROOT / "Dockerfile").read_text()
    ignored = (ROOT / ".dockerignore").read_text().split()
    assert not {"trained_models", "trained_models/", "*.safetensors"} & set(ignored)
