"""Adds to the rollups of ratings and times; a cell that comes to nothing has no row."""

import json
import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from operator import itemgetter
from typing import Any

from center.rollups.cells import (
    QUARTER,
    RATINGS_WIDTH,
    Cell,
    Changes,
    Group,
    PackedGroup,
    PackedRow,
    Ratings,
    Times,
    added,
    opened,
    pack,
    pack_quarters,
    sums,
    unpack,
    unpack_quarters,
)
from center.rollups.spans import BY_DAY, BY_FIVE, BY_MONTH, five, month
from center.store import spans
from center.store.spans import COUNTS

_ADD_RATINGS = (
    f"INSERT INTO ratings_rollup (hall, grain, dimension, span, key, {', '.join(COUNTS)}) "  # noqa: S608 - our names
    f"VALUES (?, ?, ?, ?, ?, {', '.join('?' * RATINGS_WIDTH)}) ON CONFLICT (hall, grain, dimension, span, key) "
    f"DO UPDATE SET {', '.join(f'{name} = {name} + excluded.{name}' for name in COUNTS)}"
)
_CELL = "hall = ? AND grain = ? AND dimension = ? AND span = ? AND key = ?"
# S608 here and below: every name in these statements is ours, every value is bound.
_DROP_RATINGS = f"DELETE FROM ratings_rollup WHERE {_CELL} AND {' AND '.join(f'{n} = 0' for n in COUNTS)}"  # noqa: S608 - our names
_GET_TIMES = """SELECT key, counts FROM times_rollup WHERE hall = ? AND grain = ? AND dimension = ? AND span = ?
AND key IN (SELECT value FROM json_each(?))"""
_DROP_TIMES = f"DELETE FROM times_rollup WHERE {_CELL}"  # noqa: S608 - our names
_PUT_TIMES = "INSERT OR REPLACE INTO times_rollup (hall, grain, dimension, span, key, counts) VALUES (?, ?, ?, ?, ?, ?)"


class _Writing:
    """Rows in the order of their keys: the trees are walked once instead of at random."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self.ratings: list[tuple[Any, ...]] = []
        self.lessened: list[tuple[str, ...]] = []
        self.fresh: list[tuple[Any, ...]] = []
        self.gone: list[tuple[str, ...]] = []

    def add(self, group: Group, made: Sequence[PackedRow], cells: dict[str, list[Cell]]) -> None:
        """What comes to the rows of a group."""
        if group[2] == QUARTER:
            self._add_quarters(group, made, cells)
        else:
            self._add_ratings(group, made, cells)
            self._add_times(group, made, cells)

    def _add_ratings(self, group: Group, made: Sequence[PackedRow], cells: dict[str, list[Cell]]) -> None:
        some: dict[str, list[Ratings]] = {key: [ratings] for key, ratings, _ in made}
        for key, more in cells.items():
            some.setdefault(key, []).extend(cell.ratings for cell in more)
        for key in sorted(some):
            ratings = sums(some[key])
            if any(ratings):
                self.ratings.append((*group, key, *ratings))
                if min(ratings) < 0:
                    self.lessened.append((*group, key))

    def _add_times(self, group: Group, made: Sequence[PackedRow], cells: dict[str, list[Cell]]) -> None:
        # A row that is new stays as it was packed.
        more = _times(cells)
        as_made = {key: counts for key, _, counts in made if counts}
        keys = [*as_made, *(key for key in more if key not in as_made)]
        if not keys:
            return
        known = {key: unpack(counts) for key, counts in self._stored(group, keys)}
        for key, counts in as_made.items():
            if key not in known and key not in more:
                self.fresh.append((*group, key, counts))
            else:
                more.setdefault(key, []).append(unpack(counts))
        left = added(known, more)
        self.fresh += [(*group, key, pack(left[key])) for key in sorted(left)]
        self.gone += [(*group, key) for key in more if key not in left]

    def _add_quarters(self, group: Group, made: Sequence[PackedRow], cells: dict[str, list[Cell]]) -> None:
        # They stand in one row of their hall.
        more = _times(cells)
        if not more and not made:
            return
        stored = [counts for _, counts in self._stored(group, [""])]
        if not stored and not more:
            self.fresh.append((*group, "", made[0][2]))
            return
        for _, _, counts in made:
            for key, times in unpack_quarters(counts).items():
                more.setdefault(key, []).append(times)
        left = added(unpack_quarters(stored[0]) if stored else {}, more)
        if left:
            self.fresh.append((*group, "", pack_quarters(left)))
        else:
            self.gone.append((*group, ""))

    def _stored(self, group: Group, keys: Iterable[str]) -> sqlite3.Cursor:
        return self._connection.execute(_GET_TIMES, (*group, json.dumps(list(keys))))

    def end(self) -> None:
        """Writes all of it."""
        self._connection.executemany(_ADD_RATINGS, self.ratings)
        self._connection.executemany(_DROP_RATINGS, self.lessened)
        self._connection.executemany(_PUT_TIMES, self.fresh)
        self._connection.executemany(_DROP_TIMES, self.gone)


def _times(cells: dict[str, list[Cell]]) -> dict[str, list[Times]]:
    times = {key: [cell.times for cell in some if not cell.times.empty] for key, some in cells.items()}
    return {key: more for key, more in times.items() if more}


def write(
    connection: sqlite3.Connection, hall: str, changes: Changes, newest: str, ahead: Sequence[PackedGroup] = ()
) -> None:
    """Adds both: what changed, and what was packed where the batch was read; `newest`: the last five days told of."""
    made: dict[Group, list[PackedRow]] = {(hall, BY_DAY, dimension, date): rows for dimension, date, rows in ahead}
    changed = changes.groups()
    groups = sorted({*made, *changed})
    running = spans.running(connection, hall)
    writing = _Writing(connection)
    late: dict[Group, dict[str, list[Cell]]] = {}
    for group in groups:
        rows, cells = made.get(group, []), changed.get(group, {})
        writing.add(group, rows, cells)
        _, _, dimension, date = group
        for over in _over(date, running):
            span = late.setdefault((hall, over[0], dimension, over[1]), {})
            for key, cell in chain(
                opened(dimension, rows), ((key, cell) for key, some in cells.items() for cell in some)
            ):
                span.setdefault(key, []).append(cell)
    for group, cells in sorted(late.items(), key=itemgetter(0)):
        writing.add(group, [], cells)
    writing.end()
    spans.go_on(connection, hall, running, newest)


def _over(date: str, running: str) -> Iterator[tuple[str, str]]:
    """The spans around a day that have rows of their own already."""
    if five(date) < running:
        yield BY_FIVE, five(date)
    if month(date) < month(running):
        yield BY_MONTH, month(date)
