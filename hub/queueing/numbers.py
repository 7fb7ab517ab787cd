"""The numbers of a business date: given, passed over, leased, and those that a service left behind with its prefix."""

from hub.queueing.layout import Layout, Service
from hub.queueing.state import DAYS_KEPT, State


def given_through(state: State, date: str) -> dict[str, int]:
    """The last number given of each service on a date; a service that gave none is not there. Not to be changed."""
    return state.counters if date == state.business_date else state.days.get(date, {})


def last_own(state: State, service: Service, date: str) -> int:
    """The last number that a service gave on a date, or the one before its first."""
    return max(given_through(state, date).get(service.id, 0), service.first_number - 1)


def last(state: State, service: Service, date: str) -> int:
    """The number before the next one of a service, those passed that another service gave on this date."""
    found = last_own(state, service, date)
    for first, end in _left_of(state, service.prefix, date):
        if first <= found + 1 <= end:
            found = end
    return found


def given(state: State, service: Service, date: str) -> int:
    """How many numbers of a service were given on a date."""
    through = given_through(state, date).get(service.id, 0)
    count = max(0, through - service.first_number + 1 - state.skipped.get(date, 0))
    for owner, prefix, first, end in state.left.get(date, ()):
        if owner == service.id:
            count += end - first + 1
        # Inside what it counts up to, and given by another, or by itself before.
        if prefix == service.prefix:
            count -= max(0, min(end, through) - max(first, service.first_number) + 1)
    return max(0, count)


def skip(state: State, date: str, count: int) -> None:
    """So many numbers of each service are not given out on this date."""
    counters = state.counters if date == state.business_date else state.days.setdefault(date, {})
    for service in state.layout.services:
        counters[service.id] = last_own(state, service, date) + count
    state.skipped[date] = state.skipped.get(date, 0) + count
    while len(state.skipped) > 2 * DAYS_KEPT:
        del state.skipped[min(state.skipped)]


def lease(state: State, date: str, service: str, lowest: int) -> None:
    """Numbers of this service from here to the end of its leasable ones are leased on this date."""
    floors = state.leased.setdefault(date, {})
    floors[service] = min(floors.get(service, lowest), lowest)
    while len(state.leased) > 2 * DAYS_KEPT:
        del state.leased[min(state.leased)]


def leave(state: State, layout: Layout) -> None:
    """Remembers what services gave under numbers that are no longer theirs in this layout."""
    for service in state.layout.services:
        after = layout.service_by_id.get(service.id)
        if after is None or after.numbers != service.numbers:
            _leave_behind(state, service)


def _leave_behind(state: State, service: Service) -> None:
    """It may begin anew: what it gave and leased is remembered by its prefix."""
    # Of a day that has given none yet there may be leases.
    for date in dict.fromkeys((state.business_date, *state.days, *state.leased)):
        counters = state.counters if date == state.business_date else state.days.get(date, {})
        through = counters.pop(service.id, 0)
        lowest = state.leased.get(date, {}).pop(service.id, None)
        ranges = [] if through < service.first_number else [(service.id, service.first_number, through)]
        # Leased ones count for no cap.
        ranges += [] if lowest is None else [("", lowest, service.last_leasable)]
        for owner, first, end in ranges:
            state.left.setdefault(date, []).append((owner, service.prefix, first, end))


def below_left(state: State, service: Service, date: str, through: int, count: int) -> int:
    """The highest number up to `through` that ends so many which no service has left behind on this date."""
    for first, end in reversed(_left_of(state, service.prefix, date)):
        if first <= through and end > through - count:
            through = first - 1
    return through


def _left_of(state: State, prefix: str, date: str) -> list[tuple[int, int]]:
    return sorted((first, end) for _, other, first, end in state.left.get(date, ()) if other == prefix)
