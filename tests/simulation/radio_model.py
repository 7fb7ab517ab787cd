"""Hours of a hall on the radio in seconds: the hub's own radio and wishes, on a simulated clock over a modelled air.

What is real: `hub.links.ble` with its plan, and `hub.devices.air`. What is modelled: connects (drawn), connection
events (each message waits for the next one), the steps of a session as messages there and back, boxes that advertise,
citizens. A command, too: `python -m tests.simulation.radio_model --links 2 --hours 10`.
"""

import argparse
import asyncio
import math
import random
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from hub.devices.air import Air
from hub.devices.radio_session import JOIN_S
from hub.devices.reaching import FETCH_S
from hub.devices.registry import Device, Registry
from hub.links.ble import Radio
from hub.links.link import Link
from protocol import air as wire
from tools.simulation.loop import SimulatedLoop

BOX_S = 0.015  # what a box needs for a step of the handshake
COMMIT_S = 0.005
CANCEL_S = 0.1  # until an attempt that is called off has ended
STEPS = 6  # asking for notifications and its answer, GREET, HELLO, CHALLENGE, PROOF with the first STATUS
FAST_S, SLOW_S = 0.1, 1.0  # firmware/links/ble.py
DEFAULT_MARK = wire.settings_mark({})


@dataclass(frozen=True, slots=True)
class Model:
    """One hall. The connect's least, median and most are those of the benchmark (log-normal, cut at both ends)."""

    links: int = 4
    interval_s: float = 0.03
    boxes: int = 60
    every_s: float = 5.0
    is_random: bool = False  # services end at random (exponential) instead of one exactly every `every_s`
    think_s: tuple[float, float] = (2.0, 8.0)
    call_s: tuple[float, float] = (3.0, 6.0)
    connect_s: tuple[float, float, float] = (0.5, 0.8, 2.0)


@dataclass(slots=True)
class Found:
    """What it came to."""

    invites_s: list[float] = field(default_factory=list)
    presses_s: list[float] = field(default_factory=list)
    shows_s: list[float] = field(default_factory=list)  # how long a display was behind
    unasked: int = 0
    visits: int = 0
    connects: int = 0
    connecting_s: float = 0.0
    called_off: int = 0


def percentile(values: Sequence[float], part: float) -> float:
    """The smallest value that so large a part does not exceed."""
    return sorted(values)[max(0, math.ceil(len(values) * part) - 1)] if values else 0.0


