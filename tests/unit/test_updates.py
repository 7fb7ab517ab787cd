"""A hall's update by the hub's own tasks, on a clock that is simulated: outcomes, once each, whatever is cut."""

import asyncio
from collections.abc import Awaitable, Callable
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace

from common.problem import Problem
from hub.devices import bundles
from hub.devices.errors import RegistryError
from hub.devices.registry import Device, Registry
from hub.devices.staging import Of, Plan, Stage, Why
from hub.devices.times import Moment
from hub.devices.update_course import COME_BACK_MS, YIELD_MS
from hub.devices.update_store import UpdateStore
from hub.devices.updates import Updates
from hub.journal import JournalError
from hub.queueing import state as queueing_state
from hub.queueing.tables import WindowState
from hub.update_doors import UpdateDesk
from hub.web.house import UpdateWish
from protocol import messages as m
from protocol import updating as u
from tests.support_hub_core import LAYOUT
from tools.device import bundles as writing
from tools.device.build import Image

pytestmark = pytest.mark.looptime

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
        self.wrong: tuple[int, str] | None = None
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
            return m.ACCEPTED, "done" if self.ready else "want 0 0"
        if step == u.STEP_DATA:
            self.ready = args["file"] == 1
            return m.ACCEPTED, None
        if not self.ready:
            return m.REFUSED, "begin"
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

    def __init__(self, folder: Path, fates: dict[str, str]) -> None:
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
                    role="evaluator",
                    window=windows[number] if number < len(windows) else f"x{number}",
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
        if args["step"] == u.STEP_GO and box.forgets_go:
            box.forgets_go = False
            return None
        answer = box.take(args)
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


async def test_all_get_it_one_after_the_other_and_each_outcome_is_told_once(tmp_path: Path) -> None:
    bench = Bench(tmp_path, dict.fromkeys([f"ev-{number}" for number in range(6)], GOOD))
    await bench.desk.begin_update(bench.bundle(), wish())
    plan = await running(bench, over)
    assert plan.state is Stage.DONE
    assert bench.outcomes() == dict.fromkeys(bench.boxes, "good")
    assert all(box.goes == 1 for box in bench.boxes.values())
    detail = next(iter(bench.events.values())).detail
    assert detail == {"outcome": "good", "version": "0.2.0", "was": "0.1.0", "reason": "", "update": "plan-1"}
    first, *_ = plan.boxes
    assert all(bench.boxes[first].steps[0] < box.steps[0] for box in bench.boxes.values() if box.name != first), (
        "one goes first"
    )
    view = bench.desk.shown_update()
    assert view is not None
    assert (view["state"], view["counts"]["good"]) == ("done", 6)
    # The same again, by its id or by its bytes, changes nothing.
    assert (await bench.desk.begin_update(bench.bundle(), wish()))["state"] == "done"
    assert (await bench.desk.begin_update(bench.bundle(), wish("plan-2")))["id"] == "plan-1"


@pytest.mark.parametrize(("fate", "why"), [(BACK, Why.GONE_BACK), (HANGS, Why.MISSING)])
async def test_a_box_that_is_not_good_stops_it_and_a_person_goes_on(tmp_path: Path, fate: str, why: Why) -> None:
    bench = Bench(tmp_path, dict.fromkeys([f"ev-{number}" for number in range(40)], GOOD))
    await bench.desk.begin_update(bench.bundle(), wish())
    assert bench.giving.plan is not None
    third = list(bench.giving.plan.boxes)[2]
    bench.boxes[third].fate = fate
    plan = await running(bench, over)
    assert (plan.state, plan.why, plan.why_device) == (Stage.STOPPED, why, third)
    assert bench.outcomes()[third] == why.value
    # Also one that hangs, which takes seven minutes to be missing, keeps most of the hall out of it.
    assert sum(box.goes for box in bench.boxes.values()) <= 20
    again = await problem(bench.desk.begin_update(bench.bundle(), wish("plan-2")))
    assert again.kind == "update-stopped"
    view = await bench.desk.continue_update(again=False)
    assert view["state"] == "running"
    plan = await running(bench, over)
    assert plan.state is Stage.DONE
    assert plan.counts() == dict.fromkeys(plan.counts(), 0) | {"good": 39, why.value: 1}
    if fate == HANGS:  # it is back after a week, and good: that is told, too
        bench.boxes[third].fate, bench.boxes[third].away_until = GOOD, 0.0
        bench.boxes[third].line = bench.boxes[third].running = "b"
        plan = await running(bench, lambda plan: plan.counts()["good"] == 40)
        assert sorted(each.detail["outcome"] for each in bench.events.values() if each.device == third) == [
            "good",
            "missing",
        ]


