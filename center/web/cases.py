"""Cases: the doors, the list that a supervisor opens every morning, and a case with what may be done next."""

from dataclasses import replace
from typing import Any

import msgspec
from aiohttp import web

from center.casework.cases import Actor, Case, Urgency
from center.casework.errors import CaseRefusal
from center.casework.tables import NEEDED, RESULTS
from center.config import Hall
from center.people.reader import Reader
from center.people.roles import FOLLOW_CASES
from center.web.case_scope import PAGE, SHOW, wanted_of
from center.web.context import CENTER, Center, json_response, require_actor
from center.web.desk_page import desk_page, signed_in
from common.envelope import format_time
from common.problem import Problem

BODY_BYTES = 16 * 1024


DUTIES = 6  # on the overview; the list of cases has all of them


def due_first(center: Center, reader: Reader, region: str | None = None) -> list[tuple[Case, Hall, Urgency]]:
    """The open cases whose answer is due first."""
    rows = []
    for case in center.desk.book.cases(replace(wanted_of(center, reader, "open", 0), limit=PAGE)):
        hall = center.hall(case.rating.hall)
        if hall is not None and not case.answered and region in (None, hall.region):
            rows.append((case, hall, center.desk.urgency(case, hall)))
    return rows[:DUTIES]


def _hall_of(center: Center, reader: Reader, name: str) -> tuple[Hall, Case]:
    """A case in the reader's scope and its hall; anything else is not there."""
    case = center.desk.book.find(name)
    hall = None if case is None else center.hall(case.rating.hall)
    if case is not None and hall is not None and reader.scope.sees(hall):
        windows = reader.scope.windows(hall)
        if windows is None or case.rating.window in windows:
            return hall, case
    raise Problem(404, "no-such-case", "There is no such case", name)


def shown(center: Center, hall: Hall, case: Case, reader: Reader) -> dict[str, Any]:
    """A case as a door says it; never the contact."""
    rating, due = case.rating, center.desk.urgency(case, hall)
    return {
        "id": case.id,
        "hall": rating.hall,
        "run": rating.run,
        "window": rating.window,
        "staff": rating.staff,
        "service": rating.service,
        "grade": rating.grade,
        "channel": rating.channel,
        "reasons": rating.reasons,
        "words": rating.words,
        "rated_at": format_time(rating.rated_ms, hall.offset_minutes),
        "opened_at": format_time(case.opened_ms, hall.offset_minutes),
        "state": case.state,
        "due": case.due.isoformat(),
        "due_sure": case.due_sure,
        "days_left": due.days_left,
        "urgency": due.word,
        "reminder": case.reminder,
        "handler": case.handler,
        "has_contact": case.has_contact,
        "actions": case.actions(reader.role),
        "steps": [
            {
                "action": step.action,
                "at": format_time(step.at_ms, hall.offset_minutes),
                "who": step.who,
                "role": step.role,
                "data": step.data,
            }
            for step in case.steps
        ],
    }


def _asked(request: web.Request) -> tuple[str, int]:
    show = request.query.get("show", "open")
    if show not in SHOW:
        raise Problem(400, "bad-request", f"show={show!r} is not known", f"One of {', '.join(SHOW)}.")
    page = request.query.get("page", "0")
    if not page.isdecimal() or len(page) > 6:
        raise Problem(400, "bad-request", "page is not a number", "0 for the first.")
    return show, int(page)


async def get_cases(request: web.Request) -> web.Response:
    """GET /api/v1/cases: those in scope, the most urgent first."""
    center = request.app[CENTER]
    reader = await require_actor(request, FOLLOW_CASES)
    show, page = _asked(request)
    wanted = wanted_of(center, reader, show, page)
    rows = []
    for case in center.desk.book.cases(wanted):
        hall = center.hall(case.rating.hall)
        assert hall is not None
        rows.append(shown(center, hall, case, reader))
    answer = {"show": show, "count": center.desk.book.count(wanted), "page": page, "cases": rows}
    return json_response(answer | {"as_of": center.as_of()})


async def get_case(request: web.Request) -> web.Response:
    """GET /api/v1/cases/{id}; with the contact, for its handler alone."""
    center = request.app[CENTER]
    reader = await require_actor(request, FOLLOW_CASES)
    hall, case = _hall_of(center, reader, request.match_info["id"])
    answer = shown(center, hall, case, reader)
    contact = center.desk.contact_for(case, reader.name) if reader.account else None
    if contact is not None:
        answer["contact"] = contact
    return json_response(answer)


