"""One run: a hall with three windows, citizens, a plan of faults, a quiet end, and the oracle's word."""

import asyncio
import itertools
import tempfile
import time
from collections.abc import Coroutine
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.queueing import commands
from hub.queueing.errors import Refusal
from hub.queueing.layout import Layout, Service, Window
from tools.simulation.box import SimulatedBox
from tools.simulation.hall import Hub
from tools.simulation.oracle import Oracle
from tools.simulation.wire import HEALTHY, Faults, Wire
from tools.simulation.world import SimulatedLoop, World, WorldError

WINDOWS = ("1", "2", "3")
CITIZENS = 30
STORM_MS = 240_000  # citizens and faults
QUIET_MS = 120_000  # everything healed: what is underway ends, what is unsent arrives
RETRY_S = 1.0
KILLED_ON_PRESS = 0.15  # two or three a run
STORY_SHOWN = 40


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a seed."""

    seed: int
    wrong: list[str]
    story: list[str]
    presses: int
    facts: int
    crashes: int
    seconds: float

    def report(self) -> str:
        """What a person reads of a failed run: what is wrong, how it came, how to see it again."""
        subjects = {word.strip(",:") for line in self.wrong for word in line.split() if len(word.strip(",:")) == 16}
        boxes = {line.split(",")[0] for line in self.wrong if line.startswith("box-")}
        told = [line for line in self.story if any(name in line for name in subjects | boxes) or "  hub " in line]
        shown = "\n".join(f"  {line}" for line in told[-STORY_SHOWN:])
        faults = "\n".join(f"  - {line}" for line in self.wrong)
        return f"seed {self.seed} FAILED:\n{faults}\nhow it came:\n{shown}\nreplay: {replay(self.seed)}"


def replay(seed: int) -> str:
    """The line to type for the same run."""
    return f"tingting simulate --seeds 1 --first {seed} --story"


class Run:
    """The hall of one seed."""

    def __init__(self, seed: int, folder: Path) -> None:
        self.world = World(seed)
        self.oracle = Oracle()
        self.chance = self.world.chance("citizens")
        self.plan = self.world.chance("faults")
        services = (Service("A", "A", "综合受理"),)
        layout = Layout("sim", 480, services, tuple(Window(name, f"{name} 号窗口", ("A",)) for name in WINDOWS))
        self.boxes: dict[str, SimulatedBox] = {}
        self.wires: list[Wire] = []
        self.crashes = 0
        self._failures: list[BaseException] = []
        self._tasks: set[asyncio.Task[None]] = set()
        down: dict[str, Wire] = {}
        self.hub = Hub(self.world, folder, layout, down)
        for name in WINDOWS:
            down[name] = self._connect(name)

    def _connect(self, name: str) -> Wire:
        """Box and registry entry of a window, and its line; returns the line's way down."""
        keys = self.world.chance(f"keys {name}")
        device, secret, epoch = f"box-{name}", keys.randbytes(32), keys.randbytes(8)
        self.hub.register(device, name, secret, epoch)
        box = SimulatedBox(self.world, device, secret, epoch, self.oracle)
        up = Wire(self.world, f"{name} up", lambda data: self.hub.receive(name, data))
        down = Wire(self.world, f"{name} down", box.receive)
        box.send = up.send
        box.lit = lambda: self._invited(box)
        box.logged = self._maybe_kill_hub
        self.boxes[name] = box
        self.wires += [up, down]
        return down

    async def play(self) -> Result:
        """From the first boot to the oracle's word."""
        began_s = time.perf_counter()
        self.hub.start()
        for box in self.boxes.values():
            box.power_on()
        for number in range(CITIZENS):
            self._person(self._citizen(number, self.plan.randrange(STORM_MS // 2)))
        for window in WINDOWS:
            self._person(self._clerk(window))
        self._plan_faults()
        await asyncio.sleep(STORM_MS / 1000)
        self._heal()
        await asyncio.sleep(QUIET_MS / 1000)
        left = {box.name: box.unacknowledged() for box in self.boxes.values()}
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        rows = await self.hub.end()
        if self._failures:
            raise self._failures[0]
        wrong = self.oracle.judge(rows, left)
        facts = sum("fact" in row.event.data for row in rows)
        seconds = time.perf_counter() - began_s
        return Result(self.world.seed, wrong, self.world.story, len(self.oracle.presses), facts, self.crashes, seconds)

    # --- faults

    def _plan_faults(self) -> None:
        plan = self.plan
        for wire in self.wires:
            wire.faults = Faults(*(plan.choice((0.0, 0.02, 0.15)) for _ in range(5)))
            for _ in range(plan.randrange(3)):
                self._cut_wire(wire, plan.randrange(STORM_MS), plan.randrange(1_000, 25_000))
        for box in self.boxes.values():
            for _ in range(plan.randrange(4)):
                self._cut_power(box, plan.randrange(2_000, STORM_MS), plan.randrange(1, 12))
            for _ in range(plan.randrange(5)):
                grade = plan.randint(1, 5)
                self.world.after(plan.randrange(STORM_MS), lambda box=box, grade=grade: box.press(grade))  # type: ignore[misc]  # mypy cannot infer a lambda with defaults
        for _ in range(plan.randrange(4)):
            self.world.after(plan.randrange(2_000, STORM_MS), self._kill_hub)

    def _cut_wire(self, wire: Wire, at_ms: int, for_ms: int) -> None:
        self.world.after(at_ms, lambda: setattr(wire, "cut", True))
        self.world.after(at_ms + for_ms, lambda: setattr(wire, "cut", False))

    def _cut_power(self, box: SimulatedBox, at_ms: int, in_changes: int) -> None:
        """The power goes at a later change of the flash: that is where it hurts."""
        self.world.after(at_ms, lambda: setattr(box.flash, "cut_in", in_changes))

    def _kill_hub(self) -> None:
        if self.hub.life is None:
            return
        self.crashes += 1
        self.hub.kill()
        self.world.after(self.plan.randrange(200, 15_000), self.hub.start)

    def _maybe_kill_hub(self) -> None:
        """Where it hurts: while a press is on its way through wire, rules and disk."""
        if self.world.now_ms < STORM_MS and self.plan.random() < KILLED_ON_PRESS:
            self.world.after(self.plan.randrange(60), self._kill_hub)

    def _heal(self) -> None:
        self.world.tell("world", "all faults end here")
        for wire in self.wires:
            wire.faults, wire.cut = HEALTHY, False
        for box in self.boxes.values():
            box.flash.cut_in = None

    # --- people

    def _invited(self, box: SimulatedBox) -> None:
        """The citizen at the counter: most press once, some twice, some never."""
        mood = self.chance.random()
        presses = 0 if mood < 0.15 else 2 if mood < 0.25 else 1
        wait_ms = self.chance.randrange(300, 18_000)
        for _ in range(presses):
            grade = self.chance.randint(1, 5)
            self.world.after(wait_ms, lambda grade=grade: box.press(grade))  # type: ignore[misc]  # as above
            wait_ms += self.chance.randrange(100, 2_000)

    async def _citizen(self, number: int, comes_ms: int) -> None:
        await asyncio.sleep(comes_ms / 1000)
        await self._ask(commands.IssueTicket("A", "kiosk"), f"citizen-{number}")
        self.world.tell("citizen", f"{number} has a number")

    async def _clerk(self, window: str) -> None:
        chance = self.world.chance(f"clerk {window}")
        await self._ask(commands.SignIn(window, f"staff-{window}"), f"sign-in-{window}")
        for number in itertools.count():
            if self.world.now_ms > STORM_MS:
                return
            if await self._ask(commands.CallNext(window), f"next-{window}-{number}") is None:
                await asyncio.sleep(2)
                continue
            await self._ask(commands.MarkArrived(window), f"arrive-{window}-{number}")
            await asyncio.sleep(chance.uniform(0.5, 4))
            if await self._ask(commands.Finish(window), f"finish-{window}-{number}") is not None:
                self.oracle.finishes += 1
                self.world.tell("clerk", f"has finished at window {window}")
            await asyncio.sleep(chance.uniform(2, 30))

    async def _ask(self, command: commands.Command, request: str) -> dict[str, Any] | None:
        """A command under its own id, sent again until somebody answers; None when it was refused."""
        while True:
            life = self.hub.life
            if life is not None:
                try:
                    async with asyncio.timeout(RETRY_S):
                        reply = await life.service.submit(command, request)
                except Refusal:
                    reply = None
                except TimeoutError:
                    continue
                # A dead hub's answer was never sent.
                if self.hub.life is life:
                    return reply
            await asyncio.sleep(RETRY_S)

    def _person(self, job: Coroutine[Any, Any, None]) -> None:
        task = asyncio.get_running_loop().create_task(job)
        self._tasks.add(task)
        task.add_done_callback(self._left)

    def _left(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._failures.append(error)


def run(seed: int) -> Result:
    """One seed from beginning to end."""
    memory = Path("/dev/shm")  # noqa: S108 - a folder in memory: the simulated disk's time is simulated, too
    place = memory if memory.is_dir() else None
    with (
        tempfile.TemporaryDirectory(prefix="tingting-sim-", dir=place) as folder,
        asyncio.Runner(loop_factory=SimulatedLoop) as runner,
    ):
        return runner.run(_play(seed, Path(folder)))


async def _play(seed: int, folder: Path) -> Result:
    """What fails in a timer's callback ends the run, too."""
    loop, player = asyncio.get_running_loop(), asyncio.current_task()
    failures: list[BaseException] = []

    def failed(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        failures.append(context.get("exception") or WorldError(context["message"]))
        assert player is not None
        player.cancel()

    loop.set_exception_handler(failed)
    try:
        result = await Run(seed, folder).play()
    except asyncio.CancelledError:
        if failures:
            raise failures[0] from None
        raise
    if failures:
        raise failures[0]
    return result
