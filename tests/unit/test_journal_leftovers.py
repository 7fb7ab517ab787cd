"""What damage leaves behind goes by a rule: never before it is delivered and declared, never before its time."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from hub.journal import Journal, JournalFailed, leftovers, upkeep
from hub.journal.database import suspect_mark
from hub.journal.leftovers import Leftovers
from hub.journal.upkeep import Upkeep
from tests.support_hub_core import DAY_MS, MORNING_MS, Clock
from tests.unit.test_journal_damage import filled, happened, open_journal, spoil

KEEP_DAYS = 400
ASIDE = "journal.db.damaged-1"


async def renewed(folder: Path) -> Journal:
    """A journal that began after a damaged one, whose tail the center lacks; its log's files lie beside."""
    await filled(folder, delivered=120)
    spoil(folder / "journal.db", 200)
    journal = open_journal(folder)
    assert journal.id == "journal-2"
    for ending in ("-wal", "-shm"):
        (folder / (ASIDE + ending)).write_bytes(b"of the damaged one")
    return journal


async def deliver(journal: Journal) -> None:
    """The center takes all there is, the old journal's first."""
    for old in journal.old():
        await old.set_cursor("center", str(old.durable))
    await journal.set_cursor("center", str(journal.durable))


async def a_day(journal: Journal, at_ms: int) -> None:
    """Some events of a later day, and two states behind them."""
    for _ in range(2):
        await journal.append([happened(n) for n in range(20)], at_ms)
        await journal.keep_snapshot("rules", {"at": at_ms})


async def passed(journal: Journal, clock: Clock) -> None:
    """One whole pass, without its waiting."""
    work = Upkeep(journal, KEEP_DAYS, clock)
    while await work.retire_some():
        pass
    await work.tidy()


def old_rows(folder: Path) -> int:
    database = sqlite3.connect(folder / "journal.db")
    (count,) = database.execute("SELECT count(*) FROM old").fetchone()
    database.close()
    return int(count)


def beside(folder: Path) -> set[str]:
    return {path.name.removeprefix(ASIDE) for path in folder.glob(ASIDE + "*")}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(autouse=True)
def no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upkeep, "RETIRE_PAUSE_S", 0)


