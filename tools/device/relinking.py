"""Giving a box another line: a cable or the radio.

Its identity, its secret and its log stay as they are, so that its facts go on with their numbers. The secret doesn't
leave the box: the new settings are written there, beside the old ones, and a rename makes them count.
"""

from dataclasses import dataclass
from typing import Final

from tools.device import mpremote
from tools.device.errors import DeviceError
from tools.device.maintenance import maintenance
from tools.device.provisioning import FRESH, SETTINGS

_RELINK: Final = f"""
import json, os
def relink(link):
    try:
        with open("/{SETTINGS}") as file:
            settings = json.load(file)
        was = settings["link"], settings["device"]
    except (OSError, ValueError, KeyError, TypeError):
        return ["unprovisioned"]
    try:
        with open("/slot") as file:
            slot = file.read(1)
    except OSError:
        slot = "a"
    try:
        os.stat("/" + slot + "/firmware/links/" + link + ".mpy")
    except OSError:
        return ["unflashed"]
    if link == "ble":
        try:
            import bluetooth
        except ImportError:
            return ["deaf"]
    settings["link"] = link
    with open("/{FRESH}", "w") as file:
        json.dump(settings, file)
    os.rename("/{FRESH}", "/{SETTINGS}")
    return ["was", was[0], was[1]]
print(*relink({{link!r}}))
"""
_REFUSED: Final = {
    "unprovisioned": DeviceError(
        "%(port)s: this box was never provisioned; `tingting device provision` does it. Nothing was changed."
    ),
    "unflashed": DeviceError(
        "%(port)s: this box's firmware doesn't know such a line; `tingting device flash` puts today's onto it. "
        "Nothing was changed."
    ),
    "deaf": DeviceError(
        "%(port)s: this board has no radio, or its MicroPython no `bluetooth`; a Pico W and an ESP32-C3 have both. "
        "Nothing was changed."
    ),
}


@dataclass(frozen=True, slots=True)
class Relinked:
    """What was done."""

    device: str
    was: str


def relink(port: str, link: str) -> Relinked:
    """Changes the line of the box at `port`; raises `DeviceError`, and then the box goes on as it was."""
    with maintenance(port):
        said = mpremote.script(port, _RELINK.format(link=link)).strip()
    match said.rpartition("\n")[2].split():
        case [why] if why in _REFUSED:
            raise _REFUSED[why].about(port=port)
        case ["was", was, device]:
            return Relinked(device, was)
    raise DeviceError(
        "%(port)s: unexpected answer: %(answer)s. Run the same command again.", port=port, answer=repr(said[-200:])
    )
