"""Questions to the SQLite store about single runs and tickets: for the citizen's phone, casework, exports and signs."""

import json
import sqlite3
from collections.abc import Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

import msgspec

from center.store import kept

T = TypeVar("T")

_RUN = "hall, run, ticket, date, at_ms, window, staff, service, grade, rated_ms, aside, rated_at"


@dataclass(frozen=True, slots=True)
class RunRow:
    """A run that stands: when it was finished, how it was rated. rated_at: position of the rating's event."""

    hall: str
    run: str
    ticket: str | None
    date: str
    at_ms: int
    window: str | None
    staff: str | None
    service: str | None
    grade: int | None
    rated_ms: int | None
    aside: int
    rated_at: int | None


@dataclass(frozen=True, slots=True)
class RatedRow:
    """A run with what its rating's event says beside the grade, and that event's id."""

    row: RunRow
    event: str
    data: dict[str, Any]


@dataclass(frozen=True, slots=True)
class TicketRow:
    """A ticket in its line; ahead: how many of its service were given before it and still wait."""

    hall: str
    ticket: str
    number: str
    service: str | None
    date: str | None
    issued_ms: int | None
    called_ms: int | None
    window: str | None
    left: bool
    ahead: int
    waited_recently_ms: tuple[int, ...]


class _Numbered(msgspec.Struct):
    number: str = ""


class _Event(msgspec.Struct):
    id: str
    data: dict[str, Any]


_event = msgspec.json.Decoder(_Event)
RECENT = 40  # calls of a service that its expected wait is taken from: about the last hour of a window
_STANDS = "date IS NOT NULL AND (undone = 0 OR grade IS NOT NULL)"


def ticket_of_token(connection: sqlite3.Connection, token_sha256: str) -> TicketRow | None:
    """The ticket of a token."""
    row = connection.execute(
        # The index stands by day; most who ask have today's ticket.
        """WITH RECURSIVE days (day) AS (
            SELECT max(date) FROM tickets WHERE token_sha256 IS NOT NULL
            UNION ALL SELECT (SELECT max(date) FROM tickets WHERE token_sha256 IS NOT NULL AND date < day) FROM days
            WHERE day IS NOT NULL)
        SELECT hall, ticket, service, date, issued_ms, called_ms, window, left, issued_at
        FROM days CROSS JOIN tickets ON date = day AND token_sha256 = ? LIMIT 1""",
        (token_sha256,),
    ).fetchone()
    if row is None:
        return None
    hall, name, service, date, issued_ms, called_ms, window, left, issued_at = row
    number = ""
    for issued in _events_at(connection, [issued_at]).values():
        number = msgspec.convert(issued.data, _Numbered).number
    ahead = 0
    if called_ms is None and not left:
        ahead = connection.execute(
            """SELECT count(*) FROM tickets WHERE hall = ? AND date = ? AND issued_ms < ? AND service IS ?
            AND called_date IS NULL AND left = 0 AND channel IS NOT 'walk_up'""",
            (hall, date, issued_ms, service),
        ).fetchone()[0]
    waits = connection.execute(
        """SELECT waited_ms FROM tickets WHERE hall = ? AND date = ? AND service IS ? AND waited_ms IS NOT NULL
        ORDER BY called_ms DESC LIMIT ?""",
        (hall, date, service, RECENT),
    )
    recent = tuple(wait for (wait,) in waits)
    return TicketRow(hall, name, number, service, date, issued_ms, called_ms, window, bool(left), ahead, recent)


def runs_of_ticket(connection: sqlite3.Connection, hall: str, name: str) -> list[RunRow]:
    """The services rendered on a ticket, in their order."""
    rows = connection.execute(
        f"SELECT {_RUN} FROM runs WHERE hall = ? AND ticket = ? AND {_STANDS} ORDER BY at_ms",  # noqa: S608 - our names
        (hall, name),
    )
    return [RunRow(*row) for row in rows]


def rated_run(connection: sqlite3.Connection, hall: str, name: str) -> RatedRow | None:
    """One run that stands, with its rating if it has one."""
    row = connection.execute(
        f"SELECT {_RUN} FROM runs WHERE hall = ? AND run = ? AND {_STANDS}",  # noqa: S608 - our names
        (hall, name),
    ).fetchone()
    return None if row is None else _rated(connection, [row])[0]


def to_follow(connection: sqlite3.Connection, hall: str, limit: int) -> list[RatedRow]:
    """Bad ratings of a hall that no case follows yet, the oldest first."""
    rows = connection.execute(
        f"""SELECT {_RUN} FROM runs WHERE hall = ? AND grade <= 2 AND cased = 0 AND date IS NOT NULL
        ORDER BY rated_at LIMIT ?""",  # noqa: S608 - our names
        (hall, limit),
    ).fetchall()
    return _rated(connection, rows)


def records(
    connection: sqlite3.Connection, hall: str, days: tuple[str, str], after: tuple[str, str], limit: int
) -> list[RatedRow]:
    """Runs of a hall's service dates days[0] to days[1] day by day, after the run after[1] of the date after[0].

    Ids come in any order: by them alone each part would have its events in the bodies of all days.
    """
    rows = connection.execute(
        f"""SELECT {_RUN} FROM runs WHERE hall = ? AND date BETWEEN ? AND ? AND (date, run) > (?, ?) AND {_STANDS}
        ORDER BY date, run LIMIT ?""",  # noqa: S608 - our names
        (hall, *days, *after, limit),
    ).fetchall()
    return _rated(connection, rows)


