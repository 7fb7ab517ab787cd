"""decide: what a command makes happen, as events; or a `Refusal`. Reads the state, changes nothing."""

from collections.abc import Callable
from hashlib import sha256
from typing import Any, Protocol

from hub.queueing import events as ev
from hub.queueing.commands import (
    VERBS,
    AcceptFact,
    CallNext,
    ClockStepped,
    Command,
    DeviceFaultSeen,
    DeviceOffline,
    DeviceOnline,
    Finish,
    HubStarted,
    InvitationAccepted,
    InvitationFailed,
    IssueTicket,
    MarkArrived,
    Pause,
    SignIn,
    SignOut,
    Unpause,
    WalkUp,
)
from hub.queueing.errors import Refusal
from hub.queueing.events import Event, Now
from hub.queueing.facts import decide_fact
from hub.queueing.state import State, Ticket, WindowNow
from hub.queueing.tables import REFUSAL_KINDS, RUN_MOVES, SPECIAL_REFUSALS, WINDOW_MOVES, RunState
from hub.queueing.times import local_date

# Channels by which a number can be asked for; a walk-up is a command of its own.
CHANNELS = ("kiosk", "dispenser", "desk", "appointment")
STAFF_ROLES = ("A", "B")
DEFAULT_OUTCOME = "done"
# A second 请评价 within this time is the same person's (domain, "Window without a queue").
WALK_UP_PAUSE_MS = 60_000


class Ids(Protocol):
    """Where fresh ids come from; 16 hex digits each, the token 128 bits."""

    def ticket(self) -> str: ...

    def run(self) -> str: ...

    def token(self) -> str: ...


def decide(state: State, command: Command, now: Now, ids: Ids) -> list[Event]:
    """The events a command makes; none where it changes nothing (a fact already stored). Raises `Refusal`."""
    return _DECIDERS[type(command)](state, command, now, ids)


def event(kind: str, subject: str, data: dict[str, Any], now: Now) -> Event:
    """An event that happens now."""
    return Event(kind, subject, data, now.ms, now.earliest_ms, now.latest_ms, now.sure)


def _issue(state: State, command: IssueTicket, now: Now, ids: Ids) -> list[Event]:
    if command.channel not in CHANNELS:
        raise Refusal("unknown_channel", "none", "issue", f"{command.channel!r} is none of {', '.join(CHANNELS)}.")
    _known_service(state, command.service, "issue")
    token = ids.token()
    data = _issued_data(state, ids.ticket(), command.service, command.channel, now)
    data["priority"] = command.priority
    data["ahead"] = state.waiting(command.service)
    data["token_sha256"] = sha256(token.encode()).hexdigest()
    subject = f"ticket/{data['ticket']}"
    return [
        Event(ev.TICKET_ISSUED, subject, data, now.ms, now.earliest_ms, now.latest_ms, now.sure, token),
    ]


def _issued_data(state: State, ticket: str, service: str, channel: str, now: Now) -> dict[str, Any]:
    business_date = _business_date(state, now)
    count = state.counters.get(service, 0) if business_date == state.business_date else 0
    return {
        "ticket": ticket,
        "number": f"{state.layout.service_by_id[service].prefix}{count + 1:03d}",
        "service": service,
        "priority": None,
        "channel": channel,
        "ahead": 0,
        "business_date": business_date,
        "token_sha256": None,
    }


def _business_date(state: State, now: Now) -> str:
    """The day whose numbers are being given; a new one begins only when no ticket is open, and never an earlier one."""
    today = local_date(now.ms, state.layout.offset_minutes)
    if state.business_date and (state.tickets or today < state.business_date):
        return state.business_date
    return today


def _next(state: State, command: CallNext, now: Now, ids: Ids) -> list[Event]:
    window = _allowed(state, command.window, "next")
    services = state.layout.window_by_id[window.id].services
    first: Ticket | None = None
    for service in services:
        queue = state.queues.get(service)
        if queue and (first is None or queue[0].order < first.order):
            first = queue[0]
    if first is None:
        raise Refusal("queue_empty", window.state, "next", f"Nobody waits for {', '.join(services)}.")
    data = {
        "ticket": first.id,
        "number": first.number,
        "window": window.id,
        "staff": window.staff,
        "waited_ms": max(0, now.ms - first.issued_at_ms),
    }
    return [event(ev.TICKET_CALLED, f"ticket/{first.id}", data, now)]


