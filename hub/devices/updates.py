"""A new firmware for the hall's boxes: keeps the plan, lets boxes begin in their turn, says what became of each.

The plan is durable before anything follows from it; an outcome is in the journal, once, before the plan has it.
"""

import asyncio
from collections.abc import Callable, Container, Mapping
from hashlib import sha256
from typing import Any, Final, Protocol

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from msgspec.structs import replace

from common import envelope
from common.metrics import Values
from hub.devices import bundles, staging
from hub.devices.around import Hall, Log
from hub.devices.bundles import BundleError, Kind, Target
from hub.devices.enrolling import Aside
from hub.devices.errors import DevicesError, RegistryError
from hub.devices.fleet import Fleet
from hub.devices.manners import Manners
from hub.devices.reaching import Answer
from hub.devices.registry import Device
from hub.devices.sending import Reason
from hub.devices.staging import OVER, Box, Of, Plan, Stage, Why
from hub.devices.update_course import Course
from hub.devices.update_store import UpdateStore
from hub.errors import HubError
from hub.queueing.commands import Command, DeviceUpdated
from protocol import messages

TICK_S: Final = 1.0
STEP_S: Final = 10.0  # a step reads or writes a file of 15 KB at most, beside all else that a box does
LINK_S: Final = 60.0  # waited for a link on the radio, behind everything else; then asked for anew
SLOW_MS: Final = 60_000  # a good firmware is found good within 20 s; one that hangs has three times 120 s
AGAIN_S: Final = 5.0  # the journal or the disk took nothing


class UpdateError(DevicesError):
    """This can't be given out now; the text says why."""


class Hub(Hall, Protocol):
    """What this needs of the hall besides what the fleet does."""

    async def submit_once(self, command: Command, request: str) -> Any:
        """Under an id of its own: the same again changes nothing. Raises a `HubError` (not kept, try again)."""


