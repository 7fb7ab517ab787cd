"""The headless demo: N citizens, faults on purpose, and a report counted at the center's doors."""

import asyncio
import json
import time
from itertools import islice
from pathlib import Path
from typing import Final

import msgspec

from common import files
from tools.demo import counting, faults, plan
from tools.demo.center_reading import CenterReader
from tools.demo.citizens import Play
from tools.demo.counting import Count
from tools.demo.hall import SERVICES
from tools.demo.house import House
from tools.demo.presses import PressLog
from tools.demo.story import Story

INVITATION_S: Final = 3  # whoever leaves without pressing holds up the next finish for so long
SAY_EVERY_S: Final = 5.0


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for on the command line."""

    citizens: int
    seed: int
    report: Path | None
    keep: Path | None
    faults: frozenset[str]


def now_ms() -> int:
    """Milliseconds since 1970."""
    return time.time_ns() // 1_000_000


async def run(order: Order, story: Story) -> Count:
    """Runs the demo and writes report, presses and events where they were asked for."""
    started_s = time.monotonic()
    async with House(story, order.keep, INVITATION_S) as house:
        log = PressLog(house.folder / "pressed.jsonl")
        play = Play(
            hub=house.hub,
            doors=house.hub_doors,
            boxes=house.boxes,
            log=log,
            story=story,
            now_ms=now_ms,
            invitation_s=INVITATION_S,
            machine=house.machine,
        )
        story.step(f"doors open: {order.citizens} citizens, seed {order.seed}, faults: {_named(order.faults)}")
        await _day(order, house, play, story)
        story.step("everybody has left; waiting until all of it is on the center")
        reader = CenterReader(house.center, house.center_doors)
        settled = await reader.settle(house.hub, house.hub_doors, log.presses)
        events = await reader.read()
        ratings = await reader.ratings(now_ms())
        found = counting.count(order.citizens, events, ratings, log.presses, time.monotonic() - started_s)
        if not settled:
            found.complaints.insert(0, "something was still on its way to the center when the time to wait was over")
        log.close()
        (house.folder / "events.jsonl").write_text(
            "".join(json.dumps(event, ensure_ascii=False) + "\n" for event in events), "utf-8"
        )
        story.step(
            f"commands sent again over restarts: {house.hub_doors.repeats}; starts of the hub: {house.hub.starts}"
        )
    if order.report is not None:
        files.replace(order.report, msgspec.json.format(msgspec.json.encode(found.report)) + b"\n", 0o644)
    return found


async def _day(order: Order, house: House, play: Play, story: Story) -> None:
    citizens = plan.visits(order.seed, [service.id for service in SERVICES], plan.BRISK)
    wrong = faults.Faults(house, play.progress, order.citizens, order.seed)
    async with asyncio.TaskGroup() as group:
        say = group.create_task(_say(order, play, story))
        ending, endless = wrong.start(order.faults, group)
        await play.run(islice(citizens, order.citizens))
        if ending:
            await asyncio.wait(ending)
        for task in (say, *endless):
            task.cancel()
    if wrong.made:
        story.step("faults made: " + ", ".join(f"{what} {times} ×" for what, times in sorted(wrong.made.items())))


async def _say(order: Order, play: Play, story: Story) -> None:
    while True:
        await asyncio.sleep(SAY_EVERY_S)
        story.step(f"{play.progress.finished} of {order.citizens} visits done")


def _named(kinds: frozenset[str]) -> str:
    return ", ".join(sorted(kinds)) or "none"
