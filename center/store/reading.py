"""Every question to the SQLite store, as functions of a connection inside a read transaction."""

import json
import sqlite3
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, fields
from itertools import islice

from center.rollups.cells import Times, unpack, unpack_quarters
from center.rollups.spans import BY_DAY, BY_FIVE, BY_MONTH, Period, after, periods
from center.store import kept, parts
from center.store.answers import (
    BY_WINDOW,
    DIMENSION,
    GROUPS,
    DeviceState,
    HallDay,
    JournalEnd,
    JournalState,
    KeyTest,
    Month,
    Part,
    Question,
    Tally,
    TimesTally,
    Waits,
)

# A span that runs is read by what it consists of, from where the hall's stands on.
_OF_WHAT_RUNS = {
    BY_FIVE: ((BY_DAY, "five"),),
    BY_MONTH: ((BY_FIVE, "substr(five, 1, 7)"), (BY_DAY, "five")),
}
_COLUMNS = {"hall": "hall", "key": "key", "date": "span", "month": "substr(span, 1, 7)"}


@dataclass(frozen=True, slots=True)
class JournalRow:
    """A journal as its cursor needs it."""

    number: int
    hall: str
    stored_through: int
    chain: bytes


def journal_row(connection: sqlite3.Connection, journal: str) -> JournalRow | None:
    """One journal, or None."""
    row = connection.execute(
        "SELECT number, hall, stored_through, chain FROM journals WHERE journal = ?", (journal,)
    ).fetchone()
    return JournalRow(*row) if row else None


def events(connection: sqlite3.Connection, hall: str, journal: str, part: Part) -> list[bytes]:
    """A part of a journal; at least one event if there is any."""
    found: list[bytes] = []
    size = 0
    known = journal_row(connection, journal)
    if known is None or known.hall != hall:
        return found
    for one in islice(kept.of_journal(connection, known.number, part.after), part.limit):
        size += len(one.data)
        if found and size > part.max_bytes:
            break
        found.append(one.data)
    return found


def journals(connection: sqlite3.Connection) -> list[JournalState]:
    """All journals, the one heard last first."""
    rows = connection.execute(
        """SELECT hall, journal, stored_through, last_event_ms, received_ms, quarantined FROM journals
        ORDER BY received_ms DESC, number DESC"""
    )
    return [JournalState(*row) for row in rows]


def _rows_of(question: Question, table: str, counts: str) -> tuple[str, list[str]]:
    """The rows of a rollup that make up first..last: as long spans as there are; by day: days alone.

    One SELECT for each kind: an OR over them would look every row up twice.
    """
    selects: list[str] = []
    values: list[str] = []
    days = [(BY_DAY, question.first, question.last)]
    for period in days if question.by == "day" else periods(question.first, question.last):
        for stored, source, spans, ends in _kinds(period, table):
            # Halls by name: their rows stand together, and every hall that has rows is in `running`.
            named = "SELECT hall FROM running"
            if question.halls is not None:
                named = "SELECT value FROM json_each(?)"
                values.append(json.dumps(list(question.halls)))
            part = (
                f"SELECT span, hall, key, {counts} FROM {source} WHERE hall IN ({named}) AND grain = ? "  # noqa: S608 - our names
                f"AND dimension = ? AND {spans}"
            )
            values += [stored, _dimension(question), *ends]
            if question.windows is not None:
                part += " AND key IN (SELECT value FROM json_each(?))"
                values.append(json.dumps(sorted(question.windows)))
            selects.append(part)
    return f"({' UNION ALL '.join(selects)})", values


def _kinds(period: Period, table: str) -> Iterator[tuple[str, str, str, tuple[str, str]]]:
    """Where a period's figures stand: grain, rows, which spans, and what to bind for that."""
    grain, begin, end = period
    yield grain, table, "span BETWEEN ? AND ?", (begin, end)
    for finer, since in _OF_WHAT_RUNS.get(grain, ()):
        yield (
            finer,
            f"running CROSS JOIN {table} USING (hall)",
            f"span >= max({since}, ?) AND span < ?",
            (begin, after(end)),
        )


def _dimension(question: Question) -> str:
    """Some windows of a hall add up from what is kept by window."""
    if question.windows is None:
        return DIMENSION[question.by]
    assert len(question.halls or ()) == 1
    assert question.by in BY_WINDOW, f"by={question.by} is not kept by window; `parts` counts it"
    return "window"


def tallies(connection: sqlite3.Connection, question: Question) -> list[Tally]:
    """Finished runs by group, in the order of the keys."""
    if question.windows is not None and question.by not in BY_WINDOW:
        return parts.tallies(connection, question)
    columns = [_COLUMNS[name] for name in GROUPS[question.by]]
    names = ("served", *(f"grade_{grade}" for grade in (1, 2, 3, 4, 5)), "aside")
    found, values = _rows_of(question, "ratings_rollup", ", ".join(names))
    keys, sums = ", ".join(columns), ", ".join(f"sum({name})" for name in names)
    rows = connection.execute(f"SELECT {keys}, {sums} FROM {found} GROUP BY {keys} ORDER BY {keys}", values)  # noqa: S608 - column names are ours
    width = len(columns)
    return [
        Tally(
            tuple(part or None for part in row[:width]), row[width], tuple(row[width + 1 : width + 6]), row[width + 6]
        )
        for row in rows
    ]


