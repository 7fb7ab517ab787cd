"""The overview page and signing in to it."""

from aiohttp import web

from center.config import Hall
from center.people.reader import Reader
from center.people.roles import FOLLOW_CASES
from center.reports.overview import Known, OverviewData, build
from center.rollups.cells import Times
from center.store.answers import HallDay
from center.web.asking import READERS, Asked, part_of
from center.web.cases import due_first
from center.web.context import CENTER, Center, parts_in_scope
from center.web.day import day_charts
from center.web.figures import hall_journals, lag_s
from center.web.paging import page, signed_in
from center.web.windows import windows_of
from common.envelope import format_time
from common.problem import Problem

MAX_TOKEN_CHARS = 200  # a token has 22


def _reader(request: web.Request) -> Reader | None:
    holder = request.app[CENTER].sessions.find(request)
    return holder if holder is not None and holder.role in READERS else None


async def known_now(center: Center, halls: list[Hall], part: frozenset[str] | None = None) -> OverviewData:
    """What the center knows of these halls now; `part`: of the one hall, these windows alone."""
    dates = center.dates()
    seen = {hall.id: dates[hall.id] for hall in halls}
    journals = await center.store.journals()
    tallies = []
    for date in sorted(set(seen.values())):
        on_date = [hall_id for hall_id, own in seen.items() if own == date]
        tallies += await center.store.tallies("hall", date, date, on_date, windows=part)
    known = Known(
        now_ms=center.now_ms(),
        tallies={str(tally.key[0]): tally for tally in tallies},
        days=await _days(center, seen, part),
        waits=await center.store.waits(seen, part),
        journals={hall.id: hall_journals(journals, hall) for hall in halls},
        lags={hall.id: lag_s(center, hall, next(iter(hall_journals(journals, hall)), None)) for hall in halls},
        heard={hall: presence.heard_ms for hall, presence in center.presence.items()},
    )
    return build(halls, known, center.settings.overview)


async def _days(center: Center, seen: dict[str, str], part: frozenset[str] | None) -> dict[str, HallDay]:
    if part is None:
        return {day.hall: day for day in await center.store.hall_day(seen)}
    # Who waits has not been called to a window yet: nobody knows whose it will be.
    boxes = [box for box in await center.store.devices(list(seen)) if box.window in part]
    return {hall: HallDay(hall, None, None, sum(box.up for box in boxes), len(boxes)) for hall in seen}


async def get_overview(request: web.Request) -> web.Response:
    """GET /: the frame with its labels at once; the figures follow."""
    signed_in(request)
    return page(request, "overview.html", "overview")


async def get_figures(request: web.Request) -> web.Response:
    """GET /overview: the figures alone, as they stand now; the page asks for them again and again."""
    center = request.app[CENTER]
    holder = _reader(request)
    if holder is None:
        raise Problem(401, "signed-out", "Nobody is signed in here", "Sign in again.")
    halls = parts_in_scope(center, holder)
    part = part_of(holder, halls)
    region = request.query.get("region")
    if region is not None:
        halls = [hall for hall in halls if hall.region == region]
    overview = await known_now(center, halls, part)

    def clock(at_ms: int, offset_minutes: int) -> str:
        return format_time(at_ms, offset_minutes)[11:16]

    quarters: dict[str | None, Times] = {}
    own_dates = center.dates()
    for date in sorted({own_dates[hall.id] for hall in halls}):
        on_date = [hall.id for hall in halls if own_dates[hall.id] == date]
        for tally in await center.store.times("quarter", date, date, on_date, windows=part):
            quarters.setdefault(tally.key[0], Times()).merge(tally.times)

    reader = holder if holder.may(FOLLOW_CASES) else None
    duties = [] if reader is None else due_first(center, reader, region)
    windows = []
    if part is not None and halls:
        today = own_dates[halls[0].id]
        windows = await windows_of(center, Asked(holder, (halls[0],), today, today, halls[0].id, part))
    as_of = format_time(overview.now_ms, halls[0].offset_minutes if halls else 0)[11:19]

    text = center.pages.text(
        request,
        "figures.html",
        o=overview,
        clock=clock,
        as_of=as_of,
        region=region,
        charts=day_charts(request, quarters),
        duties=duties,
        follows=reader is not None,
        windows=windows,
        part=part is not None,
        dates=own_dates,
        day=own_dates[halls[0].id] if len({own_dates[hall.id] for hall in halls}) == 1 else None,
    )
    answer = web.Response(text=text, content_type="text/html")
    answer.headers["Cache-Control"] = "no-store"
    return answer
