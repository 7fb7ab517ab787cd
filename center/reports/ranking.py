"""The ranking by points: by the lower bound of a confidence interval, so that three ratings don't beat three hundred.

Points lie between 0 and 10, so their variance is at most mean × (10 − mean). Wilson's score interval with that variance
holds its level for any mix of grades (it is exact in form for two-valued ratings and on the safe side for the others),
never leaves 0 to 10, and has a width even when every rating is the best: thirty perfect ratings reach from 8.86 on.
Wilson, E. B. (1927), JASA 22, 209-212.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Any

from center.counting import POINTS
from center.reports.keys import Key, ordered
from center.store.answers import Tally

LEAST_RANKED = 30  # domain.md: ranks under 30 are not given
BEST = max(POINTS.values())
Z = 1.959963984540054  # the normal quantile of 97.5 %: 95 % between both sides
LEVEL = 0.95


@dataclass(frozen=True, slots=True)
class Interval:
    """Mean points of a sample and the bounds around them; all None without any rating."""

    count: int
    mean: float | None
    low: float | None
    high: float | None


def points(grades: Sequence[int]) -> int:
    """The sum of the points of grades 1 to 5."""
    return sum(POINTS[grade] * count for grade, count in enumerate(grades, start=1))


def interval(grades: Sequence[int]) -> Interval:
    """Wilson's interval of the mean points."""
    count = sum(grades)
    if not count:
        return Interval(0, None, None, None)
    share = points(grades) / BEST / count
    squared = Z * Z / count
    middle = (share + squared / 2) / (1 + squared)
    half = sqrt(share * (1 - share) / count + squared / count / 4) * Z / (1 + squared)
    return Interval(count, share * BEST, max(0.0, middle - half) * BEST, min(1.0, middle + half) * BEST)


@dataclass(frozen=True, slots=True)
class Ranked:
    """One key with its place; `rank` is None under 30 ratings."""

    key: Key
    tally: Tally
    interval: Interval
    rank: int | None


def rank(tallies: Iterable[Tally]) -> list[Ranked]:
    """Those with enough ratings by their lower bounds, equal bounds at equal ranks; then the others without a rank."""
    found = [(tally, interval(tally.grades)) for tally in tallies if tally.served]
    enough = [pair for pair in found if pair[1].count >= LEAST_RANKED]
    few = [pair for pair in found if pair[1].count < LEAST_RANKED]
    enough.sort(key=lambda pair: (-(pair[1].low or 0.0), ordered(pair[0].key)))
    few.sort(key=lambda pair: (-pair[1].count, ordered(pair[0].key)))
    ranked: list[Ranked] = []
    for place, (tally, bounds) in enumerate(enough, start=1):
        same = ranked and ranked[-1].interval.low == bounds.low
        ranked.append(Ranked(tally.key, tally, bounds, ranked[-1].rank if same else place))
    return ranked + [Ranked(tally.key, tally, bounds, None) for tally, bounds in few]


def row(one: Ranked, hidden: bool) -> dict[str, Any]:
    """As a door answers it; a person's few ratings are not told apart."""
    names: dict[str, Any] = {"key": one.key[-1]}
    if len(one.key) > 1:
        names["hall"] = one.key[0]
    shown = not hidden
    return names | {
        "rank": one.rank,
        "rated": one.interval.count,
        "served": one.tally.served,
        "mean": one.interval.mean if shown else None,
        "low": one.interval.low if shown else None,
        "high": one.interval.high if shown else None,
        "hidden": hidden,
    }
