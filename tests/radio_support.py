"""A hub and boxes that meet on the radio without hardware: unmodified bleak, genuine MicroPython, Bumble in between."""

import asyncio
import os
import secrets
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from functools import cache
from pathlib import Path
from typing import Any

from tests.caller_support import press
from tests.hub_support import HubProcess
from tests.integration import firmware_bench
from tests.integration.test_device_provision import tingting
from tools.bench import images
from tools.simulator.antenna import address_of
from tools.simulator.board import SimulatedBoard
from tools.simulator.radio.client import Radio

# A box on the radio carries its link's code, two rings and a table of links more than one on a cable.
RADIO_HEAP = 112 * 1024
BATCH = 5  # boxes that start at the same time: each takes a second of a core, and speaks quickly for 30 s
ALL_ONLINE_S = 240.0  # a batch, one connect at a time, on two busy cores
LIT_S = 30.0  # the hub itself gives up after ten; what is longer is the machine's
QUICK = {"heap_bytes": RADIO_HEAP, "erase_ms": 0.0, "program_ms": 0.0, "baud_delay": False}


_flashed = cache(images.flashed)  # linking and compiling take seconds


class RadioBox:
    """An evaluator without a cable."""

    def __init__(
        self, folder: Path, number: int, link: str = "ble", role: str = "evaluator", screen: str | None = None
    ) -> None:
        self.role = role
        self.device = f"{role[:2]}-radio{number:04d}"
        self.secret = os.urandom(32)
        self.epoch = os.urandom(8)
        self.window = str(number)
        self.chip = secrets.token_hex(8)
        self.folder = folder / self.device
        self.link = link
        self.screen = screen  # the controller of its display
        self.board: SimulatedBoard
        self.folder.mkdir()

    @property
    def address(self) -> str:
        """Its radio's."""
        digits = address_of(self.chip).upper()
        return ":".join(digits[at : at + 2] for at in range(0, 12, 2))

    def flash(self) -> Path:
        """An image as flashing and provisioning leave it."""
        values = firmware_bench.settings(
            device=self.device,
            secret=self.secret.hex(),
            epoch=self.epoch.hex(),
            link=self.link,
            window_label="1",
            role=self.role,
            **({"screen": f"firmware.drivers.{self.screen}"} if self.screen else {}),
        )
        path = self.folder / "flash.img"
        path.write_bytes(images.with_settings(_flashed(self.role), values))
        return path

    async def start(self, radio: Radio, **options: Any) -> None:
        """Power on."""
        self.board = await SimulatedBoard.start(
            self.flash(),
            "rpi_pico",
            self.chip,
            role=self.role,
            radio=radio.boards,
            **{**QUICK, "panel": self.screen, **options},
        )

    async def relink(self, link: str) -> None:
        """The technician's command at its USB port; it restarts with the same identity on another line."""
        status, said = await tingting("link", self.board.usb_port, f"--{link}")
        assert status == 0, said
        assert self.secret.hex() not in said


class RadioHall:
    """The hub, its boxes, and what a test does there again and again."""

    def __init__(self, radio: Radio, hub: HubProcess, boxes: list[RadioBox]) -> None:
        self.radio = radio
        self.hub = hub
        self.boxes = boxes

    @property
    def box(self) -> RadioBox:
        """The first."""
        return self.boxes[0]

    async def online(self, batch: Sequence[RadioBox] = ()) -> None:
        """Every box of the batch, or of all, is registered and proven, its window open."""
        batch = batch or self.boxes
        for box in batch:
            await self.hub.register(box, box.window)  # type: ignore[arg-type]
        try:
            async with asyncio.timeout(ALL_ONLINE_S):
                for box in batch:
                    while not await self.hub.online(box):
                        await asyncio.sleep(0.1)
        except TimeoutError:
            told = [(box.device, box.board.turns, bytes(box.board.output), box.board.stats["resets"]) for box in batch]
            raise AssertionError(f"not online: {told}; the hub says of its radio {await self.seen()}") from None
        for box in batch:
            await self.hub.command(box.window, "sign_in", staff=f"s{box.window}")

    async def seen(self, adapter: int = 0) -> dict[str, Any]:
        """What the hub says of its radio."""
        _, ready = await self.hub.call("GET", "/readyz", "monitor")
        return dict(ready["radios"][adapter])

    async def peer(self, box: RadioBox, adapter: int = 0) -> dict[str, Any]:
        """What it says of a box there; nothing before it was heard."""
        return next((peer for peer in (await self.seen(adapter))["boxes"] if peer["address"] == box.address), {})

    async def ask(self, box: RadioBox | None = None, within_s: float = LIT_S) -> None:
        """A citizen is served, and asked: the lamps burn."""
        box = box or self.box
        await self.hub.serve_one(box.window)
        await box.board.wait_lamps(True, within_s)

    async def rate(self, box: RadioBox | None = None, grade: int = 5) -> None:
        """The citizen presses until the lamps answer."""
        box = box or self.box
        await press(box.board, grade)
        await box.board.wait_lamps(False, LIT_S)

    async def ratings(self, count: int) -> list[dict[str, Any]]:
        """That many, each of its own run and fact; no more come."""
        found = await self.hub.wait_event("hall.rating.submitted", count)
        keys = {(event["data"]["device"], event["data"]["epoch"], event["data"]["fact"]) for event in found}
        assert len(found) == len(keys) == len({event["data"]["run"] for event in found}) == count
        return found


@asynccontextmanager
async def radio_hall(
    folder: Path,
    radio: Radio,
    boxes: int = 1,
    *,
    links: int = 4,
    adapters: tuple[str, ...] = ("hci0",),
    invitation_s: int = 20,
    **options: Any,
) -> AsyncIterator[RadioHall]:
    """A running hall, all boxes online."""
    made = [RadioBox(folder, number) for number in range(1, boxes + 1)]
    hub = hub_on(folder, radio, windows=boxes, links=links, adapters=adapters, invitation_s=invitation_s)
    try:
        async with hub:
            hall = RadioHall(radio, hub, made)
            for first in range(0, boxes, BATCH):
                batch = made[first : first + BATCH]
                await asyncio.gather(*(box.start(radio, **options) for box in batch))
                await hall.online(batch)
            yield hall
    finally:
        for box in made:
            if hasattr(box, "board"):
                await box.board.close()


def hub_on(
    folder: Path,
    radio: Radio,
    *,
    windows: int = 1,
    links: int = 4,
    adapters: tuple[str, ...] = ("hci0",),
    invitation_s: int = 20,
) -> HubProcess:
    """A hub with adapters of that radio; not started."""
    sections = "".join(f'[[radios]]\nadapter = "{adapter}"\nlinks = {links}\n' for adapter in adapters)
    hub = HubProcess(folder, center=sections, windows=windows, invitation_s=invitation_s)
    hub.environment = {"DBUS_SYSTEM_BUS_ADDRESS": radio.bus}
    return hub
