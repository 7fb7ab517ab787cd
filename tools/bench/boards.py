"""From the clerk's key to every board, and what many boards cost: the shipped hub and caller, boards as a process."""

import asyncio
import json
import secrets
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import aiohttp

from tools.bench import hall
from tools.bench.hub_process import ServerProcess, cpu_s, hub_config
from tools.bench.results import ROOT, Result, percentile
from tools.bench.small import BenchError
from tools.demo.hall import Server
from tools.demo.processes import Processes
from tools.simulator.board import SimulatedBoard
from tools.simulator.profile import CALLER

BOARDS = 50
MANY = 200
CALLS = 60
QUICK_CALLS = 4
COUNTED = 100  # calls of which the processor time is told, in steps of 10 ms
QUICK_COUNTED = 20
BETWEEN_S = 1 / 3  # a number, a call and a finish each second: 10,000 visitors a day come so at their thickest
QUICK_BETWEEN_S = 1 / 30  # its figures mean nothing
LINE_BYTES = 1 << 20
APART_S = 1.2  # two presses of a key within a second are one
WAIT_S = 60.0
HEAP_BYTES = 200 * 1024


class Boards:
    """A process of boards."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def heard(self) -> dict[str, Any]:
        """Its next line."""
        assert self._process.stdout is not None
        async with asyncio.timeout(WAIT_S):
            line = await self._process.stdout.readline()
        if not line:
            raise BenchError(f"the boards' process ended with code {await self._process.wait()}")
        return dict(json.loads(line))


@asynccontextmanager
async def boards(url: str, count: int) -> AsyncIterator[Boards]:
    """So many, all listening."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "tools.bench.load.boards", "--url", url, "--boards", str(count)),
        stdout=subprocess.PIPE,
        cwd=ROOT,
        limit=LINE_BYTES,
    )
    try:
        made = Boards(process)
        await made.heard()
        yield made
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def measure(quick: bool) -> list[Result]:
    """All figures."""
    if quick:
        return [await _call(QUICK_CALLS), *await _cost(QUICK_COUNTED, QUICK_BETWEEN_S)]
    return [await _call(CALLS), *await _cost(COUNTED, BETWEEN_S)]


async def _call(calls: int) -> Result:
    with tempfile.TemporaryDirectory(prefix="tingting-bench-") as name:
        folder = Path(name)
        processes = Processes(folder / "logs")
        await processes.start_guard()
        box = await SimulatedBoard.start(
            folder / "flash.img", "rpi_pico", secrets.token_hex(8), role=CALLER, heap_bytes=HEAP_BYTES
        )
        ear = hall.Ear(box)
        await ear.open()
        hub = Server("hub", folder, processes, lambda path, port: hall.config(path, port, ear.url))
        try:
            await hub.start()
            tool = [sys.executable, "-m", "tools.cli", "device"]
            await processes.run("flash", [*tool, "flash", box.usb_port, "--role", "caller"])
            await processes.run(
                "provision",
                [*tool, "provision", box.usb_port, "--role", "caller", "--window", "1", "--hub", hub.url],
                env={"TINGTING_TOKEN": hub.token("admin")},
            )
            async with aiohttp.ClientSession() as http, boards(hub.url, BOARDS) as reading:
                desk = hall.Hall(hub, box, ear, http)
                await desk.device()
                waits = [await _one(desk, reading) for _ in range(calls)]
        finally:
            await processes.stop()
            await ear.close()
            await box.close()
    commit_ms = 1000 / hall.raw_commits_per_s(1, 50)
    line_ms = 2 * hall.ACK_FRAME_BYTES * 10 * 1000 / hall.BAUD
    return Result(
        "board.call_p99_ms",
        percentile(waits, 0.99),
        "ms",
        f"ms: a request's bytes on the line ({line_ms:.1f}) and one raw SQLite commit ({commit_ms:.1f}); from the pin "
        f"of a simulated caller, debounce and all, to the last of {BOARDS} boards; {calls} presses",
        line_ms + commit_ms,
        aim=150,
    )


