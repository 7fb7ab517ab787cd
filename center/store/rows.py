"""Between what is folded and SQLite's rows: reads what facts touch, writes what they changed, in one transaction."""

import sqlite3
from collections.abc import Iterable, Sequence
from dataclasses import fields
from operator import attrgetter
from typing import Any

import msgspec

from center.counting import DeviceFact, DeviceSeen, Ignored, Touched
from center.rollups.cells import (
    QUARTER,
    RATINGS_WIDTH,
    Changes,
    Group,
    Ratings,
    Times,
    pack,
    pack_quarters,
    unpack,
    unpack_quarters,
)
from center.rollups.entities import Run, Ticket, WindowDay
from center.rollups.folding import Arrival, Folding, Known

_RUN = ", ".join(field.name for field in fields(Run))
_TICKET = ", ".join(field.name for field in fields(Ticket))
_DAY = ", ".join(field.name for field in fields(WindowDay))
_GRADES = tuple(f"grade_{grade}" for grade in (1, 2, 3, 4, 5))
_COUNTS = ("served", *_GRADES, "aside")
MAX_DETAIL = 2000  # characters beside a device of what it says of itself; the event keeps whatever is longer


def _put(table: str, kind: type[Any]) -> str:
    names = [field.name for field in fields(kind)]
    return f"INSERT OR REPLACE INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"  # noqa: S608


_PUT_RUN, _PUT_TICKET, _PUT_DAY = _put("runs", Run), _put("tickets", Ticket), _put("window_days", WindowDay)
# `dataclasses.astuple` copies deeply, which costs more than the insert.
_run_values = attrgetter(*(field.name for field in fields(Run)))
_ticket_values = attrgetter(*(field.name for field in fields(Ticket)))
_day_values = attrgetter(*(field.name for field in fields(WindowDay)))
_ADD_RATINGS = (
    f"INSERT INTO ratings_rollup (grain, dimension, span, hall, key, {', '.join(_COUNTS)}) "  # noqa: S608 - our names
    f"VALUES (?, ?, ?, ?, ?, {', '.join('?' * RATINGS_WIDTH)}) ON CONFLICT (grain, dimension, span, hall, key) "
    f"DO UPDATE SET {', '.join(f'{name} = {name} + excluded.{name}' for name in _COUNTS)}"
)
_CELL = "grain = ? AND dimension = ? AND span = ? AND hall = ? AND key = ?"
_DROP_RATINGS = f"DELETE FROM ratings_rollup WHERE {_CELL} AND {' AND '.join(f'{n} = 0' for n in _COUNTS)}"  # noqa: S608
_GET_TIMES = """SELECT key, counts FROM times_rollup WHERE grain = ? AND dimension = ? AND span = ? AND hall = ?
AND key IN (SELECT value FROM json_each(?))"""
_DROP_TIMES = f"DELETE FROM times_rollup WHERE {_CELL}"  # noqa: S608
_PUT_TIMES = "INSERT OR REPLACE INTO times_rollup (grain, dimension, span, hall, key, counts) VALUES (?, ?, ?, ?, ?, ?)"


def _json(values: Iterable[object]) -> str:
    return msgspec.json.encode(list(values)).decode()


def load(connection: sqlite3.Connection, hall: str, touched: Touched) -> Known:
    """What the store holds of these."""
    known = Known()
    if touched.runs:
        sql = f"SELECT {_RUN} FROM runs WHERE hall = ? AND run IN (SELECT value FROM json_each(?))"  # noqa: S608
        for row in connection.execute(sql, (hall, _json(touched.runs))):
            known.runs[row[1]] = Run(*row)
    if touched.tickets:
        sql = f"SELECT {_TICKET} FROM tickets WHERE hall = ? AND ticket IN (SELECT value FROM json_each(?))"  # noqa: S608
        for row in connection.execute(sql, (hall, _json(touched.tickets))):
            known.tickets[row[1]] = Ticket(*row)
    sql = f"SELECT {_DAY} FROM window_days WHERE hall = ? AND window = ? AND date = ?"  # noqa: S608
    for window, date in touched.window_days:
        for row in connection.execute(sql, (hall, window, date)):
            known.window_days[window, date] = WindowDay(*row)
    by_log: dict[tuple[str, str], list[int]] = {}
    for device, epoch, fact in touched.facts:
        by_log.setdefault((device, epoch), []).append(fact)
    for (device, epoch), numbers in by_log.items():
        rows = connection.execute(
            "SELECT fact FROM facts WHERE device = ? AND epoch = ? AND fact IN (SELECT value FROM json_each(?))",
            (device, epoch, _json(numbers)),
        )
        known.facts |= {DeviceFact(device, epoch, row[0]) for row in rows}
    return known


