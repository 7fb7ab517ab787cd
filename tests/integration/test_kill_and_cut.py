"""Hub and center killed at named moments under load, and the power cut: nothing acknowledged is lost, nothing is twice.

A cut is the image of the hub's disk as it is at a random moment: what was not synced is not in it (page cache of the
file system), what the drive said it had is. A drive that lies about its own cache is not modelled.
"""

import asyncio
import contextlib
import os
import shutil
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.hub_support import until
from tests.kill_support import LEFT_MB, MOMENT_S, Disk, KilledHall, hub_on, run, stop_and_look

# (moment, where): the hub dies there by itself; see hub_that_dies.
NAMED = [
    ("commit", "inside"),
    ("commit", "after"),
    ("snapshot", "inside"),
    ("snapshot", "after"),
    ("retention", "inside"),
    ("retention", "after"),
    ("drain", "inside"),
    ("drain", "after"),
]
ROUND = (*NAMED, "load", "start", "offline", "term", "full")
CENTER_TOO = 0.8  # how often the center dies with the hub
CI_KILLS, CI_CUTS = 20, 2
KILLS, CUTS = 1_000, 100
JUDGED_EVERY = 100  # kills


@contextlib.asynccontextmanager
async def killed_hall(
    folder: Path, seed: int, *, keep_days: int = 1, syncs: bool = True, forked: bool = False
) -> AsyncIterator[KilledHall]:
    hall = KilledHall(folder, seed, syncs=syncs, forked=forked)
    try:
        await hall.begin(keep_days)
        yield hall
    finally:
        await hall.end()


async def one(hall: KilledHall, what: object) -> None:
    """One round: it comes up, works, and is killed at that moment."""
    chance = hall.chance
    if what in ("offline", "term") and hall.center_runs:
        await hall.kill_center()
    for _ in range(4 if what == "start" else 1):
        await asyncio.gather(hall.kill_in_start(), hall.kill_center_in_start())
    if what == "start":
        return
    dies = f"{what[0]}:{chance.randrange(1, 4)}:{what[1]}" if isinstance(what, tuple) else ""
    if what not in ("offline", "term") and not hall.center_runs:
        await asyncio.gather(hall.start_hub(dies), hall.start_center())
    else:
        await hall.start_hub(dies)
    async with hall.load():
        if isinstance(what, tuple):
            met = await hall.met()
            await hall.kill_hub(f"{what[0]}, {what[1]}" if met else "load, the moment did not come")
        elif what == "full":
            await full_and_free(hall)
            await hall.kill_hub("disk full and free again")
        else:
            await asyncio.sleep(chance.uniform(0.1, 0.9))
            if what == "term":
                assert await hall.hub.stop() == 0
                hall.count.kills["(SIGTERM, offline)"] += 1
            else:
                await hall.kill_hub("offline" if what == "offline" else "load")
        if chance.random() < CENTER_TOO and hall.center_runs:
            await hall.kill_center()


async def full_and_free(hall: KilledHall) -> None:
    """Until it refuses; then there is room, and it takes again."""
    filler = hall.disk.folder / "filler"
    filler.write_bytes(bytes(shutil.disk_usage(hall.disk.folder).free - LEFT_MB * 1024 * 1024))
    before = hall.told.refused
    await until(lambda: hall.told.refused > before, "a refusal")
    if hall.chance.random() < 0.5:
        filler.unlink()
        given = len(hall.told.tickets)
        await until(lambda: len(hall.told.tickets) > given, "numbers again")
    filler.unlink(missing_ok=True)


async def kills(folder: Path, most: int, seed: int, *, forked: bool = False) -> KilledHall:
    """So many SIGKILLs of hub and center; now and then, and at the end, all of it is at the center."""
    async with killed_hall(folder, seed, forked=forked) as hall:
        await hall.hub.stop()
        number, judged = 0, 0
        while (done := hall.count.killed) < most:
            if done >= judged + JUDGED_EVERY:
                judged = done
                await judge_all(hall)
            await one(hall, ROUND[number % len(ROUND)])
            (hall.disk.folder / "filler").unlink(missing_ok=True)
            number += 1
        await judge_all(hall)
        return hall


async def judge_all(hall: KilledHall) -> None:
    """However little the rounds left time for: a number and a press are told before the last stop."""
    await hall.start_hub()
    async with hall.load():
        await until(lambda: hall.pressed and hall.told.tickets, "a number and a press")
    await hall.hub.stop()
    await hall.settle()
    hall.count.lost = hall.count.twice = 0  # what was lost before is lost now
    hall.judge(await hall.at_center(), hall.told.tickets, hall.pressed)
    print(said(hall), flush=True)
    assert (hall.count.lost, hall.count.twice) == (0, 0)
    await hall.hub.stop()


