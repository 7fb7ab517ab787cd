"""Numbers leased to dispensers for when the hub is away: which they are, and what the state keeps of them.

They go down from the end of a service's numbers, so that the hall's own, which go up, never meet them on a day, and so
that everybody sees from the number how it was given.
"""

from typing import Any

from hub.queueing import numbers
from hub.queueing.events import Event
from hub.queueing.layout import Service
from hub.queueing.state import Lease, State

# Leases of a device whose use isn't told to the end: the one it has, and the one it had when the new one was granted.
OPEN_MOST = 2


def number_in(text: str) -> int:
    """The number in a ticket's `A017`; a prefix never ends in a digit."""
    return int(text[len(text.rstrip("0123456789")) :])


def lowest_leased(state: State, service: Service, date: str) -> int | None:
    """From here to the service's last leasable everything is leased on this date; None: nothing is."""
    return state.leased.get(date, {}).get(service.id)


def next_own(state: State, service: Service, date: str, last: int) -> int | None:
    """The hall's own number after `last`, past what is leased; None where there is no more."""
    number = last + 1
    lowest = lowest_leased(state, service, date)
    if lowest is not None and lowest <= number <= service.last_leasable:
        number = service.last_leasable + 1
    return None if service.last_number is not None and number > service.last_number else number


def of_device(state: State, device: str) -> list[Lease]:
    """A dispenser's open leases, oldest first."""
    return [lease for lease in state.leases.values() if lease.device == device]


def unused(state: State, lease: Lease) -> dict[str, list[str]]:
    """By service, the numbers of a lease that nobody was given."""
    used = set(lease.used)
    left: dict[str, list[str]] = {}
    for service, (first, last) in lease.ranges.items():
        known = state.layout.service_by_id.get(service)
        prefix = "" if known is None else known.prefix
        leased = (f"{prefix}{number:03d}" for number in range(first, last + 1))
        left[service] = [number for number in leased if number not in used]
    return left


def granted(state: State, data: dict[str, Any], event: Event) -> None:
    """Applies a grant."""
    ranges = {entry["service"]: (entry["first"], entry["last"]) for entry in data["ranges"]}
    state.leases[data["lease"]] = Lease(data["lease"], data["device"], data["business_date"], data["lasts_ms"], ranges)
    for service, (first, _) in ranges.items():
        numbers.lease(state, data["business_date"], service, first)


def closed(state: State, data: dict[str, Any], event: Event) -> None:
    """Applies a closing."""
    state.leases.pop(data["lease"], None)


def took(state: State, data: dict[str, Any]) -> None:
    """A ticket with a leased number has come in; an unknown lease is one of a lost part of the journal."""
    numbers.lease(state, data["business_date"], data["service"], number_in(data["number"]))
    lease = state.leases.get(data["lease"])
    if lease is not None and data["number"] not in lease.used:
        lease.used.append(data["number"])


def skip(state: State, date: str, count: int) -> None:
    """Numbers that a lost part of the journal may have leased are not leased again; half of what is left stays free."""
    for service in state.layout.services:
        lowest = lowest_leased(state, service, date)
        lowest = service.last_leasable + 1 if lowest is None else lowest
        half = (numbers.last_own(state, service, date) + lowest) // 2 + 1
        numbers.lease(state, date, service.id, max(lowest - count, min(half, lowest)))
