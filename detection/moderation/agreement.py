"""How far moderators agree with each other and with what is known. For leads; nobody else sees it.

Cohen's kappa (Cohen 1960, doi 10.1177/001316446002000104) compares how often two people say the same with how often
they would by chance, given how often each of them says what: 1 is perfect, 0 is chance. Pairs are first and second
opinions, given without knowledge of each other. They come from hard cases only (second opinions are asked for where a
sure model is contradicted or somebody is unsure), so that kappa over all cases would be higher.
"""

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from math import sqrt

from django.contrib.auth.models import User

from detection.moderation.models import Decision
from detection.moderation.words import Round

Z = 1.96  # of a 95 % interval


@dataclass(frozen=True, slots=True)
class Opinions:
    """Two people's verdicts on one case; None: the account is gone."""

    first_by: int | None
    second_by: int | None
    first: str
    second: str


@dataclass(frozen=True, slots=True)
class Agreement:
    """Over `count` cases that two people judged: the share of equal verdicts, and kappa where it is defined."""

    names: tuple[str, str]
    count: int
    observed: float
    kappa: float | None


@dataclass(frozen=True, slots=True)
class GoldScore:
    """How one moderator did on known cases, with the 95 % Wilson interval of the share."""

    name: str
    count: int
    right: int
    low: float
    high: float

    @property
    def accuracy(self) -> float:
        return self.right / self.count


def cohens_kappa(pairs: Sequence[tuple[str, str]]) -> float | None:
    """(one's verdict, the other's) per case → kappa; None without pairs, or where chance alone explains everything."""
    if not pairs:
        return None
    total = len(pairs)
    observed = sum(one == other for one, other in pairs) / total
    ones, others = Counter(one for one, _ in pairs), Counter(other for _, other in pairs)
    expected = sum(ones[verdict] * others[verdict] for verdict in ones) / total**2
    return None if expected >= 1 else (observed - expected) / (1 - expected)


def opinions(since: datetime | None = None) -> list[Opinions]:
    """First and second opinions on the same case, from those given since then."""
    given = Decision.objects.filter(undone_at=None, round__in=(Round.FIRST, Round.SECOND))
    if since is not None:
        given = given.filter(case__decisions__round=Round.SECOND, case__decisions__decided_at__gte=since)
    by_case: dict[int, dict[str, tuple[int | None, str]]] = defaultdict(dict)
    for case, round_, moderator, verdict in given.values_list("case_id", "round", "moderator_id", "verdict"):
        by_case[case][round_] = (moderator, verdict)
    both = [rounds for rounds in by_case.values() if len(rounds) == 2]
    pairs = [(rounds[Round.FIRST], rounds[Round.SECOND]) for rounds in both]
    return [Opinions(first[0], second[0], first[1], second[1]) for first, second in pairs]


def overall(since: datetime | None = None) -> Agreement:
    """Everybody's first opinions against everybody's second ones."""
    return _agreement(("first opinion", "second opinion"), [(one.first, one.second) for one in opinions(since)])


def by_pair(since: datetime | None = None) -> list[Agreement]:
    """Two people each, those with most cases in common first."""
    grouped: dict[tuple[int, int], list[tuple[str, str]]] = defaultdict(list)
    for one in opinions(since):
        if one.first_by is None or one.second_by is None:
            continue
        if one.first_by < one.second_by:
            grouped[one.first_by, one.second_by].append((one.first, one.second))
        else:
            grouped[one.second_by, one.first_by].append((one.second, one.first))
    names = _names({person for pair in grouped for person in pair})
    rows = [_agreement((names[one], names[other]), pairs) for (one, other), pairs in grouped.items()]
    return sorted(rows, key=lambda row: (-row.count, row.names))


def gold_scores(since: datetime | None = None) -> list[GoldScore]:
    """Each moderator's verdicts on known cases against what is known."""
    given = Decision.objects.filter(undone_at=None, case__is_gold=True, moderator__isnull=False)
    if since is not None:
        given = given.filter(decided_at__gte=since)
    counts: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    for name, verdict, known in given.values_list("moderator__username", "verdict", "case__gold_label"):
        counts[name][0] += 1
        counts[name][1] += verdict == known
    return [GoldScore(name, all_, right, *wilson(right, all_)) for name, (all_, right) in sorted(counts.items())]


def wilson(right: int, count: int) -> tuple[float, float]:
    """The 95 % interval of a share (Wilson 1927): honest for few cases, unlike the plain one."""
    share, square = right / count, Z**2
    middle = (share + square / (2 * count)) / (1 + square / count)
    half = Z * sqrt(share * (1 - share) / count + square / (4 * count**2)) / (1 + square / count)
    return max(middle - half, 0.0), min(middle + half, 1.0)


def _agreement(names: tuple[str, str], pairs: Sequence[tuple[str, str]]) -> Agreement:
    observed = sum(one == other for one, other in pairs) / len(pairs) if pairs else 0.0
    return Agreement(names, len(pairs), observed, cohens_kappa(pairs))


def _names(ids: set[int]) -> dict[int, str]:
    return dict(User.objects.filter(pk__in=ids).values_list("pk", "username"))
