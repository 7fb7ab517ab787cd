"""Sixty evaluators on the radio: a question reaches its box, a press reaches the journal, over few links.

The boxes are genuine MicroPython, the hub is the shipped process with unmodified bleak; between them stands the radio
without hardware, whose model (interval, packets, connect time, links) is said in each result's limit.
"""

import asyncio
import json
import random
import secrets
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import aiohttp

from common import envelope
from tools.bench.images import flashed, with_settings
from tools.bench.results import Result, percentile
from tools.bench.small import BenchError
from tools.demo.hall import Server, toml
from tools.demo.processes import Processes
from tools.simulator.client import BoardClient, Simulator
from tools.simulator.radio.client import Radio

BOXES, BOXES_QUICK = 60, 4
BATCH: Final = 5  # boards that boot together, and are proven before the next ones do
EVERY_S: Final = 5.0  # one service finishes somewhere
THINK_S: Final = (2.0, 8.0)  # from the lamps to the press
CALL_S: Final = (3.0, 6.0)  # from the call to the citizen at the window
CONNECT_MS: Final = (500.0, 800.0, 2000.0)  # least, median, most of a whole connect, log-normal
PACKETS: Final = 6
INVITE_AIM_MS, PRESS_AIM_MS = 3000, 4000
WAIT_S: Final = 30.0  # for what takes two seconds
ONLINE_S: Final = 600.0  # sixty boxes, one connect after the other, after the hub's restart
LATE_EVERY_S: Final = 0.05


@dataclass(frozen=True, slots=True)
class Case:
    """One way to run it."""

    suffix: str
    interval_ms: float
    links: int
    finishes: int
    quick: int


CASES: Final = (
    Case("", 30.0, 4, 60, 3),
    Case("_100ms", 100.0, 4, 30, 2),
    Case("_2links", 30.0, 2, 30, 2),
)


@dataclass(slots=True)
class Found:
    """What one case gave."""

    invites_ms: list[float] = field(default_factory=list)
    presses_ms: list[float] = field(default_factory=list)
    late_ms: list[float] = field(default_factory=list)
    unasked: list[str] = field(default_factory=list)  # questions that never reached their box, and how the radio was


class Box:
    """A window's evaluator."""

    def __init__(self, number: int) -> None:
        self.window = str(number)
        self.device = f"ev-{secrets.token_hex(8)}"
        self.secret = secrets.token_hex(32)
        self.epoch = secrets.token_hex(8)
        self.board: BoardClient

    def image(self, content: bytes, path: Path) -> Path:
        """A flash as flashing and provisioning leave it."""
        settings = {
            "device": self.device,
            "role": "evaluator",
            "board": "rpi_pico",
            "window_label": self.window,
            "secret": self.secret,
            "epoch": self.epoch,
            "link": "ble",
        }
        path.write_bytes(with_settings(content, settings))
        return path


class Hall:
    """The running hall."""

    def __init__(self, hub: Server, radio: Radio, boxes: list[Box], http: aiohttp.ClientSession) -> None:
        self.hub = hub
        self.radio = radio
        self.boxes = boxes
        self.links = CASES[0].links
        self._http = http
        self._after = 0
        self._ratings: list[dict[str, Any]] = []

    async def call(self, method: str, path: str, who: tuple[str, str | None], body: Any = None) -> Any:
        """JSON of a door."""
        headers = {"Authorization": f"Bearer {self.hub.token(*who)}"}
        async with self._http.request(method, self.hub.url + path, json=body, headers=headers) as answer:
            if answer.status >= 400:
                raise BenchError(f"{method} {path}: {answer.status} {await answer.text()}")
            return await answer.json(content_type=None)

    async def command(self, window: str, verb: str, **more: Any) -> None:
        """A clerk's key."""
        body = {"command": verb, "id": str(uuid.uuid4()), **more}
        await self.call("POST", f"/api/v1/windows/{window}/commands", ("clerk", f"window/{window}"), body)

    async def ticket(self) -> None:
        """A citizen comes."""
        await self.call("POST", "/api/v1/tickets", ("kiosk", None), {"service": "A", "id": str(uuid.uuid4())})

    async def call_next(self, box: Box, chance: random.Random) -> None:
        """The next citizen is called and comes to the window."""
        await self.ticket()
        await self.command(box.window, "next")
        await asyncio.sleep(chance.uniform(*CALL_S))
        await self.command(box.window, "arrive")

    async def online(self, boxes: int) -> None:
        """Until the hub has proven so many."""
        async with asyncio.timeout(ONLINE_S):
            while True:
                ready = await self.call("GET", "/readyz", ("monitor", None))
                if ready["devices"]["online"] == boxes:
                    return
                await asyncio.sleep(0.5)

    async def ratings(self) -> list[dict[str, Any]]:
        """Every rating that the journal has; only what is new is asked for."""
        while page := await self.call("GET", f"/api/v1/events?after={self._after}&limit=1000", ("auditor", None)):
            fresh = [event for event in page if int(event["sequence"]) > self._after]  # two may ask at once
            self._after += len(fresh)
            self._ratings += [event for event in fresh if event["type"] == "hall.rating.submitted"]
        return self._ratings


