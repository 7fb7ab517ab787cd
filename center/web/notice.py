"""The monthly notice's doors: page, PDF, .xlsx and figures."""

import asyncio
import re
from datetime import date
from pathlib import Path
from typing import Any

import segno
from aiohttp import web
from markupsafe import Markup

from center.bulletin import figures, paper, put_right, workbook
from center.bulletin.figures import MonthError, Notice
from center.bulletin.wording import Wording
from center.config import Hall
from center.people.reader import Reader
from center.reports.ranking import points
from center.reports.times import spread
from center.web.asking import READERS, halls_asked
from center.web.context import CENTER, Center, json_response, require_reader, scope
from center.web.paging import page, require_whole, signed_in, wrong_page
from common import pages as frame
from common.envelope import format_time
from common.problem import Problem

PATH = "/bulletin"
MAX_MARKS = 230  # bad ratings that have a mark each: ten lines on paper
MAX_NAMED = 12  # windows with too few ratings that are named
NAME = re.compile(r"(.*?)(?:\.(pdf|xlsx|json))?", re.DOTALL)
XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
STYLES = (Path(frame.__file__).parent / "static" / "tokens.css", Path(__file__).parent / "static" / "paper.css")


def today(center: Center, halls: tuple[Hall, ...]) -> date:
    """Today where the first hall is."""
    return date.fromisoformat(center.dates()[halls[0].id]) if halls else date(2000, 1, 1)


async def make(center: Center, halls: tuple[Hall, ...], hall: str | None, month: str) -> Notice:
    """The notice; raises `MonthError`."""
    wanted = figures.months_wanted(month)
    ids = [one.id for one in halls]
    own = halls[0] if hall is not None else None
    # The cases first, then the store's moment, then what of that moment the cases lack: all of one moment.
    held = center.desk.held(ids, *wanted[0])
    rows = await center.store.month(ids, wanted)
    cases = await center.desk.up_to(held, rows.journals, *wanted[0])
    return figures.build(month, halls, own, rows, put_right.summary(cases))


def _code(center: Center, notice: Notice, digest: str) -> str:
    """What the paper's QR says: where the figures are, and which."""
    where = center.settings.bulletin.public_url.rstrip("/")
    query = f"?hall={notice.hall.id}" if notice.hall else ""
    if where:
        return f"{where}{PATH}/{notice.month}.json{query}#{digest}"
    return f"tingting:bulletin:{notice.month}:{notice.hall.id if notice.hall else ''}:sha256:{digest}"


def _values(request: web.Request, notice: Notice) -> dict[str, Any]:
    center = request.app[CENTER]
    language = center.pages.language(request)
    wording = Wording(language, center.settings.overview, center.settings.bulletin)
    digest = figures.digest(figures.as_json(notice))
    image = segno.make_qr(_code(center, notice, digest), error="m").svg_inline(border=2, omitsize=True)
    few = [f"{wording.window(notice, one.key)} ({one.interval.count})" for one in notice.unranked[:MAX_NAMED]]
    rest = len(notice.unranked) - MAX_NAMED
    offset_minutes = notice.halls[0].offset_minutes if notice.halls else 0
    return {
        "notice": notice,
        "w": wording,
        "waits": _Waits(notice),
        "mean": _mean,
        "unranked": wording.gettext(", ").join(few) + (f" … +{rest}" if rest > 0 else ""),
        "max_marks": MAX_MARKS,
        "today": today(center, notice.halls),
        "qr": Markup(image),  # noqa: S704 - segno's own drawing
        "digest": digest,
        "as_of": format_time(center.now_ms(), offset_minutes)[:16].replace("T", " "),
    }


class _Waits:
    """Waiting times in the words of the template."""

    def __init__(self, notice: Notice) -> None:
        found = spread(notice.times.waiting)
        self.count: int = found["count"]
        self.median_ms: int | None = found["median_ms"]
        self.p90_ms: int | None = found["p90_ms"]


def _mean(grades: tuple[int, ...]) -> float | None:
    rated = sum(grades)
    return points(grades) / rated if rated else None


async def get_index(request: web.Request) -> web.Response:
    """GET /bulletin: to the month that was asked for, or to the last one that is over."""
    center = request.app[CENTER]
    holder = signed_in(request)
    try:
        require_whole(holder)
    except Problem as problem:
        return wrong_page(request, "bulletin", problem)
    halls, hall = halls_asked(request, holder)
    now = today(center, halls).isoformat()[:7]
    month = request.query.get("month") or figures.month_before(now)
    raise web.HTTPSeeOther(f"{PATH}/{month}" + (f"?hall={hall}" if hall else ""))


async def get_notice(request: web.Request) -> web.StreamResponse:
    """GET /bulletin/{month}, and .pdf, .xlsx, .json beside it."""
    name = NAME.fullmatch(request.match_info["name"])
    assert name is not None  # it matches any text
    month, kind = name.groups()
    holder = require_reader(request, *READERS) if kind else signed_in(request)
    try:
        require_whole(holder)
        return await _answer(request, holder, month, kind)
    except MonthError as error:
        problem = Problem(404, "no-such-month", "There is no such month", str(error))
        if kind:
            raise problem from error
        return wrong_page(request, "bulletin", problem)
    except Problem as problem:
        if kind:
            raise
        return wrong_page(request, "bulletin", problem)


async def _answer(request: web.Request, holder: Reader, month: str, kind: str | None) -> web.StreamResponse:
    center = request.app[CENTER]
    halls, hall = halls_asked(request, holder)
    notice = await make(center, halls, hall, month)
    if kind == "json":
        told = figures.as_json(notice)
        return json_response(told | {"digest": figures.digest(told), "as_of": center.as_of()})
    values = _values(request, notice)
    if kind == "pdf":
        styles = Markup("".join(path.read_text("utf-8") for path in STYLES))  # noqa: S704 - our own files
        text = center.pages.text(request, "bulletin_paper.html", styles=styles, **values)
        return _file(await asyncio.to_thread(paper.pdf, text), "application/pdf", f"{month}.pdf")
    if kind == "xlsx":
        return _file(await asyncio.to_thread(workbook.workbook, notice, values["w"]), XLSX, f"{month}.xlsx")
    query = f"?hall={hall}" if hall else ""
    running = figures.month_dates(month)[1] >= today(center, halls).isoformat()
    return page(
        request,
        "bulletin.html",
        "bulletin",
        halls=scope(center, holder),
        base=f"{PATH}/{month}",
        query=query,
        running=running,
        **values,
    )


def _file(content: bytes, kind: str, name: str) -> web.Response:
    headers = {"Cache-Control": "no-store", "Content-Disposition": f'attachment; filename="bulletin-{name}"'}
    return web.Response(body=content, content_type=kind, headers=headers)
