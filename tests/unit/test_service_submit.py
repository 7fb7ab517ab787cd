"""The loop: order, first replies, publication after commit, failure and the clock."""

import asyncio
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from hub.journal import Committed, Journal, JournalError, JournalFailed, JournalFull
from hub.queueing import views
from hub.queueing.commands import DeviceOnline, HubStarted, IssueTicket
from hub.queueing.errors import Refusal
from hub.queueing.events import Event
from hub.queueing.window_commands import CallNext, Finish, MarkArrived, SignIn, WalkUp
from hub.service import HallService, RebuildError, SystemIds
from tests.support_hub_core import DAY_MS, LAYOUT, MORNING_MS, Clock, CountingIds, fact, open_journal, service


def types(rows: list[Committed]) -> list[str]:
    return [row.event.type.removeprefix("hall.") for row in rows]


async def test_a_visit_from_number_to_rating(tmp_path: Path) -> None:
    hall, published = service(open_journal(tmp_path))
    await hall.submit(HubStarted("0.1", hall.journal.id))
    ticket = await hall.submit(IssueTicket("A", "kiosk"), "r1")
    assert (ticket["number"], ticket["ahead"]) == ("A001", 0)
    await hall.submit(SignIn("1", "staff-7"))
    called = await hall.submit(CallNext("1"))
    assert called == views.window(hall.shown, "1")
    assert (called["state"], called["ticket"]["number"]) == ("calling", "A001")
    await hall.submit(MarkArrived("1"))
    assert (await hall.submit(Finish("1")))["state"] == "free"
    run = published[-1].event.data["run"]
    rated = await hall.submit(fact(1, "rated", run=run, grade=5, pressed_after_ms=1))
    assert rated == {"stored_through": 1}
    assert types(published) == [
        "hub.started", "ticket.issued", "staff.signed_in", "ticket.called", "ticket.arrived", "ticket.finished",
        "rating.submitted",
    ]  # fmt: skip
    await hall.journal.close()


async def test_the_same_request_gets_the_first_reply_also_after_a_restart(tmp_path: Path) -> None:
    hall, published = service(open_journal(tmp_path))
    first = asyncio.ensure_future(hall.submit(IssueTicket("A", "kiosk"), "r1"))
    second = asyncio.ensure_future(hall.submit(IssueTicket("A", "kiosk"), "r1"))
    replies = [*await asyncio.gather(first, second), await hall.submit(IssueTicket("A", "kiosk"), "r1")]
    await hall.journal.close()
    hall, _ = service(open_journal(tmp_path))
    replies.append(await hall.submit(IssueTicket("A", "kiosk"), "r1"))
    assert all(reply == replies[0] for reply in replies)
    assert replies[0]["token"]
    assert len(published) == hall.journal.durable == 1
    assert (await hall.submit(IssueTicket("A", "kiosk"), "r2"))["number"] == "A002"
    await hall.journal.close()


async def test_commands_stand_in_the_order_of_their_calls_and_replies_come_after_publication(tmp_path: Path) -> None:
    hall, published = service(open_journal(tmp_path))
    seen_at_reply: list[int] = []

    async def issue() -> str:
        reply = await hall.submit(IssueTicket("A", "kiosk"))
        seen_at_reply.append(len(published))
        return str(reply["number"])

    numbers = await asyncio.gather(*(issue() for _ in range(50)))
    assert numbers == [f"A{n:03d}" for n in range(1, 51)]
    assert [row.sequence for row in published] == list(range(1, 51))
    assert seen_at_reply == [50] * 50
    await hall.journal.close()


async def test_shown_follows_the_disk_and_state_the_commands(tmp_path: Path) -> None:
    hall, _ = service(open_journal(tmp_path))
    waiting = asyncio.ensure_future(hall.submit(IssueTicket("A", "kiosk")))
    await asyncio.sleep(0)
    assert (hall.state.waiting("A"), hall.shown.waiting("A")) == (1, 0)
    await waiting
    assert hall.shown.waiting("A") == 1
    await hall.journal.close()


async def test_a_refusal_changes_nothing_and_is_not_kept(tmp_path: Path) -> None:
    hall, published = service(open_journal(tmp_path))
    await hall.submit(SignIn("1", "s"))
    with pytest.raises(Refusal, match="queue_empty"):
        await hall.submit(CallNext("1"), "r1")
    await hall.submit(IssueTicket("A", "kiosk"))
    assert (await hall.submit(CallNext("1"), "r1"))["state"] == "calling"
    assert len(published) == 3
    await hall.journal.close()


async def test_a_repeated_fact_is_acknowledged_only_when_the_first_is_durable(tmp_path: Path) -> None:
    hall, published = service(open_journal(tmp_path))
    first = asyncio.ensure_future(hall.submit(fact(1, "booted")))
    repeated = asyncio.ensure_future(hall.submit(fact(1, "booted")))
    await asyncio.sleep(0)
    assert not repeated.done()
    assert await repeated == {"stored_through": 1}
    assert len(published) == 1
    await first
    await hall.journal.close()


