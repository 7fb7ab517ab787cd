"""The store itself: what counts once and when, migrations, a full disk, a newer file."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from center import ingest
from center.errors import StoreBusyError, StoreError, StoreFullError
from center.ingest import Heading
from center.store import sqlite
from center.store.answers import Part, Stored
from center.store.migrations import MIGRATIONS
from center.store.sqlite import FILE_NAME, SqliteStore
from tests.center_support import DAY, NOON_MS, OFFSET_MINUTES, Journal, rating

DAY_MS = 86_400_000
RECEIVED_MS = NOON_MS + 5000


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = SqliteStore(tmp_path / FILE_NAME, asyncio.get_running_loop())
    yield opened
    await opened.close()


def batch(journal: Journal, after: int = 0) -> ingest.Batch:
    heading = Heading(journal.hall, journal.name, after, journal.links[after], OFFSET_MINUTES)
    return ingest.read_batch(heading, b"[" + b",".join(journal.events[after:]) + b"]", "")


async def put(store: SqliteStore, journal: Journal, after: int = 0) -> Stored:
    return await store.submit(batch(journal, after), RECEIVED_MS)


async def tally(store: SqliteStore, first: str = DAY, last: str = DAY) -> tuple[int, tuple[int, ...]]:
    found = await store.tallies("hall", first, last, None)
    served = sum(one.served for one in found)
    return served, tuple(sum(one.grades[index] for one in found) for index in range(5))


def finished(journal: Journal, run: str, **when: int) -> None:
    journal.add("hall.ticket.finished", {"ticket": "t" + run, "run": run, "window": "1", "service": "A"}, **when)


async def test_a_run_has_one_rating_the_first_that_was_stored(store: SqliteStore) -> None:
    journal = Journal()
    finished(journal, "r1")
    journal.add("hall.rating.submitted", rating("r1", 5, 1))
    journal.add("hall.rating.submitted", rating("r1", 1, 2))
    journal.add("hall.rating.submitted", rating("r1", 1, 3) | {"device": None, "epoch": None, "fact": None})
    assert (await put(store, journal)).quarantined == {}
    assert await tally(store) == (1, (0, 0, 0, 0, 1))


async def test_a_fact_counts_once_over_all_journals(store: SqliteStore) -> None:
    one, two = Journal(), Journal(name="after-the-card-was-replaced")
    for journal, run in ((one, "r1"), (two, "r2")):
        finished(journal, run)
        journal.add("hall.rating.submitted", rating(run, 5, 7))
        await put(store, journal)
    assert await tally(store) == (2, (0, 0, 0, 0, 1))
    # Another epoch is another device log: its fact 7 is another fact.
    finished(two, "r3")
    two.add("hall.rating.submitted", rating("r3", 2, 7) | {"epoch": "ffffffffffffffff"})
    await put(store, two, after=2)
    assert await tally(store) == (3, (0, 1, 0, 0, 1))


async def test_a_fact_that_was_ignored_is_used_up(store: SqliteStore) -> None:
    journal, later = Journal(), Journal(name="later")
    ignored = {"window": "1", "device": "ev1", "epoch": "00112233445566aa", "fact": 4, "why": "repeated"}
    journal.add("hall.rating.ignored", ignored)
    finished(journal, "r1")
    await put(store, journal)
    later.add("hall.rating.submitted", rating("r1", 1, 4))
    await put(store, later)
    assert await tally(store) == (1, (0, 0, 0, 0, 0))


async def test_a_rating_before_its_run_counts_once_both_are_there(store: SqliteStore) -> None:
    early, late = Journal(name="early"), Journal(name="late")
    early.add("hall.rating.submitted", rating("r1", 4, 1), at_ms=NOON_MS + DAY_MS)
    await put(store, early)
    assert await tally(store, last="2026-12-31") == (0, (0, 0, 0, 0, 0))
    finished(late, "r1")
    await put(store, late)
    # It counts on the date of the service, not of the press.
    assert await tally(store) == (1, (0, 0, 0, 1, 0))
    assert await tally(store, "2026-11-22", "2026-11-22") == (0, (0, 0, 0, 0, 0))


async def test_a_late_rating_takes_an_unrated_run(store: SqliteStore) -> None:
    journal = Journal()
    finished(journal, "r1")
    away = {"run": "r1", "window": "1", "staff": None, "reason": "device_away", "device": "ev1"}
    journal.add("hall.rating.unrated", away)
    await put(store, journal)
    assert await tally(store) == (1, (0, 0, 0, 0, 0))
    journal.add("hall.rating.submitted", rating("r1", 2, 1))
    await put(store, journal, after=2)
    assert await tally(store) == (1, (0, 1, 0, 0, 0))


async def test_two_halls_may_use_the_same_run_id(store: SqliteStore) -> None:
    for hall in ("qingxi", "liuhe"):
        journal = Journal(hall=hall, name=f"journal-{hall}")
        finished(journal, "r1")
        await put(store, journal)
    assert (await tally(store))[0] == 2


@pytest.mark.parametrize(
    ("at_ms", "date"),
    [
        (NOON_MS - 12 * 3_600_000, "2026-11-21"),
        (NOON_MS - 12 * 3_600_000 - 1, "2026-11-20"),
        (NOON_MS + 12 * 3_600_000 - 1, "2026-11-21"),
        (NOON_MS + 12 * 3_600_000, "2026-11-22"),
    ],
)
async def test_the_date_is_the_halls_own(store: SqliteStore, at_ms: int, date: str) -> None:
    journal = Journal()
    finished(journal, "r1", at_ms=at_ms)
    await put(store, journal)
    assert (await tally(store, date, date))[0] == 1
    days = await store.tallies("day", "2026-11-01", "2026-11-30", None)
    assert [one.key for one in days] == [(date,)]
    assert [one.key for one in await store.tallies("month", "2026-11-01", "2026-11-30", None)] == [("2026-11",)]


async def test_who_waits_and_how_long(store: SqliteStore) -> None:
    journal = Journal()
    for number, waited_ms in enumerate([60_000, 120_000, 180_000, 600_000]):
        ticket = f"t{number}"
        journal.add("hall.ticket.issued", {"ticket": ticket, "channel": "kiosk"})
        journal.add("hall.ticket.called", {"ticket": ticket, "waited_ms": waited_ms})
        journal.add("hall.ticket.called", {"ticket": ticket, "waited_ms": 9_999_999})
    journal.add("hall.ticket.issued", {"ticket": "waits", "channel": "kiosk"}, at_ms=NOON_MS + 1000)
    journal.add("hall.ticket.issued", {"ticket": "gave up", "channel": "kiosk"})
    journal.add("hall.ticket.cancelled", {"ticket": "gave up"})
    journal.add("hall.ticket.issued", {"ticket": "village", "channel": "walk_up"})
    journal.add("hall.ticket.called", {"ticket": "untimed", "waited_ms": None})
    journal.add("hall.device.online", {"device": "ev1", "role": "evaluator"})
    journal.add("hall.device.online", {"device": "ev2", "role": "evaluator"})
    journal.add("hall.device.offline", {"device": "ev2", "role": "evaluator"}, at_ms=NOON_MS + 1)
    journal.add("hall.device.booted", {"device": "ev2", "role": "evaluator"}, at_ms=NOON_MS, recorded_ms=NOON_MS + 9)
    await put(store, journal)
    waits = await store.waits({"qingxi": DAY})
    assert (waits.called, waits.median_ms, waits.p90_ms) == (4, 120_000, 600_000)
    (day,) = await store.hall_day({"qingxi": DAY})
    assert (day.waiting, day.oldest_ms, day.devices_up, day.devices) == (1, NOON_MS + 1000, 1, 2)


async def test_an_answer_of_events_is_bounded_but_never_empty(store: SqliteStore) -> None:
    journal = Journal()
    for number in range(20):
        journal.run(number, 5)
    await put(store, journal)
    size = len(journal.events[0])
    assert await store.events("qingxi", journal.name, Part(0, 1000, 1)) == journal.events[:1]
    assert len(await store.events("qingxi", journal.name, Part(0, 1000, size * 3 + 60))) in (2, 3)
    assert await store.events("qingxi", journal.name, Part(70, 1000, 10**6)) == journal.events[70:]


async def test_a_full_disk_stores_nothing_says_so_and_goes_on_when_there_is_room(store: SqliteStore) -> None:
    journal = Journal()
    for number in range(200):
        journal.run(number, 5)
    connection: sqlite3.Connection = store._connection
    pages = connection.execute("PRAGMA page_count").fetchone()[0]
    connection.execute(f"PRAGMA max_page_count = {pages + 4}")
    with pytest.raises(StoreFullError, match="disk is full"):
        await put(store, journal)
    assert "disk is full" in str(store.failure())
    assert (await store.cursor("qingxi", journal.name)).stored_through == 0
    connection.execute("PRAGMA max_page_count = 1000000")
    assert (await put(store, journal)).stored_through == 800
    assert store.failure() is None
    assert (await tally(store))[0] == 200


async def test_a_full_queue_is_told_at_once_and_what_was_taken_is_stored(store: SqliteStore, tmp_path: Path) -> None:
    journal = Journal()
    journal.run(1, 5)
    stuck = sqlite3.connect(tmp_path / FILE_NAME, isolation_level=None)
    stuck.execute("BEGIN IMMEDIATE")  # holds the writer as a stuck disk does
    taken: list[asyncio.Future[Stored]] = []

    def fill() -> None:
        for _ in range(sqlite.MAX_QUEUED + sqlite.MAX_IN_COMMIT + 1):
            taken.append(store.submit(batch(journal), RECEIVED_MS))  # noqa: PERF401 - what was taken is wanted

    with pytest.raises(StoreBusyError, match="send again"):
        fill()
    stuck.close()
    assert len(taken) >= sqlite.MAX_QUEUED
    assert {stored.stored_through for stored in await asyncio.gather(*taken)} == {4}


async def test_a_store_of_a_newer_version_is_left_alone(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    connection.close()
    with pytest.raises(StoreError, match="newer version"):
        SqliteStore(path, asyncio.get_running_loop())


async def test_what_is_no_store_is_named(tmp_path: Path) -> None:
    path = tmp_path / FILE_NAME
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(StoreError, match="can't be opened"):
        SqliteStore(path, asyncio.get_running_loop())


async def test_a_token_finds_its_ticket_whatever_day_it_is_of(store: SqliteStore) -> None:
    journal = Journal()
    for days in (0, 1, 400):
        issued = {"ticket": f"t{days}", "number": f"A{days}", "service": "A", "channel": "kiosk"}
        journal.add("hall.ticket.issued", issued | {"token_sha256": f"{days:064x}"}, at_ms=NOON_MS - days * 86_400_000)
    assert await store.ticket_of_token(f"{0:064x}") is None
    await store.submit(batch(journal), NOON_MS)
    for days in (0, 1, 400):
        found = await store.ticket_of_token(f"{days:064x}")
        assert found is not None
        assert (found.ticket, found.number) == (f"t{days}", f"A{days}")
    assert await store.ticket_of_token(f"{2:064x}") is None
