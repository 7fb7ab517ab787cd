"""apply: the state after an event. It mutates the state it is given, which it alone owns, and returns it."""

from collections import deque
from collections.abc import Callable
from typing import Any

from hub.queueing import events as ev
from hub.queueing.errors import ApplyError
from hub.queueing.events import Event
from hub.queueing.state import Call, Device, Run, State, Ticket, WindowNow
from hub.queueing.tables import RUN_MOVES, TICKET_MOVES, WINDOW_MOVES, RunState, TicketState


def apply(state: State, event: Event) -> State:
    """Takes the event in; raises `ApplyError` where it can't follow. A type these rules don't know changes nothing."""
    handler = _HANDLERS.get(event.type)
    data = event.data
    try:
        if handler is not None:
            handler(state, data, event)
        fact = data.get("fact")
        if fact is not None:
            _stored(state, data["device"], data["epoch"], fact)
    except KeyError as error:
        raise ApplyError(f"{event.type} of {event.subject} can't follow: {error} is not there") from error
    return state


def _stored(state: State, device: str, epoch: str, fact: int) -> None:
    key = (device, epoch)
    if fact > state.facts.get(key, 0):
        state.facts[key] = fact


def _issued(state: State, data: dict[str, Any], event: Event) -> None:
    if data["business_date"] != state.business_date:
        state.business_date = data["business_date"]
        state.counters.clear()
    service = data["service"]
    state.counters[service] = state.counters.get(service, 0) + 1
    state.issued += 1
    walk_up = data["channel"] == "walk_up"
    ticket = Ticket(
        id=data["ticket"],
        number=data["number"],
        service=service,
        priority=data["priority"],
        channel=data["channel"],
        order=state.issued,
        issued_at_ms=event.time_ms,
        state=TicketState.AT_WINDOW if walk_up else TicketState.WAITING,
    )
    state.tickets[ticket.id] = ticket
    if not walk_up:
        queue = state.queues.get(service)
        if queue is None:
            # A service that is no longer in the layout: its tickets still wait.
            queue = state.queues[service] = deque()
        queue.append(ticket)


def _called(state: State, data: dict[str, Any], event: Event) -> None:
    ticket = _move_ticket(state, data, "called")
    window = _move_window(state, data["window"], "next")
    state.queues[ticket.service].remove(ticket)
    ticket.window = window.id
    ticket.called_at_ms = event.time_ms
    window.ticket = ticket.id
    state.calls.append(Call(ticket.number, window.id, event.time_ms))


def _arrived(state: State, data: dict[str, Any], event: Event) -> None:
    ticket = _move_ticket(state, data, "arrived")
    _move_window(state, data["window"], "arrive")
    ticket.arrived_at_ms = event.time_ms


def _finished(state: State, data: dict[str, Any], event: Event) -> None:
    walk_up = state.tickets[data["ticket"]].state is TicketState.AT_WINDOW
    ticket = _move_ticket(state, data, "finished")
    window = _move_window(state, data["window"], "walk_up" if walk_up else "finish")
    if walk_up:
        window.walked_up_at_ms = event.time_ms
    window.ticket = None
    del state.tickets[ticket.id]
    _remember(state, Run(data["run"], ticket.id, window.id, data["staff"], ticket.service, RunState.OPEN))


def _remember(state: State, run: Run) -> None:
    if not state.runs_kept:
        return
    state.runs[run.id] = run
    state.run_order.append(run.id)
    while len(state.run_order) > state.runs_kept:
        del state.runs[state.run_order.popleft()]


def _invited(state: State, data: dict[str, Any], event: Event) -> None:
    _move_run(state, data, "invited")


def _submitted(state: State, data: dict[str, Any], event: Event) -> None:
    _move_run(state, data, "submitted")


def _unrated(state: State, data: dict[str, Any], event: Event) -> None:
    _move_run(state, data, "away" if data["reason"] == "device_away" else "unrated")


def _move_run(state: State, data: dict[str, Any], move: str) -> None:
    if not state.runs_kept:
        return  # a state for showing: no view shows a run
    run = state.runs.get(data["run"])
    if run is None:
        # An old journal's run, or one forgotten since: remembered from here on, so that it can't be rated twice.
        run = Run(data["run"], data.get("ticket"), data["window"], data["staff"], data.get("service"), RunState.OPEN)
        _remember(state, run)
    target = RUN_MOVES.get((run.state, move))
    if target is None:
        raise ApplyError(f"run {run.id} is {run.state}; {move} can't follow")
    run.state = target


def _signed_in(state: State, data: dict[str, Any], event: Event) -> None:
    window = _move_window(state, data["window"], "sign_in")
    window.staff = data["staff"]
    window.role = data["role"]


def _signed_out(state: State, data: dict[str, Any], event: Event) -> None:
    window = _move_window(state, data["window"], "sign_out")
    window.staff = window.role = window.pause_reason = None


def _paused(state: State, data: dict[str, Any], event: Event) -> None:
    _move_window(state, data["window"], "pause").pause_reason = data["reason"]


def _unpaused(state: State, data: dict[str, Any], event: Event) -> None:
    _move_window(state, data["window"], "unpause").pause_reason = None


def _online(state: State, data: dict[str, Any], event: Event) -> None:
    _device(state, data).online = True


def _offline(state: State, data: dict[str, Any], event: Event) -> None:
    _device(state, data).online = False


def _device(state: State, data: dict[str, Any]) -> Device:
    device = state.devices.get(data["device"])
    if device is None:
        device = state.devices[data["device"]] = Device(data["device"], data["role"])
    device.role = data["role"]
    return device


def _started(state: State, data: dict[str, Any], event: Event) -> None:
    # Whoever was online spoke to the process before this one.
    for device in state.devices.values():
        device.online = False


def _move_ticket(state: State, data: dict[str, Any], move: str) -> Ticket:
    ticket = state.tickets[data["ticket"]]
    target = TICKET_MOVES.get((ticket.state, move))
    if target is None:
        raise ApplyError(f"ticket {ticket.number} ({ticket.id}) is {ticket.state}; {move} can't follow")
    ticket.state = target
    return ticket


def _move_window(state: State, window_id: str, verb: str) -> WindowNow:
    window = state.window(window_id)
    target = WINDOW_MOVES.get((window.state, verb))
    if target is None:
        raise ApplyError(f"window {window_id} is {window.state}; {verb} can't follow")
    window.state = target
    return window


_HANDLERS: dict[str, Callable[[State, dict[str, Any], Event], None]] = {
    ev.TICKET_ISSUED: _issued,
    ev.TICKET_CALLED: _called,
    ev.TICKET_ARRIVED: _arrived,
    ev.TICKET_FINISHED: _finished,
    ev.RATING_INVITED: _invited,
    ev.RATING_SUBMITTED: _submitted,
    ev.RATING_UNRATED: _unrated,
    ev.STAFF_SIGNED_IN: _signed_in,
    ev.STAFF_SIGNED_OUT: _signed_out,
    ev.WINDOW_PAUSED: _paused,
    ev.WINDOW_UNPAUSED: _unpaused,
    ev.DEVICE_ONLINE: _online,
    ev.DEVICE_OFFLINE: _offline,
    ev.HUB_STARTED: _started,
}
