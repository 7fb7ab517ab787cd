"""A day of the largest hall at 60 times its speed: memory, processor time, and whether anything came late.

300 windows, 10 services, 10,000 citizens over eight hours. Every ticket, call, arrival and finish goes through the
shipped hub's own doors; one board listens to the stream. The boxes are not in it: what they cost is `hub.accept_per_s`.
"""

import asyncio
import itertools
import random
import tempfile
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from tools.bench.hub_process import ServerProcess, ready
from tools.bench.results import Result
from tools.bench.small import BenchError
from tools.demo.hall import toml

SPEED = 60
HOURS = 8
SERVICES = 10
# An answer that takes longer than this is felt: hands expect a tenth of a second, and notice a quarter.
LATE_S = 0.25
SERVING_MIN = (4, 20)  # minutes at the window
WALK_MIN = (0.3, 1.5)  # from the call to the window
HEALTH = 2_000  # requests to measure what HTTP alone costs


@dataclass(frozen=True, slots=True)
class Size:
    """How large a day."""

    windows: int
    tickets: int
    day_s: float


FULL = Size(300, 10_000, HOURS * 3600 / SPEED)
QUICK = Size(20, 60, 3.0)


@dataclass
class Day:
    """What was seen of it."""

    asked: int = 0
    late: int = 0
    slowest_s: float = 0.0
    finished: int = 0
    told: int = 0
    rss_mb: float = 0.0
    over: asyncio.Event = field(default_factory=asyncio.Event)
    waiting: dict[str, asyncio.Semaphore] = field(default_factory=dict)


async def measure(quick: bool = False) -> list[Result]:
    """All of this file."""
    size = QUICK if quick else FULL
    with tempfile.TemporaryDirectory(prefix="tingting-bench-") as name:
        async with ServerProcess("hub.main", _config(Path(name), size)) as hub:
            await hub.start()
            await ready(hub.url)
            empty_mb = hub.rss_mb()
            began_cpu_s = hub.cpu_s()
            day = await _live(hub, size)
            cpu_s = hub.cpu_s() - began_cpu_s
            http_s = await _health_cpu_s(hub) * day.asked / HEALTH
    what = f"{size.windows} windows, {size.tickets} tickets, a day of {HOURS} h at {SPEED} times its speed"
    if day.finished != size.tickets:
        raise BenchError(
            f"{day.finished} of {size.tickets} citizens were served; the day is too short for this machine"
        )
    late = f"requests with their answers; late: more than {LATE_S * 1000:.0f} ms (slowest {day.slowest_s:.3f} s)"
    return [
        Result("hub.day_rss_mb", day.rss_mb, "MB", f"MB of the same hub before the day. {what}", empty_mb, aim=120),
        Result("hub.day_cpu_s", cpu_s, "s", f"s for as many answers of /healthz alone. {what}", http_s),
        Result("hub.day_late", day.late, "", late, day.asked, aim=0),
    ]


def _config(folder: Path, size: Size) -> Path:
    tables: list[tuple[str, dict[str, object]]] = [
        ("[hall]", {"id": "bench", "name": "测速"}),
        ("[paths]", {"data": "hub"}),
        ("[http]", {"host": "127.0.0.1", "port": 0}),
    ]
    tables += [
        ("[[services]]", {"id": f"s{number}", "prefix": chr(65 + number), "name": f"事项{number}"})
        for number in range(SERVICES)
    ]
    tables += [
        (
            "[[windows]]",
            {"id": str(number), "name": f"{number} 号窗口", "services": [f"s{number % SERVICES}"]},
        )
        for number in range(1, size.windows + 1)
    ]
    path = folder / "hub.toml"
    path.write_text(toml(tables), "utf-8")
    return path


