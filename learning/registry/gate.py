"""May this candidate replace this champion? Pure functions over their answers to the same frozen items.

A candidate passes if every line holds:

1.  It answers everything that the champion answers.
2.  AUC is not worse: the lower bound of the paired bootstrap 95 % interval of the difference is at least −0.005,
    overall and on every slice (set, source, family against its source's reals).
3.  A slice with fewer than 30 groups of fakes or of reals cannot hold that bound: one item that moves is more than it
    allows. Such slices are judged together, as one slice; each alone is refused only if it is proven worse, that is,
    if its whole interval lies below zero. So is their union where it is too small itself; "overall" holds the bound
    however small it is.
4.  False alarms on real media are at most the champion's + 0.5 points, overall, and in every source of a set with at
    least 200 reals: half a point of fewer is less than one item, so that those are shown and not judged.
5.  ECE is at most the champion's + 0.01, overall.
6.  Of what moderators decided it gets no fewer right than the champion: of the held-out part and of the part that
    training may read, each by itself, so that a fit cannot pay for a loss.
7.  At most 2 % of the canary items flip to the other side of one half.
8.  It is better somewhere on held-out items: a higher AUC overall, more of the decided ones right, or a lower loss.
    What it gained on items that training may have read is shown beside it and counts for nothing.
"""

from collections.abc import Iterator

from learning.registry.report import Check, GateReport, Policy, SliceRow
from learning.registry.rules import checks, movement
from learning.registry.scores import FIT, HOLDOUT, REGRESSION, Scores, pair
from learning.registry.slices import slice_rows

Reason = dict[str, str]


def judge(champion: Scores, candidate: Scores, policy: Policy | None = None) -> GateReport:
    """The report on a candidate. Raises ScoresError where the two are not about the same items."""
    policy = policy or Policy()
    both = pair(champion, candidate)
    slices, others = tuple(slice_rows(both.of(HOLDOUT), policy)), tuple(checks(both, policy))
    reasons = (*_slice_reasons(slices, policy), *_check_reasons(others))
    improvement, fit = movement(both.of(HOLDOUT, REGRESSION)), movement(both.of(FIT))
    return GateReport(not reasons, reasons, slices, others, improvement, fit, policy)


def _slice_reasons(slices: tuple[SliceRow, ...], policy: Policy) -> Iterator[Reason]:
    if not slices or slices[0].state == "one_class":
        yield {"code": "nothing_to_judge_on", "text": "There are no held-out items of both classes."}
    for row in slices:
        if row.state == "worse":
            text = f"AUC on {row.name} may have fallen by {-row.low:.4f}, more than {policy.auc_margin} is allowed."
            yield {"code": "auc", "text": text}
        elif row.state == "small_worse":
            yield {
                "code": "auc_small",
                "text": f"AUC on the small slice {row.name} has fallen, by at least {-row.high:.4f}.",
            }


def _check_reasons(others: tuple[Check, ...]) -> Iterator[Reason]:
    for check in others:
        if not check.passed:
            text = f"{check.name.capitalize()}: {check.candidate:.4g}, the limit is {check.limit:.4g}."
            yield {"code": check.code, "text": text}