async def _one(desk: hall.Hall, reading: Boards) -> float:
    """A call by the caller's key, in ms until the last board has it."""
    window = (await desk.call("GET", "/api/v1/hall", "manager"))["windows"][0]
    if window["state"] == "closed":
        await _command(desk, "sign_in", staff="bench")
    if window["state"] in ("calling", "serving"):
        await _command(desk, "finish")
    reply = await desk.call("POST", "/api/v1/tickets", "kiosk", {"service": "A", "id": str(uuid.uuid4())})
    await asyncio.sleep(APART_S)
    began_s = time.monotonic()
    await desk.board.press("next")
    heard = await reading.heard()
    if heard["call"] != f"{reply['number']}/1":
        raise BenchError(f"the boards have {heard['call']}, called was {reply['number']}")
    return float(heard["at_s"] - began_s) * 1000


async def _command(desk: hall.Hall, verb: str, **more: str) -> None:
    body = {"command": verb, "id": str(uuid.uuid4()), **more}
    await desk.call("POST", "/api/v1/windows/1/commands", "manager", body)


async def _cost(calls: int, between_s: float) -> list[Result]:
    """Processor time of the hub for a call with many boards, beside the same with one, and beside bare sockets."""
    written: list[list[str]] = []
    one = await _cpu_ms(calls, between_s, 1, written)
    many = await _cpu_ms(calls, between_s, MANY, [])
    bare = await _sockets_ms(written, MANY)
    writes = sum(map(len, written)) / calls
    return [
        Result(
            "board.cpu_ms_per_call_200",
            many,
            "ms",
            f"ms of the hub's processor for a number, its call and its finish with 1 board; here with {MANY}, "
            f"{calls} calls, {1000 * between_s:.0f} ms from one to the next command",
            one,
        ),
        Result(
            "board.cpu_ms_per_call_199_more",
            many - one,
            "ms",
            f"ms of a bare loop's processor for the same bytes to {MANY} plain sockets, "
            f"{writes:.1f} writes to each a call",
            bare,
        ),
    ]


async def _cpu_ms(calls: int, between_s: float, count: int, written: list[list[str]]) -> float:
    """written: takes, for each call, the pieces that one board got."""
    with tempfile.TemporaryDirectory(prefix="tingting-bench-") as name:
        async with ServerProcess("hub.main", hub_config(Path(name))) as hub:
            await hub.start()
            async with aiohttp.ClientSession() as http, boards(hub.url, count) as reading:

                async def post(path: str, body: dict[str, Any], token: str) -> None:
                    sent = body | {"id": str(uuid.uuid4())}
                    headers = {"Authorization": f"Bearer {hub.tokens[token]}"}
                    async with http.post(hub.url + path, json=sent, headers=headers) as answer:
                        if answer.status >= 400:
                            raise BenchError(f"{path}: {answer.status} {await answer.text()}")
                    await asyncio.sleep(between_s)

                commands = "/api/v1/windows/1/commands"
                await post(commands, {"command": "sign_in", "staff": "s"}, "manager")
                before_s = hub.cpu_s()
                for _ in range(calls):
                    await post("/api/v1/tickets", {"service": "A"}, "kiosk")
                    await post(commands, {"command": "next"}, "manager")
                    written.append((await reading.heard())["pieces"])
                    await post(commands, {"command": "finish"}, "manager")
                return (hub.cpu_s() - before_s) / calls * 1000


async def _sockets_ms(written: list[list[str]], count: int) -> float:
    """Processor time a call of a loop that writes these pieces to so many sockets, to the same readers."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tools.bench.load.sockets"),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        url = (await process.stdout.readline()).decode().strip()
        async with boards(url, count) as reading:
            before_s = cpu_s(process.pid)
            for pieces in written:
                process.stdin.write(json.dumps(pieces).encode() + b"\n")
                await reading.heard()
            return (cpu_s(process.pid) - before_s) / len(written) * 1000
    finally:
        process.stdin.close()
        await process.wait()
