"""The spans that figures are kept by: a day, five days, a month. Pure.

A month has six fives, from its 1st, 6th, 11th, 16th, 21st and 26th on, so that any range is whole months, up to ten
fives and up to ten days. A day and five days are named by their (first) date, a month as 2026-11.
"""

from datetime import date, timedelta
from itertools import pairwise

BY_DAY, BY_FIVE, BY_MONTH = "day", "five", "month"
_FIRST = (1, 6, 11, 16, 21, 26)
_DAY = timedelta(days=1)

# grain, and its first and its last span
Period = tuple[str, str, str]


def five(day: str) -> str:
    """The five days of a date; of no date none."""
    return f"{day[:8]}{_FIRST[min((int(day[8:]) - 1) // 5, 5)]:02}" if day else ""


def month(day: str) -> str:
    """The month of a date."""
    return day[:7]


def after(span: str) -> str:
    """Sorts after every date of these five days or of this month, and before whatever follows."""
    if span[8:] in {"", "26"}:
        return f"{span[:7]}-32"
    return f"{span[:8]}{int(span[8:]) + 5:02}"


def periods(first: str, last: str) -> list[Period]:
    """first..last cut into as few spans as can be: whole months, then fives, then days, in the order of time."""
    begin, end = date.fromisoformat(first), date.fromisoformat(last) + _DAY
    fives = _within(begin, end, _FIRST)
    months = _within(*fives, (1,))
    if months[0] >= months[1]:
        months = fives[1], fives[1]
    cuts = begin, fives[0], months[0], months[1], fives[1], end
    found = []
    for grain, (at, until) in zip((BY_DAY, BY_FIVE, BY_MONTH, BY_FIVE, BY_DAY), pairwise(cuts), strict=True):
        if at < until:
            start, stop = at.isoformat(), (until - _DAY).isoformat()
            ends = {BY_DAY: (start, stop), BY_FIVE: (start, five(stop)), BY_MONTH: (month(start), month(stop))}
            found.append((grain, *ends[grain]))
    return found


def _within(begin: date, end: date, days: tuple[int, ...]) -> tuple[date, date]:
    """The first and the last of these days of months, from `begin` on and not after `end`; `end` twice if none fit."""
    first, last = begin, end
    while first.day not in days and first < end:
        first += _DAY
    while last.day not in days and last > first:
        last -= _DAY
    return (first, last) if first < last else (end, end)
