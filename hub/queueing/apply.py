"""apply: the state after an event. It mutates the state it is given, which it alone owns, and returns it."""

from collections import deque
from collections.abc import Callable, Iterable
from functools import partial
from typing import Any

from hub.queueing import events as ev
from hub.queueing import leases, runs, training
from hub.queueing.errors import ApplyError, LayoutError
from hub.queueing.events import Event
from hub.queueing.layout import from_plain
from hub.queueing.state import (
    DAYS_KEPT,
    JUMP_MEMORY,
    MISSED_KEPT,
    SERVED_KEPT,
    SILENT,
    TOKEN_DIGITS,
    Call,
    Device,
    LastAct,
    Run,
    State,
    Ticket,
    WindowNow,
)
from hub.queueing.tables import TICKET_MOVES, WINDOW_MOVES, RunState, TicketState
from hub.queueing.times import day_after, days_between, local_date

# A no-show that has come after all stands behind so many of its line (domain, "Caller").
RESTORE_BEHIND = 2
DEVICE_ROWS = 8  # starts and faults of a box that are remembered; more stand in the journal


def apply(state: State, event: Event) -> State:
    """Takes the event in; raises `ApplyError` where it can't follow. A type these rules don't know changes nothing."""
    handler = _HANDLERS.get(event.type)
    data = event.data
    try:
        if handler is not None and training.is_aside(state, event):
            training.aside(state, partial(handler, state, data, event))
        elif handler is not None:
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


def _printed(state: State, data: dict[str, Any], event: Event) -> None:
    """The paper counts from now on; a second one of the same ticket, or one of a ticket that is gone, moves nothing."""
    ticket = state.printing.pop(data["ticket"], None)
    if ticket is None:
        return
    _move_ticket(state, data, "printed")
    if ticket.lease is None:
        state.join(ticket)
    else:
        state.join_by_time(ticket)


def _called(state: State, data: dict[str, Any], event: Event) -> None:
    ticket = _move_ticket(state, data, "called")
    chosen = data.get("turn") == "chosen"
    window = _move_window(state, data["window"], "call" if chosen else "next")
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


def _recalled(state: State, data: dict[str, Any], event: Event) -> None:
    ticket = _move_ticket(state, data, "recalled")
    _move_window(state, data["window"], "recall")
    ticket.recalls += 1
    state.calls.append(Call(ticket.number, data["window"], event.time_ms, ticket.service, ticket.recalls + 1))


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


def _no_show(state: State, data: dict[str, Any], event: Event) -> None:
    ticket = _move_ticket(state, data, "no_show")
    window = _move_window(state, data["window"], "no_show")
    window.ticket = None
    window.last = LastAct("no_show", ticket.id, event.time_ms)
    window.day.no_shows += 1
    ticket.moved_at_ms = event.time_ms
    del state.tickets[ticket.id]
    state.missed[ticket.id] = ticket
    if len(state.missed) > MISSED_KEPT:
        del state.missed[next(iter(state.missed))]


def _restored(state: State, data: dict[str, Any], event: Event) -> None:
    ticket = _move_ticket(state, data, "restored")
    _move_window(state, data["window"], "restore")
    del state.missed[ticket.id]
    state.tickets[ticket.id] = ticket
    ticket.restored = True
    ticket.waiting_since_ms = ticket.moved_at_ms = event.time_ms
    state.join_behind(ticket, RESTORE_BEHIND)


def _held(state: State, data: dict[str, Any], event: Event) -> None:
    ticket = _move_ticket(state, data, "held")
    ticket.note, ticket.moved_at_ms = data["reason"], event.time_ms
    _move_window(state, data["window"], "hold").ticket = None


def _resumed(state: State, data: dict[str, Any], event: Event) -> None:
    """From where it was held; or on to the next service of the visit, at the same window."""
    on_visit = _revive(state, data)
    ticket = _move_ticket(state, data, "resumed")
    window = _move_window(state, data["window"], "resume")
    window.ticket = ticket.id
    ticket.window = window.id
    if on_visit:
        _next_leg(ticket, data)
        ticket.service = data["to_service"]
        ticket.arrived_at_ms = event.time_ms


