"""A damaged journal: the hub starts all the same, says what is lost, and the center can follow all that is left."""

import asyncio
import json
import logging
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from common import chain
from hub.journal import Journal, JournalCorrupt
from hub.journal.database import suspect_mark
from hub.queueing.commands import AcceptFact, IssueTicket
from hub.queueing.events import Event
from hub.queueing.window_commands import CallNext, Finish, SignIn
from hub.service import HallService, SystemIds
from tests.damage_support import PAGE, spoil, spoil_under_its_user, zero
from tests.support_hub_core import EPOCH, LAYOUT, MORNING_MS, Clock, fact


def open_journal(folder: Path) -> Journal:
    number = 1 + len([*folder.glob("journal.db"), *folder.glob("journal.db.damaged-?")])
    return Journal.open(folder / "journal.db", LAYOUT.hall, LAYOUT.offset_minutes, lambda: f"journal-{number}")


def service(journal: Journal) -> HallService:
    """Of its own ids: they must not come again after a restart."""
    return HallService(journal, LAYOUT, Clock(), SystemIds())


def happened(number: int) -> Event:
    return Event("hall.window.paused", "window/1", {"window": "1", "number": number, "words": "x" * 300}, MORNING_MS)


async def filled(folder: Path, count: int = 400, kept: int = 0, delivered: int = 0) -> list[bytes]:
    """A closed journal with so many events; a state kept after one of them; delivered through one."""
    journal = open_journal(folder)
    for first in range(1, count + 1, 50):
        await journal.append([happened(n) for n in range(first, first + 50)], MORNING_MS + first)
        if first + 49 == kept:
            await journal.keep_snapshot("rules", {"through": kept})
    await journal.set_cursor("center", str(delivered))
    rows = [row.data for row in journal.read(0, count)]
    await journal.close()
    return rows


def texts(journal: Journal, after: int = 0) -> list[dict[str, Any]]:
    return [json.loads(row.data) for row in journal.read(after, 10_000)]


