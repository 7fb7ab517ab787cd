"""`/t/{token}` at the center: a citizen's place in line, the call, and once the late rating. Nobody else's anything.

The token is 128 bits of chance on the paper; who tries others is slowed down by address. The page shows what the halls
have sent so far and says as of when.
"""

from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from aiohttp import web

from center.casework.cases import BAD_GRADES, case_id
from center.casework.errors import CaseworkError
from center.config import Hall
from center.errors import StoreError
from center.own import Happened
from center.phone.errors import PhoneRefusal
from center.phone.rating import RATE_DAYS, Said, data_of, rateable, read
from center.store.following import RunRow, TicketRow
from center.web.context import CENTER, Center, client_address
from common import sessions
from common.envelope import format_time

MAX_TOKEN_CHARS = 64  # ours have 22
LEAST_WAITS = 5  # fewer say nothing about the next one
LATE_S = 30  # data that is older is marked: a hall sends within a second of what happens


def _hall_of(center: Center, ticket: TicketRow) -> Hall | None:
    return center.hall(ticket.hall)


async def _find(request: web.Request) -> tuple[TicketRow, Hall] | None:
    """The ticket of the address, or None."""
    center, token = request.app[CENTER], request.match_info["token"]
    ticket = None
    if len(token) <= MAX_TOKEN_CHARS:
        ticket = await center.store.ticket_of_token(sha256(token.encode()).hexdigest())
    hall = None if ticket is None else _hall_of(center, ticket)
    return None if ticket is None or hall is None else (ticket, hall)


def _unknown(request: web.Request) -> web.Response:
    """Wrong guesses cost time, and only they: a right token passes whoever else is at its address."""
    throttle, who = request.app[CENTER].throttle, f"phone/{client_address(request)}"
    wait_ms = throttle.wait_ms(who)
    if not wait_ms:
        throttle.failed(who)
        return _page(request, "phone_none.html", 404, hall=None, why="none", wait_s=0)
    answer = _page(request, "phone_none.html", 429, hall=None, why="wait", wait_s=-(-wait_ms // 1000))
    answer.headers["Retry-After"] = str(-(-wait_ms // 1000))
    return answer


def _page(request: web.Request, template: str, status: int = 200, **values: Any) -> web.Response:
    center = request.app[CENTER]
    answer = center.pages.page(request, template, status, center=center.settings.overview, **values)
    answer.headers["Cache-Control"] = "no-store"
    # The address is the key: no search engine keeps it (and by our policy for all pages no referrer leaves this site).
    answer.headers["X-Robots-Tag"] = "noindex"
    return answer


def expected_minutes(ticket: TicketRow) -> tuple[int, int] | None:
    """The range that the last waits of this service make likely: half of them lie in it. None while there are few."""
    waits = sorted(ticket.waited_recently_ms)
    if ticket.called_ms is not None or len(waits) < LEAST_WAITS:
        return None
    low, high = waits[len(waits) // 4], waits[len(waits) * 3 // 4]
    return low // 60_000, max(low // 60_000 + 1, -(-high // 60_000))


def _local(ms: int, hall: Hall) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(milliseconds=ms, minutes=hall.offset_minutes)


async def show(request: web.Request) -> web.Response:
    """GET /t/{token}."""
    found = await _find(request)
    if found is None:
        return _unknown(request)
    return await _ticket_page(request, *found)


async def _ticket_page(
    request: web.Request, ticket: TicketRow, hall: Hall, refused: str | None = None, form: dict[str, Any] | None = None
) -> web.Response:
    center = request.app[CENTER]
    runs = await center.store.runs_of_ticket(hall.id, ticket.ticket)
    now_ms = center.now_ms()
    run = rateable(runs, now_ms)
    presence = center.presence.get(hall.id)
    known_ms = None if presence is None else presence.known_ms
    values: dict[str, Any] = {
        "hall": hall,
        "ticket": ticket,
        "clock": lambda ms: format_time(ms, hall.offset_minutes)[11:16],
        "known_ms": known_ms,
        "late": known_ms is None or now_ms - known_ms > LATE_S * 1000,
        "refused": refused,
        "form": form or {},
    }
    if run is not None and ticket.called_ms is not None:
        last = _local(run.at_ms, hall) + timedelta(days=RATE_DAYS)
        return _page(
            request,
            "phone_rate.html",
            200 if refused is None else 422,
            run=run,
            last=last,
            **values,
            on=_local(run.at_ms, hall),
        )
    if runs:
        return _page(
            request,
            "phone_done.html",
            200 if refused is None else 409,
            rated=all(each.grade is not None for each in runs),
            **values,
        )
    return _page(request, "phone_ticket.html", minutes=expected_minutes(ticket), **values)


async def rate(request: web.Request) -> web.Response:
    """POST /t/{token}: the rating, once."""
    sessions.check_origin(request)
    found = await _find(request)
    if found is None:
        return _unknown(request)
    ticket, hall = found
    center = request.app[CENTER]
    sent = await request.post()
    form = {name: value for name, value in sent.items() if isinstance(value, str)}
    reasons = [str(value) for value in sent.getall("reason", [])]
    try:
        said = read(form, reasons)
        async with center.own.lock(hall.id):
            run = rateable(await center.store.runs_of_ticket(hall.id, ticket.ticket), center.now_ms())
            if run is None:
                raise PhoneRefusal("not-now", "there is no service left to rate, or it is too late")
            await _keep(center, hall, run, said)
    except PhoneRefusal as refused:
        return await _ticket_page(request, ticket, hall, refused.kind, form | {"reasons": reasons})
    center.watch.note(hall.id)
    raise web.HTTPSeeOther(f"/t/{request.match_info['token']}")


async def _keep(center: Center, hall: Hall, run: RunRow, said: Said) -> None:
    """The contact first, so that the case that opens for the rating finds it; without the rating it goes again."""
    name = case_id(hall.id, run.run)
    with_contact = bool(said.contact) and said.grade in BAD_GRADES
    if with_contact:
        try:
            center.desk.contacts.keep(name, said.contact)
        except CaseworkError as error:
            raise PhoneRefusal("bad-contact", str(error)) from error
    try:
        data = data_of(run, said, center.now_ms())
        await center.own.append(hall, Happened("hall.rating.submitted", f"run/{run.run}", data))
    except StoreError:
        if with_contact:
            center.desk.contacts.destroy(name)
        raise


ROUTES = (web.get("/t/{token}", show), web.post("/t/{token}", rate))
