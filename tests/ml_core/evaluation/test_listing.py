"""Any manifest is read; what is wrong with a line is said later, in its row."""

from pathlib import Path

import pytest

from ml_core.evaluation import listing


def test_columns_may_be_missing_and_splits_may_be_unknown(tmp_path: Path) -> None:
    manifest = tmp_path / "other.csv"
    manifest.write_text(
        "\ufeffpath,label,split\na.png, Fake ,holdout\n/far/b.png,real\nc.png,maybe,\n,real,\n", "utf-8"
    )
    a, b, c, nothing = listing.read([manifest])
    assert (a.path, a.label, a.source, a.group, a.split) == (tmp_path / "a.png", "fake", "other", "a.png", "holdout")
    assert (b.path, b.split) == (Path("/far/b.png"), "")
    assert c.label == "maybe"
    assert nothing.name == ""


def test_what_is_no_manifest_is_refused(tmp_path: Path) -> None:
    (tmp_path / "letter.csv").write_text("Dear all,\n")
    with pytest.raises(ValueError, match="no column `path`"):
        listing.read([tmp_path / "letter.csv"])
    with pytest.raises(FileNotFoundError):
        listing.read([tmp_path / "none.csv"])


def test_a_limit_takes_the_same_entries_of_every_kind_whatever_their_order(tmp_path: Path) -> None:
    entries = [
        listing.Entry(tmp_path, f"{n}.png", ("real", "fake")[n % 2], "ab"[n % 4 // 2], split="x") for n in range(40)
    ]
    chosen = listing.at_most(entries, 3)
    assert len(chosen) == 12
    assert set(chosen) == set(listing.at_most(entries[::-1], 3))
    assert listing.at_most(entries, None) == entries
