"""A clerk's coming and going as a caller's log tells it: done at the window as far as the window allows it by now."""

from typing import Any

from hub.queueing import events as ev
from hub.queueing.commands import AcceptFact, PinSet
from hub.queueing.decide import windows
from hub.queueing.decide.ground import Ids, event
from hub.queueing.errors import Refusal
from hub.queueing.events import Event, Now
from hub.queueing.facts import at_its_time
from hub.queueing.state import State
from hub.queueing.window_commands import SignIn, SignOut

SIGNED_IN, SIGNED_OUT = "signed_in", "signed_out"
KINDS = (SIGNED_IN, SIGNED_OUT)
# What carries the fact's number: one of the events that it makes.
_CARRIERS = {SIGNED_IN: ev.STAFF_SIGNED_IN, SIGNED_OUT: ev.STAFF_SIGNED_OUT}


def decide_sign_fact(state: State, command: AcceptFact, now: Now, ids: Ids) -> list[Event]:
    """None for a fact already stored; what can't be done at the window any more is noted and changes nothing."""
    if command.fact <= state.stored_through(command.device, command.epoch):
        return []
    try:
        made = _at_the_window(state, command, now, ids)
        carrier = _CARRIERS[command.kind]
    except Refusal as refusal:
        made = [_noted(command, refusal.kind, now)]
        carrier = ev.ATTENDANCE_NOTED
    number = {"device": command.device, "epoch": command.epoch, "fact": command.fact}
    return [
        at_its_time(one.type, one.subject, one.data | (number if one.type == carrier else {}), command, now)
        for one in made
    ]


def _at_the_window(state: State, command: AcceptFact, now: Now, ids: Ids) -> list[Event]:
    window = command.window or ""
    known = state.windows.get(window)
    since_ms = None if known is None else known.staff_at_ms
    if since_ms is not None and command.time_ms is not None and command.time_ms < since_ms:
        raise Refusal("late", str(known.state if known else "none"), command.kind, "Somebody came or went since.")
    if command.kind == SIGNED_OUT:
        return windows.sign_out(state, SignOut(window), now, ids)
    return windows.sign_in(state, SignIn(window, command.data["staff"], command.data["role"]), now, ids)


def _noted(command: AcceptFact, why: str, now: Now) -> Event:
    data: dict[str, Any] = {
        "staff": command.data.get("staff"),
        "window": command.window,
        "role": command.data.get("role"),
        "what": command.kind,
        "why": why,
    }
    return event(ev.ATTENDANCE_NOTED, f"window/{command.window}" if command.window else "hall", data, now)


def pin_set(state: State, command: PinSet, now: Now, ids: Ids) -> list[Event]:
    """That a PIN was set, and by whom; never what it is."""
    return [event(ev.STAFF_PIN_SET, f"staff/{command.staff}", {"staff": command.staff, "by": command.by}, now)]
