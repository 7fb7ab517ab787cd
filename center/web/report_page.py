"""The reports page: a question in words, a table, a chart of the same rows; every figure opens."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any
from urllib.parse import urlencode

from aiohttp import web
from markupsafe import Markup

from center.bulletin.figures import month_dates
from center.exports.profiles import PROFILES, Profile
from center.people.roles import EXPORT
from center.reports import ranking, ratings, times
from center.reports.keys import RANKED_BY, RATINGS_BY, TIMES_BY, Key
from center.rollups.histogram import EXACT_S
from center.web.asking import Asked, asked
from center.web.charts import Bars, bars
from center.web.context import CENTER, Center, parts_in_scope
from center.web.paging import hall_name, page, signed_in, words, wrong_page
from center.web.reporting import rating_tallies, time_tallies
from common.envelope import format_time
from common.problem import Problem

# What can be asked, and by what; peaks and use have one grouping each that makes sense.
QUESTIONS = {
    "ratings": RATINGS_BY,
    "waiting": tuple(by for by in TIMES_BY if by != "quarter"),
    "peaks": ("quarter",),
    "use": ("window",),
    "ranking": RANKED_BY,
}
MAX_BARS = 62  # two months of days; more is a table's work


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the table: its name, what it says, and the address of what is behind its figures."""

    name: str
    short: str
    says: dict[str, Any]
    behind: str | None


def _(text: str) -> str:
    """Marks a message for the catalogue."""
    return text


WHAT = {
    "ratings": _("How did people rate?"),
    "waiting": _("How long did they wait, and how long was service?"),
    "peaks": _("When do they come?"),
    "use": _("How much of its open time did each window serve?"),
    "ranking": _("Who is first, by points?"),
}
BY = {
    "hall": _("Hall"),
    "region": _("Region"),
    "department": _("Department"),
    "window": _("Window"),
    "staff": _("Clerk"),
    "service": _("Matter"),
    "day": _("Day"),
    "month": _("Month"),
    "quarter": _("Quarter hour"),
}


def _defaults(request: web.Request, center: Center) -> dict[str, str] | None:
    """The address of this month's ratings, when nothing was asked yet."""
    if "from" in request.query and "to" in request.query:
        return None
    today = date.fromisoformat(max(center.dates().values(), default="2000-01-01"))
    return {"what": "ratings", "from": today.replace(day=1).isoformat(), "to": today.isoformat(), "by": "hall"} | dict(
        request.query
    )


async def get_reports(request: web.Request) -> web.Response:
    """GET /reports: the form, and the answer to what it asked."""
    center = request.app[CENTER]
    holder = signed_in(request)
    wanted = _defaults(request, center)
    if wanted is not None:
        raise web.HTTPSeeOther(f"/reports?{urlencode(wanted)}")
    try:
        question = asked(request, holder)
        what = request.query.get("what", "ratings")
        if what not in QUESTIONS:
            raise Problem(400, "bad-request", f"what={what!r} is not known", f"One of {', '.join(QUESTIONS)}.")
        allowed = QUESTIONS[what]
        by = request.query.get("by", allowed[0])
        by = by if by in allowed else allowed[0]
        return await _report(request, center, question, what, by)
    except Problem as problem:
        return wrong_page(request, "reports", problem)


async def _report(request: web.Request, center: Center, question: Asked, what: str, by: str) -> web.Response:
    total: dict[str, Any]
    if what in ("ratings", "ranking"):
        tallies = await rating_tallies(center, question, by)
        few = ratings.too_few(by, tallies)
        total = ratings.report(by, tallies)
        if what == "ranking":
            said = [(one.key, ranking.row(one, one.key in few)) for one in ranking.rank(tallies)]
        else:
            said = list(zip([tally.key for tally in tallies], total["rows"], strict=True))
    else:
        found = await time_tallies(center, question, by)
        if what == "use":
            found = [tally for tally in found if tally.times.open_ms]
        total = times.report(found)
        said = list(zip([tally.key for tally in found], total["rows"], strict=True))
    rows = [
        Row(
            _name(request, question, by, key),
            _name(request, question, by, key, short=True),
            row,
            _behind(question, by, key),
        )
        for key, row in said
        if _shown(what, row)
    ]
    offset_minutes = question.halls[0].offset_minutes if question.halls else 0
    return page(
        request,
        "reports.html",
        "reports",
        what=what,
        by=by,
        questions=WHAT,
        groupings={name: BY[name] for name in QUESTIONS[what]},
        first=question.first,
        last=question.last,
        hall=question.hall,
        halls=[(hall.id, hall_name(request, hall)) for hall in parts_in_scope(center, question.holder)],
        rows=rows,
        total=total,
        total_behind=_address(question, {}),
        charts=_charts(request, what, rows),
        exact_minutes=EXACT_S // 60,
        least=ranking.LEAST_RANKED,
        ranges=_ranges(center),
        exports=_exports(question),
        as_of=format_time(center.now_ms(), offset_minutes)[:19].replace("T", " "),
    )


