"""A number is given, its paper comes out."""

from typing import Any

from hub.queueing import leases
from hub.queueing.apply.ground import move_ticket
from hub.queueing.events import Event
from hub.queueing.state import TOKEN_DIGITS, State, Ticket
from hub.queueing.tables import TicketState


def issued(state: State, data: dict[str, Any], event: Event) -> None:
    """It stands in its line, where no paper has to come out first."""
    lease = data.get("lease")
    date = data["business_date"]
    # A number of a lease may come in after its day, which it doesn't bring back.
    if date > state.business_date or (date != state.business_date and lease is None):
        state.begin_day(date)
    service = data["service"]
    if lease is None:
        state.counters[service] = max(state.counters.get(service, 0), leases.number_in(data["number"]))
    else:
        leases.took(state, data)
    state.issued += 1
    walk_up = data["channel"] == "walk_up"
    printer = data.get("printer")
    ticket = Ticket(
        id=data["ticket"],
        number=data["number"],
        service=service,
        priority=data["priority"],
        channel=data["channel"],
        order=state.issued,
        issued_at_ms=event.time_ms,
        state=TicketState.AT_WINDOW if walk_up else TicketState.PRINTING if printer else TicketState.WAITING,
        due_at_ms=data.get("appointment_at_ms"),
        lease=lease,
        printer=printer,
        legs=tuple((also, None) for also in data.get("also", ())),
        verified_by=data.get("verified_by"),
        matter=data.get("matter"),
        token_digest=(data.get("token_sha256") or "")[:TOKEN_DIGITS] or None,
    )
    state.tickets[ticket.id] = ticket
    if ticket.state is TicketState.PRINTING:
        state.printing[ticket.id] = ticket
    elif not walk_up:
        state.join(ticket)


def printed(state: State, data: dict[str, Any], event: Event) -> None:
    """The paper counts from now on; a second one of the same ticket, or one of a ticket that is gone, moves nothing."""
    ticket = state.printing.pop(data["ticket"], None)
    if ticket is None:
        return
    move_ticket(state, data, "printed")
    if ticket.lease is None:
        state.join(ticket)
    else:
        state.join_by_time(ticket)
