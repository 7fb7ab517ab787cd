"""What a clerk sees of a window: the ticket, which keys work and why the others don't, and who comes next and why.

As the other views it tells no grade, nor whether anybody rated. A key's bar is the refusal that the rules would give:
they are asked, nothing is decided twice.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import replace
from statistics import median
from typing import Any

from hub.queueing import window_commands
from hub.queueing.apply.serving import count_turn
from hub.queueing.commands import VERBS
from hub.queueing.decide import decide
from hub.queueing.decide.ground import allowed
from hub.queueing.decide.issuing import APPOINTMENT
from hub.queueing.decide.serving import RECALLS_MOST, UNDO_MS
from hub.queueing.errors import Refusal
from hub.queueing.events import Now
from hub.queueing.priority import PRIORITY, choose, lines_of
from hub.queueing.state import State, Ticket, WindowNow
from hub.queueing.tables import TicketState
from hub.queueing.times import rfc3339
from hub.queueing.window_commands import WindowCommand

# Rows of the waiting list: two screens of the clerk's page; whom nobody sees needs no place in the order.
ROWS_MOST = 24
# Held and missed tickets shown, the newest last: more are found by their number.
ASIDE_MOST = 12

_KEYS: tuple[type, ...] = (
    window_commands.CallNext,
    window_commands.Recall,
    window_commands.MarkArrived,
    window_commands.NoShow,
    window_commands.Hold,
    window_commands.Finish,
    window_commands.Undo,
    window_commands.WalkUp,
    window_commands.Cancel,
    window_commands.Pause,
    window_commands.Unpause,
    window_commands.SignOut,
)
# Keys that ask for more before they do something: the table alone says whether they may.
_ASKING = ("transfer", "call", "restore", "resume")

# Why a row stands where it does, for the clerk; a class of priority is not told.
RESTORED, TRANSFERRED, OWN = "restored", "transferred", "own"


class _NoIds:
    """Nothing that is asked here is done, so no id is used."""

    def ticket(self) -> str:
        return ""

    run = token = ticket


def desk(state: State, window_id: str, now: Now) -> dict[str, Any]:
    """The window as its clerk sees it; the window must be in the layout."""
    place = state.layout.window_by_id[window_id]
    current = state.windows[window_id]
    held = [each for each in state.tickets.values() if each.state is TicketState.HELD and each.window == window_id]
    missed = [each for each in state.missed.values() if each.window == window_id and not each.restored]
    return {
        "window": place.id,
        "name": place.name,
        "services": list(place.services),
        "state": current.state.value,
        "staff": current.staff,
        "role": current.role,
        "reason": current.pause_reason,
        "ticket": None if current.ticket is None else _ticket(state, state.tickets[current.ticket]),
        "keys": keys(state, window_id, now),
        "undo": _undo(state, current),
        "waiting": _waiting(state, window_id, now),
        "held": [_aside(state, each) for each in held[-ASIDE_MOST:]],
        "missed": [_aside(state, each) for each in missed[-ASIDE_MOST:]],
        "day": _day(current),
        "recalls_most": RECALLS_MOST,
        "priority_one_in": state.layout.one_in,
        "as_of": rfc3339(now.ms, state.layout.offset_minutes),
    }


def keys(state: State, window_id: str, now: Now) -> dict[str, str | None]:
    """Each command's word → None where it would be done now, else the kind of the refusal."""
    out: dict[str, str | None] = {}
    for kind in _KEYS:
        out[VERBS[kind]] = _refused(state, kind(window_id), now)
    for verb in _ASKING:
        try:
            allowed(state, window_id, verb)
        except Refusal as refusal:
            out[verb] = refusal.kind
        else:
            out[verb] = None
    return out


def _refused(state: State, command: WindowCommand, now: Now) -> str | None:
    try:
        decide(state, command, now, _NoIds())
    except Refusal as refusal:
        return refusal.kind
    return None