class Box:
    """An evaluator and its window, and the hub's session with it (`RadioUser`)."""

    def __init__(self, hall: "Hall", number: int) -> None:
        self.device = f"ev-{number:03d}"
        self.address = f"C0:00:00:00:00:{number:02X}"
        self.name = f"hci0/{self.address}"
        self.url = f"ble://{self.address}"
        self.live = self.invited = self.connected = False
        self.said = 0
        self.asking = 0
        self.pending: list[asyncio.Future[float]] = []  # facts that are not acknowledged
        self.following = 1
        self.wanted = self.seen = 0
        self.behind_s: float | None = None
        self.join_s = 0.0  # what is said before this goes out with the welcome
        self.is_busy = False  # its citizen is asked, or the next one is on the way
        self._hall = hall
        self._steps: asyncio.Task[None] | None = None
        self._news = asyncio.Event()  # something is to be said on a link
        self._logged = asyncio.Event()  # something is to be advertised at once

    # --- as the radio and the wishes see its session

    @property
    def quiet(self) -> bool:
        """Nothing is under way."""
        return self.live and not self.asking and not self.pending and not self.shows_old

    @property
    def shows_old(self) -> bool:
        """Its display is behind."""
        return self.wanted != self.seen

    def attach(self, link: Link) -> None:
        """Its bytes are not modelled."""

    def opened(self) -> None:
        """The session begins."""
        self._steps = asyncio.create_task(self._session())

    def received(self, data: bytes) -> None:
        """None come."""

    def drained(self) -> None:
        """None went."""

    def failed(self, error: BaseException) -> None:
        """A mistake in the model."""
        raise error

    def lost(self, why: str) -> None:
        """Links break only on purpose."""
        self.let_go()

    def let_go(self) -> None:
        """The link is given back."""
        self.live = False
        if self._steps is not None:
            self._steps.cancel()

    # --- what goes over the air

    async def _session(self) -> None:
        hall = self._hall
        for _ in range(STEPS):
            await hall.trip()
            await asyncio.sleep(BOX_S)
        self.live = True
        self.join_s = hall.now_s() + JOIN_S
        hall.air.arrived(self, self.device)  # type: ignore[arg-type]
        while True:
            if self.pending:
                await self._deliver()
            elif self.shows_old:
                view = self.wanted
                await hall.trip()
                await hall.trip()
                self._shown(view)
            else:
                self._news.clear()
                await self._news.wait()

    async def _deliver(self) -> None:
        facts = list(self.pending)
        await self._hall.trip()
        await asyncio.sleep(COMMIT_S)
        self.said += len(facts)
        self._hall.durable[self.device] = self.following - 1
        for fact in facts:
            fact.set_result(self._hall.now_s())
        await self._hall.trip()
        del self.pending[: len(facts)]

    def _shown(self, view: int) -> None:
        self.seen = view
        if not self.shows_old and self.behind_s is not None:
            self._hall.found.shows_s.append(self._hall.now_s() - self.behind_s)
            self.behind_s = None

    # --- what happens at the window

    def log(self) -> "asyncio.Future[float]":
        """A fact; the result is when it was durable."""
        fact: asyncio.Future[float] = asyncio.get_running_loop().create_future()
        self.following += 1
        self.pending.append(fact)
        self._news.set()
        self._logged.set()
        return fact

    def window(self, *, serving: bool, near: bool) -> None:
        """Its window's state has changed, and with it what it should show."""
        self.wanted += 1
        if self.behind_s is None:
            self.behind_s = self._hall.now_s()
        self._news.set()
        self._hall.air.window(self.device, serving=serving, near=near)

    async def call_next(self, chance: random.Random) -> None:
        """The next citizen is called, and comes."""
        self.window(serving=True, near=True)
        await asyncio.sleep(chance.uniform(*self._hall.model.call_s))
        self.window(serving=True, near=True)

    async def visit(self, chance: random.Random) -> None:
        """One service ends: question, press, the next citizen."""
        hall = self._hall
        self.is_busy = True
        began_s = hall.now_s()
        self.window(serving=False, near=False)
        session = await hall.air.fetch(self.device, FETCH_S)
        if session is None:
            hall.found.unasked += 1
        else:
            self.asking += 1
            if self.join_s - JOIN_S <= hall.now_s() < self.join_s:
                await asyncio.sleep(self.join_s - hall.now_s())
            await hall.trip()
            hall.found.invites_s.append(hall.now_s() - began_s)
            self.invited = True
            self.log()
            await hall.trip()
            self.asking -= 1
            await asyncio.sleep(chance.uniform(*hall.model.think_s))
            self.invited = False
            pressed_s = hall.now_s()
            hall.found.presses_s.append(await self.log() - pressed_s)
        await self.call_next(chance)
        self.is_busy = False

    async def advertise(self, chance: random.Random) -> None:
        """While it is not connected."""
        await asyncio.sleep(chance.uniform(0, SLOW_S))
        while True:
            if not self.connected:
                said = wire.advertisement(False, len(self.pending), self.following, DEFAULT_MARK)
                self._hall.heard(self, said[-wire.STATE_BYTES :])
            self._logged.clear()
            try:
                async with asyncio.timeout(SLOW_S):
                    await self._logged.wait()
            except TimeoutError:
                continue
            await asyncio.sleep(chance.uniform(0, FAST_S))  # of the quick ones only the first tells anything new


class Port:
    """A link's end at the hub."""

    def __init__(self, hall: "Hall", box: Box) -> None:
        self._hall = hall
        self._box = box

    async def read(self) -> bytes:
        """Nothing comes by bytes here."""
        await asyncio.get_running_loop().create_future()
        raise AssertionError

    async def write(self, data: bytes) -> None:
        """Nothing goes."""

    async def close(self) -> None:
        """The other end hears of it a connection event later."""
        await self._hall.trip()
        self._box.connected = False


