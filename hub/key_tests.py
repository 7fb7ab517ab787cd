"""What the journal tells of boxes: to everybody when their keys were tested, to the manager how they fared."""

from collections.abc import Mapping
from typing import Any

from hub.devices.care import todo
from hub.devices.registry import EVALUATOR, Registry
from hub.queueing.events import Now
from hub.queueing.state import Device
from hub.queueing.times import rfc3339

_ALL = 0b11111  # a bit for each of the five grades' keys


def by_window(registry: Registry, devices: Mapping[str, Device], offset_minutes: int) -> dict[str, dict[str, Any]]:
    """Window → keys_tested_at and keys_dead (how many gave nothing); none where no box stands or none was tested."""
    found: dict[str, dict[str, Any]] = {}
    for known in registry.standing():
        told = devices.get(known.device)
        if known.role == EVALUATOR and known.window is not None and told is not None and told.key_tested_at_ms:
            found[known.window] = {
                "keys_tested_at": rfc3339(told.key_tested_at_ms, offset_minutes),
                "keys_dead": _dead(told.key_test or {}),
            }
    return found


def told(
    seen: list[dict[str, Any]],
    shown: list[dict[str, Any]],
    devices: Mapping[str, Device],
    now: Now,
    offset_minutes: int,
) -> list[dict[str, Any]]:
    """Each device of `/readyz` with what it told of itself: starts, last test, clock, line, memory; no key by its name.

    seen: the devices as they are on their lines; shown: as the devices' door has them.
    """
    by_name = {each["device"]: each for each in shown}
    return [
        each | {"told": _told(by_name[each["device"]], devices.get(each["device"]), now, offset_minutes)}
        for each in seen
        if each["device"] in by_name
    ]


def _told(shown: dict[str, Any], known: Device | None, now: Now, offset_minutes: int) -> dict[str, Any]:
    told = {name: shown[name] for name in ("firmware", "health", "drift_ppm", "line_rejected", "missing")}
    told |= {"starts": 0, "last_start": None, "watchdog_starts": 0, "last_fault": None, "tested": None}
    if known is None:
        return told
    told["starts"] = known.starts
    if known.resets:
        last = known.resets[-1]
        told["last_start"] = {"at": rfc3339(last["at_ms"], offset_minutes), "cause": last["cause"]}
        told["watchdog_starts"] = sum(row["cause"] == "watchdog" for row in known.resets)
    if known.faults:
        fault = known.faults[-1]
        told["last_fault"] = {
            "at": rfc3339(fault["at_ms"], offset_minutes),
            "code": fault["code"],
            "todo": todo(fault["code"]),
        }
    if known.key_tested_at_ms is not None:
        found = known.key_test or {}
        told["tested"] = {
            "at": rfc3339(known.key_tested_at_ms, offset_minutes),
            "age_s": max(0, now.ms - known.key_tested_at_ms) // 1000,
            "keys_dead": _dead(found),
            **{name: found.get(name) for name in ("lamps", "sounds", "shows")},
        }
    return told


def _dead(found: Mapping[str, Any]) -> int | None:
    """How many keys gave nothing; None where the test does not tell."""
    ok, dead = found.get("keys_ok"), found.get("dead")
    if isinstance(dead, list):
        return len(dead)
    return (_ALL & ~ok).bit_count() if isinstance(ok, int) else None


def histories(devices: Mapping[str, Device], offset_minutes: int) -> dict[str, dict[str, Any]]:
    """Device → starts, resets and faults with what to do (the newest first), the last key test."""

    def dated(rows: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
        shown = [(rfc3339(row["at_ms"], offset_minutes)[:19].replace("T", " "), row[name]) for row in reversed(rows)]
        return [{"at": at, name: value} for at, value in shown]

    return {
        device.id: {
            "starts": device.starts,
            "resets": dated(device.resets, "cause"),
            "faults": [row | {"todo": todo(row["code"])} for row in dated(device.faults, "code")],
            "key_test": device.key_test,
        }
        for device in devices.values()
    }
