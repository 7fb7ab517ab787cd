"""Which box is it: found by name or window at the hub, or let blink at its cable."""

import importlib
import json
from typing import Final

from tools.device import mpremote
from tools.device.errors import DeviceError
from tools.device.hub import HubClient
from tools.device.maintenance import maintenance
from tools.device.reach import ask

# As the firmware itself shows it: quick, 0.12 s on and off.
_BLINK: Final = """
from machine import Pin
import time
light = Pin({pin}, Pin.OUT)
for _ in range({times}):
    light.value(1)
    time.sleep_ms(120)
    light.value(0)
    time.sleep_ms(120)
"""
_PERIOD_S: Final = 0.24
_SLACK_S: Final = 15.0


def named(hub: HubClient, what: str, role: str | None) -> list[str]:
    """The device of that name, or those of that window; raises `DeviceError`."""
    entries = hub.devices()
    if any(entry["device"] == what for entry in entries):
        return [what]
    found = [entry["device"] for entry in entries if entry.get("window") == what and role in (None, entry["role"])]
    if not found:
        raise DeviceError(
            "no box is called %(what)s, and none serves a window of that name; `tingting device list --hub %(url)s` "
            "shows them.",
            what=json.dumps(what, ensure_ascii=False),
            url=hub.url,
        )
    return found


def at_port(port: str, for_s: int) -> str:
    """The box at the port blinks; its name, or the port where it has none. Its application is off meanwhile."""
    box = ask(port)
    try:
        pin = importlib.import_module(f"firmware.boards.{box.board}").POWER_LED_PIN
    except (ImportError, AttributeError) as error:
        raise DeviceError(
            "%(port)s: nobody knows where the light of this board is; it was never provisioned", port=port
        ) from error
    with maintenance(port):
        source = _BLINK.format(pin=pin, times=max(1, round(for_s / _PERIOD_S)))
        mpremote.script(port, source, timeout_s=for_s + _SLACK_S)
    return box.device or port
