"""From a figure down to its runs and its tickets."""

import base64
import binascii
import re
from dataclasses import dataclass
from typing import Any

import msgspec
from aiohttp import web

from center.config import Hall
from center.rollups.entities import Run, Ticket
from center.store.answers import ANY, Behind, Windows
from center.store.opening import RUN_FIGURES, TICKET_FIGURES
from center.web.asking import SEES_PERSONS, Asked, asked
from center.web.context import CENTER, Center, json_response
from common.envelope import format_time
from common.problem import Problem

FIGURES = (*RUN_FIGURES, *TICKET_FIGURES)
PAGE_ROWS = 100  # more is nothing that anybody reads; `next` leads on
_CLOCK = re.compile(r"([01][0-9]|2[0-3]):(00|15|30|45)")
PLACES = ("window", "staff", "service")


@dataclass(frozen=True, slots=True)
class Opened:
    """One page of what is behind a figure; `next` is the address's `after` of the page that follows."""

    figure: str
    runs: list[Run]
    tickets: list[Ticket]
    next: str | None


def place_token(hall: str, date: str, name: str) -> str:
    """A place in the list, as an address carries it."""
    return base64.urlsafe_b64encode(msgspec.json.encode((hall, date, name))).decode().rstrip("=")


def read_place(text: str) -> tuple[str, str, str]:
    """The other way; raises `Problem`."""
    try:
        raw = base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))
        return msgspec.json.decode(raw, type=tuple[str, str, str])
    except (binascii.Error, ValueError, msgspec.DecodeError) as error:
        raise Problem(
            400, "bad-request", "after is no place in this list", "Take `next` of the answer before."
        ) from error


def behind(request: web.Request, question: Asked) -> Behind:
    """What the address asks to see; a place given empty means: those without one."""
    figure = request.query.get("figure", "served")
    if figure not in FIGURES:
        raise Problem(400, "bad-request", f"figure={figure!r} is not known", f"One of {', '.join(FIGURES)}.")
    places = {name: request.query[name] or None if name in request.query else ANY for name in PLACES}
    after = request.query.get("after")
    halls = question.halls
    if "region" in request.query:
        halls = tuple(hall for hall in halls if hall.region == request.query["region"])
    among = [] if question.part is None else [Windows(question.part)]
    if "department" in request.query:
        among.append(_department(halls, request.query["department"]))
    return Behind(
        figure,
        question.first,
        question.last,
        [hall.id for hall in halls],
        **places,
        quarter=_quarter(request),
        among=tuple(among),
        after=read_place(after) if after else None,
        limit=PAGE_ROWS + 1,
    )


def _department(halls: tuple[Hall, ...], name: str) -> Windows:
    """The windows of a department; of no name: those that stand in none."""
    if len(halls) != 1:
        raise Problem(
            400, "bad-request", "department without its hall", "A department is one of a hall: give hall, too."
        )
    windows = halls[0].departments
    if not name:
        return Windows(frozenset(windows), others=True)
    return Windows(frozenset(window for window, department in windows.items() if department == name))


def _quarter(request: web.Request) -> object:
    """The quarter hour of the address, 0 to 95."""
    if "quarter" not in request.query:
        return ANY
    found = _CLOCK.fullmatch(request.query["quarter"])
    if found is None:
        raise Problem(400, "bad-request", "quarter is no quarter hour", "Write when it begins, as 09:15.")
    return int(found[1]) * 4 + int(found[2]) // 15


async def opened(center: Center, wanted: Behind) -> Opened:
    """One page."""
    if wanted.figure in RUN_FIGURES:
        runs = await center.store.runs(wanted)
        more = len(runs) > PAGE_ROWS
        runs = runs[:PAGE_ROWS]
        follows = place_token(runs[-1].hall, runs[-1].date or "", runs[-1].run) if more else None
        return Opened(wanted.figure, runs, [], follows)
    tickets = await center.store.tickets(wanted)
    more = len(tickets) > PAGE_ROWS
    tickets = tickets[:PAGE_ROWS]
    last = tickets[-1] if more else None
    follows = place_token(last.hall, last.date or last.called_date or "", last.ticket) if last else None
    return Opened(wanted.figure, [], tickets, follows)


def refuse_persons(question: Asked, wanted: Behind) -> None:
    """A list of one person's runs would tell the ratings apart that the tables hide."""
    if wanted.staff is not ANY and not question.sees_persons:
        who = ", ".join(SEES_PERSONS)
        raise Problem(403, "hidden", "A person's runs are not listed here", f"For {who}; or ask by window.")


def run_row(run: Run, offset_minutes: int, shows_person: bool) -> dict[str, Any]:
    """A run as a reader may see it: its grade, or the person beside it, but both only for who may see persons."""
    row: dict[str, Any] = {
        "hall": run.hall,
        "run": run.run,
        "ticket": run.ticket,
        "date": run.date,
        "finished": None if run.at_ms is None else format_time(run.at_ms, offset_minutes),
        "window": run.window,
        "service": run.service,
        "served_ms": run.served_ms,
        "rated": run.grade is not None,
        "grade": run.grade,
        "set_aside": bool(run.aside),
        "unrated": run.unrated if run.grade is None else None,
    }
    if shows_person:
        row["staff"] = run.staff
    return row


def ticket_row(ticket: Ticket, offset_minutes: int, shows_person: bool) -> dict[str, Any]:
    """A ticket as a reader may see it."""
    row: dict[str, Any] = {
        "hall": ticket.hall,
        "ticket": ticket.ticket,
        "date": ticket.date or ticket.called_date,
        "service": ticket.service,
        "window": ticket.window,
        "issued": None if ticket.issued_ms is None else format_time(ticket.issued_ms, offset_minutes),
        "called": None if ticket.called_ms is None else format_time(ticket.called_ms, offset_minutes),
        "waited_ms": ticket.wait_ms,
        "no_show": ticket.missed > 0,
        "left": bool(ticket.left),
    }
    if shows_person:
        row["staff"] = ticket.staff
    return row


def _offsets(halls: tuple[Hall, ...]) -> dict[str, int]:
    return {hall.id: hall.offset_minutes for hall in halls}


async def get_behind(request: web.Request) -> web.Response:
    """GET /api/v1/reports/behind: the runs or tickets that a figure counts."""
    center = request.app[CENTER]
    question = asked(request)
    wanted = behind(request, question)
    refuse_persons(question, wanted)
    found = await opened(center, wanted)
    offsets = _offsets(question.halls)
    person = question.sees_persons
    answer = {
        "from": question.first,
        "to": question.last,
        "figure": wanted.figure,
        "runs": [run_row(run, offsets[run.hall], person) for run in found.runs],
        "tickets": [ticket_row(ticket, offsets[ticket.hall], person) for ticket in found.tickets],
        "next": found.next,
        "as_of": center.as_of(),
    }
    return json_response(answer)
