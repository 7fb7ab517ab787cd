"""A flashed box and a hub's end of its line, for the firmware's own tests."""

import asyncio
import json
import os
import time
import tty
from collections.abc import Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from protocol import messages, session
from protocol.hub import DEFAULT_WINDOW, HubEndpoint
from tests.integration.simulator_bench import volume
from tools.device import build as device_build
from tools.simulator.board import SimulatedBoard

SECRET = bytes(range(32))
EPOCH = b"epoch..8"
DEVICE = "ev-0011223344556677"
WAIT_S = 90.0  # for what takes milliseconds; only a hang reaches it
# What the aim of a box is on the 64-bit port: docs/explanation/footprint.md.
SMALL = 96 * 1024
QUICK = {"heap_bytes": SMALL, "erase_ms": 0.0, "program_ms": 0.0, "baud_delay": False}


def settings(**changes: object) -> dict[str, object]:
    """What provisioning writes."""
    values: dict[str, object] = {
        "device": DEVICE,
        "role": "evaluator",
        "board": "rpi_pico",
        "window_label": "3",
        "secret": SECRET.hex(),
        "epoch": EPOCH.hex(),
        "link": "uart",
    }
    return {**values, **changes}


def flash(folder: Path, values: dict[str, object] | None, extra: dict[str, bytes] | None = None) -> Path:
    """An image as flashing and provisioning leave it: every file as .mpy, and the settings."""
    image = device_build.build(str((values or {}).get("role", "evaluator")), "rpi_pico")
    files = {name: path.read_bytes() for name, path in image.files.items()}
    if values is not None:
        files["settings.json"] = json.dumps(values).encode()
    files.update(extra or {})
    fs = volume()
    for name, content in files.items():
        if "/" in name:
            fs.makedirs(name.rsplit("/", 1)[0], exist_ok=True)
        with fs.open(name, "wb") as file:
            file.write(content)
    path = folder / "flash.img"
    path.write_bytes(bytes(fs.context.buffer))
    return path


class Terminal:
    """A pty as reader and writer, with nothing of a terminal's own in between."""

    def __init__(self, path: str) -> None:
        self._fd = os.open(path, os.O_RDWR | os.O_NOCTTY)
        tty.setraw(self._fd)
        self._ready = asyncio.Event()
        asyncio.get_running_loop().add_reader(self._fd, self._ready.set)

    async def read(self, size: int) -> bytes:
        self._ready.clear()
        await self._ready.wait()
        return os.read(self._fd, size)

    def write(self, data: bytes) -> None:
        while data:
            data = data[os.write(self._fd, data) :]

    async def drain(self) -> None:
        await asyncio.sleep(0)

    def close(self) -> None:
        asyncio.get_running_loop().remove_reader(self._fd)
        os.close(self._fd)

    async def wait_closed(self) -> None:
        await asyncio.sleep(0)


