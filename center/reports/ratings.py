"""The ratings report: served, rated, grades, the two rates with both their numbers, points (contract). Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from center.counting import GRADES, POINTS, SATISFIED
from center.reports.keys import Key, ordered
from center.store.answers import Tally

FEWEST_SHOWN = 5  # domain.md: tables by person and day with fewer ratings are not shown; nor over longer times

Grades = tuple[int, int, int, int, int]


def rate(numerator: int, denominator: int) -> dict[str, Any]:
    """A rate with both its numbers; without any denominator it has no value."""
    return {
        "numerator": numerator,
        "denominator": denominator,
        "value": numerator / denominator if denominator else None,
    }


def satisfied(grades: Grades) -> int:
    """Grades 3, 4 and 5."""
    return sum(grades[grade - 1] for grade in SATISFIED)


def figures(served: int, grades: Grades, aside: int = 0) -> dict[str, Any]:
    """The figures of a set of runs. `points` is the sum of the runs' points; divided by `rated` it is their mean."""
    rated = sum(grades)
    return {
        "served": served,
        "rated": rated,
        "unrated": served - rated,
        "grades": {str(grade): grades[grade - 1] for grade in GRADES},
        "evaluation_rate": rate(rated, served),
        "satisfaction_rate": rate(satisfied(grades), rated),
        "points": sum(POINTS[grade] * grades[grade - 1] for grade in GRADES),
        "set_aside": aside,
    }


def of(tally: Tally) -> dict[str, Any]:
    """The figures of a tally."""
    return figures(tally.served, tally.grades, tally.aside)


def hidden(values: dict[str, Any]) -> dict[str, Any]:
    """The same without what would tell a person's few ratings apart."""
    return values | {"grades": None, "satisfaction_rate": None, "points": None, "set_aside": None, "hidden": True}


def add(one: Grades, other: Grades) -> Grades:
    """Two sets of grades together."""
    return (one[0] + other[0], one[1] + other[1], one[2] + other[2], one[3] + other[3], one[4] + other[4])


def plus(one: Tally, other: Tally) -> Tally:
    """Both under the first's key."""
    return Tally(one.key, one.served + other.served, add(one.grades, other.grades), one.aside + other.aside)


def total(tallies: Iterable[Tally]) -> Tally:
    """All runs of these tallies together."""
    together = Tally((), 0, (0, 0, 0, 0, 0))
    for tally in tallies:
        together = plus(together, tally)
    return together


def merged(tallies: Iterable[Tally], keys: Mapping[Key, Key] | None) -> list[Tally]:
    """Tallies added up under other keys, if there are any; a key that `keys` lacks stands under no name."""
    if keys is None:
        return list(tallies)
    sums: dict[Key, Tally] = {}
    for tally in tallies:
        key = keys.get(tally.key, (None,))
        sums[key] = plus(sums.get(key, Tally(key, 0, (0, 0, 0, 0, 0))), tally)
    return [sums[key] for key in sorted(sums, key=ordered)]


def too_few(by: str, tallies: Sequence[Tally]) -> set[Key]:
    """The persons whose grades are not shown: a day's few ratings don't hide in a week's few.

    One hidden row alone would be the difference between the total and the others: the next smallest is hidden too.
    """
    if by != "staff":
        return set()
    rated = sorted((tally for tally in tallies if tally.rated), key=lambda tally: tally.rated)
    few = [tally.key for tally in rated if tally.rated < FEWEST_SHOWN]
    return {tally.key for tally in rated[:2]} if len(few) == 1 else set(few)


def report(by: str, tallies: Sequence[Tally]) -> dict[str, Any]:
    """The figures of all, and `rows`. A total that is one hidden person's is hidden, too."""
    few = too_few(by, tallies)
    values = of(total(tallies))
    alone = len(few) == 1
    return (hidden(values) if alone else values) | {"rows": rows(tallies, few)}


def rows(tallies: Iterable[Tally], few: Collection[Key] = ()) -> list[dict[str, Any]]:
    """One row a key: `key`, with its `hall` where a key only means something within its hall, and the figures."""
    found = []
    for tally in tallies:
        names: dict[str, Any] = {"key": tally.key[-1]}
        if len(tally.key) > 1:
            names["hall"] = tally.key[0]
        values = of(tally)
        found.append(names | (hidden(values) if tally.key in few else values))
    return found
