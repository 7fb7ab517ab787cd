"""The whole hall, center included: all faults of the small one, and of clocks, disks, roads, people and backups."""

import asyncio
import itertools
import logging
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

from hub.errors import HubError
from hub.journal.backup import Tail
from hub.queueing.layout import Layout
from hub.queueing.tables import RunState, WindowState
from hub.queueing.window_commands import Finish, MarkArrived
from tools.operations.errors import OperationsError
from tools.simulation import backup
from tools.simulation.bounds import Grown, of_hub
from tools.simulation.box import SimulatedBox
from tools.simulation.center import SimulatedCenter, new_store
from tools.simulation.ciphers import watched
from tools.simulation.clock import HallClock
from tools.simulation.disk import Trouble
from tools.simulation.evaluator import SimulatedEvaluator
from tools.simulation.hall import Hub, Ids, Outside
from tools.simulation.pace import BUSY, Pace
from tools.simulation.releases import KINDS, Signer, Technician, settings
from tools.simulation.road import Road, Weather
from tools.simulation.run import WINDOWS, Result, Run, played
from tools.simulation.slots import GOOD, Slots, on_simulated_flash
from tools.simulation.verdict import Verdict
from tools.simulation.watch import Watch
from tools.simulation.wire import HEALTHY, Wire

BENCH = "bench"  # the technician's own line, to which a box that was taken away is plugged
LOOK_S = 1.0  # between two looks whether everything has arrived
CALM_LOOKS = 3  # in a row
KILLED_ON_COMMIT = 0.005  # about one hub a run
STEPS = 10  # turns of the loop; after so many nothing is left of a commit
TROUBLE_MS = (1_000, 12_000)
UPDATED = 0.6  # share of the seeds in which new firmwares come
# On top, where new firmwares came: the last may fail with its first boxes twice, and the one before goes out again.
UPDATED_MS = 300_000
JUMPS_MS = (-7_200_000, -90_000, -3_000, 3_000, 90_000, 7_200_000)


