"""What is done about cases: opens them for bad ratings, takes actions, keeps contacts. Commit, then tell.

Every change is one event of the center's own journal, decided and appended under the hall's lock, so that two people
who act at once are one after the other, and the second sees what the first did.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from center.casework.book import CaseBook, HeldCases, Wanted
from center.casework.calendars import Calendar
from center.casework.cases import (
    PREFIX,
    REMIND_DAYS,
    REMINDED,
    Actor,
    Case,
    Rating,
    Terms,
    Urgency,
    case_id,
    decide,
    fold,
    local_day,
    opening,
    reminding,
    urgency,
)
from center.casework.contacts import MAX_DAYS_KEPT, Contacts
from center.casework.errors import CaseRefusal, CaseworkError
from center.casework.tables import OPENED
from center.config import Hall
from center.own import Happened, OwnJournals
from center.store import Store
from center.store.answers import JournalEnd, Part
from center.store.following import RatedRow
from common import envelope
from common.envelope import parse_time

MAX_REMINDED = 500  # cases looked at together; the rest follows at once after them
MAX_OPENED = 500  # at a time; the rest follows at once after them
_PART = 1000
_PART_BYTES = 4 * 1024 * 1024
_DAY_MS = 86_400_000


@dataclass(frozen=True, slots=True)
class Grants:
    """Working days until an answer: of a region, or of any other place."""

    days: int
    by_region: Mapping[str, int]

    def of(self, hall: Hall) -> int:
        """Of a hall."""
        return self.by_region.get(hall.region, self.days)


class Desk:
    """Cases of a running center."""

    def __init__(
        self,
        store: Store,
        own: OwnJournals,
        book: CaseBook,
        contacts: Contacts,
        *,
        calendar: Calendar,
        grants: Grants,
        remind_days: int = REMIND_DAYS,
        now_ms: Callable[[], int],
    ) -> None:
        self.book = book
        self.contacts = contacts
        self.calendar = calendar
        self._store = store
        self._own = own
        self._grants = grants
        self._remind_days = remind_days
        self._now_ms = now_ms

    def today(self, hall: Hall) -> date:
        """The date in a hall."""
        return local_day(self._now_ms(), hall.offset_minutes)

    def _terms(self, hall: Hall) -> Terms:
        return Terms(self.calendar, self._grants.of(hall))

    async def catch_up(self, hall: Hall) -> list[Case]:
        """Follows a hall's own journal to its end; contacts of ended cases go."""
        journal = self._own.name(hall.id)
        changed: list[Case] = []
        while True:
            part = Part(self.book.followed(journal), _PART, _PART_BYTES)
            events = await self._store.events(hall.id, journal, part)
            if not events:
                break
            changed += self.book.follow(journal, events)
        for case in changed:
            if case.ended:
                self.contacts.destroy(case.id)
        return changed

    async def open_new(self, hall: Hall) -> int:
        """A case for every bad rating of a hall that has none; how many were opened."""
        count = 0
        async with self._own.lock(hall.id):
            await self.catch_up(hall)
            while rows := await self._store.to_follow(hall.id, MAX_OPENED):
                await self._own.append(hall, *(self._opening(hall, row) for row in rows))
                count += len(rows)
                await self.catch_up(hall)
        return count

    def _opening(self, hall: Hall, row: RatedRow) -> Happened:
        rating = rating_of(row)
        name = case_id(rating.hall, rating.run)
        data = opening(rating, self._terms(hall), hall.offset_minutes, self.contacts.has(name))
        return Happened(PREFIX + OPENED, f"case/{name}", data)

    def urgency(self, case: Case, hall: Hall) -> Urgency:
        """How a case stands to its deadline today."""
        return urgency(case, self.today(hall), self.calendar, self._remind_days)

    async def remind(self, hall: Hall) -> int:
        """A reminder for each case of a hall whose deadline is near or over, once for each; how many were written."""
        today = self.today(hall)
        last = self.calendar.after(today, self._remind_days).day
        wanted = Wanted([hall.id], {}, ended=False, to_remind=(today, last), limit=MAX_REMINDED)
        count = 0
        async with self._own.lock(hall.id):
            await self.catch_up(hall)
            while cases := self.book.cases(wanted):
                found = [
                    Happened(PREFIX + REMINDED, f"case/{case.id}", data)
                    for case in cases
                    if (data := reminding(case, today, last)) is not None
                ]
                if found:
                    await self._own.append(hall, *found)
                    await self.catch_up(hall)
                    count += len(found)
                # Who was reminded of is no longer wanted.
                wanted = replace(wanted, offset=wanted.offset + len(cases) - len(found))
        return count

    async def act(self, hall: Hall, name: str, action: str, said: Mapping[str, Any], who: Actor) -> Case:
        """One action on a case of a hall; raises `CaseRefusal`, and then nothing has changed."""
        async with self._own.lock(hall.id):
            await self.catch_up(hall)
            case = self.book.find(name)
            if case is None or case.rating.hall != hall.id:
                raise CaseRefusal("no-such-case", f"there is no case {name!r} here")
            data = decide(case, action, said, who=who, today=self.today(hall), terms=self._terms(hall))
            await self._own.append(hall, Happened(PREFIX + action, f"case/{name}", data))
            await self.catch_up(hall)
        found = self.book.find(name)
        assert found is not None
        return found

    def held(self, halls: Iterable[str], first: str, last: str) -> HeldCases:
        """The cases of ratings of these service dates, as far as they are followed by now."""
        return self.book.of_dates({hall: self._own.name(hall) for hall in halls}, first, last)

    async def up_to(self, held: HeldCases, ends: Iterable[JournalEnd], first: str, last: str) -> list[Case]:
        """The same cases at the moment of which these are the journals' ends; `held` was read before that moment.

        What is followed is stored, so a journal's end is never before what is held of it.
        """
        cases = {case.id: case for case in held.cases}
        for end in ends:
            through = held.through.get(end.journal)
            while through is not None and through < end.stored_through:
                part = Part(through, min(_PART, end.stored_through - through), _PART_BYTES)
                events = await self._store.events(end.hall, end.journal, part)
                for data in events:
                    _follow(cases, data, first, last)
                if not events:
                    raise CaseworkError(f"{end.journal}: events {through + 1} to {end.stored_through} can't be read")
                through += len(events)
        return list(cases.values())

    def contact_for(self, case: Case, account: str) -> str | None:
        """The citizen's contact, for the case's handler alone."""
        return self.contacts.show(case.id) if case.handler == account and not case.ended else None

    def forget_old_contacts(self, orphans: frozenset[str] = frozenset()) -> tuple[int, frozenset[str]]:
        """Contacts of ended cases, of cases that nobody has closed for too long, and of none go; how many.

        `orphans`: those that had no case the last time; one that has none now either never got one, as after a power
        cut between contact and rating. Returns today's.
        """
        gone, lonely = 0, set()
        for name in self.contacts.cases():
            case = self.book.find(name)
            if case is None and name not in orphans:
                lonely.add(name)
            elif case is None or case.ended or self._now_ms() - case.opened_ms > MAX_DAYS_KEPT * _DAY_MS:
                gone += self.contacts.destroy(name)
        return gone, frozenset(lonely)


def _follow(cases: dict[str, Case], data: bytes, first: str, last: str) -> None:
    """Takes an event into the cases of these dates; what is about another case changes none of them."""
    event = envelope.decode(data)
    opens = event.type == PREFIX + OPENED and first <= event.data["date"] <= last
    if opens or event.data.get("case") in cases:
        fold(cases, event.type, event.data, parse_time(event.time))


def rating_of(row: RatedRow) -> Rating:
    """A bad rating as a case keeps it."""
    run, said = row.row, row.data
    return Rating(
        hall=run.hall,
        run=run.run,
        grade=run.grade or 0,
        channel=str(said.get("channel") or "box"),
        rated_ms=run.rated_ms or run.at_ms,
        date=run.date,
        window=run.window,
        staff=run.staff,
        service=run.service,
        reasons=tuple(str(reason) for reason in said.get("reasons") or ()),
        words=str(said.get("words") or ""),
    )
