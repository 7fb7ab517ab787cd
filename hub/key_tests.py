"""What everybody may know of the boxes' keys: when those of a window were last tested, and whether each works."""

from collections.abc import Mapping
from typing import Any

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
