"""Callers and evaluators as real firmware on simulated boards, at the windows of a real hub."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.hub_support import HubProcess, until
from tests.integration.firmware_bench import flash, settings
from tools.simulator.board import SimulatedBoard
from tools.simulator.profile import CALLER, EVALUATOR

WAIT_S = 90.0  # for what takes milliseconds; a hub that was killed is found again within 10 s
SAME_KEY_S = 1.1  # two presses of one key within a second are one
FINGER_S = 0.06  # a key is down and then up for at least so long,
TURNS = (8, 4)  # and for so many turns of the program, which takes 4 to believe it: a machine may be busy
HEAP = {CALLER: 112 * 1024, EVALUATOR: 100 * 1024}
PREFIX = {CALLER: "ca", EVALUATOR: "ev"}


async def press(board: SimulatedBoard, *keys: int | str) -> None:
    """Keys, one after the other: down and up until the program has seen it, however busy the machine is."""
    for key in keys:
        await board.hold(key)
        await _turns(board, TURNS[0])
        await board.release(key)
        await _turns(board, TURNS[1])


async def _turns(board: SimulatedBoard, count: int) -> None:
    before = board.turns
    await asyncio.sleep(FINGER_S)
    # Whoever cuts the power waits for no program.
    await until(lambda: board.turns - before >= count or not board.view.powered, f"{count} turns of the program")


async def enter(board: SimulatedBoard, prefix: str, digits: str) -> None:
    """Types, each digit when the one before it is seen."""
    for count in range(1, len(digits) + 1):
        await press(board, digits[count - 1])
        shown = str(count) if prefix == "P" else digits[:count][-3:]
        await board.wait_text(f"{prefix}{shown:>3}", WAIT_S)


async def sign_in(board: SimulatedBoard, code: str, pin: str, last: str = "ok") -> None:
    """Code and PIN; `last`: the key that ends it."""
    await enter(board, "C", code)
    await press(board, "ok")
    await board.wait_text("P  0", WAIT_S)
    await enter(board, "P", pin)
    await asyncio.sleep(SAME_KEY_S)
    await press(board, last)


@dataclass
class Box:
    """A board with its identity; at a window once the hub knows it."""

    role: str
    window: str
    board: SimulatedBoard
    device: str
    secret: bytes
    epoch: bytes

    async def press(self, *keys: int | str) -> None:
        """One key after the other."""
        await press(self.board, *keys)

    async def shows(self, text: str) -> None:
        """Until the display reads so."""
        await self.board.wait_text(text, WAIT_S)

    async def sign_in(self, code: str, pin: str, last: str = "ok") -> None:
        """Types code and PIN."""
        await sign_in(self.board, code, pin, last)


@dataclass
class Counter:
    """A hub with its boxes."""

    hub: HubProcess
    boxes: list[Box] = field(default_factory=list)

    def caller(self, window: str) -> Box:
        """The one there."""
        return next(box for box in self.boxes if (box.role, box.window) == (CALLER, window))

    def evaluator(self, window: str) -> Box:
        """The one there."""
        return next(box for box in self.boxes if (box.role, box.window) == (EVALUATOR, window))

    async def register(self, box: Box) -> None:
        """The technician's part."""
        self.hub.secrets.add(box.secret.hex())
        body = {
            "device": box.device,
            "role": box.role,
            "window": box.window,
            "epoch": box.epoch.hex(),
            "secret": box.secret.hex(),
            "board": "rpi_pico",
        }
        status, reply = await self.hub.call("POST", "/api/v1/devices", "admin", body)
        assert status == 201, reply

    async def all_online(self) -> None:
        """Until the hub hears every box."""

        async def here() -> bool:
            _, reply = await self.hub.call("GET", "/api/v1/devices", "manager")
            return all(entry["online"] for entry in reply["devices"]) and len(reply["devices"]) == len(self.boxes)

        await until(here, "every box online")

    async def staff(self, *codes: str) -> dict[str, str]:
        """Lists these clerks and resets their PINs; code → PIN."""
        rows = [{"code": code, "name": f"职员{code}"} for code in codes]
        status, reply = await self.hub.call("PUT", "/api/v1/hall/config", "manager", {"staff": rows})
        assert status == 200, reply
        pins = {}
        for code in codes:
            status, reply = await self.hub.call("POST", f"/api/v1/staff/{code}/pin/reset", "manager", {})
            assert status == 201, reply
            pins[code] = reply["pin"]
            self.hub.secrets.add(reply["pin"])
        return pins

    async def called(self) -> list[tuple[str, str]]:
        """(number, window) of every call so far."""
        return [
            (each["data"]["number"], each["data"]["window"]) for each in await self.hub.events("hall.ticket.called")
        ]


@asynccontextmanager
async def counter(folder: Path, *places: tuple[str, str]) -> AsyncIterator[Counter]:
    """`places`: (role, window) of each box; the hub serves, and every box is online."""
    async with AsyncExitStack() as stack:
        boxes = []
        for number, (role, window) in enumerate(places, 1):
            own = folder / f"box-{number}"
            own.mkdir()
            secret, epoch = os.urandom(32), os.urandom(8)
            device = f"{PREFIX[role]}-{number}"
            values: dict[str, Any] = {"device": device, "secret": secret.hex(), "epoch": epoch.hex()}
            image = flash(own, settings(role=role, window_label=window, **values))
            board = await stack.enter_async_context(
                await SimulatedBoard.start(
                    image, role=role, heap_bytes=HEAP[role], erase_ms=0.0, program_ms=0.0, baud_delay=False
                )
            )
            boxes.append(Box(role, window, board, device, secret, epoch))
        windows = max(int(window) for _, window in places)
        hub = HubProcess(folder, tuple(box.board.uart_url for box in boxes), windows=windows)
        made = Counter(await stack.enter_async_context(hub), boxes)
        for box in boxes:
            await made.register(box)
        await made.all_online()
        yield made
