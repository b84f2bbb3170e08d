"""What is installed is what was tested: every version is exact, and has a reason that somebody can read."""

import importlib.metadata as metadata
import re
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[2]
PINNED_BY_TORCH = re.compile(r"nvidia-|cuda-|triton$")


def requirements(name: str) -> list[Requirement]:
    lines = (line.split("#")[0].strip() for line in (ROOT / name).read_text().splitlines())
    return [Requirement(line) for line in lines if line and not line.startswith("-")]


def pins(*names: str) -> dict[str, str]:
    return {
        canonicalize_name(requirement.name): next(iter(requirement.specifier)).version
        for name in names
        for requirement in requirements(name)
    }


def closure(roots: list[Requirement]) -> set[str]:
    """Every distribution that these need, as far as this platform goes."""
    waiting, seen = list(roots), set()
    while waiting:
        requirement = waiting.pop()
        key = (canonicalize_name(requirement.name), frozenset(requirement.extras))
        if key in seen:
            continue
        seen.add(key)
        for text in metadata.distribution(requirement.name).requires or []:
            needed = Requirement(text)
            extras = requirement.extras or {""}
            if needed.marker is None or any(needed.marker.evaluate({"extra": extra}) for extra in extras):
                waiting.append(needed)
    return {name for name, _ in seen}


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt", "constraints.txt"])
def test_every_requirement_is_exact(name: str) -> None:
    for requirement in requirements(name):
        assert [specifier.operator for specifier in requirement.specifier] == ["=="], requirement


def test_everything_that_is_pulled_in_is_pinned() -> None:
    wanted = closure(requirements("requirements.txt") + requirements("requirements-dev.txt"))
    pinned = pins("requirements.txt", "requirements-dev.txt", "constraints.txt")
    assert sorted(name for name in wanted - pinned.keys() if not PINNED_BY_TORCH.match(name)) == []


def test_the_tests_run_on_the_pinned_versions() -> None:
    pinned = pins("requirements.txt", "requirements-dev.txt")
    assert {name: metadata.version(name) for name in pinned} == pinned


def test_one_version_per_package() -> None:
    for name, version in pins("requirements.txt", "requirements-dev.txt").items():
        assert pins("constraints.txt").get(name, version) == version


def test_no_line_names_an_index() -> None:
    for name in ("requirements.txt", "requirements-dev.txt", "constraints.txt"):
        assert "://" not in (ROOT / name).read_text()


@pytest.mark.parametrize("name", ["requirements.txt", "requirements-dev.txt"])
def test_every_requirement_has_its_reason(name: str) -> None:
    decisions = (ROOT / "docs" / "decisions.md").read_text()
    assert [item.name for item in requirements(name) if f"`{item.name}`" not in decisions] == []