class Hall:
    """The modelled hall. `found` fills while `run` runs."""

    def __init__(self, model: Model, seed: int) -> None:
        self.model = model
        self.found = Found()
        self.durable: dict[str, int] = {}
        self.chance = random.Random(seed)
        self.boxes = [Box(self, number) for number in range(1, model.boxes + 1)]
        self._by_url = {box.url: box for box in self.boxes}
        with tempfile.TemporaryDirectory(prefix="tingting-") as folder:
            registry = Registry(Path(folder) / "devices.json")
            for box in self.boxes:
                registry.register(_device(box.device))
        self.air = Air(
            registry,
            lambda name, url: self._by_url[url],  # type: ignore[arg-type,return-value]
            lambda device, epoch: self.durable.get(device, 0),
            lambda device: False,
            lambda: int(self.now_s() * 1000),
        )
        self.radio = Radio(
            "hci0", model.links, self.air, self.chance.random, lambda *_, **__: None, self._scanner, self._connect
        )
        self.air.radios.append(self.radio)
        self._listens: Callable[[Any, Any], None] = lambda *_: None

    @staticmethod
    def now_s() -> float:
        """The simulated clock."""
        return asyncio.get_running_loop().time()

    async def trip(self) -> None:
        """One message, one way: it leaves with the next connection event."""
        interval_s = self.model.interval_s
        now_s = self.now_s()
        await asyncio.sleep((now_s // interval_s + 1) * interval_s - now_s + 0.001)

    def heard(self, box: Box, state: bytes) -> None:
        """An advertisement."""
        heard = SimpleNamespace(local_name=box.device, manufacturer_data={wire.COMPANY: state}, rssi=-60)
        self._listens(SimpleNamespace(address=box.address), heard)

    def _scanner(self, listens: Callable[[Any, Any], None], **_: Any) -> Any:
        self._listens = listens

        async def nothing() -> None:
            return

        return SimpleNamespace(start=nothing, stop=nothing)

    async def _connect(self, url: str, device: Any, adapter: str) -> Port:
        least_s, median_s, most_s = self.model.connect_s
        box = self._by_url[url]
        spread = math.log(most_s / median_s) / 2
        drawn_s = min(most_s, max(least_s, self.chance.lognormvariate(math.log(median_s), spread)))
        began_s = self.now_s()
        try:
            await asyncio.sleep(drawn_s)
        except asyncio.CancelledError:
            await asyncio.sleep(CANCEL_S)
            raise
        finally:
            self.found.connecting_s += self.now_s() - began_s
        self.found.connects += 1
        assert sum(each.connected for each in self.boxes) < self.model.links
        box.connected = True
        return Port(self, box)

    async def run(self, hours: float) -> Found:
        """So long; one service ends every `every_s`, at a window that serves."""
        others = [asyncio.create_task(self.radio.run())]
        others += [asyncio.create_task(box.advertise(random.Random(box.device))) for box in self.boxes]
        async with asyncio.TaskGroup() as starting:
            for box in self.boxes:
                starting.create_task(box.call_next(self.chance))
        await asyncio.sleep(10 + 1.5 * self.model.boxes)  # all were proven once
        self.found = Found()
        async with asyncio.TaskGroup() as visits:
            for _ in range(int(hours * 3600 / self.model.every_s)):
                free = [box for box in self.boxes if not box.is_busy]
                visits.create_task(self.chance.choice(free).visit(self.chance))
                self.found.visits += 1
                every_s = self.model.every_s
                await asyncio.sleep(self.chance.expovariate(1 / every_s) if self.model.is_random else every_s)
        self.found.called_off = self.radio.counts.called_off
        for task in others:
            if task.done():
                task.result()  # none ends by itself: what it failed with is the model's mistake
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        for box in self.boxes:
            box.let_go()
        return self.found


def _device(name: str) -> Device:
    return Device(
        device=name, role="evaluator", window=name, epoch="0" * 16, secret="0" * 64, board="", registered_at=""
    )


def simulate(model: Model, hours: float, seed: int) -> Found:
    """One hall, on a clock of its own."""

    async def hall() -> Found:
        return await Hall(model, seed).run(hours)

    loop = SimulatedLoop()
    try:
        return loop.run_until_complete(hall())
    finally:
        loop.close()


def shown(model: Model, found: Found, hours: float) -> str:
    """A line of the table."""
    figures = [
        f"{percentile(values, part) * 1000:7.0f}"
        for values in (found.invites_s, found.presses_s)
        for part in (0.5, 0.95, 0.99, 1.0)
    ]
    return (
        f"{model.links} links {model.interval_s * 1000:4.0f} ms {found.visits:6d} | {' '.join(figures)} | "
        f"{found.connects / found.visits:.2f} connects a visit, {found.connecting_s / (hours * 3600):.0%} of the time, "
        f"{found.called_off} off, {found.unasked} unasked, display p50 {percentile(found.shows_s, 0.5):.1f} "
        f"p99 {percentile(found.shows_s, 0.99):.1f} s"
    )


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--links", type=int, nargs="+", default=[4, 2])
    parser.add_argument("--interval-ms", type=float, nargs="+", default=[30.0, 100.0])
    parser.add_argument("--hours", type=float, default=2.0)
    parser.add_argument("--random", action="store_true", help="services end at random, not one exactly every 5 s")
    parser.add_argument("--think-s", type=float, nargs=2, default=[2.0, 8.0])
    parser.add_argument("--seed", type=int, default=1)
    told = parser.parse_args()
    print("               visits | invitation to lamp p50, p95, p99, max ms | press to journal p50, p95, p99, max ms |")
    for links in told.links:
        for interval_ms in told.interval_ms:
            think_s = (told.think_s[0], told.think_s[1])
            case = Model(links=links, interval_s=interval_ms / 1000, is_random=told.random, think_s=think_s)
            print(shown(case, simulate(case, told.hours, told.seed), told.hours))
