"""The hall's day and its rows change, and what a lost part of the journal may have given out is passed over."""

from typing import Any

from hub.queueing import leases, numbers, training
from hub.queueing.errors import ApplyError, LayoutError
from hub.queueing.events import Event
from hub.queueing.layout import from_plain
from hub.queueing.state import DAYS_KEPT, State
from hub.queueing.times import day_after, days_between, local_date


def date_set(state: State, data: dict[str, Any], event: Event) -> None:
    """The business date is put right."""
    if data["to_date"] != state.business_date:
        state.begin_day(data["to_date"])
    state.day_shift = days_between(local_date(event.time_ms, state.layout.offset_minutes), data["to_date"])


def changed(state: State, data: dict[str, Any], event: Event) -> None:
    """The hall is laid out anew; where only other rows changed, its revision alone is another one."""
    if data["layout"] is not None:
        try:
            layout = from_plain(data["layout"])
        except LayoutError as error:
            raise ApplyError(f"{event.type} of revision {data['revision']}: {error}") from error
        training.on_both_sides(state, lambda: numbers.leave(state, layout))
        state.lay_out(layout)
    state.revision = data["revision"]


def journal_restored(state: State, data: dict[str, Any], event: Event) -> None:
    """Numbers that the lost part may have given out are not given out again, of the real work and of practice."""
    training.on_both_sides(state, lambda: _skip_numbers(state, data))


def _skip_numbers(state: State, data: dict[str, Any]) -> None:
    """On any day that the lost part may have reached."""
    offset = state.layout.offset_minutes
    last = local_date(data["to_ms"], offset)
    first = min(local_date(data["from_ms"], offset), state.business_date or last)
    # Where somebody set the date, an unsure clock's numbers are of that date.
    last = day_after(last, max(0, state.day_shift))
    # Numbers of earlier days are remembered for so long, too.
    days = min(days_between(first, last), DAYS_KEPT - 1)
    dates = {day_after(last, -back) for back in range(days + 1)} | ({state.business_date} - {""})
    for date in sorted(dates):
        numbers.skip(state, date, data["numbers_skipped"])
        leases.skip(state, date, data["numbers_skipped"])
