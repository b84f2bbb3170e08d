"""What is reported per source, family, member and face size, and that nothing disappears on the way."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from ml_core.evaluation.curves import curves
from ml_core.evaluation.figures import figures
from tests.ml_core.evaluation.rows import make_row, make_rows

FEW = 50


def test_the_figures_of_a_source_are_those_of_its_rows() -> None:
    rows = make_rows()
    truth = [row["label"] == "fake" for row in rows]
    found = figures(rows + make_rows(seed=1, source="t"), rounds=FEW)
    p = [float(row["p_fake"]) for row in rows]
    assert found["sources"]["s"]["auc"] == pytest.approx(roc_auc_score(truth, p), abs=1e-6)
    low, high = found["sources"]["s"]["intervals"]["auc"]
    assert low < found["sources"]["s"]["auc"] < high
    own = [float(row["cnn"]) for row in rows]
    assert found["members"]["s"]["cnn"]["auc"] == pytest.approx(roc_auc_score(truth, own), abs=1e-6)
    assert found["members"]["s"]["lstm"] is None
    assert found["weights"]["s"] == {"cnn": 0.1, "resnext": None, "vit": 0.9, "lstm": None}
    assert found["of_sources"]["auc"] == pytest.approx(np.mean([found["sources"][s]["auc"] for s in "st"]), abs=1e-6)


def test_the_plain_mean_is_that_of_the_logits() -> None:
    rows = make_rows()
    logits = np.array([[np.log(float(r[n]) / (1 - float(r[n]))) for n in ("vit", "cnn")] for r in rows])
    truth = [row["label"] == "fake" for row in rows]
    found = figures(rows, rounds=FEW)["plain_mean"]["s"]["auc"]
    assert found == pytest.approx(roc_auc_score(truth, logits.mean(axis=1)), abs=1e-6)


def test_a_family_stands_against_all_reals_of_its_source() -> None:
    found = figures(make_rows(120), rounds=FEW)["families"]
    assert {name: (values["items"], values["fakes"]) for name, values in found.items()} == {
        "s/swap": (90, 30),
        "s/gan": (90, 30),
    }


def test_what_was_not_judged_is_counted() -> None:
    broken = make_row(status="error", p_fake="", label_given="")
    faceless = make_row(status="not_applicable", label_given="NOT_APPLICABLE")
    found = figures([*make_rows(20), broken, faceless, make_row(label="unknown")], rounds=FEW)
    assert found["items"] == 23
    assert found["sources"]["s"]["items"] == 20
    assert found["unlabelled"] == 1
    assert found["not_judged"] == {"s": {"error": 1, "not_applicable": 1}}


def test_faces_are_sorted_by_their_width() -> None:
    rows = make_rows(40)
    details = [{"path": r["path"], "source": "s", "face_px": "50" if i < 10 else "300"} for i, r in enumerate(rows)]
    found = figures(rows, details, FEW)["sizes"]
    assert {name: values["items"] for name, values in found.items()} == {"0–64 px": 10, "256 px and more": 30}


def test_real_photographs_alone_have_false_alarms_and_no_auc() -> None:
    rows = [row for row in make_rows() if row["label"] == "real"]
    found = figures(rows, rounds=FEW)["sources"]["s"]
    assert found["auc"] is None
    expected = np.mean([row["label_given"] == "FAKE" for row in rows])
    assert found["false_alarms"] == pytest.approx(expected, abs=1e-6)


def test_nothing_at_all_is_no_error() -> None:
    assert figures([])["items"] == 0


def test_curves_begin_and_end_where_they_must() -> None:
    found = curves(make_rows())
    assert found["roc"]["s"][0] == [0, 0]
    assert found["roc"]["s"][-1] == [1, 1]
    assert found["risk_coverage"]["all"][-1][0] == 1
    assert sum(count for _, _, count in found["reliability"]["all"]) == 120
    real = found["said"][0]
    assert (real["family"], real["items"]) == ("real", 60)
    assert real["REAL"] + real["INCONCLUSIVE"] + real["FAKE"] == 60
