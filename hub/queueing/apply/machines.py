"""What the boxes and the hub itself tell of themselves."""

from typing import Any

from hub.queueing.events import Event
from hub.queueing.state import SILENT, Device, State

DEVICE_ROWS = 8  # starts and faults of a box that are remembered; more stand in the journal


def started(state: State, data: dict[str, Any], event: Event) -> None:
    """Whoever was online spoke to the process before this one."""
    for device in state.devices.values():
        device.online = False


def online(state: State, data: dict[str, Any], event: Event) -> None:
    """A box has proven itself."""
    _device(state, data).online = True


def offline(state: State, data: dict[str, Any], event: Event) -> None:
    """A box is no longer heard."""
    _device(state, data).online = False


def booted(state: State, data: dict[str, Any], event: Event) -> None:
    """A box has started: why, and with what firmware."""
    device = _device(state, data)
    device.firmware = data["detail"].get("firmware")
    device.starts += 1
    _remember(device.resets, {"at_ms": event.time_ms, "cause": data["detail"].get("reset_cause")})


def fault(state: State, data: dict[str, Any], event: Event) -> None:
    """Something is wrong with a box or a line."""
    code = data["detail"].get("code")
    silent = _is_silence(data)
    # A line's own fault names no device; silence always does, also of one that was never heard.
    known = _device(state, data) if silent else state.devices.get(data["device"])
    if known is not None:
        known.silent |= silent
        _remember(known.faults, {"at_ms": event.time_ms, "code": code})


def recovered(state: State, data: dict[str, Any], event: Event) -> None:
    """What was wrong is so no longer."""
    known = state.devices.get(data["device"])
    if known is not None and _is_silence(data):
        known.silent = False


def key_tested(state: State, data: dict[str, Any], event: Event) -> None:
    """What a test of its keys found."""
    device = _device(state, data)
    if event.time_ms >= (device.key_tested_at_ms or 0):  # a box that was away tells of an older one
        device.key_tested_at_ms = event.time_ms
        device.key_test = dict(data["detail"])


def replaced(state: State, data: dict[str, Any], event: Event) -> None:
    """Another box stands where this one stood."""
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


def _is_silence(data: dict[str, Any]) -> bool:
    """The hub's own word, no fact that a box told."""
    return data.get("fact") is None and data["detail"].get("code") == SILENT


def _remember(rows: list[dict[str, Any]], row: dict[str, Any]) -> None:
    rows.append(row)
    del rows[:-DEVICE_ROWS]