def unrated(
    connection: sqlite3.Connection, hall: str, date: str, windows: Iterable[str] | None, limit: int
) -> list[RunRow]:
    """Runs of a hall's service date that nobody has rated, of these windows if any are named; no event is read."""
    among = "" if windows is None else "AND window IN (SELECT value FROM json_each(?))"
    named = [] if windows is None else [json.dumps(sorted(windows))]
    # By one date alone SQLite would go through all of the hall's runs.
    rows = connection.execute(
        f"""SELECT {_RUN} FROM runs WHERE hall = ? AND date BETWEEN ? AND ? AND grade IS NULL AND {_STANDS} {among}
        ORDER BY at_ms, run LIMIT ?""",  # noqa: S608 - our names
        (hall, date, date, *named, limit),
    )
    return [RunRow(*row) for row in rows]


def rated(connection: sqlite3.Connection, hall: str, days: tuple[str, str]) -> list[RatedRow]:
    """All rated runs of a hall's service dates days[0] to days[1], in the order of their ratings."""
    rows = connection.execute(
        f"""SELECT {_RUN} FROM runs WHERE hall = ? AND date BETWEEN ? AND ? AND grade IS NOT NULL
        ORDER BY rated_ms""",  # noqa: S608 - our names
        (hall, *days),
    ).fetchall()
    return _rated(connection, rows)


QUIET_MS = 30 * 60_000  # nobody was served at that window for so long before and after


@dataclass(frozen=True, slots=True)
class IgnoredRow:
    """A press that counted for nothing; quiet: nobody was being served there then."""

    event: str
    device: str
    at_ms: int
    quiet: bool


def ignored(connection: sqlite3.Connection, hall: str, days: tuple[str, str]) -> list[IgnoredRow]:
    """Presses of the dates days[0] to days[1] that nobody was asked for."""
    rows = connection.execute(
        """SELECT ignored.position, ignored.device, ignored.at_ms, NOT EXISTS (
            SELECT 1 FROM runs WHERE runs.hall = ignored.hall AND runs.date = ignored.date
            AND runs.window IS ignored.window AND abs(runs.at_ms - ignored.at_ms) <= ?)
        FROM ignored WHERE ignored.hall = ? AND ignored.date BETWEEN ? AND ? ORDER BY ignored.at_ms""",
        (QUIET_MS, hall, *days),
    ).fetchall()
    told = _events_at(connection, [row[0] for row in rows])
    return [IgnoredRow(told[at].id, device, at_ms, bool(quiet)) for at, device, at_ms, quiet in rows]


def _rated(connection: sqlite3.Connection, found: Iterable[Sequence[Any]]) -> list[RatedRow]:
    """Runs with what their rating's event says, where they have one."""
    rows = [RunRow(*row) for row in found]
    told = _events_at(connection, [row.rated_at for row in rows])
    rated = [(row, None if row.rated_at is None else told[row.rated_at]) for row in rows]
    return [
        RatedRow(row, "" if event is None else event.id, {} if event is None else event.data) for row, event in rated
    ]


def _events_at(connection: sqlite3.Connection, positions: Iterable[int | None]) -> dict[int, _Event]:
    found = kept.at(connection, (position for position in positions if position is not None))
    return {position: _event.decode(one.data) for position, one in found.items()}


class Following:
    """These questions as a store answers them; `_read` runs one in a read transaction beside the writer."""

    def _read(self, question: Callable[[sqlite3.Connection], T]) -> Coroutine[Any, Any, T]:
        raise NotImplementedError

    async def ticket_of_token(self, token_sha256: str) -> TicketRow | None:
        """The ticket of a token."""
        return await self._read(lambda c: ticket_of_token(c, token_sha256))

    async def runs_of_ticket(self, hall: str, name: str) -> list[RunRow]:
        """The services rendered on a ticket."""
        return await self._read(lambda c: runs_of_ticket(c, hall, name))

    async def rated_run(self, hall: str, name: str) -> RatedRow | None:
        """One run."""
        return await self._read(lambda c: rated_run(c, hall, name))

    async def to_follow(self, hall: str, limit: int) -> list[RatedRow]:
        """Bad ratings that no case follows yet."""
        return await self._read(lambda c: to_follow(c, hall, limit))

    async def records(self, hall: str, days: tuple[str, str], after: tuple[str, str], limit: int) -> list[RatedRow]:
        """Runs for an export."""
        return await self._read(lambda c: records(c, hall, days, after, limit))

    async def unrated(self, hall: str, date: str, windows: frozenset[str] | None, limit: int) -> list[RunRow]:
        """Runs that nobody has rated."""
        return await self._read(lambda c: unrated(c, hall, date, windows, limit))

    async def ignored(self, hall: str, days: tuple[str, str]) -> list[IgnoredRow]:
        """Presses that nobody was asked for."""
        return await self._read(lambda c: ignored(c, hall, days))

    async def rated(self, hall: str, days: tuple[str, str]) -> list[RatedRow]:
        """Rated runs."""
        return await self._read(lambda c: rated(c, hall, days))
