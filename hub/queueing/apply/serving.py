"""What becomes of a ticket, from its call to its end."""

from collections import deque
from collections.abc import Iterable
from typing import Any

from hub.queueing import runs, training
from hub.queueing.apply.ground import move_ticket, move_window
from hub.queueing.errors import ApplyError
from hub.queueing.events import Event
from hub.queueing.state import JUMP_MEMORY, MISSED_KEPT, SERVED_KEPT, Call, LastAct, Run, State, Ticket
from hub.queueing.tables import RunState, TicketState

# A no-show that has come after all stands behind so many of its line (domain, "Caller").
RESTORE_BEHIND = 2


def called(state: State, data: dict[str, Any], event: Event) -> None:
    """From its line to a window."""
    ticket = move_ticket(state, data, "called")
    chosen = data.get("turn") == "chosen"
    window = move_window(state, data["window"], "call" if chosen else "next")
    if not chosen:
        count_turn(state, ticket, data.get("passed", ()))
    state.printing.pop(ticket.id, None)
    state.leave(ticket)
    ticket.window = window.id
    ticket.called_at_ms = event.time_ms
    ticket.arrived_at_ms = None
    ticket.recalls = 0
    window.ticket = ticket.id
    state.calls.append(Call(ticket.number, window.id, event.time_ms, ticket.service))


def count_turn(state: State, ticket: Ticket, passed: Iterable[str]) -> None:
    """What the next choice must know: how long ago a line was jumped, and how often one was passed over."""
    line = ticket.line
    in_turn = 0
    if state.in_line(line)[0] is ticket:
        in_turn = state.since_jump.get(line, JUMP_MEMORY) + 1
    if in_turn < JUMP_MEMORY:
        state.since_jump[line] = in_turn
    else:
        state.since_jump.pop(line, None)
    state.overtaken.pop(line, None)
    for other in passed:
        state.overtaken[other] = state.overtaken.get(other, 0) + 1


def recalled(state: State, data: dict[str, Any], event: Event) -> None:
    """The same window calls it again."""
    ticket = move_ticket(state, data, "recalled")
    move_window(state, data["window"], "recall")
    ticket.recalls += 1
    state.calls.append(Call(ticket.number, data["window"], event.time_ms, ticket.service, ticket.recalls + 1))


def arrived(state: State, data: dict[str, Any], event: Event) -> None:
    """Its holder stands at the window."""
    ticket = move_ticket(state, data, "arrived")
    move_window(state, data["window"], "arrive")
    ticket.arrived_at_ms = event.time_ms


def finished(state: State, data: dict[str, Any], event: Event) -> None:
    """It is done with, and a run is made of it."""
    walk_up = state.tickets[data["ticket"]].state is TicketState.AT_WINDOW
    ticket = move_ticket(state, data, "finished")
    window = move_window(state, data["window"], "walk_up" if walk_up else "finish")
    if walk_up:
        window.walked_up_at_ms = event.time_ms
    else:
        window.last = LastAct("finish", ticket.id, event.time_ms, ticket, data["run"])
    window.ticket = None
    window.day.finished += 1
    ticket.run = None
    del state.tickets[ticket.id]
    if data["served_ms"] is not None:
        window.day.served.append((data["run"], data["served_ms"]))
        served = state.served.setdefault(data["service"], deque(maxlen=SERVED_KEPT))
        served.append((event.time_ms, data["served_ms"]))
    if data.get(training.MARK):
        state.practice[data["run"]] = True
    if data["run"] not in state.runs:
        runs.remember(state, Run(data["run"], ticket.id, window.id, data["staff"], data["service"], RunState.OPEN))


def no_show(state: State, data: dict[str, Any], event: Event) -> None:
    """Nobody came; it is remembered, for it may be restored."""
    ticket = move_ticket(state, data, "no_show")
    window = move_window(state, data["window"], "no_show")
    window.ticket = None
    window.last = LastAct("no_show", ticket.id, event.time_ms)
    window.day.no_shows += 1
    ticket.moved_at_ms = event.time_ms
    del state.tickets[ticket.id]
    state.missed[ticket.id] = ticket
    if len(state.missed) > MISSED_KEPT:
        del state.missed[next(iter(state.missed))]


