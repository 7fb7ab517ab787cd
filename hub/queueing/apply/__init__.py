"""apply: the state after an event. It mutates the state it is given, which it alone owns, and returns it."""

from collections.abc import Callable
from functools import partial
from typing import Any

from hub.queueing import events as ev
from hub.queueing import leases, runs, training
from hub.queueing.apply import hall, issuing, machines, serving, windows
from hub.queueing.errors import ApplyError
from hub.queueing.events import Event
from hub.queueing.state import State

__all__ = ["apply"]


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


_HANDLERS: dict[str, Callable[[State, dict[str, Any], Event], None]] = {
    ev.TICKET_ISSUED: issuing.issued,
    ev.TICKET_PRINTED: issuing.printed,
    ev.TICKET_CALLED: serving.called,
    ev.TICKET_ARRIVED: serving.arrived,
    ev.TICKET_FINISHED: serving.finished,
    ev.TICKET_RECALLED: serving.recalled,
    ev.TICKET_NO_SHOW: serving.no_show,
    ev.TICKET_RESTORED: serving.restored,
    ev.TICKET_HELD: serving.held,
    ev.TICKET_RESUMED: serving.resumed,
    ev.TICKET_TRANSFERRED: serving.transferred,
    ev.TICKET_CANCELLED: serving.cancelled,
    ev.TICKET_UNDONE: serving.undone,
    ev.RATING_INVITED: runs.invited,
    ev.RATING_SUBMITTED: runs.submitted,
    ev.RATING_UNRATED: runs.unrated,
    ev.STAFF_SIGNED_IN: windows.signed_in,
    ev.STAFF_SIGNED_OUT: windows.signed_out,
    ev.WINDOW_PAUSED: windows.paused,
    ev.WINDOW_UNPAUSED: windows.unpaused,
    ev.WINDOW_EMPTY: windows.empty,
    ev.WINDOW_COVERED: windows.covered,
    ev.DEVICE_ONLINE: machines.online,
    ev.DEVICE_OFFLINE: machines.offline,
    ev.DEVICE_KEY_TESTED: machines.key_tested,
    ev.DEVICE_REPLACED: machines.replaced,
    ev.DEVICE_BOOTED: machines.booted,
    ev.DEVICE_FAULT: machines.fault,
    ev.DEVICE_RECOVERED: machines.recovered,
    ev.HUB_STARTED: machines.started,
    ev.DATE_SET: hall.date_set,
    ev.HALL_CHANGED: hall.changed,
    **training.HANDLERS,
    ev.JOURNAL_RESTORED: hall.journal_restored,
    ev.LEASE_GRANTED: leases.granted,
    ev.LEASE_CLOSED: leases.closed,
}
