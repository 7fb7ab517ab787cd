"""One box on its way to a new firmware, and what may come between: another key, another firmware, another box."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from hub.devices.manners import QUIET_MS
from hub.devices.registry import Device
from hub.devices.staging import Of, Stage
from hub.queueing.events import TICKET_ISSUED, Event
from tests.modelled_boxes import GOOD, HANGS, Bench, Box, over, running, wish

pytestmark = pytest.mark.looptime


def registered(bench: Bench, name: str) -> Device:
    known = bench.registry.find(name)
    assert known is not None
    return known


def once_away(box: Box, meanwhile: Callable[[], None]) -> None:
    """At its first piece its link is lost for ten seconds, in which this happens."""

    def lost() -> None:
        box.before_data = lambda: None
        box.away_until = box.now() + 10.0
        meanwhile()

    box.before_data = lost


async def test_a_box_that_is_provisioned_anew_while_its_link_is_lost_is_sent_to_under_its_new_key(
    tmp_path: Path,
) -> None:
    bench = Bench(tmp_path, {"ev-0": GOOD})
    box = bench.boxes["ev-0"]

    def provisioned() -> None:
        box.provisioned = len(box.macs)
        bench.registry._put({"ev-0": replace(registered(bench, "ev-0"), secret="ef" * 32)})

    once_away(box, provisioned)
    await bench.desk.begin_update(bench.bundle(), wish())
    assert (await running(bench, over)).state is Stage.DONE
    assert bench.outcomes() == {"ev-0": "good"}
    assert len(set(box.macs)) == 2


async def test_a_box_that_is_flashed_anew_while_its_link_is_lost_is_judged_by_what_it_has_then(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"ev-0": GOOD})
    box = bench.boxes["ev-0"]
    box.line = box.running = "b"

    def flashed() -> None:
        box.line = box.running = "a"

    once_away(box, flashed)
    await bench.desk.begin_update(bench.bundle(), wish())
    await running(bench, over)
    assert bench.outcomes() == {"ev-0": "good"}


async def test_a_box_that_is_replaced_during_its_trial_ends_as_that_and_stops_nothing(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"ev-0": HANGS, "ev-1": HANGS})
    await bench.desk.begin_update(bench.bundle(), wish())
    plan = await running(bench, lambda plan: any(box.state is Of.TRYING for box in plan.boxes.values()))
    [tried] = [box.device for box in plan.boxes.values() if box.state is Of.TRYING]
    [other] = plan.boxes.keys() - {tried}
    bench.boxes[other].fate = GOOD
    bench.registry._put({tried: replace(registered(bench, tried), replaced_by="ev-9", window=None)})
    plan = await running(bench, over)
    assert plan.state is Stage.DONE
    assert bench.states() == {tried: "refused", other: "good"}
    assert plan.boxes[tried].reason == "replaced"


async def test_a_box_that_is_busy_when_it_is_told_to_try_it_has_not_tried(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"ev-0": GOOD})
    box = bench.boxes["ev-0"]
    box.line, box.busy, box.forgets_go = "a-b", 2, True  # it went back once, with another firmware
    await bench.desk.begin_update(bench.bundle(), wish())
    await running(bench, over)
    assert (box.busy, box.forgets_go) == (0, False)
    assert bench.outcomes() == {"ev-0": "good"}


async def test_what_goes_on_after_a_stop_waits_until_its_bundle_is_read(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"ev-0": GOOD})

    def unread() -> None:
        bench.boxes["ev-0"].before_data = lambda: None
        bench.giving._targets = {}

    bench.boxes["ev-0"].before_data = unread
    await bench.desk.begin_update(bench.bundle(), wish())
    await running(bench, over)
    assert bench.outcomes() == {"ev-0": "good"}


async def test_a_bundle_that_is_read_too_late_is_not_given_out_for_the_next_one(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"ev-0": GOOD})
    await bench.desk.begin_update(bench.bundle(), wish())
    bench.start()  # a hub that starts anew reads it from its disk
    aside = bench.giving._aside
    read = asyncio.Event()

    async def slow(work: Any, *arguments: Any) -> Any:
        found = await aside(work, *arguments)
        if getattr(work, "__name__", "") == "read":
            read.set()
            await asyncio.sleep(30.0)
        return found

    bench.giving._aside = slow
    task = asyncio.create_task(running(bench, over))
    await read.wait()
    await bench.desk.stop_update()
    await bench.desk.begin_update(bench.bundle("0.3.0"), wish("plan-2"))
    await asyncio.sleep(40.0)
    assert bench.giving.plan is not None
    assert bench.giving.plan.id == "plan-2"
    assert {target.version for target in bench.giving._targets.values()} == {"0.3.0"}
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_busy_box_is_not_written_down_every_two_seconds(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"ev-0": GOOD})
    box = bench.boxes["ev-0"]
    box.busy = 1_000_000
    writes = 0

    def counted() -> None:
        nonlocal writes
        writes += 1

    bench.before_write = counted
    await bench.desk.begin_update(bench.bundle(), wish())
    task = asyncio.create_task(running(bench, over))
    await asyncio.sleep(1200)
    assert writes < 100
    box.busy = 0
    assert (await task).counts()["good"] == 1
    assert bench.outcomes() == {"ev-0": "good"}


async def test_a_dispenser_gets_it_once_nobody_has_taken_a_number_for_some_minutes(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"di-0": GOOD, "di-1": GOOD}, "dispenser")
    await bench.desk.begin_update(bench.bundle(role="dispenser"), wish())

    def number(device: str) -> None:
        data = {"ticket": "00", "channel": "dispenser", "printer": device}
        bench.giving.committed([Event(TICKET_ISSUED, "ticket/00", data, 0)])

    task = asyncio.create_task(running(bench, over))
    for _ in range(15):  # a morning: somebody every minute at one of them
        number("di-0")
        await asyncio.sleep(60)
    assert bench.states() == {"di-0": "waiting", "di-1": "good"}
    assert bench.giving.plan is not None
    assert bench.giving.held_by(bench.giving.plan.boxes["di-0"]) == "citizen"
    assert bench.boxes["di-0"].steps == []
    last = bench.rising_ms()
    await task
    assert bench.boxes["di-0"].goes == 1
    assert bench.boxes["di-0"].steps[0] * 1000 - last >= QUIET_MS - 60_000


async def test_a_number_that_is_taken_while_it_is_sent_holds_up_the_restart(tmp_path: Path) -> None:
    bench = Bench(tmp_path, {"di-0": GOOD}, "dispenser")
    box = bench.boxes["di-0"]
    taken: list[int] = []

    def number() -> None:
        if not taken:
            taken.append(bench.rising_ms())
            data = {"ticket": "00", "channel": "dispenser", "printer": "di-0"}
            bench.giving.committed([Event(TICKET_ISSUED, "ticket/00", data, 0)])

    box.before_data = number
    await bench.desk.begin_update(bench.bundle(role="dispenser"), wish())
    plan = await running(bench, lambda plan: plan.boxes["di-0"].state is Of.TRYING)
    assert plan.boxes["di-0"].tries == 1
    assert bench.rising_ms() - taken[0] >= QUIET_MS
    assert (await running(bench, over)).counts()["good"] == 1
