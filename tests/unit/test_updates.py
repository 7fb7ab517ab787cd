"""A hall's update by the hub's own tasks, on a clock that is simulated: outcomes, once each, whatever is cut."""

import asyncio
from hashlib import sha256
from pathlib import Path

import pytest
from msgspec.structs import replace

from hub.devices import bundles
from hub.devices.errors import RegistryError
from hub.devices.staging import Of, Plan, Stage, Why
from hub.devices.update_course import COME_BACK_MS, YIELD_MS
from hub.devices.update_store import UpdateStore
from hub.queueing.tables import WindowState
from protocol import messages as m
from tests.modelled_boxes import BACK, DAY_S, GOOD, HANGS, Bench, over, problem, running, wish
from tools.device import bundles as writing

pytestmark = pytest.mark.looptime


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
