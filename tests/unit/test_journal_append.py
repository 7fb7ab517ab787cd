"""The journal: dense, chained, durable; bounded; and what it does when it can't go on."""

import asyncio
import errno
import json
import sqlite3
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from pathlib import Path
from threading import Event as ThreadEvent
from typing import Any

import pytest

from common import chain, envelope
from hub.journal import (
    InlineExecutor,
    Journal,
    JournalBusy,
    JournalError,
    JournalFailed,
    JournalFull,
    JournalLimits,
    JournalLocked,
    JournalMismatch,
)
from hub.journal.database import translate
from hub.queueing.events import Event
from tests.support_hub_core import MORNING_MS, open_journal


def happened(number: int, **data: Any) -> Event:
    return Event("hall.window.paused", "window/1", {"window": "1", "number": number, **data}, MORNING_MS + number)


class HeldExecutor(Executor):
    """A writer that waits to be let go: what arrives meanwhile must go together."""

    def __init__(self) -> None:
        self.gate = ThreadEvent()
        self.jobs = 0
        self._pool = ThreadPoolExecutor(1)

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.jobs += 1

        def held() -> Any:
            self.gate.wait()
            return fn(*args, **kwargs)

        return self._pool.submit(held)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._pool.shutdown(wait)


class ForgetfulExecutor(InlineExecutor):
    """Does the job, then loses the answer of the one it is told to."""

    def __init__(self, lost: int) -> None:
        self.jobs = 0
        self.lost = lost

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        self.jobs += 1
        done = super().submit(fn, *args, **kwargs)
        if self.jobs == self.lost:
            done = Future()
            done.set_exception(OSError("the answer was lost"))
        return done


