"""A copy of a journal in use: one moment of it, proved event by event; and the journal that goes on after a restore."""

import json
import sqlite3
import stat
from pathlib import Path

import pytest

from common import chain
from hub.journal import JournalCorrupt, JournalFailed, JournalMismatch, backup
from hub.journal.backup import Tail
from hub.journal.renewal import Hall, begin_anew, put_in_place
from hub.queueing.events import Event
from tests.damage_support import changed, zero
from tests.support_hub_core import LAYOUT, MORNING_MS
from tests.unit.test_journal_damage import filled, happened, open_journal

EVENTS = 100


def quiet(done: int, of: int) -> None:
    """Nobody looks how far it is."""


def end_of(rows: list[bytes]) -> bytes:
    return chain.extend(chain.start("journal-1"), rows)


async def test_a_copy_is_the_moment_when_it_began_and_says_how_far_it_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = await filled(tmp_path, EVENTS)
    path, target = tmp_path / "journal.db", tmp_path / "copy"
    journal = open_journal(tmp_path)
    monkeypatch.setattr(backup, "STEP_PAGES", 1)
    said: list[tuple[int, int]] = []

    def meanwhile(done: int, of: int) -> None:
        if not said:
            changed(path, "INSERT INTO cursors VALUES ('later', '1')")
        said.append((done, of))

    backup.copy(path, target, meanwhile)
    assert journal.cursor("later") == "1"
    await journal.close()
    (pages,) = {of for _, of in said}
    assert [done for done, _ in said] == list(range(1, pages + 1))
    assert backup.check(target, quiet) == Tail("county", "journal-1", EVENTS, end_of(rows), MORNING_MS + 51)
    database = sqlite3.connect(target)
    assert database.execute("SELECT name, value FROM cursors").fetchall() == [("center", "0")]
    database.close()


async def test_a_copy_is_one_file_that_only_its_owner_reads(tmp_path: Path) -> None:
    await filled(tmp_path, EVENTS)
    target = tmp_path / "copy"
    backup.copy(tmp_path / "journal.db", target, quiet)
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    assert [each.name for each in tmp_path.glob("copy*")] == ["copy"]
    # 1, not 2 (SQLite's file format): the files that a log in use needs beside it can't be made on a read-only medium.
    assert target.read_bytes()[18:20] == b"\1\1"
    before = target.read_bytes()
    backup.check(target, quiet)
    assert (target.read_bytes(), [each.name for each in tmp_path.glob("copy*")]) == (before, ["copy"])


async def test_a_file_that_is_there_is_not_written_over(tmp_path: Path) -> None:
    await filled(tmp_path, 50)
    target = tmp_path / "copy"
    target.write_bytes(b"the last one")
    with pytest.raises(JournalFailed, match=r"journal\.db: could not copy it to .*copy: .*exists"):
        backup.copy(tmp_path / "journal.db", target, quiet)
    assert target.read_bytes() == b"the last one"


async def test_a_check_says_how_far_it_is_and_begins_where_the_journal_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = await filled(tmp_path, EVENTS)
    monkeypatch.setattr(backup, "CHECK_ROWS", 20)
    said: list[tuple[int, int]] = []
    whole = backup.check(tmp_path / "journal.db", lambda *far: said.append(far))
    assert said == [(20, 100), (40, 100), (60, 100), (80, 100), (100, 100)]
    journal = open_journal(tmp_path)
    await journal.retire(30)
    await journal.close()
    said.clear()
    assert backup.check(tmp_path / "journal.db", lambda *far: said.append(far)) == whole
    assert said == [(10, 70), (30, 70), (50, 70), (70, 70)]
    assert whole.chain == end_of(rows)


async def test_a_journal_in_which_nothing_has_happened_is_whole(tmp_path: Path) -> None:
    await filled(tmp_path, 0)
    assert backup.check(tmp_path / "journal.db", quiet) == Tail("county", "journal-1", 0, end_of([]), 0)


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        ("UPDATE events SET data = zeroblob(9) WHERE sequence = 77", "event 77 is not what was written"),
        ("UPDATE events SET chain = zeroblob(32) WHERE sequence = 100", "event 100 is not what was written"),
        ("DELETE FROM events WHERE sequence = 77", "event 77 is missing"),
        ("DELETE FROM events WHERE sequence = 1", "event 1 is missing"),
    ],
)
async def test_a_copy_that_is_not_what_was_written_is_refused(tmp_path: Path, damage: str, said: str) -> None:
    await filled(tmp_path, EVENTS)
    changed(tmp_path / "journal.db", damage)
    with pytest.raises(JournalCorrupt, match=said):
        backup.check(tmp_path / "journal.db", quiet)


