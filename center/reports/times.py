"""The waiting report: tickets, no-shows, waiting and serving, how much of its open time a window served. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from center.reports.keys import Key, ordered
from center.rollups.cells import Times
from center.rollups.histogram import Histogram
from center.store.answers import TimesTally

SHARES = ((1, 2), (9, 10), (99, 100), (1, 1))


def spread(histogram: Histogram) -> dict[str, Any]:
    """A set of times in few numbers."""
    median_ms, p90_ms, p99_ms, max_ms = histogram.percentiles_ms(SHARES)
    return {
        "count": histogram.count,
        "mean_ms": histogram.mean_ms,
        "median_ms": median_ms,
        "p90_ms": p90_ms,
        "p99_ms": p99_ms,
        "max_ms": max_ms,
    }


def figures(times: Times) -> dict[str, Any]:
    """The figures of a set of tickets and runs."""
    open_ms = times.open_ms
    return {
        "tickets": times.tickets,
        "called": times.called,
        "no_shows": times.no_shows,
        "restored": times.restored,
        "left": times.left,
        "served": times.served,
        "waiting": spread(times.waiting),
        "serving": spread(times.serving),
        "use": {
            "numerator_ms": times.serving.sum_ms,
            "denominator_ms": open_ms,
            "value": times.serving.sum_ms / open_ms if open_ms else None,
        },
    }


def merged(tallies: Iterable[TimesTally], keys: Mapping[Key, Key] | None) -> list[TimesTally]:
    """Tallies added up under other keys; the same tallies where there are none."""
    if keys is None:
        return list(tallies)
    sums: dict[Key, Times] = {}
    for tally in tallies:
        sums.setdefault(keys.get(tally.key, (None,)), Times()).merge(tally.times)
    return [TimesTally(key, sums[key]) for key in sorted(sums, key=ordered)]


def total(tallies: Iterable[TimesTally]) -> Times:
    """All together."""
    together = Times()
    for tally in tallies:
        together.merge(tally.times)
    return together


def report(tallies: list[TimesTally]) -> dict[str, Any]:
    """The figures of all, and `rows`: one a key, with its `hall` where a key only means something within its hall."""
    rows = []
    for tally in tallies:
        names: dict[str, Any] = {"key": tally.key[-1]}
        if len(tally.key) > 1:
            names["hall"] = tally.key[0]
        rows.append(names | figures(tally.times))
    return figures(total(tallies)) | {"rows": rows}
