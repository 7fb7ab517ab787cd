"""One run: a hall with its boxes, citizens, clerks, a plan of faults, a quiet end, and the oracles' word."""

import asyncio
import gc
import itertools
import tempfile
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from hub.journal import JournalError
from hub.queueing import commands, window_commands
from hub.queueing.errors import Refusal
from hub.queueing.layout import Layout, Service, Window
from tools.simulation.box import SimulatedBox
from tools.simulation.caller import SimulatedCaller
from tools.simulation.desk_oracle import DeskOracle
from tools.simulation.dispenser import SimulatedDispenser
from tools.simulation.evaluator import SimulatedEvaluator
from tools.simulation.hall import Hub
from tools.simulation.loop import SimulatedLoop, WorldError
from tools.simulation.oracle import Oracle
from tools.simulation.pace import SLOW, Pace
from tools.simulation.wire import HEALTHY, Faults, Wire
from tools.simulation.world import World

WINDOWS = ("1", "2", "3")
CALLERS_WINDOW = "4"  # whose clerk has a caller and nothing else; its numbers come from the dispenser
BREAK, BREAK_MS = 0.08, (6_000, 15_000)  # the clerk looks up from the keys, and nothing may happen meanwhile
RETRY_S = 1.0
STORY_SHOWN = 40
GARBAGE = 1_000_000  # objects until Python looks for cycles: a run that comes to its end makes fewer


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
    papers: int = 0
    calls: int = 0
    centers: int = 0
    restores: int = 0
    replaced: int = 0
    trials: int = 0  # of new firmwares; of which so many were found good, and so many boxes went back
    updated: int = 0
    went_back: int = 0
    whole: bool = False
    simulated_s: float = 0.0

    def report(self) -> str:
        """What a person reads of a failed run: what is wrong, how it came, how to see it again."""
        subjects = {word.strip(",:") for line in self.wrong for word in line.split() if len(word.strip(",:")) == 16}
        boxes = {word for line in self.wrong if (word := line.replace(":", ",").split(",")[0]) in BOXES}
        always = ("  hub ", "  center ", "  ORACLE ", "  world ")
        told = [line for line in self.story if any(name in line for name in (*subjects, *boxes, *always))]
        shown = "\n".join(f"  {line}" for line in told[-STORY_SHOWN:])
        faults = "\n".join(f"  - {line}" for line in self.wrong)
        return (
            f"seed {self.seed} FAILED:\n{faults}\nhow it came:\n{shown}\nreplay: {replay(self.seed, whole=self.whole)}"
        )


BOXES = {*(f"box-{name}{new}" for name in WINDOWS for new in ("", "-new")), "caller", "dispenser"}


def replay(seed: int, *, whole: bool) -> str:
    """The line to type for the same run."""
    return f"tingting simulate --seeds 1 --first {seed} --story{'' if whole else ' --small'}"