def _arrive(state: State, command: MarkArrived, now: Now, ids: Ids) -> list[Event]:
    window = _allowed(state, command.window, "arrive")
    ticket = _open_ticket(state, window)
    data = {
        "ticket": ticket.id,
        "number": ticket.number,
        "window": window.id,
        "staff": window.staff,
        "to_service": None,
        "to_window": None,
        "reason": None,
    }
    return [event(ev.TICKET_ARRIVED, f"ticket/{ticket.id}", data, now)]


def _finish(state: State, command: Finish, now: Now, ids: Ids) -> list[Event]:
    window = _allowed(state, command.window, "finish")
    ticket = _open_ticket(state, window)
    begun_ms = ticket.arrived_at_ms if ticket.arrived_at_ms is not None else ticket.called_at_ms
    served_ms = None if begun_ms is None else max(0, now.ms - begun_ms)
    data = _finished_data(ticket.id, ticket.number, ticket.service, window, ids.run())
    data |= {"served_ms": served_ms, "outcome": command.outcome or DEFAULT_OUTCOME}
    return [event(ev.TICKET_FINISHED, f"ticket/{ticket.id}", data, now)]


def _finished_data(ticket: str, number: str, service: str, window: WindowNow, run: str) -> dict[str, Any]:
    return {
        "ticket": ticket,
        "run": run,
        "number": number,
        "window": window.id,
        "staff": window.staff,
        "service": service,
        "served_ms": None,
        "outcome": DEFAULT_OUTCOME,
    }


