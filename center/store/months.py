"""Which months of a hall are over, and the rows of those that are: made once, from the rows of their days.

A month that runs has rows of its days alone; reports add them up. It is over when the hall's tickets or windows tell of
a day in a later month, and is then kept up to date like a day. So the tables follow from what is stored, not from when
or in what pieces it came.
"""

import sqlite3
from collections.abc import Iterable

from center.rollups.cells import (
    BY_DAY,
    BY_MONTH,
    DIMENSIONS,
    QUARTER,
    Times,
    added,
    pack,
    pack_quarters,
    unpack,
    unpack_quarters,
)

_COUNTS = ("served", *(f"grade_{grade}" for grade in (1, 2, 3, 4, 5)), "aside")
_SUMS = [f"sum({name})" for name in _COUNTS]
_DAYS = "hall = ? AND grain = ? AND dimension = ? AND span BETWEEN ? AND ?"
_SUM_RATINGS = f"""INSERT INTO ratings_rollup (hall, grain, dimension, span, key, {", ".join(_COUNTS)})
SELECT hall, ?, dimension, ?, key, {", ".join(_SUMS)} FROM ratings_rollup WHERE {_DAYS}
GROUP BY key HAVING {" OR ".join(f"{one} <> 0" for one in _SUMS)}"""  # noqa: S608 - our names, here and below
_GET_TIMES = f"SELECT key, counts FROM times_rollup WHERE {_DAYS}"  # noqa: S608
_PUT_TIMES = "INSERT INTO times_rollup (hall, grain, dimension, span, key, counts) VALUES (?, ?, ?, ?, ?, ?)"


def running(connection: sqlite3.Connection, hall: str) -> str:
    """The month of a hall that runs; empty where none does yet."""
    row = connection.execute("SELECT month FROM running_months WHERE hall = ?", (hall,)).fetchone()
    return row[0] if row else ""


def run(connection: sqlite3.Connection, hall: str, newest: str) -> None:
    """The hall is known, and this is its last month unless a later one is known."""
    connection.execute(
        """INSERT INTO running_months (hall, month) VALUES (?1, ?2)
        ON CONFLICT (hall) DO UPDATE SET month = ?2 WHERE month < ?2""",
        (hall, newest),
    )


def seal(connection: sqlite3.Connection, hall: str, over: Iterable[str]) -> None:
    """Makes the rows of months that have none."""
    for month in over:
        for dimension in DIMENSIONS:
            days = (hall, BY_DAY, dimension, *dates(month))
            connection.execute(_SUM_RATINGS, (BY_MONTH, month, *days))
            more: dict[str, list[Times]] = {}
            for key, counts in connection.execute(_GET_TIMES, days):
                for name, times in (
                    unpack_quarters(counts).items() if dimension == QUARTER else ((key, unpack(counts)),)
                ):
                    more.setdefault(name, []).append(times)
            sums = added({}, more)
            if dimension == QUARTER:
                rows = [("", pack_quarters(sums))] if sums else []
            else:
                rows = [(key, pack(times)) for key, times in sorted(sums.items())]
            connection.executemany(_PUT_TIMES, ((hall, BY_MONTH, dimension, month, *row) for row in rows))


def dates(month: str) -> tuple[str, str]:
    """Between which a month's dates stand in the order of texts."""
    return f"{month}-01", f"{month}-31"


def newest(dates: Iterable[str | None]) -> str:
    """The last month among dates; empty where there is none."""
    return max((date for date in dates if date is not None), default="")[:7]
