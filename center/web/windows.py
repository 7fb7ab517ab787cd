"""Today by window, as a hall's page shows it, and a department's overview."""

from typing import Any

from center.reports import ratings, times
from center.rollups.cells import Times
from center.web.asking import Asked
from center.web.context import Center
from center.web.reporting import rating_tallies, time_tallies


async def windows_of(center: Center, question: Asked) -> list[dict[str, Any]]:
    """The windows of the question's one hall, in the order of their numbers."""
    (hall,) = question.halls
    rated = {tally.key[-1]: tally for tally in await rating_tallies(center, question, "window")}
    timed = {tally.key[-1]: tally.times for tally in await time_tallies(center, question, "window")}
    names = sorted({name for name in (*rated, *timed) if name is not None}, key=_numbers_first)
    return [
        {
            "window": name,
            "department": hall.departments.get(name),
            "ratings": ratings.of(rated[name]) if name in rated else None,
            "times": times.figures(timed.get(name, Times())),
        }
        for name in names
    ]


def _numbers_first(name: str) -> tuple[int, int, str]:
    return (0, int(name), name) if name.isdecimal() else (1, 0, name)
