"""The pages of the halls and of the boxes: all halls, one hall today, every device."""

from aiohttp import web

from center.config import Hall
from center.counting import local_date
from center.reports import devices
from center.reports.overview import HallLine
from center.web.asking import Asked, part_of, parts_asked
from center.web.context import CENTER, Center, parts_in_scope
from center.web.day import day_charts
from center.web.events import reader_of
from center.web.overview import known_now
from center.web.paging import hall_name, page, signed_in, wrong_page
from center.web.reporting import time_tallies
from center.web.windows import windows_of
from common.envelope import format_time
from common.problem import Problem

MAX_NAMED = 10  # events in quarantine that are named


def _(text: str) -> str:
    """Marks a message for the catalogue."""
    return text


STATES = {
    "never": _("Never heard of"),
    "silent": _("Silent"),
    "late": _("Data is late"),
    "unhappy": _("Bad ratings today"),
    "quarantined": _("Unreadable events"),
    "well": _("Well"),
}
DEVICE_STATES = {
    "dead-key": _("A key does not work"),
    "fault": _("Fault"),
    "away": _("Away"),
    "untested": _("Keys not tested for a week"),
    "well": _("Well"),
}
ROLES = {
    "evaluator": _("Evaluator"),
    "caller": _("Caller"),
    "dispenser": _("Dispenser"),
    "display": _("Display"),
}


def _moment(at_ms: int | None, offset_minutes: int) -> str | None:
    return None if at_ms is None else format_time(at_ms, offset_minutes)[:16].replace("T", " ")


async def get_halls(request: web.Request) -> web.Response:
    """GET /halls: every hall of the reader's scope, today, region by region."""
    center = request.app[CENTER]
    holder = signed_in(request)
    halls = parts_in_scope(center, holder)
    overview = await known_now(center, halls, part_of(holder, halls))
    found = {line.hall.id: line for line in (*overview.lines, *overview.well)}
    regions: dict[str, list[HallLine]] = {}
    for hall in sorted(halls, key=lambda one: (one.region, one.name)):
        regions.setdefault(hall.region, []).append(found[hall.id])
    return page(
        request,
        "halls.html",
        "halls",
        regions=regions,
        states=STATES,
        name=lambda hall: hall_name(request, hall),
        moment=_moment,
        as_of=_as_of(center, halls),
    )


def _as_of(center: Center, halls: list[Hall]) -> str:
    return str(_moment(center.now_ms(), halls[0].offset_minutes if halls else 0))


async def get_hall(request: web.Request) -> web.Response:
    """GET /halls/{hall}: one hall: how it stands, today by window, today by quarter hour, its boxes, its journals."""
    center = request.app[CENTER]
    try:
        hall, holder = reader_of(request, request.match_info["hall"], signed_in(request))
    except Problem as problem:
        return wrong_page(request, "halls", problem)
    today = local_date(center.now_ms(), hall.offset_minutes)
    part = holder.scope.windows(hall)
    question = Asked(holder, (hall,), today, today, hall.id, part)
    overview = await known_now(center, [hall], part)
    (line,) = (*overview.lines, *overview.well)
    # How the whole hall's events come in tells of all its departments.
    journals = [journal for journal in await center.store.journals() if journal.hall == hall.id and part is None]
    boxes = [box for box in await center.store.devices([hall.id]) if part is None or box.window in part]
    return page(
        request,
        "hall.html",
        "halls",
        hall=hall,
        name=hall_name(request, hall),
        line=line,
        today=today,
        states=STATES,
        windows=await windows_of(center, question),
        whole=part is None,
        charts=day_charts(request, {t.key[0]: t.times for t in await time_tallies(center, question, "quarter")}),
        devices=devices.lines(boxes, center.now_ms()),
        device_states=DEVICE_STATES,
        roles=ROLES,
        offset_of=lambda one: hall.offset_minutes,
        dead_keys=devices.dead_keys,
        journals=journals,
        quarantine=await center.store.quarantine(hall.id, MAX_NAMED) if part is None else [],
        moment=_moment,
        as_of=_as_of(center, [hall]),
    )


async def get_devices(request: web.Request) -> web.Response:
    """GET /devices: every box of the reader's halls, what is wrong first."""
    center = request.app[CENTER]
    holder = signed_in(request)
    try:
        halls, hall = parts_asked(request, holder)
    except Problem as problem:
        return wrong_page(request, "devices", problem)
    offsets = {one.id: one.offset_minutes for one in halls}
    part = part_of(holder, halls)
    boxes = [box for box in await center.store.devices([one.id for one in halls]) if part is None or box.window in part]
    found = devices.lines(boxes, center.now_ms())
    return page(
        request,
        "devices.html",
        "devices",
        lines=found,
        halls={one.id: one for one in halls},
        name=lambda one: hall_name(request, one),
        all_halls=[(one.id, hall_name(request, one)) for one in parts_in_scope(center, holder)],
        hall=hall,
        states=DEVICE_STATES,
        roles=ROLES,
        offset_of=lambda one: offsets[one],
        dead_keys=devices.dead_keys,
        moment=_moment,
        as_of=_as_of(center, list(halls)),
    )