def write(connection: sqlite3.Connection, folding: Folding) -> None:
    """What the facts changed."""
    # Rows in the order of their keys: the trees are walked once instead of at random.
    connection.executemany(_PUT_RUN, (_run_values(run) for _, run in sorted(folding.runs.items())))
    connection.executemany(_PUT_TICKET, (_ticket_values(ticket) for _, ticket in sorted(folding.tickets.items())))
    connection.executemany(_PUT_DAY, (_day_values(day) for _, day in sorted(folding.window_days.items())))
    connection.executemany(
        "INSERT INTO facts (device, epoch, fact, position) VALUES (?, ?, ?, ?)",
        ((*number, position) for number, position in sorted(folding.facts.items())),
    )
    write_cells(connection, folding.changes)
    for position, fact in folding.ignores:
        data = fact.data
        assert isinstance(data, Ignored)
        connection.execute(
            "INSERT INTO ignored (position, hall, device, window, date, at_ms) VALUES (?, ?, ?, ?, ?, ?)",
            (position, folding.hall, data.device, data.window, fact.date, fact.at_ms),
        )
    for arrival in folding.devices:
        _device(connection, folding.hall, arrival)


def write_cells(connection: sqlite3.Connection, changes: Changes) -> None:
    """Adds to the rollups; a cell that comes to nothing has no row."""
    ratings: list[tuple[Any, ...]] = []
    lessened: list[tuple[str, ...]] = []
    fresh: list[tuple[Any, ...]] = []
    gone: list[tuple[str, ...]] = []
    # Rows in the order of their keys here, too.
    for group, cells in sorted(changes.groups().items(), key=_by_group):
        if group[1] != QUARTER:
            for key in sorted(cells):
                added = _sums([cell.ratings for cell in cells[key]])
                if any(added):
                    ratings.append((*group, key, *added))
                    if min(added) < 0:
                        lessened.append((*group, key))
        times = {key: [cell.times for cell in some if not cell.times.empty] for key, some in cells.items()}
        times = {key: more for key, more in times.items() if more}
        if not times:
            continue
        if group[1] == QUARTER:
            row = connection.execute(_GET_TIMES, (*group, '[""]')).fetchone()
            quarters = _added(unpack_quarters(row[1]) if row is not None else {}, times)
            if quarters:
                fresh.append((*group, "", pack_quarters(quarters)))
            else:
                gone.append((*group, ""))
            continue
        known = {key: unpack(counts) for key, counts in connection.execute(_GET_TIMES, (*group, _json(times)))}
        left = _added(known, times)
        fresh += [(*group, key, pack(left[key])) for key in sorted(left)]
        gone += [(*group, key) for key in times if key not in left]
    connection.executemany(_ADD_RATINGS, ratings)
    connection.executemany(_DROP_RATINGS, lessened)
    connection.executemany(_PUT_TIMES, fresh)
    connection.executemany(_DROP_TIMES, gone)


def _sums(ratings: list[Ratings]) -> Ratings:
    return ratings[0] if len(ratings) == 1 else [sum(counts) for counts in zip(*ratings, strict=True)]


def _added(known: dict[str, Times], more: dict[str, list[Times]]) -> dict[str, Times]:
    """What is known with more added; what comes to nothing is left out."""
    for key, some in more.items():
        mine = known.get(key)
        if mine is None:
            if len(some) == 1:
                known[key] = some[0]
                continue
            mine = known[key] = Times()
        for times in some:
            mine.merge(times)
    return {key: times for key, times in known.items() if not times.empty}