async def _live(hub: ServerProcess, size: Size) -> Day:
    day = Day(waiting={f"s{number}": asyncio.Semaphore(0) for number in range(SERVICES)})
    chance = random.Random(1)
    connector = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(hub.url, connector=connector) as http:
        hands = Hands(hub, http, day)
        for number in range(1, size.windows + 1):
            await hands.press(number, "sign_in", staff=f"c{number}")
        helpers = [asyncio.create_task(_watch(hub, day)), asyncio.create_task(_board(hub, day))]
        clerks = [
            asyncio.create_task(_clerk(hands, number, size, random.Random(number)))
            for number in range(1, size.windows + 1)
        ]
        # Two thirds of the day's citizens come in its first half, as everywhere; nobody in the last eighth.
        arrivals = sorted(
            chance.random() * size.day_s * (0.45 if chance.random() < 0.66 else 0.85) for _ in range(size.tickets)
        )
        began_s = time.monotonic()
        try:
            async with asyncio.TaskGroup() as group:
                for number, at_s in enumerate(arrivals):
                    await asyncio.sleep(max(0.0, began_s + at_s - time.monotonic()))
                    group.create_task(hands.take(f"s{number % SERVICES}"))
            async with asyncio.timeout(size.day_s * 2 + 60):
                await day.over.wait()
        finally:
            for task in itertools.chain(clerks, helpers):
                task.cancel()
            await asyncio.gather(*clerks, *helpers, return_exceptions=True)
    return day


class Hands:
    """Citizens' and clerks' requests, each timed."""

    def __init__(self, hub: ServerProcess, http: aiohttp.ClientSession, day: Day) -> None:
        self._http = http
        self._kiosk = {"Authorization": f"Bearer {hub.tokens['kiosk']}"}
        self._manager = {"Authorization": f"Bearer {hub.tokens['manager']}"}
        self.day = day

    async def take(self, service: str) -> None:
        """A number."""
        await self._ask("/api/v1/tickets", self._kiosk, {"service": service, "priority": None})
        self.day.waiting[service].release()

    async def press(self, window: int, command: str, **more: Any) -> None:
        """A clerk's key."""
        await self._ask(f"/api/v1/windows/{window}/commands", self._manager, {"command": command, **more})

    async def _ask(self, path: str, headers: dict[str, str], body: dict[str, Any]) -> None:
        began_s = time.monotonic()
        async with self._http.post(path, json=body | {"id": str(uuid.uuid4())}, headers=headers) as answer:
            if answer.status >= 300:
                raise BenchError(f"{path} {body}: {answer.status} {await answer.text()}")
            await answer.read()
        took_s = time.monotonic() - began_s
        self.day.asked += 1
        self.day.slowest_s = max(self.day.slowest_s, took_s)
        self.day.late += took_s > LATE_S


async def _clerk(hands: Hands, window: int, size: Size, chance: random.Random) -> None:
    """Calls whoever waits, for ever."""
    shrink = size.day_s / (HOURS * 60)  # seconds of this run for a minute of the day
    while True:
        await hands.day.waiting[f"s{window % SERVICES}"].acquire()
        await hands.press(window, "next")
        await asyncio.sleep(chance.uniform(*WALK_MIN) * shrink)
        await hands.press(window, "arrive")
        await asyncio.sleep(chance.uniform(*SERVING_MIN) * shrink)
        await hands.press(window, "finish")
        hands.day.finished += 1
        if hands.day.finished == size.tickets:
            hands.day.over.set()


async def _watch(hub: ServerProcess, day: Day) -> None:
    while True:
        day.rss_mb = max(day.rss_mb, hub.rss_mb())
        await asyncio.sleep(0.25)


async def _board(hub: ServerProcess, day: Day) -> None:
    """One board on the wall; what it costs to tell it is in the figures."""
    timeout = aiohttp.ClientTimeout(total=None)
    async with aiohttp.ClientSession(timeout=timeout) as http, http.get(hub.url + "/api/v1/stream") as stream:
        async for line in stream.content:
            day.told += line.startswith(b"event:")


async def _health_cpu_s(hub: ServerProcess) -> float:
    """The hub's processor time for so many of its cheapest answers."""
    began_s = hub.cpu_s()
    async with aiohttp.ClientSession(hub.url) as http:
        for _ in range(HEALTH):
            async with http.get("/healthz") as answer:
                await answer.read()
    return max(hub.cpu_s() - began_s, 0.01)
