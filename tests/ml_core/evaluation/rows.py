"""Score files made up so that the right figure is known."""

from pathlib import Path

import numpy as np

from ml_core.evaluation.scores import COLUMNS, DETAILS, Row, write_rows


def make_row(**values: str) -> Row:
    """A row of scores.csv: a real item called REAL, unless told otherwise."""
    base = {"path": "a.png", "label": "real", "source": "s", "group": "g", "split": "test", "status": "ok"}
    answer = {"p_fake": "0.1", "label_given": "REAL", "vit": "0.1", "w_vit": "1"}
    return {**dict.fromkeys(COLUMNS, ""), **base, **answer, **values}


def make_rows(count: int = 120, skill: float = 1.5, seed: int = 0, source: str = "s", split: str = "test") -> list[Row]:
    """Pairs of a real and a fake of one group; the ViT has some skill, the CNN guesses."""
    rng = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        fake = number % 2 == 1
        vit, cnn = (1 / (1 + np.exp(-rng.normal(s * (2 * fake - 1), 1.5))) for s in (skill, 0.0))
        said = "FAKE" if vit >= 0.7 else "REAL" if vit <= 0.3 else "INCONCLUSIVE"
        rows.append(
            make_row(
                path=f"{source}/{split}/{number}.png",
                label="fake" if fake else "real",
                source=source,
                family=("swap", "gan")[number // 2 % 2] if fake else "",
                group=f"g{number // 2}",
                split=split,
                p_fake=f"{vit:.9f}",
                label_given=said,
                vit=f"{vit:.9f}",
                cnn=f"{cnn:.9f}",
                w_vit="0.9",
                w_cnn="0.1",
            )
        )
    return rows


def write(folder: Path, rows: list[Row]) -> Path:
    """The rows as scores.csv, with a details.csv in which faces are 100 pixels wide."""
    folder.mkdir(parents=True, exist_ok=True)
    write_rows(folder / "scores.csv", COLUMNS, rows)
    details = [dict.fromkeys(DETAILS, "") | {"path": r["path"], "source": r["source"], "face_px": "100"} for r in rows]
    write_rows(folder / "details.csv", DETAILS, details)
    return folder