def _exports(question: Asked) -> tuple[Iterable[Profile], str]:
    """The forms in which whoever may take the records behind this report can have them, and what they are asked."""
    asked_for = {"from": question.first, "to": question.last} | ({"hall": question.hall} if question.hall else {})
    return PROFILES.values() if question.holder.may(EXPORT) else (), urlencode(asked_for)


def _shown(what: str, row: dict[str, Any]) -> bool:
    """A row of nothing but zeros says nothing."""
    return what != "peaks" or bool(row["tickets"])


def _ranges(center: Center) -> list[tuple[str, str, str]]:
    """Ranges that are often asked for: label, first, last."""
    today = date.fromisoformat(max(center.dates().values(), default="2000-01-01"))
    month = today.replace(day=1)
    before = (month - timedelta(days=1)).isoformat()[:7]
    return [
        (_("today"), today.isoformat(), today.isoformat()),
        (_("the last 7 days"), (today - timedelta(days=6)).isoformat(), today.isoformat()),
        (_("this month"), month.isoformat(), today.isoformat()),
        (_("last month"), *month_dates(before)),
        (_("this year"), today.replace(month=1, day=1).isoformat(), today.isoformat()),
    ]


def _name(request: web.Request, question: Asked, by: str, key: Key, short: bool = False) -> str:
    """A row's name in the reader's language; unless it is to be short, with its hall where there are several."""
    translate = words(request).gettext
    names = {hall.id: hall_name(request, hall) for hall in question.halls}
    last = key[-1]
    if by == "hall":
        return names.get(str(last), str(last))
    if last is None:
        name = translate(_("not recorded"))
    elif by == "window":
        name = translate(_("Window %(window)s")) % {"window": last}
    else:
        name = last
    several = len(question.halls) > 1 and len(key) > 1 and not short
    separator = translate(_("; "))
    return f"{names.get(str(key[0]), key[0])}{separator}{name}" if several else name


def _address(question: Asked, more: dict[str, str]) -> str:
    asked_for = {"from": question.first, "to": question.last}
    if question.hall:
        asked_for["hall"] = question.hall
    return f"/reports/behind?{urlencode(asked_for | more)}"


def _behind(question: Asked, by: str, key: Key) -> str | None:
    """The address of a row's runs and tickets; None where a person isn't opened."""
    last = key[-1] or ""
    if by in ("hall", "region", "quarter"):
        return _address(question, {by: last})
    if by in ("window", "department", "service") or (by == "staff" and question.sees_persons):
        return _address(question, {"hall": key[0] or "", by: last})
    if by == "day":
        return _address(question, {"from": last, "to": last})
    if by == "month":
        first, end = month_dates(last)
        return _address(question, {"from": max(first, question.first), "to": min(end, question.last)})
    return None


def _charts(request: web.Request, what: str, rows: list[Row]) -> list[tuple[str, Markup]]:
    """Charts of the rows, unless they are too many to be looked at; each with its title."""
    translate = words(request).gettext
    if not rows or len(rows) > MAX_BARS:
        return []
    # One hall's name before every window says nothing on a chart.
    labels = [row.short for row in rows]

    def chart(
        title: str, values: list[float | int | None], light: bool = False, largest: float | None = None
    ) -> tuple[str, Markup]:
        return title, bars(Bars(title, labels, values, light, largest=largest))

    if what == "ratings":
        rates = [row.says["evaluation_rate"]["value"] for row in rows]
        percent = [None if rate is None else round(100 * rate, 2) for rate in rates]
        return [
            chart(translate(_("Finished")), [row.says["served"] for row in rows], light=True),
            chart(translate(_("Evaluation rate, %")), percent, largest=100),
        ]
    if what == "ranking":
        return [chart(translate(_("Lower bound of the mean points")), [row.says["low"] for row in rows], largest=10)]
    if what == "use":
        shares = [
            None if row.says["use"]["value"] is None else round(100 * row.says["use"]["value"], 1) for row in rows
        ]
        return [chart(translate(_("Serving time of open time, %")), shares)]
    waits = [
        None if row.says["waiting"]["median_ms"] is None else round(row.says["waiting"]["median_ms"] / 60000, 1)
        for row in rows
    ]
    return [
        chart(translate(_("Numbers taken")), [row.says["tickets"] for row in rows], light=True),
        chart(translate(_("Median wait, minutes")), waits),
    ]
