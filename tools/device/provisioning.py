"""Giving a box its identity: made on this machine, written to the box, registered at the hub.

The order lets any failure be repeated: the hub and the token are tried before the box is touched, the new settings lie
beside the old ones until the hub has taken the device, and only then the rename makes them count. A box whose rename
did not happen is refused by the hub until the same command has run again; its old secret is worth nothing to anybody.
"""

import json
import secrets
import tempfile
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Final

from common import files
from tools.device import mpremote
from tools.device.errors import DeviceError
from tools.device.flashing import digests
from tools.device.hub import HubClient
from tools.device.maintenance import maintenance

SETTINGS: Final = "settings.json"
FRESH: Final = "settings.json.new"
SECRET_BYTES: Final = 32
EPOCH_BYTES: Final = 8
DISPENSER: Final = "dispenser"
PREFIXES: Final = {"evaluator": "ev", "caller": "ca", DISPENSER: "di"}

SCREENS: Final = ("ssd1306", "sh1106")
SHOWING: Final = frozenset(("evaluator",))
PINLESS: Final = frozenset(("esp32_c3",))  # boards whose pins are all taken

_UNIQUE_ID: Final = "import machine, binascii; print('id', binascii.hexlify(machine.unique_id()).decode())"
_RENAME: Final = f"import os; os.rename('/{FRESH}', '/{SETTINGS}')"


@dataclass(frozen=True, slots=True)
class Wish:
    """What the technician asked for."""

    role: str
    board: str
    window: str | None
    label: str
    link: str
    keys: str | None = None  # "four": an older caller
    screen: str | None = None  # the controller of its display
    replaces: str | None = None  # the box whose place it takes; its window is the new one's


@dataclass(frozen=True, slots=True)
class Provisioned:
    """What was done; nothing secret."""

    device: str
    displaced: list[str]
    window: str | None


def provision(port: str, wish: Wish, hub: HubClient) -> Provisioned:
    """Makes secret and epoch and puts them in both places; raises `DeviceError`."""
    if wish.screen is not None and (wish.role not in SHOWING or wish.board in PINLESS):
        raise DeviceError(
            "%(role)s on %(board)s can't have a display; an evaluator on another board than %(pinless)s can",
            role=wish.role,
            board=wish.board,
            pinless=", ".join(sorted(PINLESS)),
        )
    hub.devices()
    with maintenance(port):
        device = f"{PREFIXES[wish.role]}-{_unique_id(port)}"
        secret = secrets.token_hex(SECRET_BYTES)
        epoch = secrets.token_hex(EPOCH_BYTES)
        settings = {
            "device": device,
            "role": wish.role,
            "board": wish.board,
            "window_label": wish.label,
            "secret": secret,
            "epoch": epoch,
            "link": wish.link,
        }
        if wish.keys is not None:
            settings["keys"] = wish.keys
        if wish.screen is not None:
            settings["screen"] = f"firmware.drivers.{wish.screen}"
        _write(port, json.dumps(settings).encode())
        entry = {
            "device": device,
            "role": wish.role,
            "window": wish.window,
            "epoch": epoch,
            "secret": secret,
            "board": wish.board,
        }
        done = hub.register(entry if wish.replaces is None else entry | {"replaces": wish.replaces})
        mpremote.script(port, _RENAME)
    return Provisioned(device, done["displaced"], done["window"])


def _unique_id(port: str) -> str:
    for line in mpremote.script(port, _UNIQUE_ID).splitlines():
        word, _, digits = line.strip().partition(" ")
        if word == "id" and digits:
            return digits
    raise DeviceError("%(port)s: the board does not tell its unique id; is genuine MicroPython on it?", port=port)


def _write(port: str, content: bytes) -> None:
    """By a file, since arguments of a command are seen by every user of this machine."""
    with tempfile.TemporaryDirectory(prefix="tingting-") as folder:
        local = Path(folder) / FRESH
        files.replace(local, content)
        mpremote.run(port, "fs", "cp", str(local), f":/{FRESH}")
    if digests(port, [FRESH])[FRESH] != sha256(content).hexdigest():
        raise DeviceError(
            "%(port)s: %(name)s on the box differs from what was sent. Run the same command again.",
            port=port,
            name=FRESH,
        )
