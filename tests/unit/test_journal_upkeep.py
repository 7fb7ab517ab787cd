"""Letting old events go: which, in what portions, and what a start and a reader find afterwards."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from common import chain
from hub.journal import Journal, JournalCorrupt, JournalRetired, upkeep
from hub.journal.database import suspect_mark
from hub.journal.upkeep import Upkeep
from hub.queueing.commands import IssueTicket
from hub.queueing.events import Now
from hub.queueing.window_commands import CallNext, SignIn
from hub.service import HallService, RebuildError
from tests.support_hub_core import DAY_MS, MORNING_MS, Clock, open_journal, service

DAYS = 20
PER_DAY = 5


async def a_while(folder: Path, clock: Clock, delivered: int | None = None) -> HallService:
    """Twenty days of five tickets; a state kept every day."""
    hall, _ = service(open_journal(folder), clock)
    for _ in range(DAYS):
        for _ in range(PER_DAY):
            await hall.submit(IssueTicket("A", "kiosk"))
        hall.keep_snapshot()
        clock.pass_ms(DAY_MS)
    await hall.journal.set_cursor("center", str(hall.journal.durable if delivered is None else delivered))
    return hall


async def all_gone(journal: Journal, keep_days: int, clock: Clock) -> int:
    work = Upkeep(journal, keep_days, clock)
    while await work.retire_some():
        pass
    return work.retired


async def test_old_delivered_events_go_and_the_chain_goes_on_from_the_last_of_them(tmp_path: Path) -> None:
    clock = Clock()
    hall = await a_while(tmp_path, clock)
    whole = hall.journal.read(0, 1_000)
    assert await all_gone(hall.journal, 10, clock) == 50
    assert hall.journal.kept_after == 50
    assert hall.journal.read(50, 1_000) == whole[50:]
    assert hall.journal.chain_at(50) == whole[49].chain
    assert hall.journal.chain_at(49) is None
    for after in (0, 49):
        with pytest.raises(JournalRetired, match="the first that is kept is 51") as caught:
            hall.journal.read(after, 10)
        assert caught.value.first == 51
    await hall.submit(IssueTicket("A", "kiosk"))
    await hall.journal.close()
    again, _ = service(open_journal(tmp_path), clock)
    assert again.state == hall.state
    bytes_after = [row.data for row in again.journal.read(50, 1_000)]
    assert again.journal.chain_at(101) == chain.extend(whole[49].chain, bytes_after)
    await again.submit(SignIn("1", "li"))
    assert (await again.submit(CallNext("1")))["ticket"]["number"] == "A001"
    await again.journal.close()


@pytest.mark.parametrize(
    ("delivered", "keep_days", "gone"),
    [
        (0, 1, 0),
        (1, 1, 1),
        (37, 1, 37),
        (100, 19, 5),
        (100, 400, 0),
        # Never beyond the older of the two states that are kept.
        (100, 1, 95),
    ],
)
async def test_what_the_center_lacks_and_what_no_state_stands_behind_stays(
    tmp_path: Path, delivered: int, keep_days: int, gone: int
) -> None:
    clock = Clock()
    hall = await a_while(tmp_path, clock, delivered)
    assert await all_gone(hall.journal, keep_days, clock) == gone
    await hall.journal.close()
    again, _ = service(open_journal(tmp_path), clock)
    assert again.state == hall.state
    await again.journal.close()


async def test_the_last_event_never_goes(tmp_path: Path) -> None:
    clock = Clock()
    hall = await a_while(tmp_path, clock)
    await hall.journal.close()
    journal = open_journal(tmp_path)
    with sqlite3.connect(tmp_path / "journal.db") as database:
        database.execute("DELETE FROM snapshots WHERE sequence < 100")
    database.close()
    clock.pass_ms(DAYS * DAY_MS)
    assert await all_gone(journal, 1, clock) == 99
    assert [row.sequence for row in journal.read(99, 9)] == [100]
    await journal.close()


async def test_a_clock_that_may_be_wrong_lets_nothing_go(tmp_path: Path) -> None:
    clock = Clock()
    hall = await a_while(tmp_path, clock)
    clock.sure = False
    assert await all_gone(hall.journal, 1, clock) == 0
    await hall.journal.close()


async def test_each_transaction_is_small(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "RETIRE_ROWS", 7)
    clock = Clock()
    hall = await a_while(tmp_path, clock)
    work = Upkeep(hall.journal, 10, clock)
    assert [await work.retire_some() for _ in range(9)] == [7] * 7 + [1, 0]
    await hall.journal.close()


async def test_states_are_unpacked_once_and_again_only_when_there_are_new_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "RETIRE_ROWS", 7)
    clock = Clock()
    hall = await a_while(tmp_path, clock)
    unpacked = []
    kept = hall.journal.snapshots
    monkeypatch.setattr(hall.journal, "snapshots", lambda: unpacked.append(1) or kept())
    work = Upkeep(hall.journal, 10, clock)
    while await work.retire_some():
        pass
    assert (work.retired, len(unpacked)) == (50, 1)
    await hall.submit(IssueTicket("A", "kiosk"))
    await hall.journal.keep_snapshot("rules", {})
    clock.pass_ms(DAY_MS)
    assert await work.retire_some()
    assert len(unpacked) == 2
    await hall.journal.close()


async def test_the_room_is_used_again(tmp_path: Path) -> None:
    clock = Clock()
    hall = await a_while(tmp_path, clock)
    sizes = []
    for _ in range(8):
        assert await all_gone(hall.journal, 1, clock)
        for _ in range(PER_DAY * DAYS):
            await hall.submit(IssueTicket("A", "kiosk"))
            clock.pass_ms(DAY_MS // 50)
        hall.keep_snapshot()
        await hall.journal.set_cursor("center", str(hall.journal.durable))
        with sqlite3.connect(tmp_path / "journal.db") as database:
            sizes.append(database.execute("PRAGMA page_count").fetchone()[0])
        database.close()
    await hall.journal.close()
    # 100 tickets that still wait make each state larger; 700 events are 90 pages.
    assert sizes[-1] - sizes[2] < 30


async def test_without_any_state_to_go_on_from_the_hub_says_so(tmp_path: Path) -> None:
    clock = Clock()
    hall = await a_while(tmp_path, clock)
    assert await all_gone(hall.journal, 10, clock)
    await hall.journal.close()
    with sqlite3.connect(tmp_path / "journal.db") as database:
        database.execute("DELETE FROM snapshots")
    database.close()
    journal = open_journal(tmp_path)
    with pytest.raises(RebuildError, match="events through 50 were let go"):
        service(journal, clock)
    await journal.close()


async def test_a_state_that_other_rules_made_is_used_where_its_events_are_gone(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    clock = Clock()
    hall = await a_while(tmp_path, clock)
    assert await all_gone(hall.journal, 10, clock)
    hall._rules = "another version"
    await hall.submit(IssueTicket("A", "kiosk"))
    await hall.journal.close()
    again, _ = service(open_journal(tmp_path), clock)
    assert again.state == hall.state
    await again.journal.close()


async def test_the_background_check_moves_its_mark_and_names_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "CHECK_ROWS", 10)
    monkeypatch.setattr(upkeep, "CHECK_PAUSE_S", 0)
    monkeypatch.setattr(upkeep, "MARK_EVERY", 30)
    clock = Clock()
    hall = await a_while(tmp_path, clock)
    await Upkeep(hall.journal, 400, clock).check()
    assert hall.journal.verified == 100
    with sqlite3.connect(tmp_path / "journal.db") as database:
        database.execute("UPDATE meta SET value = 30 WHERE name = 'verified'")
        database.execute("UPDATE events SET data = zeroblob(9) WHERE sequence = 77")
    database.close()
    with pytest.raises(JournalCorrupt, match="event 77"):
        await Upkeep(hall.journal, 400, clock).check()
    assert hall.journal.verified == 60
    assert suspect_mark(tmp_path / "journal.db").exists()
    await hall.journal.close()


async def test_damage_does_not_end_the_task_and_is_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(upkeep, "PASS_S", 0)
    clock = Clock()
    hall = await a_while(tmp_path, clock)
    with sqlite3.connect(tmp_path / "journal.db") as database:
        database.execute("UPDATE events SET data = zeroblob(9) WHERE sequence = 77")
    database.close()
    work = Upkeep(hall.journal, 400, lambda: Now(MORNING_MS))
    task = asyncio.create_task(work.run())
    while not work.damaged:
        await asyncio.sleep(0)
    for _ in range(200):
        await asyncio.sleep(0)
    assert not task.done()
    task.cancel()
    assert [record.levelname for record in caplog.records].count("ERROR") == 1
    await hall.journal.close()
