"""From a figure down to its runs, its tickets and their events, as functions of a connection in a read transaction."""

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import fields

from center.rollups.entities import Run, Ticket
from center.store import kept
from center.store.answers import ANY, Behind, StoredEvent

_RUN = ", ".join(field.name for field in fields(Run))
_TICKET = ", ".join(field.name for field in fields(Ticket))
_STANDS = "date IS NOT NULL AND (undone = 0 OR grade IS NOT NULL)"
_DAY = "coalesce(date, called_date)"
_IN_LINE = f"{_DAY} IS NOT NULL AND channel IS NOT 'walk_up'"
# What a figure counts, in the words of the rollups.
_RUNS = {
    "served": "1",
    "rated": "grade IS NOT NULL",
    "unrated": "grade IS NULL",
    "satisfied": "grade >= 3",
    "bad": "grade <= 2",
    "aside": "aside = 1",
} | {f"grade-{grade}": f"grade = {grade}" for grade in (1, 2, 3, 4, 5)}
_TICKETS = {
    "tickets": "1",
    "called": "called_date IS NOT NULL",
    "no-shows": "missed > 0",
    "left": "left = 1 AND called_date IS NULL",
    "waiting": "called_date IS NULL AND left = 0",
}
RUN_FIGURES, TICKET_FIGURES = tuple(_RUNS), tuple(_TICKETS)


def _places(behind: Behind, quarter: str) -> tuple[str, list[str]]:
    where, values = "", []
    for name, column in (("window", "window"), ("staff", "staff"), ("service", "service"), ("quarter", quarter)):
        wanted = getattr(behind, name)
        if wanted is ANY:
            continue
        where += f" AND {column} IS ?"
        values.append(wanted)
    for windows in behind.among:
        named = "IN (SELECT value FROM json_each(?))"
        where += f" AND (window IS NULL OR window NOT {named})" if windows.others else f" AND window {named}"
        values.append(json.dumps(sorted(windows.names)))
    return where, values


def runs(connection: sqlite3.Connection, behind: Behind) -> list[Run]:
    """The runs that a figure counts, hall by hall and day by day, after `behind.after`."""
    where, values = _places(behind, "quarter")
    found: list[Run] = []
    for hall, date, name in _from(behind):
        sql = f"""SELECT {_RUN} FROM runs WHERE hall = ? AND date BETWEEN ? AND ? AND (date, run) > (?, ?)
        AND {_STANDS} AND {_RUNS[behind.figure]}{where} ORDER BY date, run LIMIT ?"""  # noqa: S608 - our words
        left = behind.limit - len(found)
        found += [
            Run(*row) for row in connection.execute(sql, (hall, behind.first, behind.last, date, name, *values, left))
        ]
        if len(found) == behind.limit:
            break
    return found


def tickets(connection: sqlite3.Connection, behind: Behind) -> list[Ticket]:
    """The tickets that a figure counts, in the same order."""
    # A ticket counts in the quarter hour in which it was taken (`Changes.ticket`).
    where, values = _places(behind, "coalesce(quarter, called_quarter, 0)")
    found: list[Ticket] = []
    for hall, date, name in _from(behind):
        sql = f"""SELECT {_TICKET} FROM tickets WHERE hall = ? AND {_DAY} BETWEEN ? AND ? AND ({_DAY}, ticket) > (?, ?)
        AND {_IN_LINE} AND {_TICKETS[behind.figure]}{where} ORDER BY {_DAY}, ticket LIMIT ?"""  # noqa: S608 - our words
        left = behind.limit - len(found)
        found += [
            Ticket(*row)
            for row in connection.execute(sql, (hall, behind.first, behind.last, date, name, *values, left))
        ]
        if len(found) == behind.limit:
            break
    return found


def _from(behind: Behind) -> list[tuple[str, str, str]]:
    """Each hall with the place after which to go on in it."""
    after = behind.after
    halls = sorted(behind.halls)
    if after is None:
        return [(hall, "", "") for hall in halls]
    return [(hall, *after[1:]) if hall == after[0] else (hall, "", "") for hall in halls if hall >= after[0]]


def run(connection: sqlite3.Connection, hall: str, name: str) -> tuple[Run, Ticket | None] | None:
    """One run and its ticket; None where there is no such run."""
    row = connection.execute(f"SELECT {_RUN} FROM runs WHERE hall = ? AND run = ?", (hall, name)).fetchone()  # noqa: S608
    if row is None:
        return None
    found = Run(*row)
    return found, ticket(connection, hall, found.ticket) if found.ticket else None


def ticket(connection: sqlite3.Connection, hall: str, name: str) -> Ticket | None:
    """One ticket."""
    row = connection.execute(f"SELECT {_TICKET} FROM tickets WHERE hall = ? AND ticket = ?", (hall, name)).fetchone()  # noqa: S608
    return Ticket(*row) if row else None


def events_at(connection: sqlite3.Connection, positions: Iterable[int]) -> list[StoredEvent]:
    """The events that stand at these positions, in the order of arrival."""
    found = []
    for one in kept.at(connection, positions).values():
        hall, journal = connection.execute(
            "SELECT hall, journal FROM journals WHERE number = ?", (one.journal,)
        ).fetchone()
        link = kept.link(connection, one.journal, one.sequence)
        assert link is not None
        found.append(StoredEvent(one.position, hall, journal, one.sequence, one.data, link))
    return found