async def test_events_are_dense_chained_and_as_the_contract_says(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    rows = await journal.append([happened(1), happened(2)], MORNING_MS + 5, "request-1")
    assert [row.sequence for row in rows] == [1, 2]
    stored = journal.read(0, 10)
    assert [row.data for row in stored] == [row.data for row in rows]
    assert stored[-1].chain == chain.extend(chain.start("journal-1"), [row.data for row in stored])
    assert journal.chain_at(0) == chain.start("journal-1")
    assert journal.chain_at(2) == stored[1].chain
    assert journal.chain_at(3) is None
    assert json.loads(stored[1].data) == {
        "specversion": "1.0",
        "id": "journal-1/2",
        "source": "/halls/county",
        "type": "hall.window.paused",
        "time": "2026-11-23T09:00:00.002+08:00",
        "recordedtime": "2026-11-23T09:00:00.005+08:00",
        "subject": "window/1",
        "sequence": "2",
        "journal": "journal-1",
        "clock": "sure",
        "request": "request-1",
        "data": {"window": "1", "number": 2},
    }
    await journal.close()


async def test_an_unsure_event_carries_its_bounds_and_comes_back_as_it_was(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    unsure = Event("hall.window.paused", "window/1", {"window": "1"}, MORNING_MS, MORNING_MS - 1_000, None, False)
    await journal.append([unsure], MORNING_MS)
    kept = envelope.decode(journal.read(0, 1)[0].data)
    assert kept.clock == "unsure"
    assert kept.data == {"window": "1", "earliest": "2026-11-23T08:59:59.000+08:00", "latest": None}
    (replayed,) = journal.replay()
    assert replayed.event == unsure
    await journal.close()


async def test_what_arrives_during_a_commit_goes_together(tmp_path: Path) -> None:
    held = HeldExecutor()
    journal = open_journal(tmp_path, executor=held)
    first = journal.append([happened(1)], MORNING_MS)
    await asyncio.sleep(0)
    assert held.jobs == 1
    others = [journal.append([happened(n)], MORNING_MS) for n in range(2, 50)]
    published: list[list[int]] = []
    journal.on_committed = lambda rows: published.append([row.sequence for row in rows])
    assert journal.read(0, 10) == []
    held.gate.set()
    await asyncio.gather(first, *others)
    assert held.jobs == 2
    assert published == [[1], list(range(2, 50))]
    await journal.close()


async def test_a_commit_is_bounded(tmp_path: Path) -> None:
    journal = open_journal(tmp_path, limits=JournalLimits(commit_rows=10))
    published: list[int] = []
    journal.on_committed = lambda rows: published.append(len(rows))
    await asyncio.gather(*(journal.append([happened(n)], MORNING_MS) for n in range(25)))
    assert published == [10, 10, 5]
    await journal.close()


async def test_a_full_queue_says_busy_and_takes_again(tmp_path: Path) -> None:
    journal = open_journal(tmp_path, limits=JournalLimits(queued_rows=3))
    waiting = [journal.append([happened(n)], MORNING_MS) for n in range(3)]
    with pytest.raises(JournalBusy, match="3 events wait"):
        journal.admit()
    await asyncio.gather(*waiting)
    journal.admit()
    await journal.close()


async def test_replies_and_cursors_survive(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    await journal.append([happened(1)], MORNING_MS, "r1", b'{"n":1}')
    await journal.set_cursor("uplink", "17")
    assert journal.reply("r2") is None
    await journal.close()
    again = open_journal(tmp_path)
    assert again.reply("r1") == b'{"n":1}'
    assert again.cursor("uplink") == "17"
    assert again.cursor("other") is None
    assert again.last_recorded_ms == MORNING_MS
    assert [row.sequence for row in await again.append([happened(2)], MORNING_MS)] == [2]
    assert [row.event.data["number"] for row in again.replay()] == [1, 2]
    await again.close()


async def test_the_oldest_replies_go(tmp_path: Path) -> None:
    journal = open_journal(tmp_path, limits=JournalLimits(replies_kept=500))
    await asyncio.gather(*(journal.append([happened(n)], MORNING_MS, f"r{n}", b"{}") for n in range(1, 2_001)))
    assert journal.reply("r1500") is None
    assert journal.reply("r1501") == b"{}"
    await journal.close()


async def test_settled_waits_for_what_was_queued_before(tmp_path: Path) -> None:
    held = HeldExecutor()
    journal = open_journal(tmp_path, executor=held)
    assert journal.settled().done()
    journal.append([happened(1)], MORNING_MS)
    barrier = journal.settled()
    await asyncio.sleep(0)
    assert not barrier.done()
    held.gate.set()
    await barrier
    assert journal.durable == 1
    await journal.close()


async def test_an_inline_writer_gives_the_same_journal(tmp_path: Path) -> None:
    journal = open_journal(tmp_path, executor=InlineExecutor())
    for number in range(3):
        await journal.append([happened(number)], MORNING_MS)
    assert journal.durable == 3
    await journal.close()


async def test_closing_commits_what_is_queued(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    waiting = journal.append([happened(1)], MORNING_MS)
    await journal.close()
    assert waiting.done()
    with pytest.raises(JournalFailed, match="closed"):
        journal.admit()
    again = open_journal(tmp_path)
    assert again.durable == 1
    await again.close()


async def test_closing_waits_for_who_reads_and_a_later_look_is_an_error(tmp_path: Path) -> None:
    """A connection that is closed under a thread that uses it takes the whole process with it."""
    journal = open_journal(tmp_path)
    await journal.append([happened(1)], MORNING_MS)
    reader = journal._reader
    with ThreadPoolExecutor(1) as other:
        with reader._reading() as database:
            closing = other.submit(reader.close)
            with pytest.raises(TimeoutError):
                closing.result(timeout=0.2)
            assert database.execute("SELECT count(*) FROM events").fetchone() == (1,)
        closing.result(timeout=30)
    with pytest.raises(JournalFailed, match="closed"):
        journal.read(0, 10)
    await journal.close()


async def test_a_second_process_is_kept_out(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    with pytest.raises(JournalLocked, match=r"journal\.db.*End the other hub"):
        open_journal(tmp_path)
    await journal.close()
    await open_journal(tmp_path).close()


async def test_another_halls_journal_is_refused(tmp_path: Path) -> None:
    await open_journal(tmp_path).close()
    with pytest.raises(JournalMismatch, match="hall 'county', the configuration says 'city'"):
        Journal.open(tmp_path / "journal.db", "city", 480, lambda: "x")
    with sqlite3.connect(tmp_path / "journal.db") as database:
        database.execute("UPDATE meta SET value = 99 WHERE name = 'schema'")
    database.close()
    with pytest.raises(JournalMismatch, match="schema 99"):
        open_journal(tmp_path)


async def test_a_nearly_full_disk_refuses_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    left = [10**9]
    journal = open_journal(tmp_path, free_bytes=lambda _: left[0])
    await journal.append([happened(1)], MORNING_MS)
    left[0] = 1_000
    await journal.append([happened(2)], MORNING_MS)
    with pytest.raises(JournalFull, match=r"journal\.db: the disk has 1000 bytes left.*Make room"):
        journal.admit()
    left[0] = 10**9
    await until_admitted(journal)
    await journal.append([happened(3)], MORNING_MS)
    assert journal.durable == 3
    await journal.close()


async def test_a_database_at_its_limit_refuses(tmp_path: Path) -> None:
    journal = open_journal(tmp_path, limits=JournalLimits(max_bytes=60_000))
    taken = 0

    async def fill() -> None:
        nonlocal taken
        while True:
            journal.admit()
            await journal.append([happened(taken, words="x" * 2_000)], MORNING_MS)
            taken += 1

    with pytest.raises(JournalFull, match="its limit is 60000"):
        await fill()
    await journal.close()
    larger = open_journal(tmp_path)
    larger.admit()
    assert larger.durable == taken > 5
    await larger.close()


async def test_a_failed_commit_fails_all_that_is_queued_and_nothing_else(tmp_path: Path) -> None:
    journal = open_journal(tmp_path)
    await journal.append([happened(1)], MORNING_MS)
    # Somebody else writes the next sequence: the commit can't be made.
    other = sqlite3.connect(tmp_path / "journal.db")
    failed: list[str] = []
    journal.on_failed = lambda error: failed.append(str(error))
    with other:
        link = chain.extend(chain.start(journal.id), [journal.read(0, 1)[0].data] * 2)
        other.execute("INSERT INTO events SELECT 2, data, ? FROM events WHERE sequence = 1", (link,))
    waiting = [journal.append([happened(n)], MORNING_MS) for n in (2, 3)]
    await asyncio.sleep(0)
    waiting.append(journal.append([happened(4)], MORNING_MS))
    waiting.append(journal.set_cursor("uplink", "1"))
    results = await asyncio.gather(*waiting, return_exceptions=True)
    assert all(isinstance(result, JournalFailed) for result in results)
    assert len(failed) == 1
    assert journal.durable == 2
    with other:
        other.execute("DELETE FROM events WHERE sequence = 2")
    other.close()
    await until_admitted(journal)
    assert [row.sequence for row in await journal.append([happened(2)], MORNING_MS)] == [2]
    assert [row.event.data["number"] for row in journal.replay()] == [1, 2]
    await journal.close()


async def test_a_commit_that_reached_the_disk_though_it_seemed_to_fail_is_told_as_durable(tmp_path: Path) -> None:
    journal = open_journal(tmp_path, executor=ForgetfulExecutor(lost=2), limits=JournalLimits(commit_rows=1))
    seen: list[object] = []
    journal.on_committed = lambda rows: seen.extend(row.sequence for row in rows)
    journal.on_failed = lambda error: seen.append("failed")
    waiting = [journal.append([happened(n)], MORNING_MS) for n in (1, 2, 3)]
    first, second, third = await asyncio.gather(*waiting, return_exceptions=True)
    assert [row.sequence for row in first] == [1]
    assert [row.sequence for row in second] == [2]
    assert isinstance(third, JournalFailed)
    assert seen == [1, "failed", 2]
    await until_admitted(journal)
    assert [row.sequence for row in await journal.append([happened(3)], MORNING_MS)] == [3]
    await journal.close()


async def test_who_left_before_the_disk_was_looked_at_keeps_nobody_else_waiting(tmp_path: Path) -> None:
    journal = open_journal(tmp_path, executor=ForgetfulExecutor(lost=1), limits=JournalLimits(commit_rows=1))
    left, stays = (journal.append([happened(n)], MORNING_MS) for n in (1, 2))
    left.cancel()
    done, waiting = await asyncio.wait([stays], timeout=30)
    assert not waiting, "nobody answers the second"
    assert isinstance(done.pop().exception(), JournalFailed)
    await until_admitted(journal)
    assert [row.event.data["number"] for row in journal.replay()] == [1], "it was on its way to the disk, and is there"
    await journal.close()


async def until_admitted(journal: Journal) -> None:
    """Comes again until the journal takes events, as its callers do."""
    while True:
        try:
            journal.admit()
        except JournalError:
            await asyncio.sleep(0.001)
        else:
            return


def test_a_read_only_file_system_is_named_when_the_journal_is_opened(tmp_path: Path) -> None:
    error = translate(tmp_path, "open", OSError(errno.EROFS, "Read-only file system"))
    assert isinstance(error, JournalFailed)
    assert "the file system takes no writes" in str(error)
    assert "mount it writable or replace it" in str(error)
