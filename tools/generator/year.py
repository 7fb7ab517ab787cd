"""The events of a hall's year, day by day, as exact bytes; the same seed gives the same bytes.

The bytes are written by hand, because an encoder takes five times as long; a test holds them against the hub's own.
"""

import gzip
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import accumulate

from common import chain

EVENTS_A_TICKET = 5  # issued, called, arrived, finished, and the rating or why there is none
OPENS_MS, CLOSES_MS = 9 * 3_600_000, 17 * 3_600_000
BATCH_EVENTS = 1000
LEVEL = 1  # of gzip: what a hub spends
# Of a hundred ratings, how many of each grade: S4's hall with 99.96 % is better than any that we believe.
GRADES = tuple(accumulate((1, 2, 4, 23, 70)))


@dataclass(frozen=True, slots=True)
class Plan:
    """How much: halls, days from `first` on, tickets a hall and day, windows and services a hall."""

    halls: int = 100
    days: int = 365
    tickets: int = 55
    windows: int = 8
    services: int = 5
    first: date = date(2025, 1, 1)
    seed: int = 1

    @property
    def events(self) -> int:
        """All of them: five a ticket, and each window's clerk comes and goes once a day."""
        return self.halls * self.days * (self.tickets * EVENTS_A_TICKET + 2 * self.windows)

    def hall(self, number: int) -> str:
        """The id of a hall."""
        return f"hall-{number:04}"


@dataclass(frozen=True, slots=True)
class PackedBatch:
    """A batch as a hub posts it."""

    hall: str
    journal: str
    after: int
    link: str
    events: int
    body: bytes


def year(events: int, halls: int = 100, seed: int = 1) -> Plan:
    """About so many events in a year of so many halls: the days and windows stay, the tickets a day differ."""
    plan = Plan(halls=halls, seed=seed)
    tickets = (events / halls / plan.days - 2 * plan.windows) / EVENTS_A_TICKET
    return Plan(halls=halls, tickets=max(1, round(tickets)), seed=seed)


def journal_id(plan: Plan, number: int) -> str:
    """The journal of a hall."""
    return f"{plan.seed:08x}-0000-7000-8000-{number:012x}"


def hall_days(plan: Plan, number: int) -> Iterator[list[bytes]]:
    """The events of each day of a hall, in the order of their time."""
    chance = random.Random(plan.seed * 1_000_003 + number)
    hall, journal = plan.hall(number), journal_id(plan, number)
    sequence = ticket = 0
    for index in range(plan.days):
        day = (plan.first + timedelta(days=index)).isoformat()
        found: list[tuple[int, str, str, str]] = []
        for window in range(1, plan.windows + 1):
            data = f'"staff":"s{window}","window":"{window}","role":"A"'
            found.append((OPENS_MS - 60_000, "hall.staff.signed_in", f"window/{window}", data))
            found.append((CLOSES_MS + 3_600_000, "hall.staff.signed_out", f"window/{window}", data))
        for _ in range(plan.tickets):
            ticket += 1
            _ticket(plan, chance, found, number * 100_000_000 + ticket, ticket)
        found.sort(key=_time)
        events = []
        for at_ms, kind, subject, data in found:
            sequence += 1
            events.append(_event(hall, journal, sequence, kind, subject, f"{day}T{_clock(at_ms)}+08:00", data))
        yield events


def _time(event: tuple[int, str, str, str]) -> int:
    return event[0]


def _ticket(plan: Plan, chance: random.Random, found: list[tuple[int, str, str, str]], number: int, fact: int) -> None:
    draw = chance.random
    window = 1 + int(draw() * plan.windows)
    service = "ABCDEFGHJK"[int(draw() * plan.services)]
    ticket, run, shown = f"{number:016x}", f"{number + 2**60:016x}", f"{service}{fact % 1000:03}"
    issued_ms = OPENS_MS + int(draw() * (CLOSES_MS - OPENS_MS - 3_600_000))
    waited_ms = 5_000 + int(-600_000 * _log(draw()))
    called_ms = issued_ms + waited_ms
    served_ms = 60_000 + int(draw() * 900_000)
    ends_ms = called_ms + 20_000 + served_ms
    who = f'"ticket":"{ticket}","number":"{shown}","window":"{window}","staff":"s{window}"'
    token = f"{number * 2_654_435_761 % 2**64:064x}"
    issued = (
        f'"ticket":"{ticket}","number":"{shown}","service":"{service}","priority":null,"channel":"kiosk",'
        f'"ahead":3,"business_date":"2025-01-01","token_sha256":"{token}"'
    )
    subject = f"ticket/{ticket}"
    found.append((issued_ms, "hall.ticket.issued", subject, issued))
    found.append((called_ms, "hall.ticket.called", subject, f'{who},"waited_ms":{waited_ms}'))
    found.append((called_ms + 20_000, "hall.ticket.arrived", subject, who))
    done = f'"run":"{run}",{who},"service":"{service}","served_ms":{served_ms},"outcome":"done"'
    found.append((ends_ms, "hall.ticket.finished", subject, done))
    about = f'"run":"{run}","ticket":"{ticket}","window":"{window}","staff":"s{window}"'
    log = f'"device":"ev-{window}","epoch":"{plan.seed:02x}{number // 100_000_000:06x}{window:08x}","fact":{fact}'
    if draw() < 0.66:
        pick = draw() * 100
        grade = 1 + sum(pick >= bound for bound in GRADES[:-1])
        data = f'{about},"service":"{service}","grade":{grade},"channel":"box",{log},"pressed_after_ms":4200'
        found.append((ends_ms + 5_000, "hall.rating.submitted", f"window/{window}", data))
    else:
        told = f'"run":"{run}","window":"{window}","staff":"s{window}","reason":"timeout",{log}'
        found.append((ends_ms + 20_000, "hall.rating.unrated", f"window/{window}", told))


def _log(share: float) -> float:
    """A cheap stand-in for the logarithm: nobody looks at the tail of these waits."""
    return -3.0 if share < 0.05 else share - 1.0


def _clock(at_ms: int) -> str:
    seconds, ms = divmod(at_ms, 1000)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{hour:02}:{minute:02}:{second:02}.{ms:03}"


def _event(hall: str, journal: str, sequence: int, kind: str, subject: str, time: str, data: str) -> bytes:  # noqa: PLR0917
    return (
        f'{{"specversion":"1.0","id":"{journal}/{sequence}","source":"/halls/{hall}","type":"{kind}","time":"{time}",'
        f'"recordedtime":"{time}","subject":"{subject}","sequence":"{sequence}","journal":"{journal}",'
        f'"clock":"sure","data":{{{data}}}}}'
    ).encode()


def batches(plan: Plan, number: int, size: int = BATCH_EVENTS) -> Iterator[PackedBatch]:
    """A hall's journal, cut as its hub would send it after a long time away."""
    hall, journal = plan.hall(number), journal_id(plan, number)
    link, after = chain.start(journal), 0
    waiting: list[bytes] = []
    for events in hall_days(plan, number):
        waiting += events
        while len(waiting) >= size:
            part, waiting = waiting[:size], waiting[size:]
            yield _packed(hall, journal, after, link, part)
            link, after = chain.extend(link, part), after + size
    if waiting:
        yield _packed(hall, journal, after, link, waiting)


def _packed(hall: str, journal: str, after: int, link: bytes, part: list[bytes]) -> PackedBatch:
    body = gzip.compress(b"[" + b",".join(part) + b"]", LEVEL, mtime=0)
    return PackedBatch(hall, journal, after, link.hex(), len(part), body)
