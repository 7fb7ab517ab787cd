"""Between what is folded and SQLite's rows: reads what facts touch, writes what they changed, in one transaction."""

import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import fields
from itertools import chain
from operator import attrgetter
from typing import Any

import msgspec

from center.counting import DeviceFact, DeviceSeen, Fact, Ignored, Touched
from center.rollups.ahead import COMMON, RARE, Ahead, columns
from center.rollups.entities import Run, Ticket, WindowDay
from center.rollups.folding import Arrival, Folding, Known
from center.store import cells, spans

_RUN = ", ".join(field.name for field in fields(Run))
_TICKET = ", ".join(field.name for field in fields(Ticket))
_DAY = ", ".join(field.name for field in fields(WindowDay))
_ISSUED, _CALLED = (columns(Ticket).index(name) for name in ("date", "called_date"))
_ADD_FACT = "INSERT INTO facts (device, epoch, fact, position) VALUES (?, ?, ?, ?)"
MAX_DETAIL = 2000  # characters beside a device of what it says of itself; the event keeps whatever is longer


def _replace(table: str, kind: type[Any]) -> str:
    names = [field.name for field in fields(kind)]
    return f"INSERT OR REPLACE INTO {table} ({', '.join(names)}) VALUES ({', '.join('?' * len(names))})"  # noqa: S608


def _add(table: str, kind: type[Any], places: Sequence[str] = ()) -> tuple[str, str]:
    """A row that is new, as `Ahead` has it, without and with what is rare; then the hall, and what stands before."""

    def sql(names: Sequence[str]) -> str:
        # The table asks for the numbers among the rare ones.
        left = {field.name: field.default for field in fields(kind) if field.name in RARE[kind]}
        zero = [name for name, default in left.items() if name not in names and default == 0]
        hall, before = len(names) + 1, len(names) + 2
        values = [f"?{number} + ?{before}" if name in places else f"?{number}" for number, name in enumerate(names, 1)]
        values += [f"?{hall}", *("0" for _ in zero)]
        # S608: every name is ours, every value is bound.
        return f"INSERT INTO {table} ({', '.join([*names, 'hall', *zero])}) VALUES ({', '.join(values)})"  # noqa: S608

    return sql(columns(kind)[: COMMON[kind]]), sql(columns(kind))


_ADD_RUN = _add("runs", Run, ("finished_at", "rated_at", "undone_at", "aside_at"))
_ADD_TICKET = _add("tickets", Ticket, ("issued_at", "called_at", "missed_at", "left_at"))
_ADD_DAY, _ = _add("window_days", WindowDay)
_PUT_RUN, _PUT_TICKET, _PUT_DAY = _replace("runs", Run), _replace("tickets", Ticket), _replace("window_days", WindowDay)
# `dataclasses.astuple` copies deeply, which costs more than the insert.
_run_values = attrgetter(*(field.name for field in fields(Run)))
_ticket_values = attrgetter(*(field.name for field in fields(Ticket)))
_day_values = attrgetter(*(field.name for field in fields(WindowDay)))


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
    _put(connection, folding)
    connection.executemany(_ADD_FACT, ((*number, position) for number, position in sorted(folding.facts.items())))
    if folding.runs or folding.tickets or folding.window_days:
        cells.write(connection, folding.hall, folding.changes, spans.newest(_dates(folding)))
    _write_told(connection, folding.hall, folding.ignores, folding.devices)


def write_ahead(
    connection: sqlite3.Connection, ahead: Ahead, more: Folding, before: int, fact_at: Callable[[int], Fact]
) -> None:
    """What was folded where the batch was read; `more` is what became of that which the store knows."""
    hall, known = more.hall, more.known
    for kind, made, known_ones, (common, whole) in (
        (Run, ahead.runs, known.runs, _ADD_RUN),
        (Ticket, ahead.tickets, known.tickets, _ADD_TICKET),
    ):
        new = [row for _, row in made if row[0] not in known_ones]
        for sql, width in ((common, COMMON[kind]), (whole, len(columns(kind)))):
            connection.executemany(sql, ((*row, hall, before) for row in new if len(row) == width))
    connection.executemany(_ADD_DAY, ((*row, hall) for _, row in ahead.window_days if row[:2] not in known.window_days))
    _put(connection, more)
    connection.executemany(_ADD_FACT, ((*number, before + place) for *number, place in ahead.facts))
    if ahead.runs or ahead.tickets or ahead.window_days:
        newest = spans.newest(chain(_dates_ahead(ahead, known), _dates(more)))
        cells.write(connection, hall, more.changes, newest, ahead.cells)
    ignores, devices = ([(before + place, fact_at(place)) for place in some] for some in (ahead.ignores, ahead.devices))
    _write_told(connection, hall, ignores, devices)


def _dates(folding: Folding) -> Iterator[str | None]:
    """Of the tickets and window days: what is told once stays, so a span that is over stays over.

    A run that is taken back and finished again may go to an earlier month. Its window's day stays.
    """
    for ticket in folding.tickets.values():
        yield ticket.date
        yield ticket.called_date
    for day in folding.window_days.values():
        yield day.date


def _dates_ahead(ahead: Ahead, known: Known) -> Iterator[str | None]:
    """The same of what is new."""
    for _, row in ahead.tickets:
        if row[0] not in known.tickets:
            yield row[_ISSUED]
            yield row[_CALLED]
    for _, row in ahead.window_days:
        yield row[1]


def _put(connection: sqlite3.Connection, folding: Folding) -> None:
    # Rows in the order of their keys: the trees are walked once instead of at random.
    connection.executemany(_PUT_RUN, (_run_values(run) for _, run in sorted(folding.runs.items())))
    connection.executemany(_PUT_TICKET, (_ticket_values(ticket) for _, ticket in sorted(folding.tickets.items())))
    connection.executemany(_PUT_DAY, (_day_values(day) for _, day in sorted(folding.window_days.items())))


def _write_told(
    connection: sqlite3.Connection, hall: str, ignores: Iterable[Arrival], devices: Iterable[Arrival]
) -> None:
    for position, fact in ignores:
        data = fact.data
        assert isinstance(data, Ignored)
        connection.execute(
            "INSERT INTO ignored (position, hall, device, window, date, at_ms) VALUES (?, ?, ?, ?, ?, ?)",
            (position, hall, data.device, data.window, fact.date, fact.at_ms),
        )
    for arrival in devices:
        _device(connection, hall, arrival)


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