@asynccontextmanager
async def running(boxes: int) -> AsyncIterator[Hall]:
    """Radio, hub, and so many boxes, all online."""
    with tempfile.TemporaryDirectory(prefix="tingting-bench-") as name:
        folder = Path(name)
        processes = Processes(folder / "logs")
        made = [Box(number) for number in range(1, boxes + 1)]
        content = await asyncio.to_thread(flashed, "evaluator")
        images = [box.image(content, folder / f"{box.device}.img") for box in made]
        await processes.start_guard()
        least, median, most = CONNECT_MS
        radio = await Radio.launch(
            (
                *("--condition", f"interval_ms={CASES[0].interval_ms}", "--condition", f"packets={PACKETS}"),
                *("--condition", f"adapter_links={CASES[0].links}"),
                *("--connect-ms", str(least), str(median), str(most)),
            )
        )
        simulators: list[Simulator] = []
        hall: Hall | None = None
        hub = Server("hub", folder, processes, lambda path, port: _config(path, port, boxes, hall))
        hub.environment = {"DBUS_SYSTEM_BUS_ADDRESS": radio.bus}
        try:
            await hub.start()
            async with aiohttp.ClientSession() as http:
                hall = Hall(hub, radio, made, http)
                for first in range(0, boxes, BATCH):
                    batch = images[first : first + BATCH]
                    simulators.append(await Simulator.launch(batch, arguments=("--radio", radio.boards)))
                    for box, board in zip(made[first:], simulators[-1].boards, strict=False):
                        box.board = board
                        await hall.call("POST", "/api/v1/devices", ("admin", None), _registration(box))
                    await hall.online(first + len(batch))
                for box in made:
                    await hall.command(box.window, "sign_in", staff=f"s{box.window}")
                yield hall
        finally:
            await processes.stop()
            for simulator in simulators:
                await simulator.close()
            await radio.close()


def _registration(box: Box) -> dict[str, str]:
    return {
        "device": box.device,
        "role": "evaluator",
        "window": box.window,
        "epoch": box.epoch,
        "secret": box.secret,
        "board": "rpi_pico",
    }


def _config(path: Path, port: int, boxes: int, hall: Hall | None) -> None:
    tables: list[tuple[str, dict[str, object]]] = [
        ("[hall]", {"id": "bench", "name": "测速"}),
        ("[paths]", {"data": "hub"}),
        ("[http]", {"host": "127.0.0.1", "port": port}),
        ("[[services]]", {"id": "A", "prefix": "A", "name": "综合受理"}),
    ]
    tables += [
        ("[[windows]]", {"id": str(number), "name": f"{number} 号窗口", "services": ["A"]})
        for number in range(1, boxes + 1)
    ]
    links = CASES[0].links if hall is None else hall.links
    tables.append(("[[radios]]", {"adapter": "hci0", "links": links}))
    path.write_text(toml(tables), "utf-8")


async def measure(quick: bool) -> list[Result]:
    """Every case in one hall."""
    results: list[Result] = []
    pressed = 0
    chance = random.Random(1)
    async with running(BOXES_QUICK if quick else BOXES) as hall:
        await asyncio.gather(*(hall.call_next(box, chance) for box in hall.boxes))
        for case in CASES:
            await hall.radio.call("conditions", interval_ms=case.interval_ms, adapter_links=case.links)
            if case.links != hall.links:
                hall.links = case.links
                await hall.hub.stop()
                await hall.hub.start()
                await hall.online(len(hall.boxes))
            await hall.radio.call("forget_connects")
            found = await _case(hall, case.quick if quick else case.finishes, chance)
            connects_ms = await hall.radio.call("connects_ms")
            results += _results(case, found, connects_ms, len(hall.boxes))
            pressed += len(found.presses_ms)
        await _all_once(hall, pressed)
    return results


async def _case(hall: Hall, finishes: int, chance: random.Random) -> Found:
    found = Found()
    late = asyncio.create_task(_lateness(found))
    order = [hall.boxes[number % len(hall.boxes)] for number in range(finishes)]
    chance.shuffle(order)
    loop = asyncio.get_running_loop()
    began_s = loop.time()
    failed: Exception | None = None
    try:
        async with asyncio.TaskGroup() as group:
            for number, box in enumerate(order):
                await asyncio.sleep(began_s + number * EVERY_S - loop.time())
                group.create_task(_visit(hall, box, chance, found))
    except* BenchError as errors:
        failed = errors.exceptions[0]
    finally:
        late.cancel()
    if failed is not None:
        raise failed
    return found


