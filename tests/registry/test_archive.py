"""A version in one file: it comes back as it was, and nothing else comes in."""

import hashlib
import io
import json
import shutil
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command
from pytest_django import Settings

from detection.models import AuditEvent
from learning.registry import archive_import
from learning.registry.archive import INDEX, SIGNATURE, ArchiveError, sign
from learning.registry.archive_export import export_version
from learning.registry.archive_import import import_version
from learning.registry.models import ModelVersion
from ml_core.errors import WeightsError

Contents = dict[str, bytes]


@pytest.fixture(autouse=True)
def key(settings: Settings) -> None:
    settings.DEEPFAKE_EXPORT_KEY = "between us"


@pytest.fixture
def exported(one: ModelVersion, two: ModelVersion, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """`two`, written to a file and gone from here."""
    monkeypatch.setattr(archive_import, "load_in_child", lambda name, root: None)
    path = export_version(two, tmp_path / "two.zip")
    forget(two, tmp_path / "models")
    return path


def forget(version: ModelVersion, models: Path) -> None:
    ModelVersion.objects.filter(pk=version.pk).delete()
    shutil.rmtree(models / version.name)


def contents(path: Path) -> Contents:
    with zipfile.ZipFile(path) as bundle:
        return {name: bundle.read(name) for name in bundle.namelist()}


def pack(path: Path, files: Contents) -> Path:
    with zipfile.ZipFile(path, "w") as bundle:
        for name, content in files.items():
            bundle.writestr(name, content)
    return path


def signed(files: Contents, change: Callable[[Any], None]) -> Contents:
    """With another list of files, signed by somebody who has the key."""
    index = json.loads(files[INDEX])
    change(index)
    raw = json.dumps(index).encode()
    return {**files, INDEX: raw, SIGNATURE: sign(raw).encode()}


def left_behind(models: Path) -> set[str]:
    return {path.name for path in models.iterdir() if path.name not in ("one", "manifest.json", ".pointer.lock")}


def test_it_comes_back_as_it_was(exported: Path, models: Path, two: ModelVersion) -> None:
    version = import_version(exported)
    assert (version.name, version.state, version.origin) == ("two", "candidate", "import")
    assert version.manifest_sha256 == two.manifest_sha256
    assert (models / "two" / "gate.safetensors").read_bytes() == b"weights of two"
    assert left_behind(models) == {"two"}
    assert AuditEvent.objects.get(verb="version_exported").data["signed"] is True


def test_what_it_shares_comes_along(exported: Path, models: Path, one: ModelVersion) -> None:
    """Onto a site that has the file already, and onto one that does not."""
    content = b"a base that two shares"
    entry = {"path": "base/base.safetensors", "sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    files = signed(contents(exported), lambda index: index["files"].append(entry))
    pack(exported, {**files, str(entry["path"]): content})
    forget(import_version(exported), models)
    assert (models / "base" / "base.safetensors").read_bytes() == content
    import_version(exported)
    forget(ModelVersion.objects.get(name="two"), models)
    (models / "base" / "base.safetensors").write_bytes(b"another base")
    with pytest.raises(ArchiveError, match="conflict"):
        import_version(exported)


def test_a_key_is_asked_for(exported: Path, settings: Settings, models: Path) -> None:
    files = contents(exported)
    unsigned = pack(exported.with_name("unsigned.zip"), {n: c for n, c in files.items() if n != SIGNATURE})
    with pytest.raises(ArchiveError, match="unsigned"):
        import_version(unsigned)
    settings.DEEPFAKE_EXPORT_KEY = "another one"
    with pytest.raises(ArchiveError, match="bad_signature"):
        import_version(exported)
    with pytest.raises(ArchiveError, match="bad_signature"):
        import_version(exported, trusted=True)  # a wrong signature is nobody's word
    assert left_behind(models) == set()
    assert import_version(unsigned, trusted=True).name == "two"


def change_byte(files: Contents) -> Contents:
    return {**files, "two/gate.safetensors": b"weights of owt"}


def cut(files: Contents) -> Contents:
    return {**files, "two/gate.safetensors": b"weights"}


def longer(files: Contents) -> Contents:
    return {**files, "two/gate.safetensors": b"weights of two and more"}


def one_more(files: Contents) -> Contents:
    return {**files, "two/more.safetensors": b""}


def one_less(files: Contents) -> Contents:
    return {name: content for name, content in files.items() if not name.endswith("safetensors")}


def tampered_list(files: Contents) -> Contents:
    return {**files, INDEX: files[INDEX].replace(b'"size"', b'"Size"')}


def path_to(path: str) -> Callable[[Contents], Contents]:
    def change(files: Contents) -> Contents:
        entry = {"path": path, "sha256": hashlib.sha256(b"x").hexdigest(), "size": 1}
        return {**signed(files, lambda index: index["files"].append(entry)), path: b"x"}

    return change


def with_index(change: Callable[[Any], None]) -> Callable[[Contents], Contents]:
    return lambda files: signed(files, change)


SPOILT: dict[str, tuple[Callable[[Contents], Contents], str]] = {
    "a byte": (change_byte, "checksum"),
    "cut": (cut, "checksum"),
    "longer": (longer, "checksum"),
    "one file more": (one_more, "unexpected_files"),
    "one file less": (one_less, "unexpected_files"),
    "the list": (tampered_list, "bad_signature"),
    "no list": (lambda files: {n: c for n, c in files.items() if n != INDEX}, "not_an_archive"),
    "upwards": (path_to("../evil.safetensors"), "unsafe_path"),
    "absolute": (path_to("/tmp/evil.safetensors"), "unsafe_path"),  # noqa: S108  never written
    "upwards inside": (path_to("two/../../evil.safetensors"), "unsafe_path"),
    "backslash": (path_to("..\\evil.safetensors"), "unsafe_path"),
    "a pointer": (path_to("manifest.json"), "unsafe_path"),
    "a pickle": (path_to("two/model.pkl"), "unsafe_path"),
    "deep": (path_to("two/a/b.safetensors"), "unsafe_path"),
    "huge": (with_index(lambda index: index["files"][0].update(size=3 * 1024**3)), "too_large"),
    "many": (with_index(lambda index: index["files"].extend(many())), "too_large"),
    "negative": (with_index(lambda index: index["files"][0].update(size=-1)), "too_large"),
    "newer": (with_index(lambda index: index.update(format=2)), "newer_format"),
    "another name": (with_index(lambda index: index.update(version="three")), "not_an_archive"),
    "no object": (with_index(lambda index: index.update(files=[1])), "not_an_archive"),
}


def many() -> list[dict[str, Any]]:
    return [{"path": f"two/{n}.safetensors", "sha256": "0" * 64, "size": 1} for n in range(80)]


@pytest.mark.parametrize("spoilt", SPOILT)
def test_what_is_wrong_has_a_name_and_leaves_nothing(exported: Path, models: Path, spoilt: str) -> None:
    change, code = SPOILT[spoilt]
    pack(exported, change(contents(exported)))
    with pytest.raises(ArchiveError, match=code):
        import_version(exported)
    assert left_behind(models) == set()
    assert not ModelVersion.objects.filter(name="two").exists()
    assert not (models.parent / "evil.safetensors").exists()


def test_a_zip_bomb_writes_no_more_than_it_lists(exported: Path, models: Path) -> None:
    files = {**contents(exported), "two/gate.safetensors": b"\0" * 50_000_000}
    with zipfile.ZipFile(exported, "w", zipfile.ZIP_DEFLATED) as bundle:
        for name, content in files.items():
            bundle.writestr(name, content)
    with pytest.raises(ArchiveError, match="checksum"):
        import_version(exported)
    assert left_behind(models) == set()


@pytest.mark.parametrize("content", [b"", b"PK", b"no zip at all" * 100])
def test_what_is_no_archive(one: ModelVersion, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "file.zip"
    path.write_bytes(content)
    with pytest.raises(ArchiveError, match="not_an_archive"):
        import_version(path)


def test_weights_that_cannot_be_loaded_stay_outside(
    exported: Path, models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(name: str, root: Path) -> None:
        raise WeightsError("not_finite", "head holds numbers that are not finite")

    monkeypatch.setattr(archive_import, "load_in_child", refuse)
    with pytest.raises(WeightsError, match="not_finite"):
        import_version(exported)
    assert left_behind(models) == set()


def test_a_name_is_taken_once(exported: Path) -> None:
    import_version(exported)
    with pytest.raises(ArchiveError, match="name_taken"):
        import_version(exported)


def test_the_commands(one: ModelVersion, exported: Path, tmp_path: Path) -> None:
    stream = io.StringIO()
    call_command("import_model", str(exported), stdout=stream)
    call_command("export_model", "two", out=tmp_path / "again.zip", stdout=stream)
    assert contents(tmp_path / "again.zip") == contents(exported)
    assert "two is a candidate now." in stream.getvalue()
    with pytest.raises(CommandError, match="A version of this name is here already"):
        call_command("import_model", str(exported))
    with pytest.raises(CommandError, match="unknown_version"):
        call_command("export_model", "none")