def order(state: State, window_id: str, now: Now) -> Iterator[tuple[Ticket, str | None]]:
    """Who would be called, one after another, if this window alone called; and why out of turn."""
    ahead = replace(
        state,
        queues={name: deque(line) for name, line in state.queues.items()},
        own={name: deque(line) for name, line in state.own.items()},
        overtaken=dict(state.overtaken),
        since_jump=dict(state.since_jump),
    )
    while (choice := choose(ahead, window_id, now)) is not None:
        count_turn(ahead, choice.ticket, choice.passed)
        ahead.leave(choice.ticket)
        yield choice.ticket, choice.turn


def _waiting(state: State, window_id: str, now: Now) -> dict[str, Any]:
    lines = lines_of(state, window_id)
    rows: list[dict[str, Any]] = []
    for ticket, turn in order(state, window_id, now):
        if len(rows) == ROWS_MOST:
            break
        rows.append(
            {
                "number": ticket.number,
                "service": ticket.service,
                "matter": ticket.matter,
                "why": _why(ticket, turn),
                "due_at": _time(state, ticket.due_at_ms),
                "since": _time(state, _since_ms(ticket)),
            }
        )
    return {
        "count": sum(len(line) for _, line in lines),
        "longest_since": _time(state, min((_since_ms(each) for _, line in lines for each in line), default=None)),
        "rows": rows,
    }


def _since_ms(ticket: Ticket) -> int:
    return ticket.issued_at_ms if ticket.waiting_since_ms is None else ticket.waiting_since_ms


def _why(ticket: Ticket, turn: str | None) -> str | None:
    """One word for what makes it special; None: by the order of issue."""
    if ticket.restored:
        return RESTORED
    if ticket.to_window is not None:
        return OWN
    if ticket.priority == APPOINTMENT:
        return APPOINTMENT
    if ticket.priority is not None:
        return PRIORITY
    if ticket.moved_at_ms is not None:
        return TRANSFERRED
    return turn if turn == PRIORITY else None


def _ticket(state: State, ticket: Ticket) -> dict[str, Any]:
    called_ms = ticket.issued_at_ms if ticket.called_at_ms is None else ticket.called_at_ms
    return {
        "ticket": ticket.id,
        "number": ticket.number,
        "service": ticket.service,
        "state": ticket.state.value,
        "issued_at": _time(state, ticket.issued_at_ms),
        "called_at": _time(state, ticket.called_at_ms),
        "arrived_at": _time(state, ticket.arrived_at_ms),
        "waited_ms": max(0, called_ms - _since_ms(ticket)),
        "channel": ticket.channel,
        "recalls": ticket.recalls,
        # Whether, and who saw it; never which class.
        "priority": ticket.priority is not None,
        "verified_by": ticket.verified_by,
        "matter": ticket.matter,
        "due_at": _time(state, ticket.due_at_ms),
        "restored": ticket.restored,
        "note": ticket.note,
        "next": [{"service": service, "window": window} for service, window in ticket.legs],
    }


def _aside(state: State, ticket: Ticket) -> dict[str, Any]:
    return {
        "number": ticket.number,
        "service": ticket.service,
        "note": ticket.note if ticket.state is TicketState.HELD else None,
        "recalls": ticket.recalls,
        "since": _time(state, ticket.moved_at_ms),
    }


def _undo(state: State, window: WindowNow) -> dict[str, Any] | None:
    """What `undo` would take back, and until when."""
    last = window.last
    ticket = None if last is None else last.finished or state.missed.get(last.ticket)
    if last is None or ticket is None:
        return None
    return {"what": last.kind, "number": ticket.number, "until": _time(state, last.at_ms + UNDO_MS)}


def _day(window: WindowNow) -> dict[str, Any]:
    served = [served_ms for _, served_ms in window.day.served]
    return {
        "finished": window.day.finished,
        "no_shows": window.day.no_shows,
        "median_ms": int(median(served)) if served else None,
    }


def _time(state: State, at_ms: int | None) -> str | None:
    return None if at_ms is None else rfc3339(at_ms, state.layout.offset_minutes)
