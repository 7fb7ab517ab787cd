"""Facts that one line brought together: one commit, all or none."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from hub.journal import Committed, JournalError
from hub.queueing.commands import AcceptFact
from tests.support_hub_core import EPOCH, fact, open_journal, service


def _rated(*numbers: int) -> list[AcceptFact]:
    return [fact(number, "rated", run=f"{number:016x}", grade=5, pressed_after_ms=1) for number in numbers]


async def test_facts_of_one_read_are_one_commit_in_their_order(tmp_path: Path) -> None:
    hall, _ = service(open_journal(tmp_path))
    commits: list[list[Committed]] = []
    hall.subscribe(commits.append)
    await hall.submit_facts(_rated(1, 2, 3))
    assert [[row.event.data["fact"] for row in rows] for rows in commits] == [[1, 2, 3]]
    assert hall.state.stored_through("box-1", EPOCH) == 3
    await hall.journal.close()


async def test_what_is_stored_already_is_not_stored_again_and_ends_no_sooner_than_it_is_durable(tmp_path: Path) -> None:
    hall, published = service(open_journal(tmp_path))
    first, again = asyncio.create_task(hall.submit_facts(_rated(1, 2))), hall.submit_facts(_rated(1, 2))
    await again
    assert hall.journal.durable == 2
    await first
    await hall.submit_facts(_rated(2, 3))
    assert [row.event.data["fact"] for row in published] == [1, 2, 3]
    await hall.journal.close()


async def test_of_facts_whose_commit_fails_none_is_kept(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    hall, published = service(open_journal(tmp_path))
    await hall.submit_facts(_rated(1))
    other = sqlite3.connect(tmp_path / "journal.db")
    with other:
        other.execute(
            "CREATE TRIGGER broken BEFORE INSERT ON events WHEN NEW.sequence = 3"
            " BEGIN SELECT RAISE(ABORT, 'bad disk'); END"
        )
    with pytest.raises(JournalError, match="bad disk"):
        await hall.submit_facts(_rated(2, 3))
    assert hall.state.stored_through("box-1", EPOCH) == 1
    assert "rebuilt from the journal" in caplog.text
    other.close()
    assert len(published) == 1
    await hall.journal.close()


async def test_facts_of_which_one_cannot_be_written_leave_the_state_as_it_was(tmp_path: Path) -> None:
    hall, published = service(open_journal(tmp_path))
    broken = fact(2, "fault", code="log_full", detail="\ud800")
    with pytest.raises(UnicodeEncodeError):
        await hall.submit_facts([*_rated(1), broken])
    await hall.submit_facts(_rated(1, 2))
    assert [row.event.data["fact"] for row in published] == [1, 2]
    await hall.journal.close()
