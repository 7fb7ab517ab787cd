"""What is shown of the state, as JSON-ready dicts. No grade, nor whether a citizen rated, is in any of them."""

from collections.abc import Container
from itertools import islice
from typing import Any

from hub.queueing.commands import AcceptFact, Command, GrantLease, IssueTicket, SetDate, SetTraining, Sweep
from hub.queueing.events import TICKET_CANCELLED, Event, Now
from hub.queueing.layout import Layout
from hub.queueing.priority import lines_of
from hub.queueing.state import CALLS_SHOWN, Call, State
from hub.queueing.tables import TicketState, WindowState
from hub.queueing.times import rfc3339
from hub.queueing.wait import expected

WALK_UP = "walk_up"
# Looked up once: these lists go through every window and every open ticket at each event.
_PAUSED, _HELD = WindowState.PAUSED, TicketState.HELD
# The languages the hall's pages speak (architecture, decision 10).
LANGUAGES = ["zh-CN", "en"]


def hall(layout: Layout, state: State) -> dict[str, Any]:
    """The hall as built, and what each window is doing."""
    return {
        "hall": layout.hall,
        "revision": state.revision,
        "training": state.training,
        "name": layout.name,
        "name_en": layout.name_en,
        "offset_minutes": layout.offset_minutes,
        "languages": list(LANGUAGES),
        "services": [
            {
                "service": service.id,
                "prefix": service.prefix,
                "name": service.name,
                "name_en": service.name_en,
                "department": service.department,
                "department_en": service.department_en,
                "zone": service.zone,
            }
            for service in layout.services
        ],
        "windows": [
            {
                "window": window.id,
                "name": window.name,
                "name_en": window.name_en,
                "services": list(window.services),
                "zone": window.zone,
                "state": state.windows[window.id].state.value,
            }
            for window in layout.windows
        ],
    }


def queue(state: State, now: Now) -> dict[str, Any]:
    """Waiting by service, now serving, last calls (newest first), paused windows."""
    layout = state.layout
    waiting = {service.id: state.waiting(service.id) for service in layout.services}
    serving = []
    for place in layout.windows:
        window = state.windows[place.id]
        if window.ticket is not None:
            number = state.tickets[window.ticket].number
            serving.append({"window": place.id, "name": place.name, "number": number, "state": window.state._value_})
    return {
        "training": state.training,
        "business_date": state.business_date or None,
        "waiting": waiting,
        "serving": serving,
        "calls": [call(state, each) for each in last_calls(state)],
        # A walk-up is open between its two events only, which nobody sees apart.
        "open": len(state.tickets),
        "paused": [place.id for place in layout.windows if state.windows[place.id].state is _PAUSED],
        "wait": {service.id: expected(state, service.id, waiting[service.id], now) for service in layout.services},
        "as_of": rfc3339(now.ms, layout.offset_minutes),
    }


def last_calls(state: State, windows: Container[str] | None = None, most: int = CALLS_SHOWN) -> list[Call]:
    """The last calls that a board shows, newest first; windows: those of its zone, None for all."""
    here = (each for each in reversed(state.calls) if windows is None or each.window in windows)
    return list(islice(here, most))


def call(state: State, each: Call) -> dict[str, Any]:
    """One call, as boards show it."""
    return {
        "number": each.number,
        "window": each.window,
        "called_at": rfc3339(each.called_at_ms, state.layout.offset_minutes),
        "service": each.service,
        "times": each.times,
    }


def window(state: State, window_id: str) -> dict[str, Any]:
    """What stands at a window, for its clerk; the window must be in the layout."""
    place = state.layout.window_by_id[window_id]
    current = state.windows[window_id]
    ticket = None
    if current.ticket is not None:
        held = state.tickets[current.ticket]
        ticket = {
            "ticket": held.id,
            "number": held.number,
            "service": held.service,
            "state": held.state.value,
            "issued_at": _time(state, held.issued_at_ms),
            "called_at": _time(state, held.called_at_ms),
            "arrived_at": _time(state, held.arrived_at_ms),
        }
    return {
        "window": place.id,
        "training": state.training,
        "name": place.name,
        "services": list(place.services),
        "state": current.state.value,
        "staff": current.staff,
        "role": current.role,
        "reason": current.pause_reason,
        "ticket": ticket,
        "waiting": sum(len(line) for _, line in lines_of(state, window_id)),
        "held": [each.number for each in state.tickets.values() if each.state is _HELD and each.window == window_id],
        "missed": [each.number for each in state.missed.values() if each.window == window_id and not each.restored],
    }


def reply(state: State, command: Command, events: list[Event]) -> dict[str, Any]:
    """The answer to a command, from the state after its events."""
    if isinstance(command, IssueTicket):
        issued = events[0]
        return {
            "training": state.training,
            "number": issued.data["number"],
            "ticket": issued.data["ticket"],
            "ahead": issued.data["ahead"],
            "issued_at": _time(state, issued.time_ms),
            "token": issued.secret,
            "wait": expected(state, issued.data["service"], issued.data["ahead"], Now(issued.time_ms)),
        }
    if isinstance(command, GrantLease):
        return dict(events[0].data)
    if isinstance(command, AcceptFact):
        return {"stored_through": state.stored_through(command.device, command.epoch)}
    if isinstance(command, SetDate | SetTraining | Sweep):
        return {
            "training": state.training,
            "business_date": state.business_date,
            "cancelled": sum(event.type == TICKET_CANCELLED for event in events),
        }
    window_id = getattr(command, "window", None)
    if window_id is not None:
        return window(state, window_id)
    return {}


def _time(state: State, at_ms: int | None) -> str | None:
    return None if at_ms is None else rfc3339(at_ms, state.layout.offset_minutes)
