"""What every event's effect stands on: a ticket and a window move as their tables say, or not at all."""

from typing import Any

from hub.queueing.errors import ApplyError
from hub.queueing.state import State, Ticket, WindowNow
from hub.queueing.tables import TICKET_MOVES, WINDOW_MOVES


def move_ticket(state: State, data: dict[str, Any], move: str) -> Ticket:
    """The ticket, moved as its table says."""
    ticket = state.missed.get(data["ticket"]) or state.tickets[data["ticket"]]
    target = TICKET_MOVES.get((ticket.state, move))
    if target is None:
        raise ApplyError(f"ticket {ticket.number} ({ticket.id}) is {ticket.state}; {move} can't follow")
    ticket.state = target
    return ticket


def move_window(state: State, window_id: str, verb: str) -> WindowNow:
    """The window, moved as its table says."""
    window = state.window(window_id)
    target = WINDOW_MOVES.get((window.state, verb))
    if target is None:
        raise ApplyError(f"window {window_id} is {window.state}; {verb} can't follow")
    window.state = target
    # Only the last act at a window can be undone.
    window.last = None
    return window
