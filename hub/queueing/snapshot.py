"""The working state as plain data and back: what a snapshot of it keeps, so that a start need not replay everything."""

from collections import deque
from typing import Any

from hub.queueing import state as queueing_state
from hub.queueing.apply import apply
from hub.queueing.errors import ApplyError, QueueingError
from hub.queueing.events import Event
from hub.queueing.layout import Layout
from hub.queueing.state import Call, Device, Run, State, Ticket, WindowNow
from hub.queueing.tables import RunState, TicketState, WindowState

# Raise it when `dump` writes something else; `load` then still has to read the one before it, because events that were
# let go after `[journal] keep_days` live on in snapshots alone.
FORMAT = 1

RUN_FIELDS = 6

Plain = dict[str, Any]


class SnapshotError(QueueingError):
    """This is no state that these rules can go on from; the text says why."""


def dump(state: State) -> Plain:
    """The state in dicts, lists and scalars of its own, so that it may be encoded in another thread.

    50,000 runs take 12 ms on one core of a shared server, and the loop waits that long. What the layout alone says is
    left out: a hall that is laid out anew goes on from the same snapshot.
    """
    return {
        "format": FORMAT,
        "business_date": state.business_date,
        "counters": dict(state.counters),
        "issued": state.issued,
        "tickets": [
            (
                *(ticket.id, ticket.number, ticket.service, ticket.priority, ticket.channel, ticket.order),
                *(ticket.issued_at_ms, ticket.state.value, ticket.window, ticket.called_at_ms, ticket.arrived_at_ms),
            )
            for ticket in state.tickets.values()
        ],
        "queues": {service: [ticket.id for ticket in queue] for service, queue in state.queues.items() if queue},
        "windows": [
            (now.id, now.state.value, now.staff, now.role, now.ticket, now.pause_reason, now.walked_up_at_ms)
            for now in state.windows.values()
            if now != WindowNow(now.id)
        ],
        "runs": _flat(state),
        "facts": [(device, epoch, fact) for (device, epoch), fact in state.facts.items()],
        "devices": [(device.id, device.role, device.online) for device in state.devices.values()],
        "calls": [(call.number, call.window, call.called_at_ms) for call in state.calls],
    }


def load(layout: Layout, plain: Any) -> State:
    """The state again, in today's layout; raises `SnapshotError`."""
    try:
        if plain["format"] != FORMAT:
            raise SnapshotError(f"it has format {plain['format']!r}, these rules read {FORMAT}")
        return _load(layout, plain)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise SnapshotError(f"it is not what these rules wrote ({error!r})") from error


def follow(state: State, event: Event) -> None:
    """Takes an event in where events before it are lost: what can't follow is closed, so that the hall can go on."""
    try:
        apply(state, event)
    except (ApplyError, ValueError):
        ticket, window = event.data.get("ticket"), event.data.get("window")
        for now in state.windows.values():
            if now.ticket is not None and (now.ticket == ticket or now.id == window):
                _drop(state, now.ticket)
                now.ticket = None
                now.state = WindowState.FREE
        if ticket is not None:
            _drop(state, ticket)
        fact = event.data.get("fact")
        if fact is not None:
            key = (event.data["device"], event.data["epoch"])
            state.facts[key] = max(fact, state.facts.get(key, 0))


def _drop(state: State, ticket_id: str) -> None:
    ticket = state.tickets.pop(ticket_id, None)
    if ticket is not None and ticket in state.queues.get(ticket.service, ()):
        state.queues[ticket.service].remove(ticket)


def _load(layout: Layout, plain: Plain) -> State:
    state = queueing_state.new(layout)
    state.business_date = plain["business_date"]
    state.counters = dict(plain["counters"])
    state.issued = plain["issued"]
    for fields in plain["tickets"]:
        ticket = Ticket(*fields)
        ticket.state = TicketState(ticket.state)
        state.tickets[ticket.id] = ticket
    for service, waiting in plain["queues"].items():
        state.queues[service] = deque(state.tickets[ticket] for ticket in waiting)
    for window, window_state, *rest in plain["windows"]:
        state.windows[window] = WindowNow(window, WindowState(window_state), *rest)
    states = {each.value: each for each in RunState}
    columns = iter(plain["runs"])
    for run, ticket, window, staff, service, run_state in zip(*[columns] * RUN_FIELDS, strict=True):
        state.runs[run] = Run(run, ticket, window, staff, service, states[run_state])
    state.run_order.extend(state.runs)
    state.facts = {(device, epoch): fact for device, epoch, fact in plain["facts"]}
    state.devices = {device: Device(device, role, online) for device, role, online in plain["devices"]}
    state.calls.extend(Call(*call) for call in plain["calls"])
    return state


def _flat(state: State) -> list[str | None]:
    """Every run's fields, one after another, in the order in which the runs will be forgotten.

    One long list, for 50,000 small ones set off the interpreter's garbage collection.
    """
    flat: list[str | None] = []
    runs = state.runs
    for each in state.run_order:
        run = runs[each]
        # The enum's own `_value_`: its `value` is a property that takes as long again as all the rest.
        flat += (run.id, run.ticket, run.window, run.staff, run.service, run.state._value_)
    return flat
