"""A person takes a spare box from the shelf: what a terminal needs for that, and where the boxes stand by and by."""

import asyncio
import shlex
from pathlib import Path
from typing import Any, Final

from tools.demo.hall import SPARES
from tools.demo.house import House

FILE: Final = "technician.sh"
LOOK_S: Final = 0.5  # a citizen at a window whose box was replaced finds the new one
OWNER_ONLY: Final = 0o600  # it holds tokens


def write_for_technician(house: House) -> Path:
    """The names that the documents' commands use, for a shell; returns the file to read with `.`."""
    names = {
        "HUB": house.hub.url,
        "DEMO": str(house.folder),
        "ADMIN": house.hub.token("admin"),
        "MANAGER": house.hub.token("manager"),
        "AUDITOR": house.hub.token("auditor"),
    }
    for number, spare in enumerate(SPARES, 1):
        box = house.counters[spare.id]
        assert box.link is not None
        names |= {f"SPARE{number}_USB": box.usb, f"SPARE{number}_LINE": box.link}
    path = house.folder / FILE
    path.touch(OWNER_ONLY)
    lines = [f"export {name}={shlex.quote(value)}\n" for name, value in names.items()]
    path.write_text("# For a terminal beside this demo; the tokens end with it.\n" + "".join(lines), "utf-8")
    return path


def seat(house: House, devices: list[dict[str, Any]]) -> None:
    """Puts each box at the window that the hub's registry gives to the device on its line."""
    at = {device["line"]: device["window"] for device in devices if device["role"] == "evaluator" and device["line"]}
    for box in house.counters.values():
        window = at.get(box.link) if box.link is not None else None
        if window is None or house.boxes.get(window) is box:
            continue
        replaced = house.boxes.get(window)
        if replaced is not None and replaced.window == window:
            replaced.place(None)
        house.boxes[window] = box
        box.place(window)


async def follow(house: House) -> None:
    """Looks again and again, until cancelled."""
    while True:
        seat(house, (await house.hub_doors.get("/api/v1/devices", house.hub.token("manager")))["devices"])
        await asyncio.sleep(LOOK_S)
