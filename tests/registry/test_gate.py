"""Each rule of the gate, at its edge: what passes by a hair and what fails by one."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from learning.registry.gate import judge
from learning.registry.report import Check, GateReport, Policy, SliceRow
from learning.registry.scores import CANARY, FIT, REGRESSION, ScoresError
from tests.registry.answers import answers, both, population, sharper, squash

QUICK = Policy(rounds=200, ece_margin=1.0)  # calibration has a test of its own


def codes(report: GateReport) -> set[str]:
    return {reason["code"] for reason in report.reasons}


def row(report: GateReport, name: str) -> SliceRow:
    return next(row for row in report.slices if row.name == name)


def check(report: GateReport, code: str) -> Check:
    return next(check for check in report.checks if check.code == code)


def test_a_better_candidate_passes() -> None:
    champion = population()
    report = judge(champion, sharper(champion), QUICK)
    assert report.passed, report.reasons
    assert row(report, "overall").low > 0
    assert report.improvement.loss_after < report.improvement.loss_before
    assert report.improvement.right_after > report.improvement.right_before


def test_the_same_again_is_no_improvement() -> None:
    champion = population()
    report = judge(champion, champion, QUICK)
    assert codes(report) == {"no_improvement"}
    assert (row(report, "overall").low, row(report, "overall").high) == (0, 0)


def test_the_order_of_the_rows_means_nothing() -> None:
    champion = population()
    better = sharper(champion)
    backwards = type(better)(*(getattr(better, name)[::-1] for name in better.__slots__))
    assert judge(champion, backwards, QUICK).as_dict() == judge(champion, better, QUICK).as_dict()


def test_other_items_are_refused_by_name() -> None:
    with pytest.raises(ScoresError, match="score_mismatch"):
        judge(population(30), population(31), QUICK)


def test_what_only_the_champion_answers_is_missed() -> None:
    champion = population()
    better = sharper(champion)
    p = better.p.copy()
    p[7] = np.nan
    assert codes(judge(champion, replace(better, p=p), QUICK)) == {"unanswered"}
    assert judge(replace(champion, p=np.where(np.isnan(p), p, champion.p)), better, QUICK).passed


def test_the_bound_of_auc_is_an_edge() -> None:
    """The candidate is a little worse; the limit is put on its lower bound, then a hair above it."""
    champion, rng = population(), np.random.default_rng(1)
    noisy = replace(champion, p=np.clip(champion.p + rng.normal(0, 0.05, len(champion)), 0, 1))
    bound = -row(judge(champion, noisy, QUICK), "overall").low
    assert bound > 0
    assert "auc" not in codes(judge(champion, noisy, replace(QUICK, auc_margin=bound)))
    assert "auc" in codes(judge(champion, noisy, replace(QUICK, auc_margin=bound - 1e-9)))


def test_a_source_that_gets_worse_is_not_paid_for_by_another() -> None:
    good, bad = population(seed=1, source="a"), population(seed=2, source="b")
    report = judge(both(good, bad), both(sharper(good, 1.0), sharper(bad, -0.5)), QUICK)
    assert row(report, "val/a").state == "ok"
    assert row(report, "val/b").state == "worse"
    assert any("val/b" in reason["text"] for reason in report.reasons)


def test_a_family_is_a_slice_with_its_sources_reals() -> None:
    champion = population(100, family=np.where(np.arange(200) < 50, "swap", np.where(np.arange(200) < 100, "edit", "")))
    swaps = champion.family == "swap"
    worse = replace(champion, p=np.where(swaps, champion.p * 0.3, champion.p))
    report = judge(champion, worse, QUICK)
    assert (row(report, "val/lab/swap").fakes, row(report, "val/lab/swap").reals) == (50, 100)
    assert row(report, "val/lab/swap").state == "worse"
    assert row(report, "val/lab/edit").state == "ok"


def small(source: str, seed: int, count: int = 10) -> "object":
    return population(count, seed=seed, source=source)


def test_a_slice_that_cannot_hold_the_bound_is_judged_with_the_other_small_ones() -> None:
    large = population(seed=9, source="large")
    parts = [population(10, seed=seed, source=f"small{seed}") for seed in range(4)]
    rng = np.random.default_rng(5)
    moved = [replace(part, p=np.clip(part.p + rng.normal(0, 0.03, 20), 0, 1)) for part in parts]
    report = judge(both(large, *parts), both(sharper(large), *moved), QUICK)
    assert {row(report, f"val/small{seed}").state for seed in range(4)} == {"small"}
    together = row(report, "small slices together")
    assert (together.fakes, together.reals) == (40, 40)
    assert together.state == ("ok" if together.low >= -0.005 else "worse")


def test_a_small_slice_that_is_proven_worse_refuses() -> None:
    large, little = population(seed=9, source="large"), population(10, apart=6, seed=3, source="little")
    report = judge(both(large, little), both(sharper(large), replace(little, p=1 - little.p)), QUICK)
    assert row(report, "val/little").state == "small_worse"
    assert "auc_small" in codes(report)


def test_overall_is_judged_however_small() -> None:
    tiny = population(5, apart=6)
    assert row(judge(tiny, replace(tiny, p=tiny.p[::-1].copy()), QUICK), "overall").state == "worse"


def test_a_group_is_drawn_whole() -> None:
    """Hundred copies of one group tell no more than the group: the interval is as wide as without them."""
    base = population(40, seed=4)
    rng = np.random.default_rng(6)
    other = replace(base, p=np.clip(base.p + rng.normal(0, 0.2, 80), 0, 1))
    copies = [
        replace(part, path=np.char.add(part.path, f"-{n}"), group=base.path) for part in (base, other) for n in "ab"
    ]
    alone, doubled = judge(base, other, QUICK), judge(both(*copies[:2]), both(*copies[2:]), QUICK)
    widths = [row(report, "overall").high - row(report, "overall").low for report in (alone, doubled)]
    assert widths[0] == pytest.approx(widths[1])


def test_no_held_out_items_is_no_pass() -> None:
    only = population(role=REGRESSION)
    assert "nothing_to_judge_on" in codes(judge(only, sharper(only), QUICK))


@pytest.mark.parametrize(("alarms", "passed"), [(11, True), (12, False)])
def test_false_alarms_may_rise_by_half_a_point(alarms: int, passed: bool) -> None:
    """200 reals, of which the champion calls 10 fake: one more is half a point."""
    champion = population()
    reals = np.flatnonzero(~champion.fake)
    said = np.full(400, "INCONCLUSIVE")
    before, after = said.copy(), said.copy()
    before[reals[:10]], after[reals[:alarms]] = "FAKE", "FAKE"
    report = judge(replace(champion, said=before), replace(sharper(champion), said=after), QUICK)
    assert check(report, "false_alarms").passed is passed
    assert report.passed is passed


def test_a_source_with_few_reals_shows_its_alarms_and_is_not_judged_by_them() -> None:
    parts = [population(100, seed=seed, source=f"s{seed}") for seed in range(2)]
    calm = [replace(part, said=np.full(200, "REAL")) for part in parts]
    loud = np.full(200, "REAL")
    loud[-1] = "FAKE"
    report = judge(both(*calm), both(replace(sharper(calm[0]), said=loud), sharper(calm[1])), QUICK)
    source = next(check for check in report.checks if check.name == "false alarms, val/s0")
    assert (source.candidate, source.judged, source.passed) == (0.01, False, True)
    assert report.passed


def test_calibration_may_slip_by_a_hundredth() -> None:
    champion = population()
    better = sharper(champion)
    candidate = replace(better, p=squash(3 * np.log(better.p / (1 - better.p))))  # in the same order, but too sure
    report = judge(champion, candidate, Policy(rounds=200))
    slip = check(report, "ece").candidate - check(report, "ece").champion
    assert slip > 0.01
    assert codes(report) == {"ece"}
    assert judge(champion, candidate, replace(QUICK, ece_margin=slip)).passed
    assert not judge(champion, candidate, replace(QUICK, ece_margin=slip - 1e-6)).passed


@pytest.mark.parametrize("role", [REGRESSION, FIT])
@pytest.mark.parametrize(("wrong", "passed"), [(1, True), (2, False)])
def test_no_fewer_decided_items_right(role: str, wrong: int, passed: bool) -> None:
    """The champion has one of ten wrong. More right elsewhere does not pay for it."""
    champion, fake = population(), [True] * 10
    before, after = [0.9] * 9 + [0.1], [0.1] * wrong + [0.9] * (10 - wrong)
    other = {REGRESSION: FIT, FIT: REGRESSION}[role]
    paid = answers([0.1] * 5, [True] * 5, other), answers([0.9] * 5, [True] * 5, other)
    report = judge(
        both(champion, answers(before, fake, role), paid[0]),
        both(sharper(champion), answers(after, fake, role), paid[1]),
        QUICK,
    )
    assert report.passed is passed
    assert len(judge(champion, sharper(champion), QUICK).improvement.to_wrong) == 0


@pytest.mark.parametrize(("flips", "passed"), [(1, True), (2, False)])
def test_canaries_may_flip_in_two_of_a_hundred(flips: int, passed: bool) -> None:
    champion, fake = population(), [True] * 50
    after = [0.4] * flips + [0.9] * (50 - flips)
    report = judge(
        both(champion, answers([0.9] * 50, fake, CANARY)), both(sharper(champion), answers(after, fake, CANARY)), QUICK
    )
    assert report.passed is passed


def test_a_fit_is_no_improvement() -> None:
    """Everything that was trained on is right now, nothing held out has changed: refused, and both are shown."""
    champion, fake = population(), [True] * 20
    report = judge(
        both(champion, answers([0.2] * 20, fake, FIT)), both(champion, answers([0.9] * 20, fake, FIT)), QUICK
    )
    assert codes(report) == {"no_improvement"}
    assert (report.fit.right_before, report.fit.right_after) == (0, 20)
    assert report.improvement.right_before == report.improvement.right_after


def test_flips_are_named() -> None:
    champion = population()
    decided, after = answers([0.2, 0.9], [True, True], REGRESSION), answers([0.8, 0.4], [True, True], REGRESSION)
    report = judge(both(champion, decided), both(champion, after), QUICK)
    assert (report.improvement.to_right, report.improvement.to_wrong) == (
        ("regression-lab-0",),
        ("regression-lab-1",),
    )


def test_a_report_goes_into_json() -> None:
    reals = answers([0.1] * 40, [False] * 40, source="street")
    champion = both(population(40), reals)
    plain = judge(champion, champion, QUICK).as_dict()
    street = next(row for row in plain["slices"] if row["name"] == "val/street")
    assert (street["state"], street["champion"]) == ("one_class", None)


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000), by=st.floats(-1.5, 1.5), power=st.floats(0.3, 3))
def test_properties(seed: int, by: float, power: float) -> None:
    """A better answer on every item never fails on AUC; a monotone change of scale is seen by no AUC; and turning the
    two round turns the interval round."""
    champion = population(60, seed=seed)
    moved = sharper(champion, by)
    there = row(judge(champion, moved, QUICK), "overall")
    back = row(judge(moved, champion, QUICK), "overall")
    assert there.low <= there.candidate - there.champion + 0.1
    assert (there.low, there.high) == pytest.approx((-back.high, -back.low))
    if by >= 0:
        assert there.low >= -1e-12
    scaled = row(judge(champion, replace(champion, p=champion.p**power), QUICK), "overall")
    assert (scaled.low, scaled.high) == pytest.approx((0, 0), abs=1e-12)