class Run:
    """The hall of one seed; desk: with a caller and a dispenser, whose chance is their own."""

    def __init__(self, seed: int, folder: Path, *, desk: bool, pace: Pace = SLOW) -> None:
        self.world = World(seed)
        self.pace = pace
        self.oracle = Oracle()
        self.chance = self.world.chance("citizens")
        self.plan = self.world.chance("faults")
        self.more = self.world.chance("faults of caller and dispenser")
        serves = dict.fromkeys(WINDOWS, "A") | ({CALLERS_WINDOW: "B"} if desk else {})
        services = (Service("A", "A", "综合受理"), Service("B", "B", "社会保险"))[: 1 + desk]
        windows = tuple(Window(name, f"{name} 号窗口", (service,)) for name, service in serves.items())
        layout = Layout("sim", 480, services, windows)
        self.boxes: dict[str, SimulatedEvaluator] = {}
        self.wires: list[Wire] = []
        self.desk_wires: list[Wire] = []
        self.desk_oracle = DeskOracle(CALLERS_WINDOW)
        self.caller: SimulatedCaller | None = None
        self.dispenser: SimulatedDispenser | None = None
        self.crashes = 0
        self._failures: list[BaseException] = []
        self._tasks: set[asyncio.Task[None]] = set()
        down: dict[str, Wire] = {}
        self.lines = down
        self.hub = self._make_hub(folder, layout)
        for name in WINDOWS:
            device, keys = f"box-{name}", self.world.chance(f"keys {name}")
            box = SimulatedEvaluator(self.world, device, keys.randbytes(32), keys.randbytes(8), self.oracle)
            box.lit = partial(self._invited, box)
            box.logged = self._maybe_kill_hub
            self.boxes[name] = box
            down[name] = self._connect(name, box, "evaluator", name, self.wires)
        if desk:
            keys = self.world.chance("keys of caller and dispenser")
            secrets = keys.randbytes(32), keys.randbytes(8)
            self.caller = SimulatedCaller(self.world, "caller", *secrets, self.desk_oracle)
            down["caller"] = self._connect("caller", self.caller, "caller", CALLERS_WINDOW, self.desk_wires)
            self.dispenser = SimulatedDispenser(self.world, "dispenser", keys.randbytes(32), keys.randbytes(8))
            self.dispenser.logged = self._maybe_kill_hub
            down["dispenser"] = self._connect("dispenser", self.dispenser, "dispenser", None, self.desk_wires)

    def _make_hub(self, folder: Path, layout: Layout) -> Hub:
        return Hub(self.world, folder, layout, self.lines)

    def _connect(self, line: str, box: SimulatedBox, role: str, window: str | None, wires: list[Wire]) -> Wire:
        """Registry entry and line of a box; returns the line's way down."""
        self.hub.register(box.name, role, window, box.secret, box.epoch)
        up = Wire(self.world, f"{line} up", lambda data: self.hub.receive(line, data))
        down = Wire(self.world, f"{line} down", box.receive)
        box.send = up.send
        wires += [up, down]
        return down

    @property
    def _all(self) -> list[SimulatedBox]:
        """Every box of the hall."""
        desk = [box for box in (self.caller, self.dispenser) if box is not None]
        return [*self.boxes.values(), *desk]

    async def play(self) -> Result:
        """From the first boot to the oracle's word."""
        began_s = time.process_time()
        self.hub.start()
        for box in self._all:
            box.power_on()
        for number in range(self.pace.citizens):
            self._person(self._citizen(number, self.plan.randrange(self.pace.storm_ms // 2)))
        for window in WINDOWS:
            self._person(self._clerk(window))
        self._plan_faults()
        if self.caller is not None and self.dispenser is not None:
            self._plan_faults_of_desk(self.caller, self.dispenser)
            self._person(self._clerk_at_caller(self.caller))
            self._person(self._people_at_dispenser(self.dispenser))
        await asyncio.sleep(self.pace.storm_ms / 1000)
        self._heal()
        await self._quiet()
        left = {box.name: box.unacknowledged() for box in self._all}
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        return await self._judge(left, began_s)

    async def _quiet(self) -> None:
        await asyncio.sleep(self.pace.quiet_ms / 1000)

    async def _judge(self, left: dict[str, int], began_s: float) -> Result:
        assert self.hub.life is not None
        rows = list(self.hub.life.journal.replay())
        await self.hub.end()
        if self._failures:
            raise self._failures[0]
        wrong = self.oracle.judge(rows, left)
        events = [row.event for row in rows]
        papers = [] if self.dispenser is None else self.dispenser.papers
        if self.dispenser is not None:
            wrong += self.desk_oracle.judge(events, papers)
            wrong += [f"dispenser: its printer got {problem}" for problem in self.dispenser.printer.problems]
        calls = sum(press.claimed for press in self.desk_oracle.keys)
        facts = sum("fact" in row.event.data for row in rows)
        seconds = time.process_time() - began_s
        told = (self.world.story, len(self.oracle.presses), facts, self.crashes, seconds)
        return Result(self.world.seed, wrong, *told, papers=len(papers), calls=calls)

    # --- faults

    def _plan_faults(self) -> None:
        plan = self.plan
        for wire in self.wires:
            wire.faults = Faults(*(plan.choice((0.0, 0.02, 0.15)) for _ in range(5)))
            for _ in range(plan.randrange(3)):
                self._cut_wire(wire, plan.randrange(self.pace.storm_ms), plan.randrange(*self.pace.cut_ms))
        for box in self.boxes.values():
            for _ in range(plan.randrange(4)):
                self._cut_power(box, plan.randrange(2_000, self.pace.storm_ms), plan.randrange(1, 12))
            for _ in range(plan.randrange(self.pace.idle_presses)):
                grade = plan.randint(1, 5)
                self.world.after(plan.randrange(self.pace.storm_ms), lambda box=box, grade=grade: box.press(grade))  # type: ignore[misc]  # mypy cannot infer a lambda with defaults
        for _ in range(plan.randrange(4)):
            self.world.after(plan.randrange(2_000, self.pace.storm_ms), self._kill_hub)

    def _plan_faults_of_desk(self, caller: SimulatedCaller, dispenser: SimulatedDispenser) -> None:
        """By a plan of their own, so that the evaluators' stays what it is."""
        plan = self.more
        for wire in self.desk_wires:
            wire.faults = Faults(*(plan.choice((0.0, 0.0, 0.02, 0.1)) for _ in range(5)))
            for _ in range(plan.randrange(3)):
                self._cut_wire(wire, plan.randrange(self.pace.storm_ms), plan.randrange(*self.pace.desk_cut_ms))
        for box in (caller, dispenser):
            for _ in range(plan.randrange(5)):
                self._cut_power(box, plan.randrange(2_000, self.pace.storm_ms), plan.randrange(1, 12))
        for _ in range(plan.randrange(4)):
            trouble: dict[str, object] = dict([plan.choice((("paper", "out"), ("cover", True), ("plugged", False)))])
            at_ms, bytes_on = plan.randrange(self.pace.storm_ms), plan.randrange(900)
            self.world.after(at_ms, partial(dispenser.printer.after, bytes_on, **trouble))
            self.world.after(at_ms + plan.randrange(2_000, 30_000), dispenser.mend)

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
        self.world.after(self.plan.randrange(*self.pace.restart_ms), self.hub.start)

    def _maybe_kill_hub(self) -> None:
        """Where it hurts: while a press is on its way through wire, rules and disk."""
        if self.world.now_ms < self.pace.storm_ms and self.plan.random() < self.pace.killed_on_press:
            self.world.after(self.plan.randrange(60), self._kill_hub)

    def _heal(self) -> None:
        self.world.tell("world", "all faults end here")
        for wire in self.wires:
            wire.faults, wire.cut = HEALTHY, False
        for wire in self.desk_wires:
            wire.faults, wire.cut = HEALTHY, False
        for box in self._all:
            box.flash.cut_in = None
        if self.dispenser is not None:
            self.dispenser.mend()

    # --- people

    def _invited(self, box: SimulatedEvaluator) -> None:
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
        await self._ask(window_commands.SignIn(window, f"staff-{window}"), f"sign-in-{window}")
        for number in itertools.count():
            if self.world.now_ms > self.pace.storm_ms:
                return
            if await self._ask(window_commands.CallNext(window), f"next-{window}-{number}") is None:
                await asyncio.sleep(2)
                continue
            await self._ask(window_commands.MarkArrived(window), f"arrive-{window}-{number}")
            await asyncio.sleep(chance.uniform(*self.pace.serve_s))
            if await self._ask(window_commands.Finish(window), f"finish-{window}-{number}") is not None:
                self.oracle.finishes += 1
                self.world.tell("clerk", f"has finished at window {window}")
            await asyncio.sleep(chance.uniform(*self.pace.between_s))

    async def _clerk_at_caller(self, caller: SimulatedCaller) -> None:
        chance = self.world.chance("clerk at the caller")
        while self.world.now_ms < self.pace.storm_ms:
            await asyncio.sleep(chance.randrange(*self.pace.clerk_ms) / 1000)
            caller.use(chance)
            if chance.random() < BREAK:
                await asyncio.sleep(chance.randrange(*BREAK_MS) / 1000)

    async def _people_at_dispenser(self, dispenser: SimulatedDispenser) -> None:
        chance = self.world.chance("people at the dispenser")
        while self.world.now_ms < self.pace.storm_ms:
            await asyncio.sleep(chance.randrange(*self.pace.paper_ms) / 1000)
            dispenser.press("clerk" if chance.random() < 0.05 else 1)

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
                except JournalError:  # 503: the disk is full, or fails; nothing has changed
                    await asyncio.sleep(RETRY_S)
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


def run(seed: int, *, desk: bool = True) -> Result:
    """One seed of the small hall, as remembered seeds knew it; without a desk the evaluators are alone."""
    return played(lambda folder: Run(seed, folder, desk=desk))


def played(make: Callable[[Path], Run]) -> Result:
    """A run from beginning to end, on simulated time."""
    memory = Path("/dev/shm")  # noqa: S108 - a folder in memory: the simulated disk's time is simulated, too
    place = memory if memory.is_dir() else None
    with (
        tempfile.TemporaryDirectory(prefix="tingting-sim-", dir=place) as folder,
        asyncio.Runner(loop_factory=SimulatedLoop) as runner,
    ):
        # A box collects its garbage before it tells its health; here that is the whole host's.
        gc.freeze()
        usual = gc.get_threshold()
        gc.set_threshold(GARBAGE)
        try:
            return runner.run(_play(make, Path(folder)))
        finally:
            gc.set_threshold(*usual)
            gc.unfreeze()


async def _play(make: Callable[[Path], Run], folder: Path) -> Result:
    """What fails in a timer's callback ends the run, too."""
    loop, player = asyncio.get_running_loop(), asyncio.current_task()
    failures: list[BaseException] = []

    def failed(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        failures.append(context.get("exception") or WorldError(context["message"]))
        assert player is not None
        player.cancel()

    loop.set_exception_handler(failed)
    try:
        result = await make(folder).play()
    except asyncio.CancelledError:
        if failures:
            raise failures[0] from None
        raise
    if failures:
        raise failures[0]
    return result