def times(connection: sqlite3.Connection, question: Question) -> list[TimesTally]:
    """Tickets and times by group, in the order of the keys."""
    if question.windows is not None and question.by not in BY_WINDOW:
        return parts.times(connection, question)
    columns = [_COLUMNS[name] for name in GROUPS[question.by]]
    rows_of, values = _rows_of(question, "times_rollup", "counts")
    found: dict[tuple[str | None, ...], Times] = {}
    rows = connection.execute(f"SELECT {', '.join(columns)}, counts FROM {rows_of}", values)  # noqa: S608
    if question.by == "quarter":
        return _quarters(rows)
    for *names, counts in rows:
        key = tuple(name or None for name in names)
        known = found.get(key)
        if known is None:
            found[key] = unpack(counts)
        else:
            known.merge(unpack(counts))
    return [TimesTally(key, found[key]) for key in sorted(found, key=lambda key: tuple(part or "" for part in key))]


def _quarters(rows: sqlite3.Cursor) -> list[TimesTally]:
    """Quarter hours stand together in a row of their hall's day or month."""
    found: dict[str, Times] = {}
    for _, counts in rows:
        for name, times_of in unpack_quarters(counts).items():
            known = found.get(name)
            if known is None:
                found[name] = times_of
            else:
                known.merge(times_of)
    return [TimesTally((name,), found[name]) for name in sorted(found)]


def hall_day(connection: sqlite3.Connection, dates: dict[str, str]) -> list[HallDay]:
    """Tickets of the day that nobody has called, and devices, by hall."""
    found = []
    for hall, date in dates.items():
        waiting, oldest_ms = connection.execute(
            """SELECT count(*), min(issued_ms) FROM tickets
            WHERE hall = ? AND date = ? AND called_date IS NULL AND left = 0 AND channel IS NOT 'walk_up'""",
            (hall, date),
        ).fetchone()
        up, known = connection.execute(
            "SELECT coalesce(sum(up), 0), count(*) FROM devices WHERE hall = ? AND replaced_ms IS NULL",
            (hall,),
        ).fetchone()
        found.append(HallDay(hall, waiting, oldest_ms, up, known))
    return found


def waits(connection: sqlite3.Connection, dates: dict[str, str], windows: frozenset[str] | None = None) -> Waits:
    """Median and p90 (nearest rank) of the waiting times of each hall's date."""
    by_date: dict[str, list[str]] = {}
    for hall, date in dates.items():
        by_date.setdefault(date, []).append(hall)
    together = Times()
    for date, halls in by_date.items():
        for one in times(connection, Question("hall", date, date, halls, windows)):
            together.merge(one.times)
    median_ms, p90_ms = together.waiting.percentiles_ms(((1, 2), (9, 10)))
    return Waits(together.waiting.count, median_ms, p90_ms)


def devices(connection: sqlite3.Connection, halls: Sequence[str]) -> list[DeviceState]:
    """Every box of these halls that no other stands in the place of."""
    names = ", ".join(field.name for field in fields(DeviceState))
    sql = f"""SELECT {names} FROM devices WHERE hall IN (SELECT value FROM json_each(?)) AND replaced_ms IS NULL
    ORDER BY hall, device"""  # noqa: S608 - our names
    return [DeviceState(*row) for row in connection.execute(sql, (json.dumps(list(halls)),))]


def key_tests(connection: sqlite3.Connection, first: str, last: str, halls: Sequence[str]) -> list[KeyTest]:
    """The key tests of these dates, in the order of arrival."""
    rows = connection.execute(
        """SELECT hall, device, date, detail FROM key_tests
        WHERE date BETWEEN ? AND ? AND hall IN (SELECT value FROM json_each(?)) ORDER BY position""",
        (first, last, json.dumps(list(halls))),
    )
    return [KeyTest(*row) for row in rows]


def month(connection: sqlite3.Connection, halls: Sequence[str], months: Sequence[tuple[str, str]]) -> Month:
    """A month's notice; `months` are the first and last dates of it and of the two before it, newest first."""
    first, last = months[0]

    def tally(by: str, dates: tuple[str, str]) -> list[Tally]:
        return tallies(connection, Question(by, *dates, halls))

    ends = connection.execute(
        """SELECT hall, journal, stored_through, chain FROM journals
        WHERE hall IN (SELECT value FROM json_each(?)) ORDER BY hall, number""",
        (json.dumps(list(halls)),),
    )
    return Month(
        halls=tally("hall", months[0]),
        windows=tally("window", months[0]),
        days=tally("day", months[0]),
        windows_before=[tally("window", dates) for dates in months[1:]],
        times=times(connection, Question("hall", first, last, halls)),
        devices=devices(connection, halls),
        key_tests=key_tests(connection, first, last, halls),
        journals=[JournalEnd(*row) for row in ends],
    )


def quarantine(connection: sqlite3.Connection, hall: str, limit: int) -> list[tuple[str, int, str]]:
    """The last events in quarantine of a hall."""
    return connection.execute(
        """SELECT journals.journal, quarantine.sequence, reason FROM quarantine
        JOIN journals ON journals.number = quarantine.journal
        WHERE hall = ? ORDER BY quarantine.received_ms DESC, quarantine.sequence DESC LIMIT ?""",
        (hall, limit),
    ).fetchall()