async def _act(request: web.Request, reader: Reader, action: str, said: dict[str, Any]) -> Case:
    center = request.app[CENTER]
    name = request.match_info["id"]
    hall, _ = _hall_of(center, reader, name)
    if action == "assign" and "handler" in said:
        account = center.accounts.find(str(said["handler"]))
        if account is None or not account.may(FOLLOW_CASES) or not account.scope.sees(hall):
            raise CaseRefusal("no-such-handler", "handler: no account of this name follows cases of this hall")
    return await center.desk.act(hall, name, action, said, Actor(reader.name, reader.role))


async def post_action(request: web.Request) -> web.Response:
    """POST /api/v1/cases/{id}/actions: {"action": …, what it has to say}."""
    center = request.app[CENTER]
    reader = await require_actor(request, FOLLOW_CASES)
    hall, _ = _hall_of(center, reader, request.match_info["id"])
    try:
        body = await request.content.read(BODY_BYTES + 1)
        if len(body) > BODY_BYTES:
            raise Problem(413, "too-large", f"More than {BODY_BYTES} bytes", "An action says its text, no document.")
        said = msgspec.json.decode(body, type=dict[str, Any])
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Problem(422, "unreadable", "This is no JSON object", str(error)) from error
    action = said.pop("action", None)
    if not isinstance(action, str):
        raise Problem(422, "unreadable", "action is missing", f"One of {', '.join(NEEDED)}.")
    try:
        case = await _act(request, reader, action, said)
    except CaseRefusal as refused:
        status = {"wrong-role": 403, "bad-field": 422, "unknown-action": 422, "no-such-handler": 422}
        raise Problem(
            status.get(refused.kind, 409), refused.kind, "The case does not take this", refused.detail
        ) from refused
    return json_response(shown(center, hall, case, reader))


def _follower(request: web.Request) -> Reader:
    reader = signed_in(request)
    if not reader.may(FOLLOW_CASES):
        raise Problem(403, "wrong-role", f"You are {reader.role}", "Cases are for managers and supervisors.")
    return reader


async def get_list_page(request: web.Request) -> web.Response:
    """GET /cases."""
    center, reader = request.app[CENTER], _follower(request)
    show, page = _asked(request)
    rows = []
    for case in center.desk.book.cases(wanted_of(center, reader, show, page)):
        hall = center.hall(case.rating.hall)
        assert hall is not None
        rows.append((case, hall, center.desk.urgency(case, hall)))
    counts = {name: center.desk.book.count(wanted_of(center, reader, name, 0)) for name in SHOW}
    return desk_page(
        request,
        "cases.html",
        "cases",
        rows=rows,
        show=show,
        page=page,
        pages=-(-counts[show] // PAGE),
        counts=counts,
    )


async def get_case_page(request: web.Request) -> web.Response:
    """GET /cases/{id}."""
    return _case_page(request, _follower(request))


def _case_page(
    request: web.Request, reader: Reader, refused: CaseRefusal | None = None, said: dict[str, Any] | None = None
) -> web.Response:
    center = request.app[CENTER]
    hall, case = _hall_of(center, reader, request.match_info["id"])
    return desk_page(
        request,
        "case.html",
        "cases",
        200 if refused is None else 409,
        case=case,
        hall=hall,
        due=center.desk.urgency(case, hall),
        contact=center.desk.contact_for(case, reader.name) if reader.account else None,
        actions=case.actions(reader.role),
        needed=NEEDED,
        results=RESULTS,
        handlers=_handlers(center, hall),
        at=lambda ms: format_time(ms, hall.offset_minutes)[:16].replace("T", " "),
        refused=refused,
        said=said or {},
    )


def _handlers(center: Center, hall: Hall) -> list[str]:
    """The accounts that may follow a hall's cases."""
    able = (account for account in center.accounts.all() if not account.disabled and account.may(FOLLOW_CASES))
    return [account.name for account in able if account.scope.sees(hall)]


async def post_case_page(request: web.Request) -> web.Response:
    """POST /cases/{id}: one action by the page's form; a refusal shows the page with what was typed."""
    reader = _follower(request)
    await require_actor(request, FOLLOW_CASES)
    form = {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    said: dict[str, Any] = {name: form[name] for name in ("text", "by", "result", "handler", "days") if name in form}
    if "days" in said:
        said["days"] = int(said["days"]) if said["days"].isdecimal() and len(said["days"]) < 5 else None
    action = form.get("action", "")
    try:
        await _act(request, reader, action, said)
    except CaseRefusal as refused:
        return _case_page(request, reader, refused, said | {"action": action})
    raise web.HTTPSeeOther(f"/cases/{request.match_info['id']}")


ROUTES = (
    web.get("/api/v1/cases", get_cases),
    web.get("/api/v1/cases/{id}", get_case),
    web.post("/api/v1/cases/{id}/actions", post_action),
    web.get("/cases", get_list_page),
    web.get("/cases/{id}", get_case_page),
    web.post("/cases/{id}", post_case_page),
)