async def test_a_page_beside_the_events_that_went_bad_is_found(tmp_path: Path) -> None:
    await filled(tmp_path, 50)
    path = tmp_path / "journal.db"
    database = sqlite3.connect(path)
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    (root,) = database.execute("SELECT rootpage FROM sqlite_master WHERE name = 'replies'").fetchone()
    database.close()
    zero(path, root - 1)
    with pytest.raises(JournalCorrupt, match=r"journal\.db: the journal is damaged"):
        backup.check(path, quiet)


async def test_a_copy_of_another_version_is_refused_and_what_is_no_journal_too(tmp_path: Path) -> None:
    await filled(tmp_path, 50)
    changed(tmp_path / "journal.db", "UPDATE meta SET value = 99 WHERE name = 'schema'")
    with pytest.raises(
        JournalMismatch, match=r"schema 99, this program knows 2\. Use the version that made the backup"
    ):
        backup.check(tmp_path / "journal.db", quiet)
    (tmp_path / "words").write_bytes(b"not at all a database, but long enough to be looked at" * 20)
    with pytest.raises(JournalCorrupt, match="words: the journal is damaged"):
        backup.check(tmp_path / "words", quiet)
    with pytest.raises(JournalFailed, match="none: could not read"):
        backup.check(tmp_path / "none", quiet)
    assert not (tmp_path / "none").exists()


HALL = Hall(LAYOUT.hall, LAYOUT.offset_minutes, lambda: "journal-2")
RESTORED = Event("hall.journal.restored", "journal/journal-2", {"journal": "journal-1"}, MORNING_MS + 7_000)


async def test_after_a_restore_another_journal_goes_on_and_the_old_ones_end_is_delivered(tmp_path: Path) -> None:
    rows = await filled(tmp_path, EVENTS, kept=EVENTS, delivered=40)
    source, path = tmp_path / "journal.db", tmp_path / "hub" / "journal.db"
    path.parent.mkdir()
    path.write_bytes(b"what was there before")
    before = source.read_bytes()
    building = begin_anew(source, path, HALL, RESTORED)
    assert (path.read_bytes(), source.read_bytes()) == (b"what was there before", before)
    aside = put_in_place(path, building, "replaced")
    assert aside == path.with_name("journal.db.replaced-1")
    assert aside.read_bytes() == b"what was there before"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert not building.exists()
    journal = open_journal(path.parent)
    assert (journal.id, journal.durable, journal.last_recorded_ms) == ("journal-2", 1, RESTORED.time_ms)
    assert [row.event for row in journal.replay()] == [RESTORED]
    assert [json.loads(row.data)["source"] for row in journal.read(0, 9)] == ["/halls/county"]
    assert [kept.state for kept in journal.snapshots()] == [{"through": EVENTS}]
    (old,) = journal.old()
    assert (old.id, old.durable, old.cursor("center")) == ("journal-1", EVENTS, "40")
    assert [row.data for row in old.read(40, 1_000)] == rows[40:]
    assert old.chain_at(40) == end_of(rows[:40])
    # Its own events alone don't make the state; nor does a start ask the old journal's for it.
    assert (journal.whole, list(journal.inherited())) == (False, [])
    await journal.append([happened(1)], MORNING_MS)
    await journal.close()


async def test_how_far_the_center_has_an_old_journal_is_known_after_a_restart(tmp_path: Path) -> None:
    await filled(tmp_path, EVENTS, kept=EVENTS, delivered=40)
    path = tmp_path / "hub" / "journal.db"
    path.parent.mkdir()
    put_in_place(path, begin_anew(tmp_path / "journal.db", path, HALL, RESTORED))
    journal = open_journal(path.parent)
    (old,) = journal.old()
    await old.set_cursor("center", "70")
    assert not old.done.is_set()
    await journal.close()
    journal = open_journal(path.parent)
    (old,) = journal.old()
    assert (old.cursor("center"), journal.olds()) == ("70", [("journal-1", 70, EVENTS)])
    assert old.chain_at(70) is not None
    await journal.close()


async def test_without_a_state_after_the_last_event_nothing_is_built(tmp_path: Path) -> None:
    await filled(tmp_path, EVENTS, kept=50)
    path = tmp_path / "hub.db"
    with pytest.raises(JournalFailed, match="the state after the backup's last event could not be kept"):
        begin_anew(tmp_path / "journal.db", path, HALL, RESTORED)
    assert not path.exists()
