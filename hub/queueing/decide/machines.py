"""What boxes and the hub itself tell: invitations, presence, faults, facts, starts and steps of the clock."""

from typing import Any

from hub.queueing import events as ev
from hub.queueing.commands import (
    AcceptFact,
    ClockStepped,
    DeviceFaultSeen,
    DeviceHeardAgain,
    DeviceOffline,
    DeviceOnline,
    DeviceReplaced,
    DeviceTested,
    DeviceUpdated,
    HubStarted,
    InvitationAccepted,
    InvitationFailed,
)
from hub.queueing.decide import signing
from hub.queueing.decide.ground import Ids, event
from hub.queueing.errors import Refusal
from hub.queueing.events import Event, Now
from hub.queueing.facts import decide_fact
from hub.queueing.state import SILENT, State
from hub.queueing.tables import RUN_MOVES, RunState


def accepted(state: State, command: InvitationAccepted, now: Now, ids: Ids) -> list[Event]:
    """The box has the invitation."""
    run = state.runs.get(command.run)
    if run is None:
        raise Refusal("unknown_run", "none", "invitation_accepted", f"No run {command.run} in this journal's memory.")
    if (run.state, "invited") not in RUN_MOVES:
        # The same run offered again, or its rating came first: nothing new.
        return []
    data = {"run": run.id, "ticket": run.ticket, "window": run.window, "staff": run.staff, "device": command.device}
    return [event(ev.RATING_INVITED, f"window/{run.window}", data, now)]


def failed(state: State, command: InvitationFailed, now: Now, ids: Ids) -> list[Event]:
    """No box took it; provisional."""
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


def online(state: State, command: DeviceOnline, now: Now, ids: Ids) -> list[Event]:
    """A device has come."""
    known = state.devices.get(command.device)
    if known is not None and known.online:
        return []
    detail = None if command.detail is None else dict(command.detail)
    return _device_event(ev.DEVICE_ONLINE, command.device, command.role, detail, now)


def offline(state: State, command: DeviceOffline, now: Now, ids: Ids) -> list[Event]:
    """A device has gone."""
    known = state.devices.get(command.device)
    if known is None or not known.online:
        return []
    detail = None if command.detail is None else dict(command.detail)
    return _device_event(ev.DEVICE_OFFLINE, command.device, command.role, detail, now)


def fault_seen(state: State, command: DeviceFaultSeen, now: Now, ids: Ids) -> list[Event]:
    """The hub saw a fault; silence once until the box is back, whatever started anew in between."""
    known = state.devices.get(command.device)
    if command.code == SILENT and known is not None and known.silent:
        return []
    detail = {"code": command.code, "seen_by": "hub", **(command.detail or {})}
    return _device_event(ev.DEVICE_FAULT, command.device, command.role, detail, now)


def heard_again(state: State, command: DeviceHeardAgain, now: Now, ids: Ids) -> list[Event]:
    """Its silence is over."""
    known = state.devices.get(command.device)
    if known is None or not known.silent:
        return []
    detail = {"code": SILENT, "seen_by": "hub"}
    return _device_event(ev.DEVICE_RECOVERED, command.device, command.role, detail, now)


def replaced(state: State, command: DeviceReplaced, now: Now, ids: Ids) -> list[Event]:
    """A new box stands in this one's place; said once, however often the technician repeats himself."""
    known = state.devices.get(command.device)
    # The same two may change places again: each registration has an epoch of its own.
    if known is not None and (known.replaced_by, known.replaced_epoch) == (command.by, command.epoch):
        return []
    detail = {"by": command.by, "window": command.window, "epoch": command.epoch}
    return _device_event(ev.DEVICE_REPLACED, command.device, command.role, detail, now)


def tested(state: State, command: DeviceTested, now: Now, ids: Ids) -> list[Event]:
    """A self-test that no fact of the box tells of: its application was off."""
    data = {
        "device": command.device,
        "role": command.role,
        "window": command.window,
        "detail": dict(command.detail),
    }
    return [event(ev.DEVICE_KEY_TESTED, f"device/{command.device}", data, now)]


def updated(state: State, command: DeviceUpdated, now: Now, ids: Ids) -> list[Event]:
    """A firmware was tried, or refused; said once for each outcome, by the request's id."""
    return _device_event(ev.DEVICE_UPDATED, command.device, command.role, dict(command.detail), now)


def fact(state: State, command: AcceptFact, now: Now, ids: Ids) -> list[Event]:
    """A line of a device's log."""
    if command.kind in signing.KINDS:
        return signing.decide_sign_fact(state, command, now, ids)
    return decide_fact(state, command, now)


def started(state: State, command: HubStarted, now: Now, ids: Ids) -> list[Event]:
    """The hub is up."""
    data = {
        "version": command.version,
        "journal": command.journal,
        "from_ms": None,
        "to_ms": None,
        "what": command.what,
    }
    return [event(ev.HUB_STARTED, "hub", data, now)]


def stepped(state: State, command: ClockStepped, now: Now, ids: Ids) -> list[Event]:
    """The clock jumped."""
    data = {
        "version": None,
        "journal": None,
        "from_ms": command.from_ms,
        "to_ms": command.to_ms,
        "what": command.what,
    }
    return [event(ev.CLOCK_STEPPED, "hub", data, now)]