def said(hall: KilledHall) -> str:
    """What was done so far, and what came of it."""
    names = ", ".join(f"{times} x {name}" for name, times in sorted(hall.count.kills.items()))
    return (
        f"{hall.count.killed} kills ({names}); {hall.count.cuts} cuts; {len(hall.told.tickets)} numbers and "
        f"{len(hall.pressed)} presses acknowledged or logged: {hall.count.lost} lost, {hall.count.twice} twice"
    )


async def cuts(folder: Path, most: int, seed: int, *, syncs: bool = True) -> KilledHall:
    """So many pictures of the disk at a random moment under load; a hub starts from each."""
    # Nothing is let go: what a cut holds can be read from its beginning.
    async with killed_hall(folder, seed, keep_days=36_500, syncs=syncs) as hall, hall.load():
        for number in range(most):
            given = len(hall.told.tickets)
            await until(lambda given=given: len(hall.told.tickets) >= given + 5, "numbers to lose")  # type: ignore[misc]  # mypy can't infer a lambda with defaults
            await asyncio.sleep(hall.chance.uniform(0.05, 0.5))
            # Nothing runs between this and the stop but the hub itself: what it says in that time is not counted on.
            numbers, facts = dict(hall.told.tickets), hall.acknowledged
            assert hall.hub.process is not None
            stop_and_look(hall.hub.process)
            place = folder / f"cut-{number}"
            place.mkdir()
            cut = Disk(place / "disk.img", place / "data")
            try:
                hall.disk.picture(cut.image)
                hall.hub.process.send_signal(signal.SIGCONT)
                cut.mount()
                try:
                    await judge_cut(hall, place, numbers, facts)
                except AssertionError:
                    if syncs:
                        raise
                    hall.count.lost += 1  # it does not even start
            finally:
                cut.unmount()
                cut.image.unlink()
            hall.count.cuts += 1
        print(said(hall), flush=True)
        return hall


async def judge_cut(hall: KilledHall, place: Path, numbers: dict[str, str], facts: set[tuple[str, str, int]]) -> None:
    """It starts, and everything that was acknowledged before the cut is there once."""
    copied = await hub_on(place, hall.hub)
    try:
        assert copied.process is not None
        hall.judge(await copied.events(), numbers, facts)
        assert (await copied.ticket())["number"] not in numbers.values()
    finally:
        assert copied.http is not None
        await copied.http.close()
        await copied.kill()


async def test_kills_of_hub_and_center_lose_nothing_and_count_nothing_twice(tmp_path: Path) -> None:
    hall = await kills(tmp_path, CI_KILLS, 1)
    assert (hall.count.lost, hall.count.twice) == (0, 0)
    assert hall.told.tickets
    assert hall.pressed


async def test_power_cuts_lose_nothing_acknowledged(tmp_path: Path) -> None:
    hall = await cuts(tmp_path, CI_CUTS, 2)
    assert (hall.count.lost, hall.count.twice) == (0, 0)
    assert hall.told.tickets


async def test_a_hub_that_does_not_sync_is_found_by_the_cuts(tmp_path: Path) -> None:
    """The test of the test: the same hub with SQLite's syncs off acknowledges what a cut takes away."""
    hall = await cuts(tmp_path, 1, 3, syncs=False)
    assert hall.count.lost > 0


def test_a_picture_of_the_disk_lacks_what_was_not_synced(tmp_path: Path) -> None:
    """That the cut bites: the same bytes, with and without a sync."""
    disk, cut = Disk(tmp_path / "disk.img", tmp_path / "data"), Disk(tmp_path / "cut.img", tmp_path / "cut")
    disk.make()
    try:
        with (disk.folder / "synced").open("wb") as file:
            file.write(b"x" * 5000)
            file.flush()
            os.fsync(file.fileno())
        run("sync", "-f", str(disk.folder))
        (disk.folder / "unsynced").write_bytes(b"y" * 5000)
        disk.picture(cut.image)
        cut.mount()
        assert (cut.folder / "synced").read_bytes() == b"x" * 5000
        assert not (cut.folder / "unsynced").exists() or (cut.folder / "unsynced").read_bytes() != b"y" * 5000
    finally:
        disk.unmount()
        cut.unmount()


@pytest.mark.long
async def test_a_thousand_kills(tmp_path: Path) -> None:
    hall = await kills(tmp_path, KILLS, 9, forked=True)
    assert hall.count.killed >= KILLS
    assert (hall.count.lost, hall.count.twice) == (0, 0)


@pytest.mark.long
async def test_a_hundred_cuts(tmp_path: Path) -> None:
    hall = await cuts(tmp_path, CUTS, 10)
    assert (hall.count.lost, hall.count.twice) == (0, 0)


def test_the_short_form_meets_each_kind(tmp_path: Path) -> None:
    """Of the list, not of a run: no kind is forgotten in a round."""
    kinds = {what if isinstance(what, str) else what[0] for what in ROUND}
    assert kinds == {"commit", "snapshot", "retention", "drain", "load", "start", "offline", "term", "full"}
    assert MOMENT_S > 1