def _transferred(state: State, data: dict[str, Any], event: Event) -> None:
    """To another line: from the window, or as the next part of a visit whose last part is finished."""
    on_visit = _revive(state, data)
    if not on_visit:
        _move_window(state, data["window"], "transfer").ticket = None
    ticket = _move_ticket(state, data, "transferred")
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


def _cancelled(state: State, data: dict[str, Any], event: Event) -> None:
    missed = state.missed.pop(data["ticket"], None)
    if missed is not None:
        state.tickets[missed.id] = missed
    ticket = state.tickets[data["ticket"]]
    state.printing.pop(ticket.id, None)
    if ticket.state is TicketState.WAITING:
        state.leave(ticket)
    if ticket.state in (TicketState.CALLED, TicketState.ARRIVED):
        assert ticket.window is not None
        _move_window(state, ticket.window, "cancel").ticket = None
    elif data["window"] is not None:
        _move_window(state, data["window"], "cancel_other")
    _move_ticket(state, data, "cancelled")
    del state.tickets[ticket.id]


def _undone(state: State, data: dict[str, Any], event: Event) -> None:
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
    ticket = _move_ticket(state, data, "undone")
    _move_window(state, window.id, f"undo_{last.kind}")
    ticket.run = last.run or ticket.run
    ticket.window = window.id
    window.ticket = ticket.id


def _signed_in(state: State, data: dict[str, Any], event: Event) -> None:
    window = _move_window(state, data["window"], "sign_in")
    window.staff = data["staff"]
    window.role = data["role"]
    window.staff_at_ms = event.time_ms


def _empty(state: State, data: dict[str, Any], event: Event) -> None:
    state.window(data["window"]).empty = True


def _covered(state: State, data: dict[str, Any], event: Event) -> None:
    state.window(data["window"]).empty = False


def _date_set(state: State, data: dict[str, Any], event: Event) -> None:
    if data["to_date"] != state.business_date:
        state.begin_day(data["to_date"])
    state.day_shift = days_between(local_date(event.time_ms, state.layout.offset_minutes), data["to_date"])


def _hall_changed(state: State, data: dict[str, Any], event: Event) -> None:
    if data["layout"] is not None:
        try:
            layout = from_plain(data["layout"])
            if state.training:
                # What the real work gave under the old numbers is remembered there.
                training.swap(state)
                state.leave_numbers(layout)
                training.swap(state)
            state.lay_out(layout)
        except LayoutError as error:
            raise ApplyError(f"{event.type} of revision {data['revision']}: {error}") from error
    state.revision = data["revision"]


def _restored_journal(state: State, data: dict[str, Any], event: Event) -> None:
    """Numbers that the lost part may have given out are not given out again, of the real work and of practice."""
    _skip_numbers(state, data)
    if state.training:
        training.swap(state)
        _skip_numbers(state, data)
        training.swap(state)


def _skip_numbers(state: State, data: dict[str, Any]) -> None:
    """Numbers that the lost part may have given out are not given out again, on any day that it may have reached."""
    offset = state.layout.offset_minutes
    last = local_date(data["to_ms"], offset)
    first = min(local_date(data["from_ms"], offset), state.business_date or last)
    # Where somebody set the date, an unsure clock's numbers are of that date.
    last = day_after(last, max(0, state.day_shift))
    # Numbers of earlier days are remembered for so long, too.
    days = min(days_between(first, last), DAYS_KEPT - 1)
    dates = {day_after(last, -back) for back in range(days + 1)} | ({state.business_date} - {""})
    for date in sorted(dates):
        state.skip_numbers(date, data["numbers_skipped"])
        leases.skip(state, date, data["numbers_skipped"])


def _signed_out(state: State, data: dict[str, Any], event: Event) -> None:
    window = _move_window(state, data["window"], "sign_out")
    window.staff = window.role = window.pause_reason = None
    window.staff_at_ms = event.time_ms


def _paused(state: State, data: dict[str, Any], event: Event) -> None:
    _move_window(state, data["window"], "pause").pause_reason = data["reason"]


def _unpaused(state: State, data: dict[str, Any], event: Event) -> None:
    _move_window(state, data["window"], "unpause").pause_reason = None


