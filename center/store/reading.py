"""Every question to the SQLite store, as functions of a connection inside a read transaction."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass

from center.store.answers import GROUPS, HallDay, JournalState, Part, Tally, Waits

_COLUMNS = {"hall": "hall", "window": "window", "staff": "staff", "service": "service", "date": "date"}
_COLUMNS["month"] = "substr(date, 1, 7)"


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
    rows = connection.execute(
        """SELECT bytes FROM events WHERE journal = (SELECT number FROM journals WHERE journal = ? AND hall = ?)
        AND sequence > ? ORDER BY sequence LIMIT ?""",
        (journal, hall, part.after, part.limit),
    )
    for (data,) in rows:
        size += len(data)
        if found and size > part.max_bytes:
            break
        found.append(data)
    return found


def journals(connection: sqlite3.Connection) -> list[JournalState]:
    """All journals, the one heard last first."""
    rows = connection.execute(
        """SELECT hall, journal, stored_through, last_event_ms, received_ms, quarantined FROM journals
        ORDER BY received_ms DESC, number DESC"""
    )
    return [JournalState(*row) for row in rows]


def tallies(connection: sqlite3.Connection, by: str, first: str, last: str, halls: Sequence[str] | None) -> list[Tally]:
    """Finished runs of the dates first to last (both included), by group, in the order of the keys."""
    columns = [_COLUMNS[name] for name in GROUPS[by]]
    grades = ", ".join(f"count(*) FILTER (WHERE grade = {grade})" for grade in (1, 2, 3, 4, 5))
    where, values = "date BETWEEN ? AND ?", [first, last]
    if halls is not None:
        where += f" AND hall IN ({', '.join('?' * len(halls))})"
        values += halls
    keys = ", ".join(columns)
    rows = connection.execute(
        f"SELECT {keys}, count(*), {grades} FROM runs WHERE {where} GROUP BY {keys} ORDER BY {keys}",  # noqa: S608 - column names are ours
        values,
    )
    width = len(columns)
    return [Tally(tuple(row[:width]), row[width], tuple(row[width + 1 :])) for row in rows]


def hall_day(connection: sqlite3.Connection, dates: dict[str, str]) -> list[HallDay]:
    """Tickets of the day that nobody has called, and devices, by hall."""
    found = []
    for hall, date in dates.items():
        waiting, oldest_ms = connection.execute(
            """SELECT count(*), min(issued_ms) FROM tickets
            WHERE hall = ? AND date = ? AND called_date IS NULL AND left = 0""",
            (hall, date),
        ).fetchone()
        up, known = connection.execute(
            "SELECT coalesce(sum(up), 0), count(*) FROM devices WHERE hall = ?", (hall,)
        ).fetchone()
        found.append(HallDay(hall, waiting, oldest_ms, up, known))
    return found


def waits(connection: sqlite3.Connection, dates: dict[str, str]) -> Waits:
    """Median and p90 (nearest rank) of the waiting times of tickets called on each hall's date."""
    times: list[int] = []
    for hall, date in dates.items():
        rows = connection.execute(
            "SELECT waited_ms FROM tickets WHERE called_date = ? AND hall = ? AND waited_ms IS NOT NULL", (date, hall)
        )
        times += [row[0] for row in rows]
    times.sort()
    if not times:
        return Waits(0, None, None)
    return Waits(len(times), times[(len(times) - 1) // 2], times[max(0, -(-len(times) * 9 // 10) - 1)])


def quarantine(connection: sqlite3.Connection, hall: str, limit: int) -> list[tuple[str, int, str]]:
    """The last events in quarantine of a hall."""
    return connection.execute(
        """SELECT journals.journal, quarantine.sequence, reason FROM quarantine
        JOIN journals ON journals.number = quarantine.journal
        WHERE hall = ? ORDER BY quarantine.received_ms DESC, quarantine.sequence DESC LIMIT ?""",
        (hall, limit),
    ).fetchall()