class WholeRun(Run):
    """One seed of the whole hall."""

    def __init__(self, seed: int, folder: Path, pace: Pace = BUSY) -> None:
        self._folder = folder
        self.centers_killed = self.restores = self.replaced = 0
        super().__init__(seed, folder, desk=True, pace=pace)
        self.odd = self.world.chance("faults of the whole hall")
        self.retired: list[SimulatedEvaluator] = []
        self.bench_up = Wire(self.world, "bench up", lambda data: self.hub.receive(BENCH, data))
        self.bench_down = Wire(self.world, "bench down", lambda data: None)
        self.lines[BENCH] = self.bench_down
        self.watch.bounds = self._bounds
        self.watch.life = lambda: self.hub.life
        self.watch.updated = self._updated
        self.cabled = self.signer.files(0, GOOD)
        self.technician = Technician(self.world, lambda: self.hub.life, lambda: self._standing)
        for box in self._all:
            self._watched(box)

    def _make_hub(self, folder: Path, layout: Layout) -> Hub:
        self.layout = layout
        self.watch = Watch(self.world, self.oracle)
        self.clock, self.trouble = HallClock(self.world), Trouble()
        self.center = SimulatedCenter(self.world, folder, self._center_committed)
        self.road = Road(self.world, self.center, self.watch)
        kill_hub = partial(self._killed_in_a_moment, self._kill_hub)
        self.news = self.world.chance("updates")
        self.signer = Signer(folder, self.news)
        outside = Outside(self.clock, self.trouble, self.road.client, self.watch, kill_hub, self.signer.public)
        return Hub(self.world, folder, layout, self.lines, outside)

    @property
    def _standing(self) -> list[SimulatedBox]:
        """Every box at its place."""
        return super()._all

    @property
    def _all(self) -> list[SimulatedBox]:
        return [*super()._all, *self.retired]

    def _watched(self, box: SimulatedBox) -> None:
        box.wrote = partial(self.watch.logged, box.name, box.epoch.hex())
        box.trimmed = partial(self.watch.trimmed, box.name, box.epoch.hex())
        box.told_version = partial(self.watch.runs, box.name, box.epoch.hex())
        box.slots = Slots(self.world, box.name, box.flash, self.watch.say)
        box.slots.provision(settings(box), self.cabled)

    def _updated(self, data: dict[str, Any]) -> None:
        """The hub says what has become of a new firmware: its box knows."""
        outcome, version = data["detail"]["outcome"], data["detail"]["version"]
        box = next(box for box in self._all if box.name == data["device"])
        assert box.slots is not None
        true = {"good": version in box.slots.good, "gone_back": version in box.slots.back}
        if not true.get(outcome, True):
            self.watch.say(f"{box.name}: the journal says that {version} is {outcome} there, and it is not")

    def _center_committed(self) -> None:
        if self.center.store is not None:
            self.watch.center_committed(self.center.store)
            self._killed_in_a_moment(self._kill_center)

    def _bounds(self) -> Iterator[Grown]:
        for box in self._all:
            yield from box.bounds()
        if self.hub.life is not None:
            yield from of_hub(self.hub.life)

    # --- faults

    def _plan_faults(self) -> None:
        super()._plan_faults()
        self.center.start()
        self.watch.begin()
        plan, storm_ms = self.odd, self.pace.storm_ms
        self.road.weather = Weather(*(plan.choice((0.0, 0.0, 0.05, 0.2)) for _ in range(6)))
        for _ in range(plan.randrange(3)):
            self.world.after(plan.randrange(storm_ms), self._kill_center)
        for _ in range(plan.randrange(3)):
            self.world.after(plan.randrange(2_000, storm_ms), partial(self._kill_hub, power=True))
        for trouble in (self.trouble, self.center.trouble):
            for _ in range(plan.randrange(3)):
                what, worse = plan.choice((("slow", True), ("full", True), ("failing", plan.choice((0.1, 0.5, 1.0)))))
                better = type(worse)(0)
                at_ms = plan.randrange(storm_ms)
                self.world.after(at_ms, partial(setattr, trouble, what, worse))
                self.world.after(at_ms + plan.randrange(*TROUBLE_MS), partial(setattr, trouble, what, better))
        for _ in range(plan.randrange(3)):
            at_ms = plan.randrange(storm_ms)
            self.world.after(at_ms, partial(self.clock.jump, plan.choice(JUMPS_MS)))
            if plan.random() < 0.5:
                self.world.after(at_ms + plan.randrange(*TROUBLE_MS), self.clock.right)
        if plan.random() < 0.3:
            for box in self._all:
                box.chance_repeats = True
        if plan.random() < 0.4:
            self.world.after(plan.randrange(storm_ms // 5, storm_ms), partial(self._replace, plan.choice(WINDOWS)))
        self._plan_updates()
        if plan.random() < 0.3:
            self._person(self._go_back(plan.randrange(storm_ms // 2), plan.randrange(500, storm_ms // 2)))

    def _plan_updates(self) -> None:
        """One firmware, or a second while the first may be under way; and power cuts while it goes into the slot."""
        plan, storm_ms = self.news, self.pace.storm_ms
        if plan.random() >= UPDATED:
            return
        self._person(self._give_out(1 + (plan.random() < 0.3)))
        for box in self._all:
            for _ in range(plan.randrange(3)):
                self._cut_power(box, plan.randrange(2_000, storm_ms), plan.randrange(1, 40))

    async def _give_out(self, count: int) -> None:
        plan, storm_ms = self.news, self.pace.storm_ms
        for number in range(1, count + 1):
            new = self.signer.release(number, plan.choice(KINDS))
            await asyncio.sleep(plan.randrange(storm_ms // 3) / 1000)
            await self.technician.give(new)

    def _killed_in_a_moment(self, kill: Callable[[], None]) -> None:
        """Between two of the steps that follow from a commit, which the clock does not tell apart."""
        if self.world.now_ms < self.pace.storm_ms and self.odd.random() < KILLED_ON_COMMIT:
            self._step(kill, self.odd.randrange(STEPS))

    def _step(self, kill: Callable[[], None], left: int) -> None:
        if left:
            asyncio.get_running_loop().call_soon(self._step, kill, left - 1)
        else:
            kill()

    def _kill_hub(self, *, power: bool = False) -> None:
        if self.hub.life is None:
            return
        self.crashes += 1
        self.hub.kill(power=power)
        self.world.after(self.plan.randrange(*self.pace.restart_ms), self._start_hub)

    def _start_hub(self) -> None:
        # A restore may have started it.
        if self.hub.life is None and not self._restoring:
            self.hub.start()

    _restoring = False

    def _kill_center(self) -> None:
        if self.center.store is None:
            return
        self.centers_killed += 1
        self.center.kill(power=self.odd.random() < 0.5)
        self.world.after(self.odd.randrange(200, 8_000), self._start_center)

    def _start_center(self) -> None:
        self.center.start()
        assert self.center.store is not None
        self.watch.center_started(self.center.store)

    def _replace(self, window: str) -> None:
        """The technician takes a box away, with what it holds, and mounts another."""
        old = self.boxes[window]
        old.take_away()
        self.replaced += 1
        keys = self.world.chance(f"keys of the new box {window}")
        name = f"{old.name}-new"
        box = SimulatedEvaluator(self.world, name, keys.randbytes(32), keys.randbytes(8), self.oracle)
        box.lit = partial(self._invited, box)
        box.logged = self._maybe_kill_hub
        box.send, old.send = old.send, lambda _: None
        self.lines[window].plug(box.receive)
        self._watched(box)
        self.retired.append(old)
        self.boxes[window] = box
        self._person(self._provision(box, window))

    async def _provision(self, box: SimulatedEvaluator, window: str) -> None:
        """At the hub that is there; if it dies before it has answered, again."""
        while True:
            life = self.hub.life
            if life is not None:
                try:
                    await life.fleet.register(
                        box.name,
                        "evaluator",
                        window,
                        epoch=box.epoch.hex(),
                        secret=box.secret.hex(),
                        board="simulated",
                    )
                except HubError as error:
                    self.world.tell(box.name, f"can't be registered: {error}")
                if self.hub.life is life:
                    break
            await asyncio.sleep(1)
        self.world.tell(box.name, f"is mounted at window {window}")
        box.power_on()

    async def _go_back(self, at_ms: int, later_ms: int) -> None:
        """A backup is made; later the hub's machine is lost, and another goes on from the backup."""
        await asyncio.sleep(at_ms / 1000)
        while self.hub.life is None:  # noqa: ASYNC110 - nobody tells of a start
            await asyncio.sleep(0.1)
        copied = self._folder / "backup.sqlite"
        made_at_ms = self.clock().ms
        tail: Tail = backup.make(self.hub.path, copied)
        self.world.tell("hub", f"a backup of {tail.sequence} events is made")
        await asyncio.sleep(later_ms / 1000)
        self._restoring = True
        self.hub.kill()
        ids: Ids = self.hub.ids
        try:
            through = await backup.restore(
                copied, self.hub.path, self.layout, ids, made_at_ms=made_at_ms, now=self.clock()
            )
            self.watch.restored(tail.journal, through)
            self.world.tell("hub", f"its machine is lost; another has the backup of {through} events")
            self.restores += 1
        except OperationsError as error:
            self.world.tell("hub", f"stops, and its backup is not put in place: {error}")
        await asyncio.sleep(self.odd.randrange(200, 5_000) / 1000)
        self._restoring = False
        self._start_hub()

    # --- the end

    def _heal(self) -> None:
        super()._heal()
        self.road.weather = Weather()
        for trouble in (self.trouble, self.center.trouble):
            trouble.slow, trouble.full, trouble.failing = False, False, 0.0
        self.clock.right()
        self._person(self._close())
        self._person(self.technician.settle())
        for wire in (self.bench_up, self.bench_down):
            wire.faults = HEALTHY
        for box in self.retired:
            self.world.tell(box.name, "is plugged in at the technician's bench")
            box.flash.cut_in = None
            box.send = self.bench_up.send
            self.bench_down.plug(box.receive)
            box.plug_in()

    async def _close(self) -> None:
        """Nobody is left at a window, where a hub that went back to its backup has somebody, or where the end came."""
        chance = self.world.chance("closing")
        for number in itertools.count():
            await asyncio.sleep(LOOK_S)
            if self.caller is not None and self.caller.at_work:
                self.caller.use(chance)
            life = self.hub.life
            if life is None:
                continue
            for window in WINDOWS:
                state = life.service.state.windows[window].state
                if state is WindowState.CALLING:
                    await self._ask(MarkArrived(window), f"close-arrive-{window}-{number}")
                elif state is WindowState.SERVING and await self._ask(Finish(window), f"close-{window}-{number}"):
                    self.oracle.finishes += 1

    async def _quiet(self) -> None:
        """Until everything has arrived and stays so; what has not by the limit is wrong."""
        calm = 0
        limit_ms = self.pace.quiet_ms + (UPDATED_MS if self.technician.given else 0)
        until_ms = self.world.now_ms + limit_ms
        while self.world.now_ms < until_ms and calm < CALM_LOOKS:
            await asyncio.sleep(LOOK_S)
            calm = 0 if any(self.underway()) else calm + 1
        for what in self.underway():
            self.watch.say(f"{limit_ms // 1000} s after the last fault {what}")

    def underway(self) -> Iterator[str]:
        """What has not arrived yet."""
        life, store = self.hub.life, self.center.store
        if life is None or store is None:
            yield "hub or center is down"
            return
        for box in self._all:
            if box.unacknowledged():
                yield f"{box.name} holds {box.unacknowledged()} facts"
            if not box.live:
                yield f"{box.name} has no session"
        yield from self.technician.underway()
        yield from self.watch.undelivered(life.journal.id)
        behind = life.journal.durable - store.durable(life.journal.id)[0]
        if behind or not life.journal.idle:
            yield f"the center lacks {behind} events"
        state = life.service.state
        # How these ended was acknowledged by a hub that is lost, and nobody can say it again.
        lost = {row.event.data.get("run") for row in self.watch.lost_rows}
        waiting = (RunState.OPEN, RunState.INVITED)
        if invited := [run for run in state.runs.values() if run.state in waiting and run.id not in lost]:
            yield f"{len(invited)} invitations are open"
        if state.printing:
            yield f"{len(state.printing)} papers have no word"

    async def _judge(self, left: dict[str, int], began_s: float) -> Result:
        life, store = self.hub.life, self.center.store
        assert life is not None
        assert store is not None
        self.watch.look()
        self.watch.read_again(life.journal)
        verdict = Verdict(self.watch, self.oracle, self.desk_oracle, life.journal.id)
        assert self.dispenser is not None
        wrong = [*self.watch.wrong, *verdict.hall(left, self.dispenser.papers), *await verdict.center(store)]
        wrong += [f"dispenser: its printer got {problem}" for problem in self.dispenser.printer.problems]
        await self.hub.end()
        await self.road.end()
        await self.center.end()
        if self._failures:
            raise self._failures[0]
        calls = sum(press.claimed for press in self.desk_oracle.keys)
        told = (self.world.story, len(self.oracle.presses), verdict.delivered, self.crashes)
        return Result(
            self.world.seed,
            wrong,
            *told,
            time.process_time() - began_s,
            papers=len(self.dispenser.papers),
            calls=calls,
            centers=self.centers_killed,
            restores=self.restores,
            replaced=self.replaced,
            trials=sum(box.slots.trials for box in self._all if box.slots is not None),
            updated=sum(len(box.slots.good) for box in self._all if box.slots is not None),
            went_back=sum(len(box.slots.back) for box in self._all if box.slots is not None),
            whole=True,
            simulated_s=self.world.now_ms / 1000,
        )


def whole(seed: int) -> Result:
    """One seed of the whole hall from beginning to end."""
    runs: list[WholeRun] = []

    def make(folder: Path) -> Run:
        runs.append(WholeRun(seed, folder))
        return runs[0]

    for room in ("hub", "center"):  # what they log of their troubles is in the story, as far as it matters
        logging.getLogger(room).addHandler(logging.NullHandler())
    new_store()  # made once, outside the simulated loop

    def wrong(what: str) -> None:
        runs[0].watch.say(what)

    with watched(wrong), on_simulated_flash():
        return played(make)