async def test_rows_and_file_go_once_they_are_delivered_declared_and_old(
    tmp_path: Path, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    journal = await renewed(tmp_path)
    whole = old_rows(tmp_path)
    assert whole > 300
    await passed(journal, clock)  # the file is first seen
    await deliver(journal)
    for _ in range(2):
        await passed(journal, clock)
    assert (old_rows(tmp_path), beside(tmp_path)) == (whole, {"", "-wal", "-shm"})
    clock.pass_ms((KEEP_DAYS - 1) * DAY_MS)
    await a_day(journal, clock.ms)
    await deliver(journal)
    await passed(journal, clock)
    assert (old_rows(tmp_path), beside(tmp_path)) == (whole, {"", "-wal", "-shm"})
    clock.pass_ms(2 * DAY_MS)
    await passed(journal, clock)
    assert journal.kept_after
    assert (old_rows(tmp_path), beside(tmp_path)) == (0, set())
    assert journal.olds() == []
    assert [record.event for record in caplog.records if ASIDE in record.message and hasattr(record, "event")] == [
        "journal.aside_deleted"
    ]
    head = journal.durable
    await journal.close()
    again = open_journal(tmp_path)
    assert (again.id, again.durable, again.asides()) == ("journal-2", head, {})
    assert next(again.snapshots()).state == {"at": clock.ms - 2 * DAY_MS}
    await again.close()


async def test_what_the_center_lacks_of_the_old_journal_keeps_rows_and_file(tmp_path: Path, clock: Clock) -> None:
    journal = await renewed(tmp_path)
    whole = old_rows(tmp_path)
    await passed(journal, clock)
    clock.pass_ms((KEEP_DAYS + 1) * DAY_MS)
    await a_day(journal, clock.ms)
    await journal.set_cursor("center", str(journal.durable))
    (old,) = journal.old()
    await old.set_cursor("center", str(old.durable - 1))
    for _ in range(2):
        await passed(journal, clock)
    assert journal.kept_after
    assert (old_rows(tmp_path), beside(tmp_path)) == (whole, {"", "-wal", "-shm"})
    await old.set_cursor("center", str(old.durable))
    await passed(journal, clock)
    assert (old_rows(tmp_path), beside(tmp_path)) == (0, set())
    await journal.close()


async def test_a_gap_that_was_not_declared_keeps_the_file(tmp_path: Path, clock: Clock) -> None:
    journal = await renewed(tmp_path)
    await passed(journal, clock)
    clock.pass_ms((KEEP_DAYS + 1) * DAY_MS)
    await a_day(journal, clock.ms)
    (old,) = journal.old()
    await old.set_cursor("center", str(old.durable))
    whole = old_rows(tmp_path)
    for _ in range(2):
        await passed(journal, clock)
    assert journal.kept_after == 0
    assert (old_rows(tmp_path), beside(tmp_path)) == (whole, {"", "-wal", "-shm"})
    await journal.close()


async def test_a_journal_that_goes_on_behind_damage_of_its_own_keeps_young_rows(tmp_path: Path, clock: Clock) -> None:
    journal = await renewed(tmp_path)
    for _ in range(20):
        await a_day(journal, clock.ms)
    await deliver(journal)
    await journal.close()
    spoil(tmp_path / "journal.db", 250)
    suspect_mark(tmp_path / "journal.db").touch()
    journal = open_journal(tmp_path)
    assert journal.id == "journal-2"
    assert (
        journal.kept_after >= 250
    )  # with nothing retired: the way from the old journal is closed, its time is not over
    whole = old_rows(tmp_path)
    await passed(journal, clock)
    assert old_rows(tmp_path) == whole
    clock.pass_ms((KEEP_DAYS + 1) * DAY_MS)
    await passed(journal, clock)
    assert old_rows(tmp_path) == 0
    await journal.close()


async def test_a_clock_that_may_be_wrong_lets_nothing_go(tmp_path: Path, clock: Clock) -> None:
    journal = await renewed(tmp_path)
    await passed(journal, clock)
    clock.pass_ms((KEEP_DAYS + 1) * DAY_MS)
    await a_day(journal, clock.ms)
    await deliver(journal)
    clock.sure = False
    whole = old_rows(tmp_path)
    await passed(journal, clock)
    assert (old_rows(tmp_path), beside(tmp_path)) == (whole, {"", "-wal", "-shm"})
    await journal.close()


async def test_what_was_recorded_before_a_file_was_seen_has_all_to_go_first(tmp_path: Path, clock: Clock) -> None:
    journal = await renewed(tmp_path)
    await a_day(journal, clock.ms + DAY_MS)
    await passed(journal, clock)  # seen a day later, with the events of that day before it
    assert journal.asides() == {ASIDE: journal.durable}
    await journal.close()
    journal = open_journal(tmp_path)
    assert journal.asides() == {ASIDE: journal.durable}
    clock.pass_ms(DAY_MS // 2 + KEEP_DAYS * DAY_MS)  # the gap is too old now, that day is not
    await a_day(journal, clock.ms)
    await deliver(journal)
    await passed(journal, clock)
    assert journal.kept_after
    assert beside(tmp_path) == {"", "-wal", "-shm"}
    clock.pass_ms(DAY_MS)
    await passed(journal, clock)
    assert beside(tmp_path) == set()
    await journal.close()


async def test_each_transaction_is_small_and_a_kill_between_two_costs_nothing(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(leftovers, "FORGET_ROWS", 100)
    journal = await renewed(tmp_path)
    whole = old_rows(tmp_path)
    await passed(journal, clock)
    clock.pass_ms((KEEP_DAYS + 1) * DAY_MS)
    await a_day(journal, clock.ms)
    await deliver(journal)
    work = Upkeep(journal, KEEP_DAYS, clock)
    while await work.retire_some():
        pass
    assert await Leftovers(journal).forget_some(MORNING_MS + DAY_MS) == 100
    assert old_rows(tmp_path) == whole - 100
    state = next(journal.snapshots()).state
    await journal.close()
    again = open_journal(tmp_path)
    assert next(again.snapshots()).state == state
    sizes = []
    while gone := await Leftovers(again).forget_some(MORNING_MS + DAY_MS):
        sizes.append(gone)
    assert sum(sizes) == whole - 100
    assert max(sizes) == 100
    await again.close()


async def test_a_file_that_somebody_deleted_is_forgotten(tmp_path: Path, clock: Clock) -> None:
    journal = await renewed(tmp_path)
    await passed(journal, clock)
    (tmp_path / ASIDE).unlink()
    await passed(journal, clock)
    assert journal.asides() == {}
    await journal.close()


async def test_a_file_that_cannot_be_deleted_is_said_and_tried_again(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = await renewed(tmp_path)
    await passed(journal, clock)
    clock.pass_ms((KEEP_DAYS + 1) * DAY_MS)
    await a_day(journal, clock.ms)
    await deliver(journal)
    (tmp_path / (ASIDE + "-shm")).unlink()
    (tmp_path / (ASIDE + "-shm")).mkdir()  # what no unlink takes, not even root's
    with pytest.raises(JournalFailed, match="could not delete a damaged file"):
        await passed(journal, clock)
    assert "" in beside(tmp_path)
    (tmp_path / (ASIDE + "-shm")).rmdir()
    await passed(journal, clock)
    assert beside(tmp_path) == set()
    await journal.close()


async def test_the_task_says_what_it_waits_for_and_goes_on_by_itself(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(upkeep, "PASS_S", 0)
    monkeypatch.setattr(upkeep, "CHECK_PAUSE_S", 0)
    journal = await renewed(tmp_path)
    await passed(journal, clock)
    clock.pass_ms((KEEP_DAYS + 1) * DAY_MS)
    await a_day(journal, clock.ms)
    await deliver(journal)
    (tmp_path / (ASIDE + "-shm")).unlink()
    (tmp_path / (ASIDE + "-shm")).mkdir()
    task = asyncio.create_task(Upkeep(journal, KEEP_DAYS, clock).run())
    said = "upkeep of the journal waits: "
    async with asyncio.timeout(60):
        while not any(record.message.startswith(said) for record in caplog.records):
            await asyncio.sleep(0.001)
        assert "could not delete a damaged file" in caplog.text.partition(said)[2]
        (tmp_path / (ASIDE + "-shm")).rmdir()
        while beside(tmp_path):
            await asyncio.sleep(0.001)
    assert not task.done()
    task.cancel()
    await asyncio.wait([task])
    await journal.close()
