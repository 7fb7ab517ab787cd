"""A hub that gives out updates, and boxes on cables that take them: genuine MicroPython, signed bundles."""

import asyncio
import dataclasses
import os
import secrets
from functools import cache
from pathlib import Path
from typing import Any

import aiohttp

from tests.hub_support import HubProcess, new_id, until
from tests.integration import firmware_bench
from tests.integration.simulator_bench import volume
from tools.bench import images
from tools.device import build, bundles
from tools.device.build import Image
from tools.simulator.board import SimulatedBoard

MADE = 1_795_000_000
UPDATE_S = 600.0  # a firmware is 320 pieces; two boxes take 20 s on a quiet machine
# 16 KB more than a box at rest must live in, and as much again for what the simulator puts in: footprint.md.
UPDATE_HEAP = 128 * 1024
QUICK = {"heap_bytes": UPDATE_HEAP, "erase_ms": 0.0, "program_ms": 0.0, "baud_delay": False}
CRASHES = "def run(trial=False):\n    raise ValueError('a firmware that fails')\n"

_flashed = cache(images.flashed)  # linking and compiling take seconds


class Cabled:
    """A box on a cable."""

    def __init__(self, folder: Path, number: int, role: str = "evaluator", window: str | None = None) -> None:
        self.role = role
        self.device = f"{role[:2]}-wire{number:04d}"
        self.secret = os.urandom(32)
        self.epoch = os.urandom(8)
        self.window = window or str(number)
        self.folder = folder / self.device
        self.folder.mkdir()
        self.board: SimulatedBoard

    async def start(self, **options: Any) -> None:
        """Power on."""
        values = firmware_bench.settings(
            device=self.device,
            secret=self.secret.hex(),
            epoch=self.epoch.hex(),
            window_label=self.window,
            role=self.role,
        )
        path = self.folder / "flash.img"
        path.write_bytes(images.with_settings(_flashed(self.role), values))
        self.board = await SimulatedBoard.start(
            path, "rpi_pico", secrets.token_hex(8), role=self.role, **{**QUICK, **options}
        )

    def in_flash(self, name: str) -> bytes | None:
        """A file on it."""
        fs = volume(self.board.flash.path.read_bytes())
        try:
            with fs.open(name, "rb") as file:
                return bytes(file.read())
        except FileNotFoundError:
            return None


class Signer:
    """Who signs for a hall."""

    def __init__(self, folder: Path) -> None:
        self.key = folder / "signing"
        self.public = bundles.make_key(self.key)
        self._folder = folder

    @property
    def section(self) -> str:
        """For hub.toml."""
        return f'[updates]\nsigner = "{self.public}"\n'

    def whole(self, version: str = "9.9.9", roles: tuple[str, ...] = ("evaluator",), board: str = "rpi_pico") -> bytes:
        """The firmware of these sources under another version."""
        targets = [(role, board, dataclasses.replace(build.build(role, "rpi_pico"), version=version)) for role in roles]
        return bundles.write(targets, MADE, self.key)

    def crashing(self) -> bytes:
        """A firmware that raises as soon as it runs."""
        files = {}
        for name, text in (("__init__.py", "VERSION = '9.9.9+bad'\n"), ("main.py", CRASHES)):
            files[f"a/firmware/{name}"] = self._folder / f"crashing-{name}"
            files[f"a/firmware/{name}"].write_text(text, "utf-8")
        return bundles.write([("evaluator", "rpi_pico", Image("9.9.9+bad", files))], MADE, self.key)


async def give(hub: HubProcess, content: bytes, **query: Any) -> tuple[int, dict[str, Any]]:
    """POST /api/v1/updates: status and answer."""
    assert hub.http is not None
    headers = {"Authorization": f"Bearer {hub.tokens['admin']}", "Content-Type": "application/octet-stream"}
    known = {"id": new_id()} | {name: str(value) for name, value in query.items()}
    async with hub.http.post(f"{hub.url}/api/v1/updates", data=content, params=known, headers=headers) as answer:
        return answer.status, dict(await answer.json())


async def shown(hub: HubProcess) -> dict[str, Any]:
    """The update as it is."""
    status, said = await hub.call("GET", "/api/v1/updates", "manager")
    assert status == 200, said
    return dict(said["update"])


async def serve(hub: HubProcess, device: str, window: str) -> None:
    """A citizen is called, comes and is served; a box that has just begun its trial is there again by then."""
    await hub.ticket()
    assert (await hub.command(window, "next"))[0] == 200

    async def settled() -> bool:
        on_trial = [box["device"] for box in (await shown(hub))["boxes"] if box["state"] == "trying"]
        known = (await hub.call("GET", "/api/v1/devices", "manager"))[1]["devices"]
        return device not in on_trial and any(each["device"] == device and each["online"] for each in known)

    await until(settled, f"{device} at its window")
    assert (await hub.command(window, "finish"))[0] == 200


async def ended(hub: HubProcess, *states: str) -> dict[str, Any]:
    """Until it is in one of these states; the view."""

    async def there() -> dict[str, Any] | None:
        try:
            view = await shown(hub)
        except aiohttp.ClientError:
            return None  # the hub is being started anew
        return view if view["state"] in states else None

    async with asyncio.timeout(UPDATE_S):
        while (view := await there()) is None:
            await asyncio.sleep(0.1)
    return view


def states(view: dict[str, Any]) -> dict[str, str]:
    """Device → how far it is."""
    return {box["device"]: box["state"] for box in view["boxes"]}


async def outcomes(hub: HubProcess) -> list[tuple[str, str]]:
    """(device, outcome) of each event, in the journal's order."""
    found = await hub.events("hall.device.updated")
    return [(event["data"]["device"], event["data"]["detail"]["outcome"]) for event in found]
