"""From a run or a ticket down to its events: what is in the reader's scope, and the doors."""

from dataclasses import dataclass
from typing import Any

import msgspec
from aiohttp import web

from center.config import Hall
from center.people.reader import Reader
from center.rollups.entities import Run, Ticket
from center.store.answers import StoredEvent
from center.web.asking import READERS, SEES_PERSONS
from center.web.context import CENTER, json_response, parts_in_scope, require_reader
from center.web.opening import run_row, ticket_row
from common.problem import Problem


@dataclass(frozen=True, slots=True)
class Told:
    """What the events tell: a ticket, the services rendered on it (or the one that was asked for), and the events."""

    hall: Hall
    reader: Reader
    ticket: Ticket | None
    runs: tuple[Run, ...]
    events: list[StoredEvent]

    @property
    def persons(self) -> bool:
        """Whether the reader may see who did it, and what the events say."""
        return self.reader.role in SEES_PERSONS


def reader_of(request: web.Request, hall: str, holder: Reader | None = None) -> tuple[Hall, Reader]:
    """A hall of which anything is in the reader's scope; who asks so looks at its windows as well."""
    center = request.app[CENTER]
    reader = holder or require_reader(request, *READERS)
    for found in parts_in_scope(center, reader):
        if found.id == hall:
            return found, reader
    raise Problem(404, "no-such-hall", "There is no such hall here", hall)


def _within(windows: frozenset[str] | None, window: str | None) -> bool:
    return windows is None or window in windows


def _positions(runs: tuple[Run, ...], ticket: Ticket | None, windows: frozenset[str] | None) -> list[int]:
    """Where the events stand; what happened at a window out of scope is left out."""
    marks: list[int | None] = []
    for run in runs:
        marks += [run.finished_at, run.rated_at, run.undone_at, run.aside_at]
    if ticket is not None:
        marks.append(ticket.issued_at)
        if _within(windows, ticket.window):
            marks += [ticket.called_at, ticket.missed_at, ticket.left_at]
    return [mark for mark in marks if mark is not None]


async def of_run(request: web.Request, holder: Reader | None = None) -> Told:
    """The run of the address; raises `Problem`."""
    center, name = request.app[CENTER], request.match_info["run"]
    hall, reader = reader_of(request, request.match_info["hall"], holder)
    windows = reader.scope.windows(hall)
    found = await center.store.run(hall.id, name)
    if found is None or not _within(windows, found[0].window):
        raise Problem(404, "no-such-run", "There is no such run here", name)
    run, ticket = found
    return Told(hall, reader, ticket, (run,), await center.store.events_at(_positions((run,), ticket, windows)))


async def of_ticket(request: web.Request, holder: Reader | None = None) -> Told:
    """The ticket of the address; raises `Problem`."""
    center, name = request.app[CENTER], request.match_info["ticket"]
    hall, reader = reader_of(request, request.match_info["hall"], holder)
    windows = reader.scope.windows(hall)
    ticket = await center.store.ticket(hall.id, name)
    if ticket is None or not _within(windows, ticket.window):
        raise Problem(404, "no-such-ticket", "There is no such ticket here", name)
    runs: list[Run] = []
    for row in await center.store.runs_of_ticket(hall.id, name):
        found = await center.store.run(hall.id, row.run)
        if found is not None and _within(windows, found[0].window):
            runs.append(found[0])
    events = await center.store.events_at(_positions(tuple(runs), ticket, windows))
    return Told(hall, reader, ticket, tuple(runs), events)


def event_row(event: StoredEvent, whole: bool) -> dict[str, Any]:
    """An event: where it stands and its chain; what it says only for who may see persons."""
    said = msgspec.json.decode(event.data)
    row = {
        "type": said["type"],
        "time": said["time"],
        "journal": event.journal,
        "sequence": event.sequence,
        "chain": event.chain.hex(),
    }
    return row | {"event": said} if whole else row


def _answer(request: web.Request, told: Told, rows: dict[str, Any]) -> web.Response:
    events = [event_row(event, told.persons) for event in told.events]
    return json_response(rows | {"events": events, "as_of": request.app[CENTER].as_of()})


async def get_run(request: web.Request) -> web.Response:
    """GET /api/v1/halls/{hall}/runs/{run}: a run and the events that make it."""
    told = await of_run(request)
    return _answer(request, told, run_row(told.runs[0], told.hall.offset_minutes, told.persons))


async def get_ticket(request: web.Request) -> web.Response:
    """GET /api/v1/halls/{hall}/tickets/{ticket}: a ticket, its services and their events."""
    told = await of_ticket(request)
    assert told.ticket is not None
    offset_minutes = told.hall.offset_minutes
    row = ticket_row(told.ticket, offset_minutes, told.persons)
    runs = [run_row(run, offset_minutes, told.persons) for run in told.runs]
    return _answer(request, told, row | {"runs": runs})
