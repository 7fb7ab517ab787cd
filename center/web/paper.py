"""Paper forms (测评表): a rating that a citizen wrote by hand, entered for a run that has none, and marked as such."""

from typing import Any

from aiohttp import web

from center.config import Hall
from center.own import Happened
from center.people.reader import Reader
from center.people.roles import ENTER_PAPER
from center.phone.errors import PhoneRefusal
from center.phone.rating import PAPER, data_of, read
from center.store.following import RunRow
from center.web.context import CENTER, Center, parts_in_scope, require_actor
from center.web.desk_page import desk_page, signed_in
from common.envelope import format_time
from common.problem import Problem

MAX_RUNS = 300  # of one window and day that are offered; a window serves some eighty people a day
MAX_FORM_CHARS = 40


def _halls(center: Center, reader: Reader) -> list[Hall]:
    return parts_in_scope(center, reader)


def _asked(request: web.Request, center: Center, reader: Reader) -> tuple[Hall | None, str, str]:
    halls = _halls(center, reader)
    wanted = request.query.get("hall", "")
    hall = next((hall for hall in halls if hall.id == wanted), halls[0] if len(halls) == 1 and not wanted else None)
    if wanted and hall is None:
        raise Problem(404, "no-such-hall", "There is no such hall here", wanted)
    date = request.query.get("date", "")
    return hall, date, request.query.get("window", "")


async def _unrated(center: Center, reader: Reader, hall: Hall, date: str, window: str) -> list[RunRow]:
    """Runs of a day, and of a window if one is named, that nobody has rated."""
    windows = reader.scope.windows(hall)
    if window:
        windows = frozenset({window} if windows is None or window in windows else ())
    return await center.store.unrated(hall.id, date, windows, MAX_RUNS)


async def _page(
    request: web.Request, reader: Reader, refused: str | None = None, form: dict[str, Any] | None = None
) -> web.Response:
    center = request.app[CENTER]
    hall, date, window = _asked(request, center, reader)
    runs = [] if hall is None or not date else await _unrated(center, reader, hall, date, window)
    offset = hall.offset_minutes if hall else 0
    return desk_page(
        request,
        "paper.html",
        "paper",
        200 if refused is None else 422,
        halls=_halls(center, reader),
        hall=hall,
        date=date,
        window=window,
        runs=runs,
        clock=lambda ms: format_time(ms, offset)[11:16],
        done=request.query.get("done"),
        refused=refused,
        form=form or {},
    )


async def get_page(request: web.Request) -> web.Response:
    """GET /paper?hall&date&window."""
    reader = signed_in(request)
    await require_actor(request, ENTER_PAPER)
    return await _page(request, reader)


async def post_page(request: web.Request) -> web.Response:
    """POST /paper?hall&date&window: one form."""
    center = request.app[CENTER]
    reader = signed_in(request)
    await require_actor(request, ENTER_PAPER)
    hall, date, window = _asked(request, center, reader)
    sent = await request.post()
    form: dict[str, Any] = {name: value for name, value in sent.items() if isinstance(value, str)}
    form["reasons"] = [str(value) for value in sent.getall("reason", [])]
    try:
        if hall is None:
            raise PhoneRefusal("no-run", "hall: is needed")
        said = read(form, form["reasons"])
        number = str(form.get("form", "")).strip()[:MAX_FORM_CHARS]
        async with center.own.lock(hall.id):
            runs = await _unrated(center, reader, hall, date, window)
            run = next((run for run in runs if run.run == form.get("run")), None)
            if run is None:
                raise PhoneRefusal("no-run", "run: choose a service that has no rating yet")
            data = data_of(run, said, center.now_ms(), PAPER) | {"entered_by": reader.name, "form": number}
            await center.own.append(hall, Happened("hall.rating.submitted", f"run/{run.run}", data))
    except PhoneRefusal as refused:
        return await _page(request, reader, refused.kind, form)
    center.watch.note(hall.id)
    raise web.HTTPSeeOther(str(request.rel_url.update_query(done="1")))


ROUTES = (web.get("/paper", get_page), web.post("/paper", post_page))
