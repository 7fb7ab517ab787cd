"""A day by the quarter hour, as the overview and a hall's page draw it."""

from aiohttp import web
from markupsafe import Markup

from center.rollups.cells import Times
from center.web.charts import Bars, bars
from center.web.paging import words

FIRST_QUARTER, LAST_QUARTER = "08:00", "18:00"  # what the chart shows at least


def _(text: str) -> str:
    """Marks a message for the catalogue."""
    return text


def day_charts(request: web.Request, quarters: dict[str | None, Times]) -> list[tuple[str, Markup]]:
    """Numbers taken and median wait of today, quarter hour by quarter hour, without gaps."""
    translate = words(request).gettext
    busy = sorted(name for name, found in quarters.items() if name and found.tickets)
    if not busy:
        return []
    first, last = min(FIRST_QUARTER, busy[0]), max(LAST_QUARTER, busy[-1])
    labels = [name for name in (f"{n // 4:02}:{n % 4 * 15:02}" for n in range(96)) if first <= name <= last]
    found = [quarters.get(name, Times()) for name in labels]
    medians = [one.waiting.percentiles_ms(((1, 2),))[0] for one in found]
    waits = [None if ms is None else round(ms / 60000, 1) for ms in medians]
    taken, waited = translate(_("Numbers taken")), translate(_("Median wait, minutes"))
    return [
        (taken, bars(Bars(taken, labels, [one.tickets for one in found], light=True))),
        (waited, bars(Bars(waited, labels, waits))),
    ]
