"""The hall's configuration changes while people wait: nothing that is open loses its place by it."""

from collections.abc import Iterable

from hub.queueing import events as ev
from hub.queueing.commands import ChangeHall
from hub.queueing.decide.ground import Ids, event
from hub.queueing.errors import Refusal
from hub.queueing.events import Event, Now
from hub.queueing.layout import Layout, plain
from hub.queueing.state import State, Ticket
from hub.queueing.tables import TicketState, WindowState
from hub.queueing.training import put_aside

# Rows named in an event: a table read in from a file may change hundreds, and their count says so.
CHANGES_NAMED = 200
# Tickets named in a refusal; a person looks at these and then at the board.
TICKETS_NAMED = 10

_AT_WINDOW = (TicketState.CALLED, TicketState.ARRIVED, TicketState.HELD)


def change(state: State, command: ChangeHall, now: Now, ids: Ids) -> list[Event]:
    """One event with what the rules need of the hall from now on."""
    layout = None if command.layout == state.layout and state.laid_out else command.layout
    if layout is not None and not command.settled:
        _check_windows(state, layout)
        _check_services(state, layout)
    data = {
        "revision": command.revision,
        "by": command.by,
        "undoes": command.undoes,
        "changes": [dict(each) for each in command.changes[:CHANGES_NAMED]],
        "changed": len(command.changes),
        "layout": None if layout is None else plain(layout),
    }
    return [event(ev.HALL_CHANGED, "hall", data, now)]


def _check_windows(state: State, layout: Layout) -> None:
    for gone in (window for window in state.layout.windows if window.id not in layout.window_by_id):
        no_ticket(
            "change_hall",
            f"window {gone.id} can't be taken away",
            (ticket for ticket in _open(state) if _needs_window(ticket, gone.id)),
            "finish, transfer or cancel them first",
        )
        now = state.windows[gone.id]
        if now.state is not WindowState.CLOSED:
            detail = f"{now.staff} is signed in at window {gone.id}; sign out there before it is taken away."
            raise Refusal("window_open", now.state, "change_hall", detail)


def _check_services(state: State, layout: Layout) -> None:
    for gone in (service for service in state.layout.services if service.id not in layout.service_by_id):
        no_ticket(
            "change_hall",
            f"service {gone.id} can't be taken away",
            (ticket for ticket in _open(state) if _needs_service(ticket, gone.id)),
            "serve, transfer or cancel them first",
        )
    _check_leases(state, layout)
    gone_unserved = state.layout.served - layout.served
    for service in layout.services:
        if service.id in gone_unserved:
            no_ticket(
                "change_hall",
                f"service {service.id} at its last window can't be taken away",
                (*state.in_line(service.id), *(ticket for ticket in put_aside(state) if ticket.service == service.id)),
                "let another window serve it, or transfer them first",
            )


def _check_leases(state: State, layout: Layout) -> None:
    """A dispenser that is away may be giving these numbers; its tickets come in under the service as it was."""
    for lease in state.leases.values():
        for name in lease.ranges.keys() & state.layout.service_by_id.keys():
            after = layout.service_by_id.get(name)
            if after is None or after.prefix != state.layout.service_by_id[name].prefix:
                detail = (
                    f"service {name}: dispenser {lease.device} has numbers of it for when the hub is away, of "
                    f"{lease.business_date}; its prefix can change when their use is told."
                )
                raise Refusal("lease_open", "leased", "change_hall", detail)


def no_ticket(verb: str, what: str, found: Iterable[Ticket], then: str) -> None:
    """Refuses while tickets are in the way, and names them."""
    numbers = [ticket.number for ticket in found]
    if numbers:
        named = ", ".join(numbers[:TICKETS_NAMED])
        more = f" and {len(numbers) - TICKETS_NAMED} more" if len(numbers) > TICKETS_NAMED else ""
        detail = f"{what} while tickets need it: {named}{more}; {then}."
        raise Refusal("tickets_open", "open", verb, detail)


def _open(state: State) -> list[Ticket]:
    """Of the real work and of practice."""
    return [*state.tickets.values(), *put_aside(state)]


def _needs_window(ticket: Ticket, window: str) -> bool:
    at = ticket.window == window and ticket.state in _AT_WINDOW
    return at or ticket.to_window == window or any(to == window for _, to in ticket.legs)


def _needs_service(ticket: Ticket, service: str) -> bool:
    return ticket.service == service or any(leg == service for leg, _ in ticket.legs)
