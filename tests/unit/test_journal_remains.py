"""What a damaged journal still holds beside its events: replies, states, its name."""

from pathlib import Path

import pytest

from hub.journal.database import suspect_mark
from tests.damage_support import changed, zero
from tests.support_hub_core import MORNING_MS
from tests.unit.test_journal_damage import filled, happened, open_journal, texts


async def test_a_state_tells_that_there_was_more_than_the_events_that_are_left(tmp_path: Path) -> None:
    await filled(tmp_path, 100, kept=100, delivered=40)
    changed(tmp_path / "journal.db", "DELETE FROM events WHERE sequence > 60")
    journal = open_journal(tmp_path)
    assert journal.id == "journal-2"
    gaps = [(each["data"]["from"], each["data"]["to"]) for each in texts(journal)]
    assert gaps == [(61, 100), (101, None)]
    assert [kept.state for kept in journal.snapshots()] == [{"through": 100}]
    (old,) = journal.old()
    assert [row.sequence for row in old.read(40, 1_000)] == list(range(41, 61))
    await journal.close()


async def test_a_reply_that_is_no_reply_any_more_costs_only_itself(tmp_path: Path) -> None:
    await filled(tmp_path, 50)
    journal = open_journal(tmp_path)
    for number in (1, 2, 3):
        await journal.append([happened(number)], MORNING_MS, f"r{number}", b'{"n":%d}' % number)
    await journal.close()
    path = tmp_path / "journal.db"
    # As a damaged page does it: text where the table takes bytes alone.
    changed(path, "PRAGMA writable_schema = ON", "UPDATE sqlite_master SET sql = replace(sql, ' STRICT', '')")
    changed(path, "UPDATE replies SET reply = 'words' WHERE request = 'r2'")
    changed(
        path, "PRAGMA writable_schema = ON", "UPDATE sqlite_master SET sql = sql || ' STRICT' WHERE name = 'replies'"
    )
    suspect_mark(path).touch()
    changed(path, "DELETE FROM events WHERE sequence = 7")
    journal = open_journal(tmp_path)
    assert journal.id == "journal-2"
    assert [journal.reply(f"r{number}") for number in (1, 2, 3)] == [b'{"n":1}', None, b'{"n":3}']
    await journal.close()


async def test_where_nothing_can_be_read_the_gap_says_of_an_unknown_journal(tmp_path: Path) -> None:
    await filled(tmp_path, 50)
    zero(tmp_path / "journal.db", 0)
    journal = open_journal(tmp_path)
    (gap,) = texts(journal)
    assert (gap["type"], gap["data"]["journal"], gap["data"]["to"]) == ("hall.journal.gap", "unknown", None)
    await journal.close()


async def test_a_state_that_went_bad_is_named_and_the_one_before_it_is_used(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    await filled(tmp_path, 100)
    journal = open_journal(tmp_path)
    for number in (101, 102, 103):
        await journal.append([happened(number)], MORNING_MS + 60)
        await journal.keep_snapshot("rules", {"through": number})
    assert journal.snapshot_sequences() == [103, 102]
    changed(tmp_path / "journal.db", "UPDATE snapshots SET state = zeroblob(9) WHERE sequence = 103")
    assert [kept.state for kept in journal.snapshots()] == [{"through": 102}]
    (said,) = (record.message for record in caplog.records)
    assert said == f"{journal.path}: snapshot of event 103 is not used: its bytes are not what was written"
    await journal.close()
