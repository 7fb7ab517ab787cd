"""When numbers are given, and when again: from the services' hours alone, with the moment as an argument."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import NamedTuple

from hub.queueing.layout import Layout
from hub.queueing.times import local_date, local_minute

DAYS_LOOKED = 30  # the longest time that a hall is closed in a row: a spring festival, twice


class Opening(NamedTuple):
    """A local day and a minute of it."""

    day: date
    minute: int


def giving(layout: Layout, at_ms: int) -> bool:
    """Whether some service gives numbers now; one without hours always does."""
    minute = local_minute(at_ms, layout.offset_minutes)
    return any(
        not service.hours or any(_within(minute, *span) for span in service.hours) for service in layout.services
    )


def opens(layout: Layout, at_ms: int, open_day: Callable[[date], bool]) -> Opening | None:
    """When the first number is given again; None where no hours are known."""
    begins = sorted({begin for service in layout.services for begin, _ in service.hours})
    if not begins:
        return None
    today = date.fromisoformat(local_date(at_ms, layout.offset_minutes))
    minute = local_minute(at_ms, layout.offset_minutes)
    for ahead in range(DAYS_LOOKED + 1):
        day = today + timedelta(days=ahead)
        later = [begin for begin in begins if ahead or begin > minute]
        if later and open_day(day):
            return Opening(day, later[0])
    return None


def _within(minute: int, begin: int, end: int) -> bool:
    """Also round midnight."""
    return begin <= minute < end if begin < end else minute >= begin or minute < end
