"""Cases over the real store: opened once for each bad rating, decided one after the other, rebuilt from the journal."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from center.bulletin import figures
from center.casework.book import CaseBook, Wanted
from center.casework.calendars import Calendar
from center.casework.cases import Actor
from center.casework.contacts import Contacts
from center.casework.desk import Desk, Grants
from center.casework.errors import CaseRefusal
from center.casework.tables import CaseState
from center.config import Hall
from center.ingest import Heading, RequestError, hubs_journal_id, read_batch
from center.own import Happened, OwnJournals
from center.phone.rating import Said, data_of, rateable
from center.store.answers import Part
from center.store.sqlite import SqliteStore
from common import envelope
from tests.center_support import DAY, NOON_MS, Journal, rating

HALL = Hall(id="qingxi", name="青溪", region="青溪")
WHO = Actor("chen", "supervisor")
SAID = {"text": "已核实", "by": "s1", "result": "content", "handler": "li"}
ALL = Wanted(("qingxi",), {})


@dataclass
class House:
    store: SqliteStore
    own: OwnJournals
    desk: Desk
    folder: Path
    now: list[int]

    async def take(self, journal: Journal) -> None:
        cursor = await self.store.cursor(journal.hall, journal.name)
        after = cursor.stored_through
        body = b"[" + b",".join(journal.events[after:]) + b"]"
        batch = read_batch(Heading(journal.hall, journal.name, after, journal.links[after], 480), body, "")
        await self.store.submit(batch, self.now[0])


@asynccontextmanager
async def house(folder: Path) -> AsyncIterator[House]:
    now = [NOON_MS + 60_000]
    store = SqliteStore(folder / "center.sqlite", asyncio.get_running_loop())
    own = OwnJournals(store, "c1", lambda: now[0])
    book = CaseBook(folder / "cases.sqlite")
    contacts = Contacts(folder, secrets.token_bytes)
    grants = Grants(5, {"青溪": 7})
    desk = Desk(store, own, book, contacts, calendar=Calendar(), grants=grants, now_ms=lambda: now[0])
    try:
        yield House(store, own, desk, folder, now)
    finally:
        book.close()
        await store.close()


async def test_each_bad_rating_opens_one_case_and_no_other_does(tmp_path: Path) -> None:
    journal = Journal()
    runs = {grade: journal.run(grade, grade) for grade in (5, 4, 3, 2, 1)}
    journal.run(6, None)
    async with house(tmp_path) as h:
        await h.take(journal)
        assert await h.desk.open_new(HALL) == 2
        assert await h.desk.open_new(HALL) == 0
        cases = h.desk.book.cases(ALL)
        assert {case.rating.run for case in cases} == {runs[1], runs[2]}
        assert {case.due.isoformat() for case in cases} == {"2026-12-01"}, "seven working days after a Saturday"
        assert {case.rating.staff for case in cases} == {"s1"}
    async with house(tmp_path) as h:
        assert await h.desk.open_new(HALL) == 0, "also after a restart"


async def test_a_rating_before_its_finish_opens_its_case_when_the_run_counts(tmp_path: Path) -> None:
    journal = Journal()
    run = "0" * 16
    journal.add("hall.rating.submitted", rating(run, 1, 1))
    async with house(tmp_path) as h:
        await h.take(journal)
        assert await h.desk.open_new(HALL) == 0
        journal.add("hall.ticket.finished", {"run": run, "ticket": "t", "window": "1", "staff": "s1", "service": "A"})
        await h.take(journal)
        assert await h.desk.open_new(HALL) == 1


async def test_a_case_goes_its_way_and_the_events_say_who_and_when(tmp_path: Path) -> None:
    journal = Journal()
    journal.run(1, 1)
    async with house(tmp_path) as h:
        await h.take(journal)
        await h.desk.open_new(HALL)
        (case,) = h.desk.book.cases(ALL)
        for action in ("verify", "put_right", "answer", "close"):
            h.now[0] += 1000
            case = await h.desk.act(HALL, case.id, action, SAID, WHO)
        assert case.state is CaseState.CLOSED
        events = await h.store.events("qingxi", h.own.name("qingxi"), Part(0, 100, 10**6))
        said = [envelope.decode(data) for data in events]
        assert [event.type for event in said] == [
            f"hall.case.{action}" for action in ("opened", "verify", "put_right", "answer", "close")
        ]
        assert {event.source for event in said} == {"/centers/c1"}
        assert {event.data["who"] for event in said[1:]} == {"chen"}
        assert len({event.time for event in said}) == 5


async def test_two_who_act_at_once_are_one_after_the_other(tmp_path: Path) -> None:
    journal = Journal()
    journal.run(1, 1)
    async with house(tmp_path) as h:
        await h.take(journal)
        await h.desk.open_new(HALL)
        (case,) = h.desk.book.cases(ALL)
        outcomes = await asyncio.gather(
            *(h.desk.act(HALL, case.id, "verify", SAID, Actor(name, "manager")) for name in ("a", "b", "c")),
            return_exceptions=True,
        )
        refused = [outcome for outcome in outcomes if isinstance(outcome, CaseRefusal)]
        assert len(refused) == 2
        assert {refusal.kind for refusal in refused} == {"wrong-state"}


async def test_an_upheld_appeal_leaves_the_rating_and_says_it_is_set_aside(tmp_path: Path) -> None:
    journal = Journal()
    journal.run(1, 1)
    journal.run(2, 5)
    async with house(tmp_path) as h:
        await h.take(journal)
        await h.desk.open_new(HALL)
        (case,) = h.desk.book.cases(ALL)
        await h.desk.act(HALL, case.id, "appeal", SAID, Actor("wang", "manager"))
        await h.desk.act(HALL, case.id, "uphold", SAID, WHO)
        (tally,) = await h.store.tallies("hall", "2026-11-21", "2026-11-21", None)
        assert (tally.served, tally.grades, tally.aside) == (2, (1, 0, 0, 0, 1), 1)


async def test_the_book_is_made_again_from_the_journal(tmp_path: Path) -> None:
    journal = Journal()
    journal.run(1, 1)
    journal.run(2, 2)
    async with house(tmp_path) as h:
        await h.take(journal)
        await h.desk.open_new(HALL)
        case = h.desk.book.cases(ALL)[0]
        await h.desk.act(HALL, case.id, "verify", SAID, WHO)
        before = h.desk.book.cases(ALL)
    (tmp_path / "cases.sqlite").unlink()
    for path in tmp_path.glob("cases.sqlite-*"):
        path.unlink()
    async with house(tmp_path) as h:
        await h.desk.catch_up(HALL)
        assert h.desk.book.cases(ALL) == before


async def test_the_contact_of_a_closed_case_is_nowhere_on_the_disk(tmp_path: Path) -> None:
    journal = Journal()
    run = journal.run(1, 1)
    contact = "13900001111"
    async with house(tmp_path) as h:
        await h.take(journal)
        h.desk.contacts.keep(f"qingxi.{run}", contact)
        await h.desk.open_new(HALL)
        (case,) = h.desk.book.cases(ALL)
        assert case.has_contact
        assert h.desk.contact_for(case, "li") is None, "nobody is its handler yet"
        case = await h.desk.act(HALL, case.id, "assign", SAID, WHO)
        assert h.desk.contact_for(case, "chen") is None, "a supervisor who is not the handler does not see it"
        assert h.desk.contact_for(case, "li") == contact
        salt, sealed = h.desk.contacts._entries[case.id]
        for action in ("verify", "put_right", "answer", "revisit", "close"):
            case = await h.desk.act(HALL, case.id, action, SAID, WHO)
        assert h.desk.contact_for(case, "li") is None
        on_disk = b"".join(path.read_bytes() for path in tmp_path.iterdir())
        for text in (contact, salt, sealed):
            assert text.encode() not in on_disk


async def test_a_contact_whose_case_nobody_closes_goes_all_the_same(tmp_path: Path) -> None:
    journal = Journal()
    run = journal.run(1, 1)
    async with house(tmp_path) as h:
        await h.take(journal)
        h.desk.contacts.keep(f"qingxi.{run}", "a@example.cn")
        await h.desk.open_new(HALL)
        assert h.desk.forget_old_contacts() == (0, frozenset())
        h.now[0] += 181 * 86_400_000
        assert h.desk.forget_old_contacts() == (1, frozenset())


async def test_a_contact_that_never_got_a_case_goes_the_second_time(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        h.desk.contacts.keep("qingxi.aa", "a@example.cn")
        gone, orphans = h.desk.forget_old_contacts()
        assert (gone, orphans) == (0, frozenset({"qingxi.aa"}))
        assert h.desk.forget_old_contacts(orphans) == (1, frozenset())
        assert h.desk.contacts.cases() == ()


async def test_a_case_of_another_hall_is_none(tmp_path: Path) -> None:
    journal = Journal()
    journal.run(1, 1)
    async with house(tmp_path) as h:
        await h.take(journal)
        await h.desk.open_new(HALL)
        (case,) = h.desk.book.cases(ALL)
        other = Hall(id="liuhe", name="柳河")
        with pytest.raises(CaseRefusal) as refused:
            await h.desk.act(other, case.id, "verify", SAID, WHO)
        assert refused.value.kind == "no-such-case"
        assert h.desk.book.cases(Wanted(("liuhe",), {})) == []
        assert h.desk.book.cases(Wanted(("qingxi",), {"qingxi": frozenset({"9"})})) == []
        assert h.desk.book.count(Wanted(("qingxi",), {"qingxi": frozenset({"1"})})) == 1


async def test_a_late_rating_by_phone_moves_its_run_once(tmp_path: Path) -> None:
    journal = Journal()
    journal.run(1, None)
    ticket = f"{1:016x}"
    async with house(tmp_path) as h:
        await h.take(journal)
        runs = await h.store.runs_of_ticket("qingxi", ticket)
        run = rateable(runs, h.now[0])
        assert run is not None
        for grade in (1, 5):
            async with h.own.lock("qingxi"):
                data = data_of(run, Said(grade, ("attitude",), "等太久"), h.now[0])
                await h.own.append(HALL, Happened("hall.rating.submitted", f"run/{run.run}", data))
        (tally,) = await h.store.tallies("hall", "2026-11-21", "2026-11-21", None)
        assert (tally.served, tally.grades) == (1, (1, 0, 0, 0, 0)), "the first counts, on the date of the service"
        assert rateable(await h.store.runs_of_ticket("qingxi", ticket), h.now[0]) is None
        await h.desk.open_new(HALL)
        (case,) = h.desk.book.cases(ALL)
        assert (case.rating.channel, case.rating.words, case.rating.reasons) == ("phone", "等太久", ("attitude",))


async def test_after_seven_days_nothing_is_rated_any_more(tmp_path: Path) -> None:
    journal = Journal()
    journal.run(1, None)
    async with house(tmp_path) as h:
        await h.take(journal)
        runs = await h.store.runs_of_ticket("qingxi", f"{1:016x}")
        assert rateable(runs, NOON_MS + 7 * 86_400_000) is not None
        assert rateable(runs, NOON_MS + 7 * 86_400_000 + 1) is None
        assert rateable(runs, NOON_MS - 1) is None


async def test_a_hall_sets_nothing_aside_itself_and_sends_no_journal_of_the_centers(tmp_path: Path) -> None:
    journal = Journal()
    run = journal.run(1, 1)
    journal.add("hall.case.opened", {"case": f"qingxi.{run}", "run": run})
    journal.add("hall.case.uphold", {"case": f"qingxi.{run}", "run": run})
    async with house(tmp_path) as h:
        await h.take(journal)
        (tally,) = await h.store.tallies("hall", "2026-11-21", "2026-11-21", None)
        assert (tally.grades[0], tally.aside) == (1, 0)
        assert await h.desk.open_new(HALL) == 1
    with pytest.raises(RequestError, match="the center's own"):
        hubs_journal_id("center:c1:qingxi")


async def test_a_notices_cases_are_of_the_moment_of_its_journals(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        journal = Journal()
        runs = [journal.run(number, 1) for number in (1, 2, 3)]
        await h.take(journal)
        await h.desk.open_new(HALL)
        days, months = (DAY, DAY), figures.months_wanted(DAY[:7])

        async def step(number: int, action: str) -> None:
            """An action that is stored, as one that the book has not followed yet."""
            name = f"qingxi.{runs[number]}"
            data = {"case": name, "hall": "qingxi", "run": runs[number], "who": "chen", "role": "supervisor"}
            async with h.own.lock(HALL.id):
                await h.own.append(HALL, Happened(f"hall.case.{action}", f"case/{name}", data | {"text": action}))

        await step(0, "verify")
        held = h.desk.held(["qingxi"], *days)
        assert {case.state for case in held.cases} == {CaseState.OPENED}, "nobody followed the journal since"
        await step(1, "note")
        moment = await h.store.month(["qingxi"], months)
        # What comes after that moment stands in no figure of it, though the book follows it now.
        await step(2, "appeal")
        await h.desk.catch_up(HALL)
        cases = {case.rating.run: case for case in await h.desk.up_to(held, moment.journals, *days)}
        assert [cases[run].state for run in runs] == [CaseState.VERIFIED, CaseState.OPENED, CaseState.OPENED]
        assert [len(cases[run].steps) for run in runs] == [2, 2, 1]
        # Other dates have other cases, and their events are none of ours.
        assert await h.desk.up_to(h.desk.held(["qingxi"], "2026-01-01", "2026-01-02"), moment.journals, *days) == []


async def test_a_case_opened_after_the_book_was_read_is_in_the_notice(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        journal = Journal()
        journal.run(1, 1)
        await h.take(journal)
        held = h.desk.held(["qingxi"], DAY, DAY)
        await h.desk.open_new(HALL)
        moment = await h.store.month(["qingxi"], figures.months_wanted(DAY[:7]))
        assert len(await h.desk.up_to(held, moment.journals, DAY, DAY)) == 1
        assert await h.desk.up_to(held, moment.journals, "2026-01-01", "2026-01-02") == []


DAY_MS = 86_400_000


async def test_a_reminder_comes_once_before_and_once_after_the_deadline(tmp_path: Path) -> None:
    """Rated on Saturday 21 November; seven working days end on Tuesday 1 December."""
    async with house(tmp_path) as h:
        journal = Journal()
        run = journal.run(1, 1)
        await h.take(journal)
        await h.desk.open_new(HALL)
        name, mine = f"qingxi.{run}", replace(ALL, reminded="li")
        assert await h.desk.remind(HALL) == 0
        (case,) = h.desk.book.cases(ALL)
        assert case.due.isoformat() == "2026-12-01"

        h.now[0] = NOON_MS + 9 * DAY_MS  # 30 November, one working day before
        assert [await h.desk.remind(HALL) for _ in range(3)] == [1, 0, 0]
        assert [case.reminder for case in h.desk.book.cases(mine)] == ["due_soon"], "nobody works on it: it is all's"
        await h.desk.act(HALL, name, "assign", {"handler": "wang"}, WHO)
        assert h.desk.book.count(mine) == 0
        assert h.desk.book.count(replace(ALL, reminded="wang")) == 1

        h.now[0] = NOON_MS + 12 * DAY_MS
        assert [await h.desk.remind(HALL) for _ in range(2)] == [1, 0]
        assert [case.reminder for case in h.desk.book.cases(replace(ALL, reminded="wang"))] == ["overdue"]
        today = h.desk.today(HALL)
        assert h.desk.book.cases(replace(ALL, to_remind=(today, today))) == [], "what is done is not looked at again"

        # More time is another deadline: its reminder is to come; an answer ends them.
        await h.desk.act(HALL, name, "extend", {"days": 5, "text": "材料在途"}, WHO)
        assert h.desk.book.count(replace(ALL, reminded="wang")) == 0
        assert await h.desk.remind(HALL) == 0
        h.now[0] = NOON_MS + 30 * DAY_MS
        assert [await h.desk.remind(HALL) for _ in range(2)] == [1, 0]
        for action in ("verify", "put_right", "answer"):
            await h.desk.act(HALL, name, action, SAID, WHO)
        assert h.desk.book.count(replace(ALL, reminded="wang")) == 0
        h.now[0] = NOON_MS + 60 * DAY_MS
        assert await h.desk.remind(HALL) == 0

        events = [
            envelope.decode(data) for data in await h.store.events("qingxi", h.own.name("qingxi"), Part(0, 99, 10**6))
        ]
        told = [event.data for event in events if event.type == "hall.case.reminded"]
        assert [(data["kind"], data["deadline"], data["handler"]) for data in told] == [
            ("due_soon", "2026-12-01", None),
            ("overdue", "2026-12-01", "wang"),
            ("overdue", "2026-12-08", "wang"),
        ]
        (case,) = h.desk.book.cases(ALL)
        assert [step.action for step in case.steps].count("reminded") == 3


async def test_a_case_that_is_late_already_is_told_as_late_at_once(tmp_path: Path) -> None:
    async with house(tmp_path) as h:
        journal = Journal()
        journal.run(1, 2)
        await h.take(journal)
        h.now[0] = NOON_MS + 40 * DAY_MS
        await h.desk.open_new(HALL)
        assert await h.desk.remind(HALL) == 1
        assert [case.reminder for case in h.desk.book.cases(ALL)] == ["overdue"]
