"""What is known of the boxes, and which to look at first. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import msgspec

from center.store.answers import DeviceState

TEST_DUE_DAYS = 7  # S4's habit: every key once a week
DAY_MS = 86_400_000
ALL_KEYS = 0b11111
ORDER = ("dead-key", "fault", "away", "untested", "well")


@dataclass(frozen=True, slots=True)
class DeviceLine:
    """A box on the devices page. state: dead-key, fault, away, untested or well."""

    state: str
    device: DeviceState
    keys_ok: int | None
    fault: Any


def said(text: str | None) -> Any:
    """What a box told, as a value; None when it told nothing that can be read."""
    if text is None:
        return None
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return None


def line(device: DeviceState, now_ms: int) -> DeviceLine:
    """One box."""
    tested, fault = said(device.tested), said(device.fault)
    keys = tested.get("keys_ok") if isinstance(tested, dict) else None
    keys_ok = keys if isinstance(keys, int) else None
    due = device.tested_ms is None or now_ms - device.tested_ms > TEST_DUE_DAYS * DAY_MS
    if keys_ok is not None and keys_ok & ALL_KEYS != ALL_KEYS:
        state = "dead-key"
    elif device.fault is not None:
        state = "fault"
    elif not device.up:
        state = "away"
    elif device.role == "evaluator" and due:
        state = "untested"
    else:
        state = "well"
    return DeviceLine(state, device, keys_ok, fault)


def lines(devices: Iterable[DeviceState], now_ms: int) -> list[DeviceLine]:
    """What is wrong comes first."""
    found = [line(device, now_ms) for device in devices]
    found.sort(key=lambda one: (ORDER.index(one.state), one.device.hall, one.device.device))
    return found


def dead_keys(keys_ok: int) -> list[int]:
    """The grades whose keys did not work in the last test; the lowest bit is grade 1."""
    return [grade for grade in (1, 2, 3, 4, 5) if not keys_ok >> grade - 1 & 1]
