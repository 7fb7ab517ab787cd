"""Model boxes behind the hub's own tasks of an update, on a clock that is simulated."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from common.problem import Problem
from hub.devices import bundles
from hub.devices.registry import Device, Registry
from hub.devices.staging import Plan, Stage
from hub.devices.times import Moment
from hub.devices.update_store import UpdateStore
from hub.devices.updates import Updates
from hub.journal import JournalError
from hub.queueing import state as queueing_state
from hub.update_doors import UpdateDesk
from hub.web.house import UpdateWish
from protocol import messages as m
from protocol import updating as u
from tests.support_hub_core import LAYOUT
from tools.device import bundles as writing
from tools.device.build import Image

LOST = (-1, None)  # what the hub hears of a step at which the link was lost: nothing
DAY_S = 24 * 3600.0
GOOD, BACK, HANGS = "good", "back", "hangs"


class Box:
    """A box as SPEC.md has it: what is in its slots, and what it answers. Its pieces are counted, not kept."""

    def __init__(self, name: str, fate: str = GOOD) -> None:
        self.name = name
        self.fate = fate
        self.line, self.running, self.version = "a", "a", "0.1.0"
        self.away_until = 0.0
        self.ready = False
        self.goes = 0
        self.steps: list[float] = []
        self.before_data: Callable[[], None] = lambda: None
        self.wrong: tuple[int, str] | None = None
        self.macs: list[bytes] = []  # of what it began with
        self.provisioned = 0  # how many of them were under another secret than it has now
        self.busy = 0  # so often it says so when it is told to try it
        self.forgets_go = False
        self.lose_answer = False

    def now(self) -> float:
        return asyncio.get_running_loop().time()

    @property
    def online(self) -> bool:
        return self.now() >= self.away_until

    def take(self, args: dict[str, Any]) -> tuple[int, str | None]:
        step = args["step"]
        self.steps.append(self.now())
        if step == u.STEP_ASK:
            return m.ACCEPTED, f"{self.line} {self.running} {self.version}"
        if self.wrong is not None:
            return self.wrong
        if step == u.STEP_BEGIN:
            self.macs.append(args["data"])
            if args["data"] in self.macs[: self.provisioned]:
                return m.REFUSED, "mac"
            return m.ACCEPTED, "done" if self.ready else "want 0 0"
        if step == u.STEP_DATA:
            self.before_data()
            if not self.online:
                return LOST
            self.ready = args["file"] == 1
            return m.ACCEPTED, None
        if not self.ready:
            return m.REFUSED, "begin"
        if self.busy:
            self.busy -= 1
            return m.REFUSED, "busy"
        self.goes += 1
        self.ready = False
        self.line = "ab3"
        asyncio.get_running_loop().call_later(1.0, self.tries)
        return m.ACCEPTED, None

    def tries(self) -> None:
        self.away_until = self.now() + (6 * DAY_S if self.fate == HANGS else 8.0)
        if self.fate == GOOD:
            self.line = self.running = "b"
            self.version = "0.2.0"
        elif self.fate == BACK:
            self.line = "a-b"


class Bench:
    """The parts that `Updates` needs, with model boxes behind them."""

    def __init__(self, folder: Path, fates: dict[str, str], role: str = "evaluator") -> None:
        self.folder = folder
        self.state = self.shown = queueing_state.new(LAYOUT)
        self.events: dict[str, Any] = {}
        self.logged: list[tuple[str, dict[str, Any]]] = []
        self.boxes = {name: Box(name, fate) for name, fate in fates.items()}
        self.registry = Registry(folder / "registry.json")
        windows = [window.id for window in LAYOUT.windows]
        for number, name in enumerate(fates):
            self.registry.register(
                Device(
                    device=name,
                    role=role,
                    window=None if role == "dispenser" else windows[number] if number < len(windows) else f"x{number}",
                    epoch="ab" * 8,
                    secret="cd" * 32,
                    board="rpi_pico",
                    registered_at="",
                )
            )
        writing.make_key(folder / "key")
        self.signer = bundles.public_key((folder / "key.pub").read_text("utf-8"))
        self.journal_takes = True
        self.before_write: Callable[[], None] = lambda: None
        self.start()

    def start(self) -> None:
        fleet: Any = SimpleNamespace(
            registry=self.registry,
            is_online=lambda name: self.boxes[name].online,
            find=lambda name: None,
            reaching=SimpleNamespace(ask_patiently=self._ask),
        )
        self.giving = Updates(fleet, self, UpdateStore(self.folder), self._log, signer=self.signer, aside=self._aside)
        self.desk = UpdateDesk(self.giving, self.registry)

    async def _aside(self, work: Any, *arguments: Any) -> Any:
        if getattr(work, "__name__", "") in ("write", "begin"):
            self.before_write()
        return work(*arguments)

    async def _ask(self, device: str, command: int, args: dict[str, Any], *, link_s: float, answer_s: float) -> Any:
        assert command == m.UPDATE
        await asyncio.sleep(0.05)
        box = self.boxes[device]
        if not box.online:
            return None
        if args["step"] == u.STEP_GO and box.forgets_go and not box.busy:
            box.forgets_go = False
            return None
        answer = box.take(args)
        if answer == LOST:
            return None
        if args["step"] == u.STEP_GO and box.lose_answer:
            return None
        return answer

    def _log(self, event: str, **fields: Any) -> None:
        self.logged.append((event, fields))

    async def submit(self, command: Any) -> Any: ...
    async def submit_facts(self, facts: Any) -> Any: ...

    async def submit_once(self, command: Any, request: str) -> Any:
        if not self.journal_takes:
            raise JournalError("full")
        self.events.setdefault(request, command)

    def moment(self) -> Moment:
        return Moment(1_800_000_000_000, True, self.rising_ms())

    def rising_ms(self) -> int:
        return int(asyncio.get_running_loop().time() * 1000)

    def bundle(self, version: str = "0.2.0", role: str = "evaluator", board: str = "rpi_pico") -> bytes:
        file = self.folder / "main.mpy"
        file.write_bytes(b"x" * 1000)
        image = Image(version, {"a/firmware/main.mpy": file})
        return writing.write([(role, board, image)], 1_795_000_000, self.folder / "key")

    def outcomes(self) -> dict[str, str]:
        """By device; each at most once."""
        found: dict[str, str] = {}
        for command in self.events.values():
            assert command.device not in found, "an outcome twice"
            found[command.device] = command.detail["outcome"]
        return found

    def states(self) -> dict[str, str]:
        plan = self.giving.plan
        assert plan is not None
        return {device: box.state.value for device, box in plan.boxes.items()}


def wish(name: str = "plan-1", **more: Any) -> UpdateWish:
    known = {"percent": 100, "older": False, "window": None, "device": None, "by": "admin"}
    return UpdateWish(id=name, **(known | more))


async def running(bench: Bench, until: Callable[[Plan], bool], within_s: float = DAY_S) -> Plan:
    task = asyncio.create_task(bench.giving.run())
    try:
        async with asyncio.timeout(within_s):
            while bench.giving.plan is None or not until(bench.giving.plan):
                await asyncio.sleep(0.5)
                assert not task.done()
        return bench.giving.plan
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def over(plan: Plan) -> bool:
    return plan.state is not Stage.RUNNING


async def problem(doing: Awaitable[Any]) -> Problem:
    with pytest.raises(Problem) as caught:
        await doing
    return caught.value