async def test_what_the_center_lacks_is_named_in_a_new_journal_and_the_rest_is_delivered(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    rows = await filled(tmp_path, delivered=120)
    spoil(tmp_path / "journal.db", 200)
    damaged = (tmp_path / "journal.db").read_bytes()
    journal = open_journal(tmp_path)
    assert journal.id == "journal-2"
    gap, *behind = texts(journal)
    first, last = gap["data"]["from"], gap["data"]["to"]
    assert first <= 200 <= last < first + 20
    assert gap["type"] == "hall.journal.gap"
    assert gap["id"] == "journal-2/1"
    assert gap["data"] == {
        "journal": "journal-1",
        "from": first,
        "to": last,
        "from_ms": MORNING_MS + (first - 2) // 50 * 50 + 1,
        "to_ms": MORNING_MS + last // 50 * 50 + 1,
        "what": "damaged",
        "earliest": gap["data"]["earliest"],
        "latest": None,
    }
    assert gap["clock"] == "unsure"
    assert [each["data"]["original"] for each in behind] == [f"journal-1/{n}" for n in range(last + 1, 401)]
    assert [each["data"]["number"] for each in behind] == list(range(last + 1, 401))
    # What stands before the damage goes to the center under its own id, from where the center is.
    (old,) = journal.old()
    assert (old.id, old.durable) == ("journal-1", first - 1)
    assert [row.data for row in old.read(120, 1_000)] == rows[120 : first - 1]
    link = chain.extend(chain.start("journal-1"), rows[:120])
    assert old.chain_at(120) == link
    assert old.chain_at(150) == chain.extend(link, rows[120:150])
    assert "are lost. The hall goes on with journal journal-2" in caplog.text
    assert (tmp_path / "journal.db.damaged-1").read_bytes() == damaged
    await old.set_cursor("center", str(first - 1))
    assert old.done.is_set()
    assert journal.old() == []
    await journal.append([happened(1)], MORNING_MS)
    await journal.close()
    again = open_journal(tmp_path)
    assert again.id == "journal-2"
    assert again.old() == []
    await again.close()


async def test_what_the_center_has_costs_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    rows = await filled(tmp_path, kept=300, delivered=250)
    spoil(tmp_path / "journal.db", 200)
    suspect_mark(tmp_path / "journal.db").touch()
    journal = open_journal(tmp_path)
    assert journal.id == "journal-1"
    after = journal.kept_after
    assert 200 <= after < 220
    assert [row.data for row in journal.read(after, 1_000)][:-1] == rows[after:]
    assert journal.chain_at(400) == chain.extend(chain.start("journal-1"), rows)
    gap = texts(journal, 400)[0]
    assert (gap["type"], gap["data"]["journal"], gap["data"]["to"]) == ("hall.journal.gap", "journal-1", after)
    assert gap["data"]["what"] == "damaged on this disk; the center has them"
    assert [kept.state for kept in journal.snapshots()] == [{"through": 300}]
    assert journal.cursor("center") == "250"
    assert journal.old() == []
    await journal.close()


@pytest.mark.parametrize("kept", [0, 100])
async def test_without_a_state_behind_the_damage_a_new_journal_begins(tmp_path: Path, kept: int) -> None:
    await filled(tmp_path, kept=kept, delivered=250)
    spoil(tmp_path / "journal.db", 200)
    journal = open_journal(tmp_path)
    assert journal.id == "journal-2"
    gap, *behind = texts(journal)
    assert gap["data"]["what"] == "damaged here; the center has them"
    (old,) = journal.old()
    assert (old.durable, behind) == (400, [])
    assert [row.sequence for row in old.read(250, 1_000)] == list(range(251, 401))
    assert not journal.whole
    await journal.close()


@pytest.mark.parametrize("page", range(12))
async def test_any_page_may_go_bad(tmp_path: Path, page: int) -> None:
    rows = await filled(tmp_path, kept=200, delivered=120)
    path = tmp_path / "journal.db"
    zero(path, page * (path.stat().st_size // PAGE // 12))
    suspect_mark(path).touch()
    journal = open_journal(tmp_path)
    left = {json.loads(row.data)["data"].get("number") for old in journal.old() for row in old.read(120, 10_000)}
    here = {each["data"].get("number") for each in texts(journal, journal.kept_after)}
    # One page holds at most a dozen of these events; the first page holds the way to all.
    assert len(set(range(121, 401)) - left - here) <= (280 if page == 0 else 14)
    await journal.append([happened(1)], MORNING_MS)
    await journal.close()
    assert rows
    again = open_journal(tmp_path)
    assert again.id == journal.id
    await again.close()


@pytest.mark.parametrize(
    ("damage", "lost"),
    [
        ("UPDATE events SET data = zeroblob(9) WHERE sequence = 9", [9]),
        ("UPDATE events SET data = CAST(replace(data, 'paused', 'Paused') AS BLOB) WHERE sequence = 5", [5]),
        ("DELETE FROM events WHERE sequence = 5", [5, 6]),
        # Its link vouches for the next; with a wrong one, nothing does.
        ("UPDATE events SET chain = zeroblob(32) WHERE sequence = 9", [9, 10]),
        ("DELETE FROM events WHERE sequence = 50", [50]),
    ],
)
async def test_a_row_that_was_changed_is_lost_and_no_other(tmp_path: Path, damage: str, lost: list[int]) -> None:
    rows = await filled(tmp_path, 50)
    with sqlite3.connect(tmp_path / "journal.db") as database:
        database.execute("INSERT OR REPLACE INTO meta VALUES ('verified', 50)")
        database.execute(damage)
    database.close()
    journal = open_journal(tmp_path)
    (old,) = journal.old()
    here = [each["data"]["number"] for each in texts(journal) if "number" in each["data"]]
    assert [row.data for row in old.read(0, 100)] == rows[: lost[0] - 1]
    assert here == list(range(lost[-1] + 1, 51))
    assert (texts(journal)[0]["data"]["from"], texts(journal)[0]["data"]["to"]) == (lost[0], lost[-1])
    await journal.close()


async def test_a_power_cut_between_setting_aside_and_putting_in_place(tmp_path: Path) -> None:
    await filled(tmp_path, delivered=120)
    spoil(tmp_path / "journal.db", 200)
    journal = open_journal(tmp_path)
    await journal.close()
    # As if it had been cut before the new file got its name.
    (tmp_path / "journal.db").rename(tmp_path / "journal.db.new")
    again = open_journal(tmp_path)
    assert again.id == "journal-2"
    assert texts(again) == texts(again)[:1] + texts(again, 1)
    await again.close()
    # And before the damaged one was set aside.
    (tmp_path / "journal.db").rename(tmp_path / "journal.db.new")
    (tmp_path / "journal.db.damaged-1").rename(tmp_path / "journal.db")
    once_more = open_journal(tmp_path)
    assert once_more.id == "journal-2"
    assert (tmp_path / "journal.db.damaged-1").exists()
    await once_more.close()


async def morning(folder: Path) -> HallService:
    """A hall in the middle of its morning: eleven tickets, one called; facts of a box through 30."""
    hall = service(open_journal(folder))
    await hall.submit(SignIn("1", "li"), "sign-in")
    for _ in range(10):
        await hall.submit(IssueTicket("A", "kiosk"))
    for number in range(1, 30):
        await hall.submit(fact(number, "rated", run=f"{number:016x}", grade=3, pressed_after_ms=1))
    await hall.submit(CallNext("1"))
    await hall.submit(IssueTicket("A", "kiosk"))
    await hall.submit(fact(30, "rated", run=f"{30:016x}", grade=3, pressed_after_ms=1))
    return hall


async def test_the_hall_goes_on_where_it_was(tmp_path: Path) -> None:
    hall = await morning(tmp_path)
    first_reply = await hall.submit(SignIn("1", "li"), "sign-in")
    hall.journal.on_closing = lambda: None
    await hall.journal.close()
    spoil(tmp_path / "journal.db", 25)
    for _ in range(2):
        again = service(open_journal(tmp_path))
        assert again.journal.id == "journal-2"
        assert again.state.waiting("A") == 10
        assert again.state.windows["1"].ticket is not None
        assert again.state.windows["1"].staff == "li"
        assert again.state.stored_through("box-1", EPOCH) == 30
        assert again.shown.waiting("A") == 10
        assert await again.submit(SignIn("1", "li"), "sign-in") == first_reply
        again.journal.on_closing = lambda: None
        await again.journal.close()
    last = service(open_journal(tmp_path))
    reply = await last.submit(IssueTicket("A", "kiosk"))
    assert reply["number"] == "A012"
    await last.submit(Finish("1"))
    await last.submit(CallNext("1"))
    assert await last.submit(fact(30, "rated", run=f"{30:016x}", grade=3, pressed_after_ms=1)) == {"stored_through": 30}
    before = last.state
    await last.journal.close()
    anew = service(open_journal(tmp_path))
    assert anew.state == before
    await anew.journal.close()


async def test_a_hall_whose_tickets_are_lost_closes_what_it_can_not_follow(tmp_path: Path) -> None:
    hall = service(open_journal(tmp_path))
    await hall.submit(SignIn("1", "li"))
    await hall.submit(IssueTicket("A", "kiosk"))
    for _ in range(12):
        await hall.submit(IssueTicket("A", "kiosk"))
        await hall.submit(CallNext("1"))
        await hall.submit(Finish("1"))
    hall.journal.on_closing = lambda: None
    await hall.journal.close()
    with sqlite3.connect(tmp_path / "journal.db") as database:
        database.execute("DELETE FROM events WHERE sequence BETWEEN 4 AND 9")
    database.close()
    again = service(open_journal(tmp_path))
    assert not again.state.windows["1"].ticket
    while again.state.waiting("A"):
        await again.submit(CallNext("1"))
        await again.submit(Finish("1"))
    await again.submit(IssueTicket("A", "kiosk"))
    assert again.state.waiting("A") == 1
    await again.journal.close()


async def test_a_page_that_goes_bad_while_the_hub_runs_ends_it_and_the_next_start_goes_on(tmp_path: Path) -> None:
    hall = await morning(tmp_path)
    with sqlite3.connect(tmp_path / "journal.db") as database:
        database.execute("UPDATE events SET data = zeroblob(9) WHERE sequence = 12")
    database.close()
    with pytest.raises(JournalCorrupt, match="event 12"):
        hall.journal.read(0, 100)
    await hall.submit(IssueTicket("A", "kiosk"))
    await hall.journal.close()
    again = service(open_journal(tmp_path))
    assert again.journal.id == "journal-2"
    assert again.state.waiting("A") == 11
    await again.journal.close()


async def test_a_commit_that_meets_damage_ends_the_watch(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    hall = await morning(tmp_path)
    watch = asyncio.create_task(hall.journal.watch())
    path = tmp_path / "journal.db"
    spoil_under_its_user(path)
    with caplog.at_level(logging.ERROR), pytest.raises(JournalCorrupt):
        await hall.submit(IssueTicket("A", "kiosk"))
    with pytest.raises(JournalCorrupt):
        await watch
    hall.journal.on_closing = lambda: None
    await hall.journal.close()
    again = service(open_journal(tmp_path))
    await again.submit(AcceptFact("box-1", EPOCH, 31, "recovered", "1", MORNING_MS, None, None, {"code": "x"}))
    await again.journal.close()
