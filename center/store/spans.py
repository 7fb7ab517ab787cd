"""Which spans of a hall are over, and the rows of those that are: made once, from the rows of what they consist of.

Five days that run have rows of their days alone, a month that runs those of its fives; reports add them up. A span is
over when the hall's tickets or windows tell of a day after it, and is then kept up to date like a day. So the tables
follow from what is stored, not from when or in what pieces it came.
"""

import sqlite3
from collections.abc import Iterable

import msgspec

from center.errors import StoreError
from center.rollups.cells import QUARTER, Times, pack, pack_quarters, unpack, unpack_quarters
from center.rollups.spans import BY_DAY, BY_FIVE, BY_MONTH, five, month

COUNTS = ("served", *(f"grade_{grade}" for grade in (1, 2, 3, 4, 5)), "aside")
_NAMES = ", ".join(COUNTS)
_SUMS = [f"sum({name})" for name in COUNTS]
# The dimensions by name: then a hall's days are found by their key.
_PARTS = """hall = ?1 AND grain = ?2 AND dimension IN ('hall', 'window', 'staff', 'service', 'quarter')
AND span >= ?3 AND span < ?4 GROUP BY dimension, 4, key"""
# S608: our names, here and below.
_SEAL_RATINGS = f"""INSERT INTO ratings_rollup (hall, grain, dimension, span, key, {_NAMES})
SELECT hall, ?5, dimension, {{}}, key, {", ".join(_SUMS)} FROM ratings_rollup WHERE {_PARTS}
HAVING {" OR ".join(f"{one} <> 0" for one in _SUMS)}"""  # noqa: S608
_SEAL_TIMES = f"""INSERT INTO times_rollup (hall, grain, dimension, span, key, counts)
SELECT * FROM (SELECT hall, ?5, dimension, {{}}, key, together(dimension, counts) AS counts FROM times_rollup
WHERE {_PARTS}) WHERE counts IS NOT NULL"""  # noqa: S608
FIVE_OF = "substr(span, 1, 8) || substr('010611162126', min((substr(span, 9) - 1) / 5, 5) * 2 + 1, 2)"
MONTH_OF = "substr(span, 1, 7)"


class Together:
    """SQL's `together(dimension, counts)`: packed times of one key as one, nothing where they come to nothing."""

    def __init__(self) -> None:
        self._quarters = False
        self._sums: dict[str, Times] = {}

    def step(self, dimension: str, counts: bytes) -> None:
        """One row more."""
        self._quarters = dimension == QUARTER
        for name, times in unpack_quarters(counts).items() if self._quarters else (("", unpack(counts)),):
            mine = self._sums.setdefault(name, times)
            if mine is not times:
                mine.merge(times)

    def finalize(self) -> bytes | None:
        """All of them."""
        sums = {name: times for name, times in self._sums.items() if not times.empty}
        if not sums:
            return None
        return pack_quarters(sums) if self._quarters else pack(sums[""])


class TogetherIfReadable(Together):
    """`together_if_readable(dimension, counts)`: the same, and an empty text of bytes where a row can't be read."""

    def __init__(self) -> None:
        super().__init__()
        self._damaged = False

    def step(self, dimension: str, counts: bytes) -> None:
        """One row more."""
        try:
            super().step(dimension, counts)
        except (msgspec.DecodeError, TypeError):  # no MessagePack of counts, or no bytes at all
            self._damaged = True

    def finalize(self) -> bytes | None:
        """All of them."""
        return b"" if self._damaged else super().finalize()


def teach(connection: sqlite3.Connection) -> None:
    """What the SQL here and in a migration needs to know."""
    for name, kind in (("together", Together), ("together_if_readable", TogetherIfReadable)):
        connection.create_aggregate(name, 2, kind)  # type: ignore[arg-type]  # typeshed: aggregates of a number


def running(connection: sqlite3.Connection, hall: str) -> str:
    """The five days of a hall that run; empty where none do yet."""
    row = connection.execute("SELECT five FROM running WHERE hall = ?", (hall,)).fetchone()
    return row[0] if row else ""


def go_on(connection: sqlite3.Connection, hall: str, before: str, newest: str) -> None:
    """Makes the rows of what is over: `before` ran, and the hall tells of the five days `newest`. It is known now."""
    if newest > before:
        _seal(connection, FIVE_OF, hall, BY_DAY, before, newest, BY_FIVE)
        if month(newest) > month(before):
            _seal(connection, MONTH_OF, hall, BY_FIVE, month(before), month(newest), BY_MONTH)
    connection.execute(
        "INSERT INTO running (hall, five) VALUES (?1, ?2) ON CONFLICT (hall) DO UPDATE SET five = ?2 WHERE five < ?2",
        (hall, newest),
    )


def _seal(connection: sqlite3.Connection, span: str, *values: str) -> None:
    connection.execute(_SEAL_RATINGS.format(span), values)
    try:
        connection.execute(_SEAL_TIMES.format(span), values)
    except sqlite3.OperationalError as error:
        # So SQLite tells that `together` failed. What it says of the disk has other codes, and is everybody's matter.
        if error.sqlite_errorcode != sqlite3.SQLITE_ERROR:
            raise
        hall, _, first, *_ = values
        raise StoreError(
            f"the figures of hall {hall} from {first or 'its first day'} on can't be read ({error}); stop the "
            "center and run `tingting center recompute`: it makes them again from the events"
        ) from error


def newest(dates: Iterable[str | None]) -> str:
    """The last five days among dates; empty where there is none."""
    return five(max((date for date in dates if date is not None), default=""))