class Updates:
    """`run` is its task. signer: whose bundles are believed; aside: where files are written and bundles proven."""

    def __init__(
        self,
        fleet: Fleet,
        hall: Hub,
        store: UpdateStore,
        log: Log,
        *,
        signer: Ed25519PublicKey | None,
        aside: Aside = asyncio.to_thread,
    ) -> None:
        self.signer = signer
        self.steps = 0
        self.plan: Plan | None = None
        try:
            self.plan = store.read()
        except RegistryError as error:  # citizens are served all the same
            log("update.unproven", update=None, why=str(error))
        self._fleet = fleet
        self._hall = hall
        self._store = store
        self._log = log
        self._aside = aside
        self._manners = Manners(fleet.registry, hall, fleet.find)
        self._targets: dict[Kind, Target] = {}
        self._courses: dict[str, tuple[Course, asyncio.Task[None]]] = {}
        self._one_at_a_time = asyncio.Lock()
        self.committed = self._manners.committed
        self.rising_ms = hall.rising_ms

    async def run(self) -> None:
        """Until cancelled."""
        try:
            while True:
                await asyncio.sleep(TICK_S)
                await self._tick()
        finally:
            await self._end_courses()

    # --- the doors

    def pool(self, kinds: Container[Kind], window: str | None, device: str | None) -> dict[str, Device]:
        """The boxes that one of these is for, in this part of the hall."""
        return {
            known.device: known
            for known in self._fleet.registry.standing()
            if (known.role, known.board) in kinds
            and (window is None or known.window == window)
            and (device is None or known.device == device)
        }

    async def begin(self, plan: Plan, content: bytes, targets: Mapping[Kind, Target]) -> Plan:
        """A new plan in the place of the last one; raises `RegistryError` and `UpdateError`."""
        async with self._one_at_a_time:
            if self.plan is not None and self.under_way(self.plan):
                raise UpdateError("another update is being given out")
            await self._aside(self._store.begin, plan, content)
            await self._end_courses()
            self.plan, self._targets = plan, dict(targets)
        self._log("update.began", update=plan.id, digest=plan.digest, boxes=len(plan.boxes), percent=plan.percent)
        return plan

    async def change(self, change: Callable[[Plan], Plan]) -> Plan:
        """Durable; raises `RegistryError`, and then nothing is changed."""
        async with self._one_at_a_time:
            before = self.plan
            if before is None:
                raise UpdateError("there is no update")
            plan = change(before)
            if plan != before:
                await self._aside(self._store.write, plan)
                self.plan = plan
        if plan.state is not before.state:
            self._say(plan)
        return plan

    def _say(self, plan: Plan) -> None:
        if plan.state is Stage.RUNNING:
            self._log("update.continued", update=plan.id)
        elif plan.state is Stage.DONE:
            self._log("update.done", update=plan.id)
        else:
            self._log("update.stopped", update=plan.id, why=plan.why, device=plan.why_device)

    @staticmethod
    def under_way(plan: Plan) -> bool:
        """Whether another one would be in its way."""
        return plan.state is Stage.RUNNING or any(box.state is Of.TRYING for box in plan.boxes.values())

    def at(self) -> str:
        """Now, as it stands in the plan."""
        return envelope.format_time(self._hall.moment().unix_ms, self._hall.state.layout.offset_minutes)

    def fresh(self, known: Device, target: Target) -> Box:
        """A box that is to have it."""
        said = self._hall.state.devices.get(known.device)
        was = "" if said is None else said.firmware or ""
        return Box(device=known.device, role=known.role, board=known.board, version=target.version, was=was)

    def progress(self, device: str) -> tuple[int, int]:
        """Bytes that a box has of what it is to have, as far as it said since the hub started."""
        course, _ = self._courses.get(device, (None, None))
        way = None if course is None else course.sending
        return (0, 0) if way is None else (way.sent, way.bytes)

    def held_by(self, box: Box) -> str:
        """Why nothing is sent to a box now: `away`, `citizen`, or nothing is in the way."""
        if box.state in OVER:
            return ""
        if not self._fleet.is_online(box.device):
            return "away"
        return "" if self._manners.quiet(box.device) else "citizen"

    def metrics(self) -> Values:
        """For Prometheus."""
        counts = {} if self.plan is None else self.plan.counts()
        return {
            "tingting_update_running": {(): float(self.plan is not None and self.plan.state is Stage.RUNNING)},
            "tingting_update_boxes": {(state.value,): counts.get(state.value, 0) for state in Of},
            "tingting_update_steps_total": {(): self.steps},
        }

    # --- for the courses

    @property
    def running(self) -> bool:
        """Whether anybody is sent to."""
        return self.plan is not None and self.plan.state is Stage.RUNNING

    @property
    def older(self) -> bool:
        """Whether an older version is meant."""
        return self.plan is not None and self.plan.older

    def box(self, device: str) -> Box | None:
        """As the plan has it now."""
        return None if self.plan is None else self.plan.boxes.get(device)

    def known(self, device: str) -> Device | None:
        """As the registry has it, unless another stands in its place."""
        known = self._fleet.registry.find(device)
        return None if known is None or known.replaced_by is not None else known

    def target(self, box: Box) -> Target | None:
        """What is for it."""
        return self._targets.get(box.kind)

    def heard(self, device: str) -> bool:
        """Whether it has a link."""
        return self._fleet.is_online(device)

    def free(self, device: str) -> bool:
        """It is heard, and nobody is called, served or asked there."""
        return self._fleet.is_online(device) and self._manners.free(device)

    def quiet(self, device: str) -> bool:
        """It may be away for some seconds."""
        return self._fleet.is_online(device) and self._manners.quiet(device)

    def unasked(self, device: str) -> bool:
        """It is heard, and nobody is asked for a grade there."""
        return self._fleet.is_online(device) and not self._manners.asked(device)

    def calm(self, box: Box) -> bool:
        """Whether none of its kind takes long to be good."""
        return box.kind not in self._slow()

    async def step(self, device: str, arguments: dict[str, Any]) -> Answer:
        """One UPDATE."""
        self.steps += 1
        return await self._fleet.reaching.ask_patiently(
            device, messages.UPDATE, arguments, link_s=LINK_S, answer_s=STEP_S
        )

    async def put(self, box: Box) -> None:
        """Durable, whatever that takes."""
        while True:
            try:
                await self.change(lambda plan: staging.moved(plan, box, self.at()))
            except RegistryError as error:
                self._log("update.not_kept", device=box.device, why=str(error))
                await asyncio.sleep(AGAIN_S)
            else:
                return

    async def end(self, box: Box) -> None:
        """Its outcome: into the journal, then into the plan; lost in between, the same again changes nothing."""
        plan = self.plan
        if plan is None:
            return
        if box.state is not Of.CURRENT:
            detail = {
                "outcome": box.state.value,
                "version": box.version,
                "was": box.was,
                "reason": box.reason,
                "update": plan.id,
            }
            command = DeviceUpdated(box.device, box.role, detail)
            await self._journal(command, f"update/{plan.id}/{box.device}/{box.tries}/{box.state}")
        await self.put(box)
        self._log("update.box", device=box.device, state=box.state, reason=box.reason, version=box.version)

    # --- inside

    async def _tick(self) -> None:
        plan = self.plan
        if plan is None:
            return
        if plan.state is Stage.RUNNING and not self._targets and not await self._prove(plan):
            return
        self._courses = {name: each for name, each in self._courses.items() if not each[1].done()}
        if any(box.state is Of.WAITING for box in plan.boxes.values()):
            await self._begin_turns(plan)
        for box in () if self.plan is None else tuple(self.plan.boxes.values()):
            if box.device not in self._courses and box.state in (Of.SENDING, Of.TRYING, Of.MISSING):
                course = Course(self, box.device)
                task = asyncio.get_running_loop().create_task(course.run(), name=f"update {box.device}")
                self._courses[box.device] = course, task
                task.add_done_callback(self._ended)
        if self.plan is not None and self.plan.state is not Stage.RUNNING:
            self._targets = {}

    async def _begin_turns(self, plan: Plan) -> None:
        ready = {device for device in plan.boxes if self.quiet(device)}
        windows = {known.device: known.window for known in self._fleet.registry.standing()}
        for box in plan.boxes.values():
            if box.state is Of.WAITING and self.known(box.device) is None:
                await self.end(replace(box, state=Of.REFUSED, reason=Reason.REPLACED.value))
        plan = self.plan or plan
        for device in staging.turns(plan, ready, windows, self._slow()):
            await self.put(replace(plan.boxes[device], state=Of.SENDING))

    def _slow(self) -> set[Kind]:
        """Of whom one is on trial for longer than it takes a good one: who comes next waits for what becomes of it."""
        courses = [(self.box(device), course) for device, (course, _) in self._courses.items()]
        return {
            box.kind
            for box, course in courses
            if box is not None and box.state is Of.TRYING and course.since_ms() >= SLOW_MS
        }

    async def _prove(self, plan: Plan) -> bool:
        """The bundle from disk: after a restart, or when it goes on."""
        try:
            if self.signer is None:
                raise BundleError("hub.toml names nobody under [updates] signer any more")
            content = await self._aside(self._store.bundle, plan.digest)
            targets = await self._aside(bundles.read, content, self.signer)
        except BundleError as error:
            self._log("update.unproven", update=plan.id, why=str(error))
            try:
                await self.change(lambda now: staging.stopped(now, Why.BUNDLE, self.at()) if now.id == plan.id else now)
            except RegistryError as unkept:
                self._log("update.not_kept", device=None, why=str(unkept))
            return False
        if self.plan is None or self.plan.id != plan.id:
            return False  # another one has begun meanwhile, with targets of its own
        self._targets = targets
        return True

    async def _journal(self, command: Command, request: str) -> None:
        while True:
            try:
                await self._hall.submit_once(command, request)
            except HubError as error:
                self._log("update.not_kept", device=None, why=str(error))
                await asyncio.sleep(AGAIN_S)
            else:
                return

    async def _end_courses(self) -> None:
        tasks = [task for _, task in self._courses.values()]
        self._courses = {}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _ended(self, task: "asyncio.Task[None]") -> None:
        if not task.cancelled() and (error := task.exception()) is not None:
            self._log("devices.failed", error=repr(error))


def digest(content: bytes) -> str:
    """Which bundle this is."""
    return sha256(content).hexdigest()