def restored(state: State, data: dict[str, Any], event: Event) -> None:
    """The one who was missed has come after all."""
    ticket = move_ticket(state, data, "restored")
    move_window(state, data["window"], "restore")
    del state.missed[ticket.id]
    state.tickets[ticket.id] = ticket
    ticket.restored = True
    ticket.waiting_since_ms = ticket.moved_at_ms = event.time_ms
    state.join_behind(ticket, RESTORE_BEHIND)


def held(state: State, data: dict[str, Any], event: Event) -> None:
    """It is set aside; the window is free."""
    ticket = move_ticket(state, data, "held")
    ticket.note, ticket.moved_at_ms = data["reason"], event.time_ms
    move_window(state, data["window"], "hold").ticket = None


def resumed(state: State, data: dict[str, Any], event: Event) -> None:
    """From where it was held; or on to the next service of the visit, at the same window."""
    on_visit = _revive(state, data)
    ticket = move_ticket(state, data, "resumed")
    window = move_window(state, data["window"], "resume")
    window.ticket = ticket.id
    ticket.window = window.id
    if on_visit:
        _next_leg(ticket, data)
        ticket.service = data["to_service"]
        ticket.arrived_at_ms = event.time_ms


def transferred(state: State, data: dict[str, Any], event: Event) -> None:
    """To another line: from the window, or as the next part of a visit whose last part is finished."""
    on_visit = _revive(state, data)
    if not on_visit:
        move_window(state, data["window"], "transfer").ticket = None
    ticket = move_ticket(state, data, "transferred")
    if on_visit:
        _next_leg(ticket, data)
    else:
        ticket.note = data["reason"]
        if data.get("back"):
            ticket.legs = ((ticket.service, data["window"]), *ticket.legs)
    ticket.service = data["to_service"] or ticket.service
    ticket.to_window = data["to_window"]
    ticket.waiting_since_ms = ticket.moved_at_ms = event.time_ms
    state.join(ticket)


def cancelled(state: State, data: dict[str, Any], event: Event) -> None:
    """It is void, wherever it stood."""
    missed = state.missed.pop(data["ticket"], None)
    if missed is not None:
        state.tickets[missed.id] = missed
    ticket = state.tickets[data["ticket"]]
    state.printing.pop(ticket.id, None)
    if ticket.state is TicketState.WAITING:
        state.leave(ticket)
    if ticket.state in (TicketState.CALLED, TicketState.ARRIVED):
        assert ticket.window is not None
        move_window(state, ticket.window, "cancel").ticket = None
    elif data["window"] is not None:
        move_window(state, data["window"], "cancel_other")
    move_ticket(state, data, "cancelled")
    del state.tickets[ticket.id]


def undone(state: State, data: dict[str, Any], event: Event) -> None:
    """Back at the window as it was; the run of a finish stays the ticket's, for its next finish."""
    window = state.window(data["window"])
    last = window.last
    if last is None or last.ticket != data["ticket"]:
        raise ApplyError(f"window {window.id} has nothing to undo of ticket {data['ticket']}")
    if last.finished is None:
        state.tickets[last.ticket] = state.missed.pop(last.ticket)
        window.day.no_shows = max(0, window.day.no_shows - 1)
    else:
        state.tickets[last.ticket] = last.finished
        window.day.finished = max(0, window.day.finished - 1)
        if window.day.served and window.day.served[-1][0] == last.run:
            window.day.served.pop()
    ticket = move_ticket(state, data, "undone")
    move_window(state, window.id, f"undo_{last.kind}")
    ticket.run = last.run or ticket.run
    ticket.window = window.id
    window.ticket = ticket.id


def _next_leg(ticket: Ticket, data: dict[str, Any]) -> None:
    """What the visit does next is done with; a service that the clerk put in before it is not."""
    if ticket.legs and ticket.legs[0][0] == data["to_service"]:
        goes_back = ticket.legs[0][1] is not None
        if goes_back == (data["reason"] == "return"):
            ticket.legs = ticket.legs[1:]


def _revive(state: State, data: dict[str, Any]) -> bool:
    """A ticket finished just now at this window is open again."""
    last = state.window(data["window"]).last
    if last is None or last.ticket != data["ticket"] or last.finished is None:
        return False
    state.tickets[last.ticket] = last.finished
    state.window(data["window"]).last = None
    return True