def _walk_up(state: State, command: WalkUp, now: Now, ids: Ids) -> list[Event]:
    window = _allowed(state, command.window, "walk_up")
    service = command.service or state.layout.window_by_id[window.id].services[0]
    _known_service(state, service, "walk_up")
    last_ms = window.walked_up_at_ms
    if last_ms is not None and now.ms - last_ms < WALK_UP_PAUSE_MS:
        left_s = -(-(WALK_UP_PAUSE_MS - (now.ms - last_ms)) // 1000)
        raise Refusal("too_soon", window.state, "walk_up", f"The last one was just now; wait {left_s} s.")
    issued = _issued_data(state, ids.ticket(), service, "walk_up", now)
    subject = f"ticket/{issued['ticket']}"
    # Nobody measured how long it took: served_ms stays null.
    finished = _finished_data(issued["ticket"], issued["number"], service, window, ids.run())
    return [event(ev.TICKET_ISSUED, subject, issued, now), event(ev.TICKET_FINISHED, subject, finished, now)]


def _sign_in(state: State, command: SignIn, now: Now, ids: Ids) -> list[Event]:
    window = _allowed(state, command.window, "sign_in")
    if not command.staff:
        raise Refusal("no_staff", window.state, "sign_in", "Say who signs in.")
    if command.role not in STAFF_ROLES:
        raise Refusal("unknown_role", window.state, "sign_in", f"{command.role!r} is none of {', '.join(STAFF_ROLES)}.")
    if (window.staff, window.role) == (command.staff, command.role):
        raise Refusal("already_signed_in", window.state, "sign_in", f"{command.staff} is signed in here already.")
    events = _signed_out(window, now) if window.staff is not None else []
    data = {"staff": command.staff, "window": window.id, "role": command.role}
    events.append(event(ev.STAFF_SIGNED_IN, f"window/{window.id}", data, now))
    return events


def _sign_out(state: State, command: SignOut, now: Now, ids: Ids) -> list[Event]:
    return _signed_out(_allowed(state, command.window, "sign_out"), now)


def _signed_out(window: WindowNow, now: Now) -> list[Event]:
    data = {"staff": window.staff, "window": window.id, "role": window.role}
    return [event(ev.STAFF_SIGNED_OUT, f"window/{window.id}", data, now)]


def _pause(state: State, command: Pause, now: Now, ids: Ids) -> list[Event]:
    window = _allowed(state, command.window, "pause")
    data = {"window": window.id, "staff": window.staff, "reason": command.reason}
    return [event(ev.WINDOW_PAUSED, f"window/{window.id}", data, now)]


def _unpause(state: State, command: Unpause, now: Now, ids: Ids) -> list[Event]:
    window = _allowed(state, command.window, "unpause")
    data = {"window": window.id, "staff": window.staff, "reason": None}
    return [event(ev.WINDOW_UNPAUSED, f"window/{window.id}", data, now)]


def _accepted(state: State, command: InvitationAccepted, now: Now, ids: Ids) -> list[Event]:
    run = state.runs.get(command.run)
    if run is None:
        raise Refusal("unknown_run", "none", "invitation_accepted", f"No run {command.run} in this journal's memory.")
    if (run.state, "invited") not in RUN_MOVES:
        # The same run offered again, or its rating came first: nothing new.
        return []
    data = {"run": run.id, "ticket": run.ticket, "window": run.window, "staff": run.staff, "device": command.device}
    return [event(ev.RATING_INVITED, f"window/{run.window}", data, now)]


def _failed(state: State, command: InvitationFailed, now: Now, ids: Ids) -> list[Event]:
    run = state.runs.get(command.run)
    if run is None:
        raise Refusal("unknown_run", "none", "invitation_failed", f"No run {command.run} in this journal's memory.")
    if run.state is not RunState.OPEN:
        return []
    data = {
        "run": run.id,
        "window": run.window,
        "staff": run.staff,
        "reason": "device_away",
        "device": command.device,
    }
    return [event(ev.RATING_UNRATED, f"window/{run.window}", data, now)]


def _device_event(kind: str, device: str, role: str | None, detail: Any, now: Now) -> list[Event]:
    return [event(kind, f"device/{device}", {"device": device, "role": role, "detail": detail}, now)]


def _online(state: State, command: DeviceOnline, now: Now, ids: Ids) -> list[Event]:
    known = state.devices.get(command.device)
    if known is not None and known.online:
        return []
    detail = None if command.detail is None else dict(command.detail)
    return _device_event(ev.DEVICE_ONLINE, command.device, command.role, detail, now)


def _offline(state: State, command: DeviceOffline, now: Now, ids: Ids) -> list[Event]:
    known = state.devices.get(command.device)
    if known is None or not known.online:
        return []
    detail = None if command.detail is None else dict(command.detail)
    return _device_event(ev.DEVICE_OFFLINE, command.device, command.role, detail, now)


def _fault_seen(state: State, command: DeviceFaultSeen, now: Now, ids: Ids) -> list[Event]:
    detail = {"code": command.code, "seen_by": "hub", **(command.detail or {})}
    return _device_event(ev.DEVICE_FAULT, command.device, command.role, detail, now)


def _fact(state: State, command: AcceptFact, now: Now, ids: Ids) -> list[Event]:
    return decide_fact(state, command, now)


def _started(state: State, command: HubStarted, now: Now, ids: Ids) -> list[Event]:
    data = {
        "version": command.version,
        "journal": command.journal,
        "from_ms": None,
        "to_ms": None,
        "what": command.what,
    }
    return [event(ev.HUB_STARTED, "hub", data, now)]


def _stepped(state: State, command: ClockStepped, now: Now, ids: Ids) -> list[Event]:
    data = {
        "version": None,
        "journal": None,
        "from_ms": command.from_ms,
        "to_ms": command.to_ms,
        "what": command.what,
    }
    return [event(ev.CLOCK_STEPPED, "hub", data, now)]


def _allowed(state: State, window_id: str, verb: str) -> WindowNow:
    """The window, if it is in this hall and its state knows this command."""
    if window_id not in state.layout.window_by_id:
        raise Refusal("unknown_window", "none", verb, f"This hall has no window {window_id!r}.")
    window = state.windows[window_id]
    if (window.state, verb) not in WINDOW_MOVES:
        kind, detail = SPECIAL_REFUSALS.get((window.state, verb)) or REFUSAL_KINDS[window.state]
        raise Refusal(kind, window.state, verb, detail)
    return window


def _known_service(state: State, service: str, verb: str) -> None:
    if service not in state.layout.service_by_id:
        raise Refusal("unknown_service", "none", verb, f"This hall has no service {service!r}.")


def _open_ticket(state: State, window: WindowNow) -> Ticket:
    assert window.ticket is not None  # by the window's table: calling and serving hold a ticket
    return state.tickets[window.ticket]


_DECIDERS: dict[type, Callable[[State, Any, Now, Ids], list[Event]]] = {
    IssueTicket: _issue,
    CallNext: _next,
    MarkArrived: _arrive,
    Finish: _finish,
    WalkUp: _walk_up,
    SignIn: _sign_in,
    SignOut: _sign_out,
    Pause: _pause,
    Unpause: _unpause,
    InvitationAccepted: _accepted,
    InvitationFailed: _failed,
    AcceptFact: _fact,
    DeviceOnline: _online,
    DeviceOffline: _offline,
    DeviceFaultSeen: _fault_seen,
    HubStarted: _started,
    ClockStepped: _stepped,
}
assert _DECIDERS.keys() == VERBS.keys()