def _online(state: State, data: dict[str, Any], event: Event) -> None:
    _device(state, data).online = True


def _offline(state: State, data: dict[str, Any], event: Event) -> None:
    _device(state, data).online = False


def _booted(state: State, data: dict[str, Any], event: Event) -> None:
    device = _device(state, data)
    device.firmware = data["detail"].get("firmware")
    device.starts += 1
    _remember(device.resets, {"at_ms": event.time_ms, "cause": data["detail"].get("reset_cause")})


def _fault(state: State, data: dict[str, Any], event: Event) -> None:
    code = data["detail"].get("code")
    silent = _is_silence(data)
    # A line's own fault names no device; silence always does, also of one that was never heard.
    known = _device(state, data) if silent else state.devices.get(data["device"])
    if known is not None:
        known.silent |= silent
        _remember(known.faults, {"at_ms": event.time_ms, "code": code})


def _recovered(state: State, data: dict[str, Any], event: Event) -> None:
    known = state.devices.get(data["device"])
    if known is not None and _is_silence(data):
        known.silent = False


def _is_silence(data: dict[str, Any]) -> bool:
    """The hub's own word, no fact that a box told."""
    return data.get("fact") is None and data["detail"].get("code") == SILENT


def _remember(rows: list[dict[str, Any]], row: dict[str, Any]) -> None:
    rows.append(row)
    del rows[:-DEVICE_ROWS]


def _key_tested(state: State, data: dict[str, Any], event: Event) -> None:
    device = _device(state, data)
    if event.time_ms >= (device.key_tested_at_ms or 0):  # a box that was away tells of an older one
        device.key_tested_at_ms = event.time_ms
        device.key_test = dict(data["detail"])


def _replaced(state: State, data: dict[str, Any], event: Event) -> None:
    device = _device(state, data)
    device.online = False
    device.replaced_by = data["detail"]["by"]
    device.replaced_epoch = data["detail"].get("epoch")


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
    ticket = state.missed.get(data["ticket"]) or state.tickets[data["ticket"]]
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
    # Only the last act at a window can be undone.
    window.last = None
    return window


_HANDLERS: dict[str, Callable[[State, dict[str, Any], Event], None]] = {
    ev.TICKET_ISSUED: _issued,
    ev.TICKET_PRINTED: _printed,
    ev.TICKET_CALLED: _called,
    ev.TICKET_ARRIVED: _arrived,
    ev.TICKET_FINISHED: _finished,
    ev.TICKET_RECALLED: _recalled,
    ev.TICKET_NO_SHOW: _no_show,
    ev.TICKET_RESTORED: _restored,
    ev.TICKET_HELD: _held,
    ev.TICKET_RESUMED: _resumed,
    ev.TICKET_TRANSFERRED: _transferred,
    ev.TICKET_CANCELLED: _cancelled,
    ev.TICKET_UNDONE: _undone,
    ev.RATING_INVITED: runs.invited,
    ev.RATING_SUBMITTED: runs.submitted,
    ev.RATING_UNRATED: runs.unrated,
    ev.STAFF_SIGNED_IN: _signed_in,
    ev.STAFF_SIGNED_OUT: _signed_out,
    ev.WINDOW_PAUSED: _paused,
    ev.WINDOW_UNPAUSED: _unpaused,
    ev.WINDOW_EMPTY: _empty,
    ev.WINDOW_COVERED: _covered,
    ev.DEVICE_ONLINE: _online,
    ev.DEVICE_OFFLINE: _offline,
    ev.DEVICE_KEY_TESTED: _key_tested,
    ev.DEVICE_REPLACED: _replaced,
    ev.DEVICE_BOOTED: _booted,
    ev.DEVICE_FAULT: _fault,
    ev.DEVICE_RECOVERED: _recovered,
    ev.HUB_STARTED: _started,
    ev.DATE_SET: _date_set,
    ev.HALL_CHANGED: _hall_changed,
    **training.HANDLERS,
    ev.JOURNAL_RESTORED: _restored_journal,
    ev.LEASE_GRANTED: leases.granted,
    ev.LEASE_CLOSED: leases.closed,
}
