"""Paper: a number counts when it is printed; and numbers lent to dispensers for when the hub is away."""

from hub.queueing import events as ev
from hub.queueing import leases, numbers
from hub.queueing.commands import CloseLease, GrantLease, PrintFailed, TicketPrinted
from hub.queueing.decide.ground import Ids, event, known_service
from hub.queueing.decide.issuing import business_date
from hub.queueing.errors import Refusal
from hub.queueing.events import Event, Now
from hub.queueing.paper_facts import failed_parts, printed_part
from hub.queueing.state import State, Ticket

# Numbers of one service in a lease: an outage's worth; more would hollow out three digits with a few dispensers.
LEASED_MOST = 100


def printed(state: State, command: TicketPrinted, now: Now, ids: Ids) -> list[Event]:
    """The paper is out."""
    _known(state, command.ticket, "printed")
    kind, subject, data = printed_part(command.ticket, command.printer, reprint=command.reprint)
    return [event(kind, subject, data, now)]


def print_failed(state: State, command: PrintFailed, now: Now, ids: Ids) -> list[Event]:
    """No paper, no number."""
    ticket = _known(state, command.ticket, "print_failed")
    parts = failed_parts(state, ticket.id, command.printer, command.reason, reprint=command.reprint)
    return [event(kind, subject, data, now) for kind, subject, data in parts]


def _known(state: State, ticket_id: str, verb: str) -> Ticket:
    ticket = state.tickets.get(ticket_id)
    if ticket is None:
        raise Refusal("unknown_ticket", "none", verb, f"No ticket {ticket_id!r} is open.")
    return ticket


def grant_lease(state: State, command: GrantLease, now: Now, ids: Ids) -> list[Event]:
    """Numbers that nobody else gives on this business date; a service that has none left is left out."""
    if not 1 <= command.count <= LEASED_MOST:
        raise Refusal("lease_size", "none", "grant_lease", f"A lease has 1 to {LEASED_MOST} numbers of a service.")
    if state.training:
        raise Refusal("training_on", "on", "grant_lease", "In training no real numbers are given away.")
    for name in command.services:
        known_service(state, name, "grant_lease")
    if len(leases.of_device(state, command.device)) >= leases.OPEN_MOST:
        detail = f"{command.device} has {leases.OPEN_MOST} leases whose use isn't told to the end; close one first."
        raise Refusal("leases_open", "leased", "grant_lease", detail)
    date = business_date(state, now)
    ranges = []
    for name in dict.fromkeys(command.services):
        service = state.layout.service_by_id[name]
        lowest = leases.lowest_leased(state, service, date)
        last = (service.last_leasable + 1 if lowest is None else lowest) - 1
        last = numbers.below_left(state, service, date, last, command.count)
        first = last - command.count + 1
        # As many are left to the hall itself: a lease must not be what ends a day's numbers.
        if name in state.layout.served and first - command.count > numbers.last(state, service, date):
            ranges.append({"service": name, "first": first, "last": last})
    if not ranges:
        raise Refusal("no_numbers_left", "full", "grant_lease", "No service has numbers left to lease today.")
    data = {
        "lease": ids.ticket(),
        "device": command.device,
        "business_date": date,
        "lasts_ms": command.lasts_ms,
        "ranges": ranges,
    }
    return [event(ev.LEASE_GRANTED, f"device/{command.device}", data, now)]


def close_lease(state: State, command: CloseLease, now: Now, ids: Ids) -> list[Event]:
    """What was not used is void; nothing where it is closed already."""
    lease = state.leases.get(command.lease)
    if lease is None:
        return []
    left = leases.unused(state, lease)
    data = {
        "lease": lease.id,
        "device": lease.device,
        "business_date": lease.business_date,
        "used": len(lease.used),
        "voided": [{"service": service, "numbers": numbers} for service, numbers in left.items()],
        "reason": command.reason,
    }
    return [event(ev.LEASE_CLOSED, f"device/{lease.device}", data, now)]