def _by_group(item: tuple[Group, object]) -> Group:
    return item[0]


def _device(connection: sqlite3.Connection, hall: str, arrival: Arrival) -> None:
    """A boot is told later than it happened and doesn't say that the device is up now; it only makes it known."""
    position, fact = arrival
    data = fact.data
    assert isinstance(data, DeviceSeen)
    kind = fact.type.rpartition(".")[2]
    up = int(kind == "online")
    connection.execute(
        """INSERT INTO devices (hall, device, role, window, up, seen_ms) VALUES (?, ?, ?, ?, ?, ?)
        ON CONFLICT (hall, device) DO UPDATE SET role = coalesce(excluded.role, role),
        window = coalesce(excluded.window, window), seen_ms = max(seen_ms, excluded.seen_ms)""",
        (hall, data.device, data.role, data.window, up, fact.recorded_ms),
    )
    detail = data.detail if len(data.detail) <= MAX_DETAIL else "null"
    where = (hall, data.device)
    if kind in ("online", "offline"):
        sql = "UPDATE devices SET up = ? WHERE hall = ? AND device = ? AND seen_ms <= ?"
        connection.execute(sql, (up, *where, fact.recorded_ms))
        if up:
            # Under its dead key it came only to tell what it still holds.
            sql = """UPDATE devices SET replaced_ms = NULL, replaced_epoch = NULL
            WHERE hall = ? AND device = ? AND replaced_ms <= ? AND replaced_epoch IS NOT ?"""
            connection.execute(sql, (*where, fact.recorded_ms, _word(data.detail, "epoch")))
    elif kind == "replaced":
        sql = "UPDATE devices SET up = 0, replaced_ms = ?, replaced_epoch = ? WHERE hall = ? AND device = ?"
        connection.execute(sql, (fact.recorded_ms, _word(data.detail, "epoch"), *where))
    elif kind == "booted":
        sql = """UPDATE devices SET booted_ms = ?, booted = ? WHERE hall = ? AND device = ?
        AND coalesce(booted_ms, 0) <= ?"""
        connection.execute(sql, (fact.at_ms, detail, *where, fact.at_ms))
    elif kind in ("fault", "recovered"):
        if kind == "recovered" and _is_of_another(connection, where, data):
            return
        sql = """UPDATE devices SET fault_ms = ?, fault = ? WHERE hall = ? AND device = ?
        AND coalesce(fault_ms, 0) <= ?"""
        connection.execute(sql, (fact.at_ms, detail if kind == "fault" else None, *where, fact.at_ms))
    else:
        sql = """UPDATE devices SET tested_ms = ?, tested = ? WHERE hall = ? AND device = ?
        AND coalesce(tested_ms, 0) <= ?"""
        connection.execute(sql, (fact.at_ms, detail, *where, fact.at_ms))
        connection.execute(
            "INSERT INTO key_tests (position, hall, device, date, at_ms, detail) VALUES (?, ?, ?, ?, ?, ?)",
            (position, *where, fact.date, fact.at_ms, detail),
        )


def _word(text: str, name: str) -> str | None:
    """A word of what was told of a device, if it is one."""
    try:
        told = msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return None
    value = told.get(name) if isinstance(told, dict) else None
    return value if isinstance(value, str) else None


def _is_of_another(connection: sqlite3.Connection, where: tuple[str, str], data: DeviceSeen) -> bool:
    """Whether the fault that stands is another one than what is over: a box that is back still has its hanging key."""
    (stands,) = connection.execute("SELECT fault FROM devices WHERE hall = ? AND device = ?", where).fetchone()
    over, known = _word(data.detail, "code"), None if stands is None else _word(stands, "code")
    return over is not None and known is not None and over != known


def forget(connection: sqlite3.Connection, tables: Sequence[str]) -> None:
    """Empties tables that can be made again from the events."""
    for table in tables:
        connection.execute(f"DELETE FROM {table}")  # noqa: S608 - our names
