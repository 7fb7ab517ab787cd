"""Benchmarks of the shipped hub process with one simulated box on a line that is listened to."""

import asyncio
import secrets
import sqlite3
import sys
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

import aiohttp

from protocol.framing import encode_frame
from protocol.seal import OVERHEAD
from tools.bench.load import kiosks
from tools.bench.results import Result, percentile
from tools.bench.small import BenchError
from tools.demo.hall import Server, toml
from tools.demo.processes import Processes
from tools.simulator.board import SimulatedBoard

PRESSES = 60
APART_S = 0.3  # longer than debounce and acknowledgement: one fact is under way at a time
WAIT_S = 40.0  # for what takes a second or two
TICKETS = 4_000
CLIENTS = 16
HEAP_KB = 200
BAUD = 115_200
# An ACK is {0: 18, 1: through}: 5 to 9 bytes of CBOR; an ANCHOR, the next longer one, has 15 and more.
_ACK_BODY_BYTES = 9
ACK_FRAME_BYTES = len(encode_frame(bytes(_ACK_BODY_BYTES + OVERHEAD)))


class Ear:
    """Stands in the line between hub and board and notes when which frame passed; changes nothing."""

    def __init__(self, board: SimulatedBoard) -> None:
        self.acknowledged: asyncio.Queue[float] = asyncio.Queue()
        self.sent_bytes = 0
        self._board = board
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()
        self.url = ""

    async def open(self) -> None:
        """Listens where the hub shall connect."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        self.url = f"socket://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def close(self) -> None:
        """Ends both ways."""
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, from_hub: asyncio.StreamReader, to_hub: asyncio.StreamWriter) -> None:
        host, _, port = self._board.uart_url.removeprefix("socket://").partition(":")
        from_board, to_board = await asyncio.open_connection(host, int(port))
        for reader, writer, down in ((from_hub, to_board, True), (from_board, to_hub, False)):
            task = asyncio.create_task(self._pass(reader, writer, down))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, down: bool) -> None:
        frame = 0
        try:
            while data := await reader.read(4096):
                writer.write(data)
                await writer.drain()
                for byte in data:
                    frame += 1
                    if byte == 0:
                        if down and 1 < frame <= ACK_FRAME_BYTES:
                            self.acknowledged.put_nowait(time.perf_counter())
                        frame = 0
                self.sent_bytes += 0 if down else len(data)
        finally:
            writer.close()


class Hall:
    """The hub process, its doors, one box."""

    def __init__(self, hub: Server, board: SimulatedBoard, ear: Ear, http: aiohttp.ClientSession) -> None:
        self.hub = hub
        self.board = board
        self.ear = ear
        self.http = http

    async def call(self, method: str, path: str, role: str, body: Any = None) -> Any:
        """JSON of a door."""
        headers = {"Authorization": f"Bearer {self.hub.token(role)}"}
        async with self.http.request(method, self.hub.url + path, json=body, headers=headers) as answer:
            if answer.status >= 400:
                raise BenchError(f"{method} {path}: {answer.status} {await answer.text()}")
            return await answer.json()

    async def device(self) -> dict[str, Any]:
        """The box as the hub shows it, once it is online and has told its health."""
        async with asyncio.timeout(WAIT_S):
            while True:
                devices = (await self.call("GET", "/api/v1/devices", "manager"))["devices"]
                if devices and devices[0]["online"] and devices[0]["health"]:
                    return dict(devices[0])
                await asyncio.sleep(0.1)


@asynccontextmanager
async def running() -> AsyncIterator[Hall]:
    """A hall of one window, its box flashed and provisioned by the shipped tools."""
    with tempfile.TemporaryDirectory(prefix="tingting-bench-") as name:
        folder = Path(name)
        processes = Processes(folder / "logs")
        await processes.start_guard()
        board = await SimulatedBoard.start(
            folder / "flash.img", "rpi_pico", secrets.token_hex(8), heap_bytes=HEAP_KB * 1024
        )
        ear = Ear(board)
        await ear.open()
        hub = Server("hub", folder, processes, lambda path, port: config(path, port, ear.url))
        try:
            await hub.start()
            tool = [sys.executable, "-m", "tools.cli", "device"]
            await processes.run("flash", [*tool, "flash", board.usb_port])
            await processes.run(
                "provision",
                [*tool, "provision", board.usb_port, "--window", "1", "--hub", hub.url],
                env={"TINGTING_TOKEN": hub.token("admin")},
            )
            async with aiohttp.ClientSession() as http:
                yield Hall(hub, board, ear, http)
        finally:
            await processes.stop()
            await ear.close()
            await board.close()


def config(path: Path, port: int, url: str) -> None:
    tables: list[tuple[str, dict[str, object]]] = [
        ("[hall]", {"id": "bench", "name": "测速"}),
        ("[paths]", {"data": "hub"}),
        ("[http]", {"host": "127.0.0.1", "port": port}),
        ("[[services]]", {"id": "A", "prefix": "A", "name": "综合受理"}),
        ("[[windows]]", {"id": "1", "name": "1 号窗口", "services": ["A"]}),
        ("[[links]]", {"url": url}),
    ]
    path.write_text(toml(tables), "utf-8")


async def measure() -> list[Result]:
    """All that one hall can tell."""
    async with running() as hall:
        device = await hall.device()
        free = Result(
            "firmware.free_heap_kb",
            device["health"]["free_memory"] / 1024,
            "KB",
            "KB of heap that the interpreter was given",
            HEAP_KB,
            aim=90,
        )
        return [free, await _press_to_ack(hall), await _tickets(hall)]


async def _press_to_ack(hall: Hall) -> Result:
    waits = []
    before = hall.ear.sent_bytes
    for _ in range(PRESSES):
        while not hall.ear.acknowledged.empty():
            hall.ear.acknowledged.get_nowait()
        began = time.perf_counter()
        await hall.board.press(5)
        async with asyncio.timeout(WAIT_S):
            waits.append((await hall.ear.acknowledged.get() - began) * 1000)
        await asyncio.sleep(APART_S)
    frames_bytes = (hall.ear.sent_bytes - before) / PRESSES + ACK_FRAME_BYTES
    line_ms = frames_bytes * 10 * 1000 / BAUD
    commit_ms = 1000 / raw_commits_per_s(1, 50)
    return Result(
        "serial.press_to_ack_p99_ms",
        percentile(waits, 0.99),
        "ms",
        f"ms: the bytes on the line ({line_ms:.1f}) and one raw SQLite commit ({commit_ms:.1f}); {PRESSES} presses",
        line_ms + commit_ms,
        aim=200,
    )


async def _tickets(hall: Hall) -> Result:
    began = time.perf_counter()
    await kiosks.take(hall.hub.url, hall.hub.token("kiosk"), TICKETS, CLIENTS)
    per_s = TICKETS / (time.perf_counter() - began)
    raw = raw_commits_per_s(CLIENTS, TICKETS // CLIENTS) * CLIENTS
    return Result(
        "hub.tickets_per_s",
        per_s,
        "1/s",
        f"rows/s of raw SQLite, same settings, {CLIENTS} rows a commit",
        raw,
        aim=1000,
    )


def raw_commits_per_s(rows: int, commits: int) -> float:
    """Commits a second of so many rows of an event's size; WAL, synchronous=FULL."""
    with (
        tempfile.TemporaryDirectory(prefix="tingting-bench-") as folder,
        closing(sqlite3.connect(Path(folder) / "raw.sqlite", isolation_level=None)) as raw,
    ):
        raw.execute("PRAGMA journal_mode = WAL")
        raw.execute("PRAGMA synchronous = FULL")
        raw.execute("CREATE TABLE events (sequence INTEGER PRIMARY KEY, data BLOB, chain BLOB)")
        began = time.perf_counter()
        for commit in range(commits):
            raw.execute("BEGIN IMMEDIATE")
            values = [(commit * rows + row, bytes(500), bytes(32)) for row in range(rows)]
            raw.executemany("INSERT INTO events VALUES (?, ?, ?)", values)
            raw.execute("COMMIT")
        return commits / (time.perf_counter() - began)
