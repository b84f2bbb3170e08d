"""The gate's rules beside AUC, in the order of its docstring."""

from collections.abc import Iterator

import numpy as np

from learning.registry.report import Check, Movement, Policy
from learning.registry.scores import CANARY, FIT, HOLDOUT, REGRESSION, Flags, Pair, Scores
from learning.registry.slices import OVERALL
from ml_core.training import metrics

FAKE = "FAKE"
NAMED = 100  # items that a report names each way
ROUNDING = 1e-12


def checks(both: Pair, policy: Policy) -> Iterator[Check]:
    """Rules 1 and 4 to 8."""
    held = both.of(HOLDOUT)
    yield _answered(both)
    yield from _false_alarms(held, policy)
    yield _calibration(held, policy)
    yield _decided(both.of(REGRESSION), "regression", "decided by moderators, held out")
    yield _decided(both.of(FIT), "regression_fit", "decided by moderators, open to training")
    yield _canaries(both.of(CANARY), policy)
    yield _better(both)


def _answered(both: Pair) -> Check:
    """Rule 1."""
    return Check("unanswered", "left unanswered", len(both.fake) + both.lost, 0, both.lost, 0, both.lost == 0)


def _false_alarms(held: Pair, policy: Policy) -> Iterator[Check]:
    """Rule 4."""
    rows = held.champion
    places = sorted(set(zip(rows.set.tolist(), rows.source.tolist(), strict=True)))
    yield _alarms(held, OVERALL, 0, policy)
    for name, source in places if len(places) > 1 else ():
        part = held.where((rows.set == name) & (rows.source == source))
        if (~part.fake).any():
            yield _alarms(part, f"{name}/{source}", policy.least_reals, policy)


def _alarms(part: Pair, name: str, least: int, policy: Policy) -> Check:
    reals = part.where(~part.fake)
    before, after = (metrics.rate(side.said == FAKE) for side in (reals.champion, reals.candidate))
    limit = before + policy.false_alarm_margin
    judged = len(reals.fake) >= max(1, least)
    passed = not judged or after <= limit + ROUNDING
    return Check("false_alarms", f"false alarms, {name}", len(reals.fake), before, after, limit, passed, judged)


def _calibration(held: Pair, policy: Policy) -> Check:
    """Rule 5."""
    before, after = (metrics.expected_calibration_error(held.fake, side.p) for side in (held.champion, held.candidate))
    limit = before + policy.ece_margin
    return Check("ece", "calibration error", len(held.fake), before, after, limit, after <= limit + ROUNDING)


def right(fake: Flags, scores: Scores) -> Flags:
    """Which answers are on the true side of one half."""
    return np.asarray((scores.p >= 0.5) == fake)


def _decided(part: Pair, code: str, name: str) -> Check:
    """Rule 6."""
    before, after = (int(right(part.fake, side).sum()) for side in (part.champion, part.candidate))
    return Check(
        code, f"right answers, {name}", len(part.fake), before, after, before, after >= before, len(part.fake) > 0
    )


def _canaries(part: Pair, policy: Policy) -> Check:
    """Rule 7."""
    flipped = metrics.rate((part.champion.p >= 0.5) != (part.candidate.p >= 0.5)) if len(part.fake) else 0.0
    passed = flipped <= policy.canary_flips + ROUNDING
    return Check(
        "canary", "canary items that flip", len(part.fake), 0, flipped, policy.canary_flips, passed, len(part.fake) > 0
    )


def _better(both: Pair) -> Check:
    """Rule 8."""
    held, decided = both.of(HOLDOUT), both.of(REGRESSION)
    moved, learned = movement(both.of(HOLDOUT, REGRESSION)), movement(decided)
    before, after = (metrics.auc(held.fake, side.p) for side in (held.champion, held.candidate))
    better = after > before or learned.right_after > learned.right_before or moved.loss_after < moved.loss_before
    return Check(
        "no_improvement",
        "loss on held-out items",
        moved.items,
        moved.loss_before,
        moved.loss_after,
        moved.loss_before,
        bool(better),
    )


def movement(part: Pair) -> Movement:
    """Loss and right answers before and after, and the names of what flipped."""
    before, after = right(part.fake, part.champion), right(part.fake, part.candidate)
    names = np.array(["/".join(path.split("/")[-2:]) for path in part.champion.path.tolist()], dtype=np.str_)
    return Movement(
        items=len(part.fake),
        loss_before=_loss(part.fake, part.champion),
        loss_after=_loss(part.fake, part.candidate),
        right_before=int(before.sum()),
        right_after=int(after.sum()),
        to_right=tuple(names[~before & after][:NAMED].tolist()),
        to_wrong=tuple(names[before & ~after][:NAMED].tolist()),
    )


def _loss(fake: Flags, scores: Scores) -> float:
    """Mean negative log-likelihood; NaN of nothing."""
    p = np.clip(np.where(fake, scores.p, 1 - scores.p), 1e-6, 1)
    return float(-np.log(p).mean()) if len(p) else float("nan")