async def test_it_takes_its_time_before_a_box_is_missing(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"ev-0": HANGS})
    await bench.desk.begin_update(bench.bundle(), wish())
    await running(bench, lambda plan: plan.boxes["ev-0"].state is Of.TRYING)
    began = bench.rising_ms()
    await running(bench, over)
    assert COME_BACK_MS <= bench.rising_ms() - began <= COME_BACK_MS + 20_000


async def test_a_hub_that_is_killed_at_any_write_goes_on_and_tells_each_outcome_once(tmp_path: Path) -> None:
    """Before the write and after it; the boxes go on meanwhile."""

    class KilledError(Exception):
        pass

    points = 0
    for kill in range(200):
        folder = tmp_path / str(kill)
        folder.mkdir()
        bench = Bench(folder, {"ev-0": GOOD, "ev-1": GOOD})
        writes = 0
        await bench.desk.begin_update(bench.bundle(), wish())
        died = asyncio.Event()

        def killed(kill: int = kill, died: asyncio.Event = died) -> None:
            nonlocal writes
            writes += 1
            if writes == kill:
                died.set()
                raise KilledError

        bench.before_write = killed
        task = asyncio.create_task(bench.giving.run())
        dead = asyncio.create_task(died.wait())
        async with asyncio.timeout(DAY_S):
            while bench.giving.plan is not None and not over(bench.giving.plan) and not dead.done():
                await asyncio.sleep(0.5)
        task.cancel()
        dead.cancel()
        await asyncio.gather(task, dead, return_exceptions=True)
        bench.before_write = lambda: None
        bench.start()
        plan = await running(bench, over)
        assert plan.counts()["good"] == 2, (kill, plan)
        assert bench.outcomes() == {"ev-0": "good", "ev-1": "good"}
        assert [box.goes for box in bench.boxes.values()] == [1, 1], kill
        points = kill
        if writes < kill:
            break
    print("killed before", points - 1, "writes")
    assert points > 6


async def test_a_go_that_is_lost_either_way_is_found_out_by_looking(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"ev-0": GOOD, "ev-1": GOOD, "ev-2": BACK})
    bench.boxes["ev-0"].forgets_go = True  # it never heard
    bench.boxes["ev-1"].lose_answer = True  # it heard, and nobody knows
    bench.boxes["ev-2"].lose_answer = True
    await bench.desk.begin_update(bench.bundle(), wish())
    while True:
        plan = await running(bench, over)
        if plan.state is Stage.DONE:
            break
        await bench.desk.continue_update(again=False)
    assert bench.outcomes() == {"ev-0": "good", "ev-1": "good", "ev-2": "gone_back"}
    assert [box.goes for box in bench.boxes.values()] == [1, 1, 1]


async def test_citizens_come_first_and_who_waits_too_long_lets_another_begin(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"ev-0": GOOD, "ev-1": GOOD})
    await bench.desk.begin_update(bench.bundle(), wish())
    assert bench.giving.plan is not None
    first, second = bench.giving.plan.boxes
    known = bench.registry.find(first)
    assert known is not None
    assert known.window is not None
    window = bench.shown.windows[known.window]
    for state in (WindowState.CALLING, WindowState.SERVING):
        window.state = state
        assert bench.giving.held_by(bench.giving.plan.boxes[first]) == "citizen"
    window.state = WindowState.FREE
    await running(bench, lambda plan: plan.boxes[first].state is Of.SENDING)
    window.state = WindowState.SERVING
    served_s = asyncio.get_running_loop().time()
    await running(bench, lambda plan: plan.boxes[first].state is Of.WAITING, YIELD_MS / 1000 + 60)
    plan = await running(bench, lambda plan: plan.boxes[second].state is Of.GOOD)
    assert plan.state is Stage.RUNNING
    assert not [step for step in bench.boxes[first].steps if step > served_s + 1.0], "sent to while somebody was served"
    window.state = WindowState.FREE
    plan = await running(bench, over)
    assert plan.counts()["good"] == 2


