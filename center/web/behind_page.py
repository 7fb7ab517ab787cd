"""Pages of what is behind a figure: a list of runs or tickets, and one run down to its events."""

from typing import Any
from urllib.parse import urlencode

import msgspec
from aiohttp import web

from center.rollups.entities import Run, Ticket
from center.store.answers import StoredEvent
from center.store.opening import RUN_FIGURES
from center.web import events
from center.web.asking import asked
from center.web.context import CENTER
from center.web.opening import behind, opened, refuse_persons, run_row, ticket_row
from center.web.paging import hall_name, page, signed_in, words, wrong_page
from common.envelope import format_time
from common.problem import Problem


def _(text: str) -> str:
    """Marks a message for the catalogue."""
    return text


FIGURES = {
    "served": _("finished services"),
    "rated": _("rated services"),
    "unrated": _("unrated services"),
    "satisfied": _("satisfied ratings"),
    "bad": _("bad ratings"),
    "aside": _("ratings set aside"),
    "grade-5": _("very satisfied"),
    "grade-4": _("satisfied"),
    "grade-3": _("fairly satisfied"),
    "grade-2": _("dissatisfied"),
    "grade-1": _("very dissatisfied"),
    "tickets": _("numbers taken"),
    "called": _("called numbers"),
    "no-shows": _("no-shows"),
    "left": _("given up before the call"),
    "waiting": _("still waiting"),
}


async def get_list(request: web.Request) -> web.Response:
    """GET /reports/behind: a page of the runs or tickets that a figure counts."""
    center = request.app[CENTER]
    holder = signed_in(request)
    try:
        question = asked(request, holder)
        wanted = behind(request, question)
        refuse_persons(question, wanted)
        found = await opened(center, wanted)
    except Problem as problem:
        return wrong_page(request, "reports", problem)
    halls = {hall.id: hall for hall in question.halls}
    rows: list[dict[str, Any]] = []
    listed: list[Run | Ticket] = [*found.runs, *found.tickets]
    for one in listed:
        hall = halls[one.hall]
        row = _row(one, hall.offset_minutes, question.sees_persons)
        rows.append(row | {"hall_id": hall.id, "hall_name": hall_name(request, hall)})
    follows = None
    if found.next is not None:
        follows = f"/reports/behind?{urlencode({**request.query, 'after': found.next})}"
    offset_minutes = question.halls[0].offset_minutes if question.halls else 0
    return page(
        request,
        "behind.html",
        "reports",
        figure=wanted.figure,
        title=words(request).gettext(FIGURES[wanted.figure]),
        runs=wanted.figure in RUN_FIGURES,
        rows=rows,
        follows=follows,
        first=question.first,
        last=question.last,
        persons=question.sees_persons,
        as_of=format_time(center.now_ms(), offset_minutes)[:19].replace("T", " "),
    )


def _row(one: Run | Ticket, offset_minutes: int, persons: bool) -> dict[str, Any]:
    if isinstance(one, Run):
        return run_row(one, offset_minutes, persons)
    return ticket_row(one, offset_minutes, persons)


async def get_run(request: web.Request) -> web.Response:
    """GET /halls/{hall}/runs/{run}: one run and its events."""
    try:
        told = await events.of_run(request, signed_in(request))
    except Problem as problem:
        return wrong_page(request, "reports", problem)
    run = run_row(told.runs[0], told.hall.offset_minutes, told.persons)
    return _told_page(request, told, run=run)


async def get_ticket(request: web.Request) -> web.Response:
    """GET /halls/{hall}/tickets/{ticket}: one number, what became of it, and its events."""
    try:
        told = await events.of_ticket(request, signed_in(request))
    except Problem as problem:
        return wrong_page(request, "reports", problem)
    assert told.ticket is not None
    offset_minutes = told.hall.offset_minutes
    ticket = ticket_row(told.ticket, offset_minutes, told.persons)
    runs = [run_row(run, offset_minutes, told.persons) for run in told.runs]
    return _told_page(request, told, ticket=ticket, runs=runs)


def _told_page(request: web.Request, told: events.Told, **values: Any) -> web.Response:
    return page(
        request,
        "run.html",
        "reports",
        hall_id=told.hall.id,
        hall_name=hall_name(request, told.hall),
        persons=told.persons,
        events=[_event(event, told.persons) for event in told.events],
        **values,
    )


def _event(event: StoredEvent, persons: bool) -> dict[str, Any]:
    said = msgspec.json.decode(event.data)
    return {
        "type": said["type"],
        "time": said["time"],
        "journal": event.journal,
        "sequence": event.sequence,
        "chain": event.chain.hex(),
        "data": said["data"] if persons else None,
    }
