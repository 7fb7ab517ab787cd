"""Signs of self-rating: what stands out in a hall's month, how likely it is by chance, and the events behind it."""

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from aiohttp import web

from center.config import Hall
from center.people.reader import Reader
from center.people.roles import FOLLOW_CASES
from center.store.answers import Behind
from center.store.following import RatedRow
from center.trust import signs
from center.trust.signs import Box, Ignored, Press, Served, Sign
from center.web.asking import dates
from center.web.context import CENTER, Center, json_response, require_actor, scope
from center.web.desk_page import desk_page, signed_in
from center.web.paging import require_whole, wrong_page
from common.problem import Problem

MAX_DAYS = 92  # a quarter: what is older was looked at then
EVALUATOR = "evaluator"


def press_of(row: RatedRow) -> Press | None:
    """A rating at a box; one by phone or on paper was pressed nowhere."""
    run, said = row.row, row.data
    after_ms = said.get("pressed_after_ms")
    if not said.get("device") or run.grade is None or not isinstance(after_ms, int):
        return None
    return Press(
        event=row.event,
        staff=run.staff or "",
        window=run.window or "",
        device=str(said["device"]),
        grade=run.grade,
        at_ms=run.rated_ms or run.at_ms,
        pressed_after_ms=after_ms,
    )


@dataclass(frozen=True, slots=True)
class Found:
    """The signs of a hall's dates, and the run behind each rating's event."""

    signs: list[Sign]
    runs: dict[str, str]


async def found(center: Center, hall: Hall, days: tuple[str, str]) -> Found:
    """All signs of a hall's dates."""
    rated = await center.store.rated(hall.id, days)
    presses = [press for row in rated if (press := press_of(row)) is not None]
    tallies = await center.store.tallies("staff", days[0], days[1], [hall.id])
    people = [Served(str(t.key[1] or ""), t.served, sum(t.grades)) for t in tallies if t.key[1]]
    ignored = [
        Ignored(row.event, row.device, row.at_ms, row.quiet) for row in await center.store.ignored(hall.id, days)
    ]
    boxes = [
        Box(state.device, state.window or "", None if state.tested_ms is None else _days_ago(center, state.tested_ms))
        for state in await center.store.devices([hall.id])
        if state.role in (EVALUATOR, None)
    ]
    standing = [
        *signs.quick_presses(presses),
        *signs.equal_grades(presses),
        *signs.far_rates(people),
        *signs.quiet_presses(ignored, boxes),
        *signs.never_bad(presses, boxes),
    ]
    runs = {row.event: row.row.run for row in rated}
    return Found([await _with_events(center, hall, days, sign, runs) for sign in standing], runs)


async def _with_events(center: Center, hall: Hall, days: tuple[str, str], sign: Sign, runs: dict[str, str]) -> Sign:
    """A rate has no presses of its own: what is behind it are finishes, those that make it far from the others'."""
    if sign.kind != signs.FAR_RATE:
        return sign
    n = sign.numbers
    low = n["rated"] * n["others_served"] < n["others_rated"] * n["served"]
    behind = Behind("unrated" if low else "rated", *days, [hall.id], staff=sign.who, limit=signs.MAX_EVENTS)
    found = {run.finished_at: run.run for run in await center.store.runs(behind) if run.finished_at is not None}
    events = {f"{event.journal}/{event.sequence}": event.position for event in await center.store.events_at([*found])}
    runs |= {event: found[position] for event, position in events.items()}
    return replace(sign, events=tuple(events))


def _days_ago(center: Center, ms: int) -> int:
    return max(0, (center.now_ms() - ms) // 86_400_000)


def _asked(request: web.Request, center: Center, reader: Reader) -> tuple[Hall | None, tuple[str, str], list[Hall]]:
    # A department alone can't be compared with the rest of its hall by who may not see the rest.
    require_whole(reader)
    halls = scope(center, reader)
    wanted = request.query.get("hall")
    if "from" not in request.query and "to" not in request.query:
        today = max((center.desk.today(hall) for hall in halls), default=date(1970, 1, 1))
        days = (today.replace(day=1).isoformat(), today.isoformat())
    else:
        days = dates(request)
    if (date.fromisoformat(days[1]) - date.fromisoformat(days[0])).days >= MAX_DAYS:
        raise Problem(400, "bad-request", "from..to is too long", f"At most {MAX_DAYS} days are looked at together.")
    if not wanted:
        return (halls[0] if len(halls) == 1 else None), days, halls
    for hall in halls:
        if hall.id == wanted:
            return hall, days, halls
    raise Problem(404, "no-such-hall", "There is no such hall here", wanted)


async def get_signs(request: web.Request) -> web.Response:
    """GET /api/v1/signs?hall&from&to."""
    center = request.app[CENTER]
    hall, days, _ = _asked(request, center, await require_actor(request, FOLLOW_CASES))
    if hall is None:
        raise Problem(400, "bad-request", "hall is missing", "Signs compare people of one hall; name it.")
    rows: list[dict[str, Any]] = [
        {
            "kind": sign.kind,
            "who": sign.who,
            "numbers": sign.numbers,
            "chance": sign.chance,
            "test": sign.test,
            "events": sign.events,
        }
        for sign in (await found(center, hall, days)).signs
    ]
    answer = {"hall": hall.id, "from": days[0], "to": days[1], "level": signs.LEVEL, "signs": rows}
    return json_response(answer | {"as_of": center.as_of()})


async def get_page(request: web.Request) -> web.Response:
    """GET /signs."""
    center = request.app[CENTER]
    reader = signed_in(request)
    await require_actor(request, FOLLOW_CASES)
    try:
        hall, days, halls = _asked(request, center, reader)
    except Problem as problem:
        return wrong_page(request, "signs", problem)
    result = Found([], {}) if hall is None else await found(center, hall, days)
    return desk_page(
        request,
        "signs.html",
        "signs",
        hall=hall,
        halls=halls,
        days=days,
        signs=result.signs,
        runs=result.runs,
        level=signs.LEVEL,
        old_days=signs.OLD_TEST_DAYS,
        least=signs.MIN_RATINGS,
    )


ROUTES = (web.get("/api/v1/signs", get_signs), web.get("/signs", get_page))