@pytest.mark.parametrize(
    ("answer", "reason", "after_s"),
    [
        ((m.REFUSED, "space"), "space", 0),
        ((m.REFUSED, "mac"), "mac", 0),
        ((m.FAILED, "memory"), "memory", 60),
        ((m.FAILED, "flash 5"), "flash", 60),
        ((m.UNKNOWN_COMMAND, None), "unknown", 0),
        ((m.ACCEPTED, "nonsense"), "strange", 0),
    ],
)
async def test_the_first_box_that_refuses_stops_it_with_its_reason(
    tmp_path: Path, answer: tuple[int, str], reason: str, after_s: int
) -> None:
    bench = Bench(tmp_path, {"ev-0": GOOD, "ev-1": GOOD})
    for box in bench.boxes.values():
        box.wrong = answer
    await bench.desk.begin_update(bench.bundle(), wish())
    began_s = asyncio.get_running_loop().time()
    plan = await running(bench, over)
    assert asyncio.get_running_loop().time() - began_s >= after_s
    assert (plan.state, plan.why) == (Stage.STOPPED, Why.FIRST_REFUSED)
    [command] = bench.events.values()
    assert (command.detail["outcome"], command.detail["reason"]) == ("refused", reason)
    view = bench.desk.shown_update()
    assert view is not None
    [refused] = [box for box in view["boxes"] if box["state"] == "refused"]
    assert (refused["device"], refused["reason"]) == (plan.why_device, reason)
    assert refused["todo"]
    for box in bench.boxes.values():
        box.wrong = None
    await bench.desk.continue_update(again=True)
    assert (await running(bench, over)).counts()["good"] == 2


async def test_a_disk_or_journal_that_takes_nothing_holds_it_up_and_loses_nothing(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"ev-0": GOOD})
    full = True

    def write() -> None:
        if full:
            raise RegistryError("no room")

    bench.before_write = write
    assert (await problem(bench.desk.begin_update(bench.bundle(), wish()))).status == 503
    assert bench.giving.plan is None
    full = False
    await bench.desk.begin_update(bench.bundle(), wish())
    full, bench.journal_takes = True, False
    task = asyncio.create_task(running(bench, over))
    await asyncio.sleep(100)
    assert bench.states() == {"ev-0": "waiting"}
    assert {event for event, _ in bench.logged} >= {"update.not_kept"}
    full = False
    await asyncio.sleep(100)
    assert bench.states() == {"ev-0": "trying"}
    assert not bench.events
    bench.journal_takes = True
    assert (await task).counts()["good"] == 1
    assert bench.outcomes() == {"ev-0": "good"}


async def test_what_is_for_nobody_is_refused_at_the_door_with_each_reason(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"ev-0": GOOD, "ev-1": GOOD})
    for content, reason in (
        (bench.bundle(board="esp32_c3"), "board"),
        (bench.bundle(role="caller"), "role"),
    ):
        refused = await problem(bench.desk.begin_update(content, wish()))
        assert (refused.status, refused.kind) == (409, "nothing-to-update")
        assert [each["reason"] for each in refused.extra["errors"]] == [reason, reason]
    bench.state.devices["ev-0"] = queueing_state.Device("ev-0", "evaluator", firmware="0.3.0+x")
    refused = await problem(bench.desk.begin_update(bench.bundle(), wish(device="ev-0")))
    assert refused.extra["errors"][0]["reason"] == "older"
    assert "--older" in refused.extra["errors"][0]["todo"]
    assert (await bench.desk.begin_update(bench.bundle(), wish("meant", device="ev-0", older=True)))["older"]
    assert (await problem(bench.desk.begin_update(bench.bundle("0.2.1"), wish("second")))).kind == "update-under-way"
    await bench.desk.stop_update()
    bench.state.devices["ev-0"] = queueing_state.Device("ev-0", "evaluator", firmware="0.2.0")
    refused = await problem(bench.desk.begin_update(bench.bundle(), wish("third", device="ev-0")))
    assert refused.extra["errors"][0]["reason"] == "current"
    assert (await problem(bench.desk.begin_update(bench.bundle(), wish(device="nobody")))).status == 404
    assert (await problem(bench.desk.begin_update(bench.bundle(), wish(window="99")))).status == 404
    assert (await problem(bench.desk.begin_update(b"no zip", wish()))).kind == "wrong-bundle"
    bench.giving.signer = None
    assert (await problem(bench.desk.begin_update(bench.bundle(), wish()))).kind == "no-update-key"


