"""What the journal tells of boxes: to everybody when their keys were tested, to the manager how they fared."""

from collections.abc import Mapping
from typing import Any

from hub.devices.care import todo
from hub.devices.registry import EVALUATOR, Registry
from hub.queueing.state import Device
from hub.queueing.times import rfc3339

_ALL = 0b11111  # a bit for each of the five grades' keys


def by_window(registry: Registry, devices: Mapping[str, Device], offset_minutes: int) -> dict[str, dict[str, Any]]:
    """Window → keys_tested_at and keys_dead (how many gave nothing); none where no box stands or none was tested."""
    found: dict[str, dict[str, Any]] = {}
    for known in registry.standing():
        told = devices.get(known.device)
        if known.role == EVALUATOR and known.window is not None and told is not None and told.key_tested_at_ms:
            ok = (told.key_test or {}).get("keys_ok")
            found[known.window] = {
                "keys_tested_at": rfc3339(told.key_tested_at_ms, offset_minutes),
                "keys_dead": (_ALL & ~ok).bit_count() if isinstance(ok, int) else None,
            }
    return found


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
