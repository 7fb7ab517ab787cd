"""What every decision stands on: the shape of an event, the tables' word, and finding what a command names."""

from typing import Any, Protocol

from hub.queueing.errors import Refusal
from hub.queueing.events import Event, Now
from hub.queueing.state import State, Ticket, WindowNow
from hub.queueing.tables import REFUSAL_KINDS, SPECIAL_REFUSALS, TICKET_MOVES, TICKET_REFUSALS, WINDOW_MOVES


class Ids(Protocol):
    """Where fresh ids come from; 16 hex digits each, the token 128 bits."""

    def ticket(self) -> str: ...

    def run(self) -> str: ...

    def token(self) -> str: ...


def event(kind: str, subject: str, data: dict[str, Any], now: Now) -> Event:
    """An event that happens now."""
    return Event(kind, subject, data, now.ms, now.earliest_ms, now.latest_ms, now.sure)


def moved(
    kind: str,
    ticket: Ticket,
    window: WindowNow | None,
    now: Now,
    *,
    to_service: str | None = None,
    to_window: str | None = None,
    reason: str | None = None,
    **more: Any,
) -> Event:
    """A ticket's move, with the contract's fields; more: fields that only some of these events have."""
    data = {
        "ticket": ticket.id,
        "number": ticket.number,
        "window": None if window is None else window.id,
        "staff": None if window is None else window.staff,
        "to_service": to_service,
        "to_window": to_window,
        "reason": reason,
        **more,
    }
    return event(kind, f"ticket/{ticket.id}", data, now)


def allowed(state: State, window_id: str, verb: str, move: str | None = None) -> WindowNow:
    """The window, if it is in this hall and its state knows this command (`move`: its name in the table)."""
    if window_id not in state.layout.window_by_id:
        raise Refusal("unknown_window", "none", verb, f"This hall has no window {window_id!r}.")
    window = state.windows[window_id]
    if (window.state, move or verb) not in WINDOW_MOVES:
        kind, detail = SPECIAL_REFUSALS.get((window.state, verb)) or REFUSAL_KINDS[window.state]
        raise Refusal(kind, window.state, verb, detail)
    return window


def named(state: State, number: str, verb: str, move: str) -> Ticket:
    """The open or missed ticket with this number or id, if its state knows this move."""
    ticket = state.find(number)
    if ticket is None:
        raise Refusal("unknown_ticket", "none", verb, f"No ticket {number!r} is open; look at the number again.")
    if (ticket.state, move) not in TICKET_MOVES:
        raise Refusal("ticket_state", ticket.state, verb, f"{ticket.number}: {TICKET_REFUSALS[ticket.state]}")
    return ticket


def known_service(state: State, service: str, verb: str) -> None:
    """Refuses a service that this hall doesn't have."""
    if service not in state.layout.service_by_id:
        raise Refusal("unknown_service", "none", verb, f"This hall has no service {service!r}.")


def open_ticket(state: State, window: WindowNow) -> Ticket:
    """The ticket at a window that has one."""
    assert window.ticket is not None  # by the window's table: calling and serving hold a ticket
    return state.tickets[window.ticket]
