"""How far the center is stays known through a restart without a center."""

import asyncio
from pathlib import Path
from typing import Any

import aiohttp

from hub.journal import Journal, JournalFailed
from hub.queueing.events import Event
from hub.uplink.client import CenterClient, Cursor
from hub.uplink.old import deliver
from hub.uplink.uplink import BATCH_BYTES, CURSOR, Uplink, UplinkState
from tools.simulation.loop import SimulatedLoop


def told(*_: object, **__: object) -> None:
    """A log nobody reads."""


def journal(folder: Path) -> Journal:
    """A journal of this test's hall."""
    return Journal.open(folder / "journal.sqlite3", "h1", 480, lambda: "j1")


async def test_the_last_known_cursor_survives_a_restart(tmp_path: Path) -> None:
    kept = journal(tmp_path)
    await kept.append([Event("hall.x", "hub", {}, 1)], 1)
    await kept.set_cursor(CURSOR, "1")
    await kept.close()
    again = journal(tmp_path)
    async with aiohttp.ClientSession() as session:
        client = CenterClient(session, "http://127.0.0.1:9", "h1", "t")  # nobody listens on the discard port
        uplink = Uplink(again, client, lambda: 0.0, told)
        assert uplink.stored_through == 1
        task = asyncio.create_task(uplink.run())
        async with asyncio.timeout(60):
            while uplink.state is not UplinkState.AWAY:
                await asyncio.sleep(0.01)
        assert uplink.stored_through == 1
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    await again.close()


async def test_a_batch_stays_within_its_bytes_but_takes_one_event_whatever_its_size(tmp_path: Path) -> None:
    made = journal(tmp_path)
    half = {"what": "x" * (BATCH_BYTES // 2)}
    await made.append([Event("hall.x", "hub", half, 1) for _ in range(3)], 1)
    await made.append([Event("hall.x", "hub", {"what": "x" * BATCH_BYTES}, 1)], 1)
    async with aiohttp.ClientSession() as session:
        uplink = Uplink(made, CenterClient(session, "http://127.0.0.1:9", "h1", "t"), lambda: 0.0, told)
        assert [row.sequence for row in await uplink._next_batch(0)] == [1]
        assert [row.sequence for row in await uplink._next_batch(3)] == [4]
        assert await uplink._next_batch(4) == []
    await made.close()


class _Old:
    """What a damaged journal left; its disk takes nothing at first."""

    id, durable = "j0", 3

    def __init__(self, fails: int) -> None:
        self.fails = fails
        self.noted = ""

    def set_cursor(self, _name: str, value: str) -> "asyncio.Future[None]":
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self.fails:
            self.fails -= 1
            done.set_exception(JournalFailed("the disk took nothing"))
        else:
            self.noted = value
            done.set_result(None)
        return done


class _Center:
    """It has everything."""

    async def cursor(self, journal: str) -> Cursor:
        return Cursor(journal, 3, "")


def test_an_old_journal_waits_for_a_disk_that_takes_nothing() -> None:
    old: Any = _Old(fails=2)
    said: list[str] = []
    client: Any = _Center()
    with asyncio.Runner(loop_factory=SimulatedLoop) as runner:
        runner.run(deliver([old], client, lambda: 0.0, lambda name, /, **_: said.append(name)))
    assert old.noted == "3"
    assert said == [
        "uplink.old_journal",
        "uplink.old_journal_not_noted",
        "uplink.old_journal_not_noted",
        "uplink.old_journal_delivered",
    ]