async def test_who_was_cancelled_no_longer_asks_but_the_command_stands(tmp_path: Path) -> None:
    hall, _ = service(open_journal(tmp_path))
    asking = asyncio.ensure_future(hall.submit(IssueTicket("A", "kiosk"), "r1"))
    await asyncio.sleep(0)
    asking.cancel()
    assert (await hall.submit(IssueTicket("A", "kiosk"), "r1"))["number"] == "A001"
    assert hall.journal.durable == 1
    await hall.journal.close()


async def test_a_subscriber_that_fails_does_not_keep_the_others(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    hall, published = service(open_journal(tmp_path))

    def fails(rows: list[Committed]) -> None:
        raise ValueError("board unplugged")

    stop = hall.subscribe(fails)
    later: list[Committed] = []
    hall.subscribe(later.extend)
    await hall.submit(IssueTicket("A", "kiosk"))
    assert len(published) == len(later) == 1
    assert "board unplugged" in caplog.text
    caplog.clear()
    stop()
    await hall.submit(IssueTicket("A", "kiosk"))
    assert not caplog.text
    await hall.journal.close()


async def until_taken(hall: HallService, command: Any, request: str | None = None) -> dict[str, Any]:
    while True:
        try:
            return await hall.submit(command, request)
        except JournalError:
            await asyncio.sleep(0.001)


async def test_a_failed_commit_rebuilds_the_state_and_fails_those_it_was_for(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    hall, published = service(open_journal(tmp_path))
    await hall.submit(SignIn("1", "s"))
    await hall.submit(IssueTicket("A", "kiosk"), "r1")
    before = repr(hall.state)
    # Somebody else takes the next sequence: the commit can't be made.
    other = sqlite3.connect(tmp_path / "journal.db")
    with other:
        other.execute("CREATE TRIGGER broken BEFORE INSERT ON events BEGIN SELECT RAISE(ABORT, 'bad disk'); END")
    doomed = [hall.submit(CallNext("1"), "r2"), hall.submit(IssueTicket("A", "kiosk"), "r3")]
    results = await asyncio.gather(*doomed, return_exceptions=True)
    assert all(isinstance(result, JournalFailed) and "bad disk" in str(result) for result in results)
    assert repr(hall.state) == before
    assert "rebuilt from the journal" in caplog.text
    with other:
        other.execute("DROP TRIGGER broken")
    other.close()
    assert (await until_taken(hall, CallNext("1"), "r2"))["ticket"]["number"] == "A001"
    assert (await until_taken(hall, IssueTicket("A", "kiosk"), "r3"))["number"] == "A002"
    assert [row.sequence for row in published] == [1, 2, 3, 4]
    await hall.journal.close()


async def test_a_full_disk_refuses_and_goes_on_when_there_is_room(tmp_path: Path) -> None:
    left = [10**9]
    hall, _ = service(open_journal(tmp_path, free_bytes=lambda _: left[0]))
    left[0] = 0
    assert (await hall.submit(IssueTicket("A", "kiosk")))["number"] == "A001"
    for _ in range(3):
        with pytest.raises(JournalFull, match="Make room"):
            await hall.submit(IssueTicket("A", "kiosk"))
        await asyncio.sleep(0)
    assert hall.state.waiting("A") == 1
    left[0] = 10**9
    assert (await until_taken(hall, IssueTicket("A", "kiosk")))["number"] == "A002"
    await hall.journal.close()


async def test_what_cannot_be_written_leaves_the_state_as_it_was(tmp_path: Path) -> None:
    hall, published = service(open_journal(tmp_path))
    with pytest.raises(UnicodeEncodeError):
        await hall.submit(SignIn("1", "\ud800"))
    assert (await hall.submit(SignIn("1", "s")))["staff"] == "s"
    assert [row.sequence for row in published] == [1]
    await hall.journal.close()


async def test_a_restart_gives_the_state_that_was(tmp_path: Path) -> None:
    hall, published = service(open_journal(tmp_path))
    await hall.submit(SignIn("1", "s"))
    await hall.submit(WalkUp("1"))
    await hall.submit(DeviceOnline("box-1", "evaluator"))
    await hall.submit(fact(1, "unrated", run=published[2].event.data["run"], reason="timeout"))
    await hall.submit(IssueTicket("B", "desk", "elderly"))
    await hall.journal.close()
    again, _ = service(open_journal(tmp_path))
    assert again.state == hall.state
    assert views.hall(LAYOUT, again.shown) == views.hall(LAYOUT, hall.shown)
    await again.journal.close()


async def test_a_journal_these_rules_cannot_follow_is_named(tmp_path: Path) -> None:
    hall, _ = service(open_journal(tmp_path))
    await hall.submit(SignIn("1", "s"))
    await hall.journal.close()
    journal = open_journal(tmp_path)
    unpaused = Event("hall.window.unpaused", "window/1", {"window": "1", "reason": None}, MORNING_MS)
    await journal.append([unpaused], MORNING_MS)
    await journal.close()
    journal = open_journal(tmp_path)
    with pytest.raises(RebuildError, match=r"journal\.db: event 2: window 1 is free; unpause can't follow"):
        service(journal)
    await journal.close()


async def last_time(journal: Journal) -> tuple[int, bool]:
    rows = list(journal.replay())
    return rows[-1].event.time_ms, rows[-1].event.sure


async def test_a_clock_set_back_is_recorded_and_never_puts_time_behind_the_journal(tmp_path: Path) -> None:
    clock = Clock()
    hall, published = service(open_journal(tmp_path), clock)
    await hall.submit(SignIn("1", "s"))
    clock.ms -= DAY_MS
    await hall.submit(IssueTicket("A", "kiosk"))
    assert types(published) == ["staff.signed_in", "hub.clock_stepped", "ticket.issued"]
    assert published[1].event.data == {
        "version": None, "journal": None, "from_ms": MORNING_MS, "to_ms": MORNING_MS - DAY_MS,
        "what": "the clock was set back",
    }  # fmt: skip
    assert await last_time(hall.journal) == (MORNING_MS, False)
    # Ours goes on at half speed until the two meet.
    clock.pass_ms(60_000)
    await hall.submit(IssueTicket("A", "kiosk"))
    assert await last_time(hall.journal) == (MORNING_MS + 30_000, False)
    clock.pass_ms(2 * DAY_MS)
    await hall.submit(IssueTicket("A", "kiosk"))
    assert await last_time(hall.journal) == (clock.ms, True)
    assert types(published).count("hub.clock_stepped") == 1
    await hall.journal.close()


async def test_a_clock_set_forward_is_recorded(tmp_path: Path) -> None:
    clock = Clock()
    hall, published = service(open_journal(tmp_path), clock)
    await hall.submit(SignIn("1", "s"))
    clock.pass_ms(3_600_000)
    await hall.submit(IssueTicket("A", "kiosk"))
    clock.ms += 5_000
    hall.now()
    await hall.submit(IssueTicket("A", "kiosk"))
    assert types(published) == ["staff.signed_in", "ticket.issued", "hub.clock_stepped", "ticket.issued"]
    assert published[2].event.data["what"] == "the clock was set forward"
    await hall.journal.close()


async def test_a_hub_that_wakes_without_the_time_goes_on_from_its_journal_unsure(tmp_path: Path) -> None:
    hall, _ = service(open_journal(tmp_path))
    await hall.submit(SignIn("1", "s"))
    await hall.journal.close()
    hall, published = service(open_journal(tmp_path), Clock(ms=0, sure=False))
    await hall.submit(IssueTicket("A", "kiosk"))
    assert types(published) == ["hub.clock_stepped", "ticket.issued"]
    event = published[1].event
    assert (event.time_ms, event.sure, event.earliest_ms) == (MORNING_MS, False, MORNING_MS)
    assert event.data["business_date"] == "2026-11-23"
    await hall.journal.close()


async def test_an_unsure_clock_says_so(tmp_path: Path) -> None:
    clock = Clock(sure=False)
    hall, published = service(open_journal(tmp_path), clock)
    await hall.submit(SignIn("1", "s"))
    clock.pass_ms(1_000)
    await hall.submit(IssueTicket("A", "kiosk"))
    assert [row.event.sure for row in published] == [False, False]
    assert published[1].event.earliest_ms == MORNING_MS
    await hall.journal.close()


def test_real_ids_fit_the_wire_and_differ() -> None:
    ids = SystemIds()
    made = {ids.ticket(), ids.run(), ids.ticket(), ids.run()}
    assert len(made) == 4
    assert {len(bytes.fromhex(one)) for one in made} == {8}
    assert len(ids.token()) >= 22


async def test_ids_of_the_tests_are_of_the_same_shape(tmp_path: Path) -> None:
    hall = HallService(open_journal(tmp_path), LAYOUT, Clock(), CountingIds())
    assert len(bytes.fromhex((await hall.submit(IssueTicket("A", "kiosk")))["ticket"])) == 8
    await hall.journal.close()


async def test_two_windows_that_press_next_in_the_same_millisecond_get_two_tickets(tmp_path: Path) -> None:
    hall, _ = service(open_journal(tmp_path))
    for window in "12":
        await hall.submit(SignIn(window, f"staff-{window}"))
    for _ in range(2):
        await hall.submit(IssueTicket("A", "kiosk"))
    replies = await asyncio.gather(hall.submit(CallNext("1")), hall.submit(CallNext("2")))
    assert [reply["ticket"]["number"] for reply in replies] == ["A001", "A002"]
    await hall.journal.close()