async def test_a_percent_first_and_the_rest_by_the_same_command(tmp_path: Path) -> None:
    bench = Bench(tmp_path, dict.fromkeys([f"ev-{number}" for number in range(10)], GOOD))
    view = await bench.desk.begin_update(bench.bundle(), wish(percent=10))
    assert (len(view["boxes"]), view["counts"]["not_chosen"]) == (1, 9)
    await running(bench, over)
    view = await bench.desk.begin_update(bench.bundle(), wish("more", percent=100))
    assert (view["id"], view["state"], len(view["boxes"])) == ("plan-1", "running", 10)
    assert (await running(bench, over)).counts()["good"] == 10
    assert all(box.goes == 1 for box in bench.boxes.values())


async def test_a_bundle_that_is_lost_or_no_longer_this_halls_stops_it_at_the_next_start(tmp_path: Path) -> None:
    for number, spoil in enumerate((lambda bench: bench.giving, None)):
        folder = tmp_path / str(number)
        folder.mkdir()
        bench = Bench(folder, {"ev-0": GOOD})
        await bench.desk.begin_update(bench.bundle(), wish())
        if spoil is None:
            (folder / "updates.bundle").write_bytes(b"other")
        else:
            writing.make_key(folder / "other")
            bench.signer = bundles.public_key((folder / "other.pub").read_text("utf-8"))
        bench.start()
        plan = await running(bench, over)
        assert (plan.state, plan.why) == (Stage.STOPPED, Why.BUNDLE)
        assert bench.boxes["ev-0"].steps == []


async def test_a_plan_that_is_damaged_is_named_and_keeps_no_hub_from_starting(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"ev-0": GOOD})
    await bench.desk.begin_update(bench.bundle(), wish())
    for content in (b"", b"{}", b"[]", b'{"plan": {"1": {}}}', bench.giving._store.path.read_bytes()[:-40]):
        bench.giving._store.path.write_bytes(content)
        bench.start()
        assert bench.desk.shown_update() is None
    assert sum(event == "update.unproven" for event, _ in bench.logged) == 4  # `{}` holds nothing, and is nothing wrong
    await bench.desk.begin_update(bench.bundle(), wish("again"))
    assert (await running(bench, over)).counts()["good"] == 1


async def test_a_box_in_whose_place_another_stands_is_left_out_and_stops_nothing(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"ev-0": GOOD, "ev-1": GOOD})
    await bench.desk.begin_update(bench.bundle(), wish())
    known = bench.registry.find("ev-0")
    assert known is not None
    bench.registry._put({"ev-0": replace(known, replaced_by="ev-9", window=None)})
    plan = await running(bench, over)
    assert plan.state is Stage.DONE
    assert bench.states() == {"ev-0": "refused", "ev-1": "good"}


def test_a_bundles_name_is_its_digest(tmp_path: Path) -> None:
    store = UpdateStore(tmp_path)
    plan = Plan(
        id="x", digest=sha256(b"x").hexdigest(), percent=1, older=False, window=None, device=None, by="", began_at="",
        changed_at="",
    )  # fmt: skip
    store.begin(plan, b"x")
    assert store.bundle(plan.digest) == b"x"
    with pytest.raises(bundles.BundleError, match="begin the update again"):
        store.bundle("0" * 64)