async def _visit(hall: Hall, box: Box, chance: random.Random, found: Found) -> None:
    """One service ends: the question, the press, the next citizen."""
    lit = _watch(box.board, lit=True)
    asked_s = time.monotonic()
    await hall.command(box.window, "finish")
    await asyncio.wait([lit], timeout=WAIT_S)
    if not lit.done():
        found.invites_ms.append(WAIT_S * 1000)  # at least: the hub has given up
        found.unasked.append(f"window {box.window}: {await _peer(hall, box)}")
        await hall.call_next(box, chance)
        return
    found.invites_ms.append((lit.result() - asked_s) * 1000)
    await asyncio.sleep(chance.uniform(*THINK_S))
    dark = _watch(box.board, lit=False)
    before = len([event for event in await hall.ratings() if event["data"]["device"] == box.device])
    pressed_ms = time.time() * 1000
    grade = chance.randint(1, 5)
    await box.board.hold(grade)
    await asyncio.wait([dark], timeout=WAIT_S)
    await box.board.release(grade)
    if not dark.done():
        raise BenchError(f"window {box.window}: the lamps stayed on after a press; {await _peer(hall, box)}")
    next_one = asyncio.create_task(hall.call_next(box, chance))
    async with asyncio.timeout(WAIT_S):
        while True:
            mine = [event for event in await hall.ratings() if event["data"]["device"] == box.device]
            if len(mine) > before:
                break
            await asyncio.sleep(0.5)
    found.presses_ms.append(envelope.parse_time(mine[-1]["recordedtime"]) - pressed_ms)
    await next_one


async def _peer(hall: Hall, box: Box) -> str:
    """How the hub sees a box on its radio."""
    ready = await hall.call("GET", "/readyz", ("monitor", None))
    return json.dumps([seen for seen in ready["radios"][0]["boxes"] if seen["device"] == box.device])


def _watch(board: BoardClient, lit: bool) -> "asyncio.Future[float]":
    """When all lamps have come to that, by the monotonic clock of this machine."""
    reached: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    def look(change: Any) -> None:
        if not reached.done() and board.lamps and all(lamp is lit for lamp in board.lamps):
            reached.set_result(change.at_s)
            end()

    end = board.subscribe(look)
    return reached


async def _lateness(found: Found) -> None:
    """How late a timer is here: what the machine's load adds to everything."""
    loop = asyncio.get_running_loop()
    while True:
        due_s = loop.time() + LATE_EVERY_S
        await asyncio.sleep(LATE_EVERY_S)
        found.late_ms.append((loop.time() - due_s) * 1000)


def _results(case: Case, found: Found, connects_ms: Sequence[float], boxes: int) -> list[Result]:
    least, median, most = (value / 1000 for value in CONNECT_MS)
    model = (
        f"ms: the 99th percentile of {len(connects_ms)} whole connects of this run, drawn log-normal ({least:g} to "
        f"{most:g} s, median {median:g} s, finding the services included) over an interval of "
        f"{case.interval_ms:g} ms with {PACKETS} packets a way; "
        f"{boxes} boxes, {case.links} links, {len(found.invites_ms)} services, one every {EVERY_S:g} s; "
        f"timers here were late by {percentile(found.late_ms, 0.99):.0f} ms (p99)"
    )
    if found.unasked:
        model += f"; {len(found.unasked)} questions never reached their box: {'; '.join(found.unasked)}"
    connect_ms = percentile(list(connects_ms), 0.99) if connects_ms else 0.0
    return [
        Result(
            f"ble.invite_p99_ms{case.suffix}",
            percentile(found.invites_ms, 0.99),
            "ms",
            model,
            connect_ms,
            INVITE_AIM_MS,
        ),
        Result(
            f"ble.press_p99_ms{case.suffix}", percentile(found.presses_ms, 0.99), "ms", model, connect_ms, PRESS_AIM_MS
        ),
    ]


async def _all_once(hall: Hall, pressed: int) -> None:
    ratings = await hall.ratings()
    runs = {event["data"]["run"] for event in ratings}
    facts = {(event["data"]["device"], event["data"]["epoch"], event["data"]["fact"]) for event in ratings}
    if not pressed == len(ratings) == len(runs) == len(facts):
        raise BenchError(
            f"{pressed} presses, {len(ratings)} ratings of {len(runs)} runs and {len(facts)} facts: "
            "something is lost, or counted twice"
        )