class Hub:
    """A hub's end that keeps facts in order and acknowledges them, as long as `acknowledging`."""

    def __init__(self, board: SimulatedBoard) -> None:
        self._board = board
        self._task: asyncio.Task[None] | None = None
        self._news = asyncio.Event()
        self.endpoint = HubEndpoint({DEVICE: SECRET}.get, os.urandom)
        self.facts: dict[int, dict[str, Any]] = {}
        self.answers: dict[int, tuple[int, str | None]] = {}
        self.health: list[dict[str, Any]] = []
        self.statuses: list[dict[str, Any]] = []
        self.acknowledging = True
        self.expected: int | None = None
        self.send_window = DEFAULT_WINDOW

    async def open(self, usb: bool = False) -> None:
        if usb:
            self._reader = self._writer = Terminal(self._board.usb_port)
        else:
            host, port = self._board.uart_url.removeprefix("socket://").split(":")
            self._reader, self._writer = await asyncio.open_connection(host, int(port))
        self.endpoint.link_opened(self.now_ms())
        self._task = asyncio.create_task(self._run())

    async def close(self) -> None:
        assert self._task is not None
        self._task.cancel()
        await asyncio.wait([self._task])
        self._writer.close()
        await self._writer.wait_closed()
        self.endpoint.link_lost()

    @staticmethod
    def now_ms() -> int:
        return time.monotonic_ns() // 1_000_000

    async def _run(self) -> None:
        reading = asyncio.create_task(self._reader.read(4096))
        try:
            while True:
                while data := self.endpoint.outgoing(self.now_ms()):
                    self._writer.write(data)
                    await self._writer.drain()
                self._take()
                deadline_ms = self.endpoint.deadline_ms()
                wait_s = 0.05 if deadline_ms is None else min(max(deadline_ms - self.now_ms(), 1) / 1000, 0.05)
                done, _ = await asyncio.wait([reading], timeout=wait_s)
                if done:
                    data = reading.result()
                    if not data:
                        return
                    self.endpoint.receive(data, self.now_ms())
                    self._take()
                    reading = asyncio.create_task(self._reader.read(4096))
        finally:
            reading.cancel()

    def _take(self) -> None:
        while (event := self.endpoint.next_event()) is not None:
            self._news.set()
            if event[0] == session.STATUS:
                self.statuses.append(event[1])
                if not self.endpoint.welcomed:
                    expected = self.expected or max(self.facts, default=0) + 1
                    self.endpoint.welcome(expected, time.time_ns() // 1_000_000, True, {}, self.send_window)
            elif event[0] == session.FACT:
                assert event[1] not in self.facts, "a fact came twice in one session"
                self.facts[event[1]] = event[2]
                if self.acknowledging:
                    self.endpoint.acknowledge(event[1])
            elif event[0] == session.ANSWER:
                self.answers[event[1]] = (event[2], event[3])
            elif event[0] == session.HEALTH:
                self.health.append(event[1])
            else:
                self._event(event)

    def _event(self, event: tuple[Any, ...]) -> None:
        """What only some boxes say."""

    async def wait_for(self, there: Callable[[], Any], what: str, limit_s: float = WAIT_S) -> Any:
        """Until something holds; named, should it never."""
        try:
            async with asyncio.timeout(limit_s):
                while not (found := there()):
                    self._news.clear()
                    try:
                        await asyncio.wait_for(self._news.wait(), 0.05)
                    except TimeoutError:
                        continue
                return found
        except TimeoutError:
            raise AssertionError(f"{what} never came; facts {self.facts}; {bytes(self._board.output)!r}") from None

    async def welcomed(self) -> None:
        await self.wait_for(lambda: self.endpoint.welcomed, "a session")

    async def ask(self, command: int, args: dict[str, Any]) -> tuple[int, str | None]:
        """A request and its answer."""
        request = self.endpoint.request(command, args, self.now_ms() + 5000)
        await self.wait_for(lambda: request in self.answers, f"the answer to command {command}")
        return self.answers[request]

    async def invite(self, run: bytes, wait_ms: int = 20_000) -> tuple[int, str | None]:
        return await self.ask(messages.INVITE, {"run": run, "wait_ms": wait_ms})

    def of_kind(self, kind: int) -> list[dict[str, Any]]:
        return [fact for _, fact in sorted(self.facts.items()) if fact["fact_kind"] == kind]

    async def fact(self, kind: int, count: int = 1) -> dict[str, Any]:
        """The newest fact of a kind, once there are so many."""
        await self.wait_for(lambda: len(self.of_kind(kind)) >= count, f"fact of kind {kind}")
        return self.of_kind(kind)[-1]


@asynccontextmanager
async def box_and_hub(image: Path, **options: Any):
    """A running box with its hub in session."""
    async with await SimulatedBoard.start(image, "rpi_pico", **{**QUICK, **options}) as board:
        hub = Hub(board)
        await hub.open()
        try:
            await hub.welcomed()
            yield board, hub
        finally:
            await hub.close()
