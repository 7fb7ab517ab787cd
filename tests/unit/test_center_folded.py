"""A large batch is folded where it is read: the store is the same, byte for byte, as if the writer had folded it."""

import asyncio
import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path

import msgspec
import pytest

from center.beside import answer, read_answer, request
from center.errors import StoreError
from center.folded import FoldedBatch
from center.ingest import Batch, Heading, read_batch
from center.store import counted, kept
from center.store.answers import Stored
from center.store.kept import TOGETHER
from center.store.sqlite import FILE_NAME, SqliteStore, connect
from tests.center_support import NOON_MS, OFFSET_MINUTES, Journal, rating
from tools.generator.year import PackedBatch, Plan, batches

PLAN = Plan(halls=2, days=5, tickets=30)
TABLES = (*counted.DERIVED, "journals")


def beside(heading: Heading, body: bytes, encoding: str = "") -> FoldedBatch:
    """A batch as the process beside hands it over."""
    batch = read_answer(answer(request(heading, body, encoding)), body, encoding)
    assert isinstance(batch, FoldedBatch)
    return batch


def sent(size: int) -> list[PackedBatch]:
    """Two halls by turns, cut in the midst of days and of tickets."""
    halls = [list(batches(PLAN, number, size)) for number in range(PLAN.halls)]
    return [batch for turn in zip(*halls, strict=True) for batch in turn]


async def store_of(folder: Path, found: Iterable[Batch | FoldedBatch]) -> dict[str, list[tuple[object, ...]]]:
    """All rows of a store that took these batches, one after the other."""
    store = SqliteStore(folder / FILE_NAME, asyncio.get_running_loop())
    for batch in found:
        assert (await store.submit(batch, NOON_MS)).quarantined == {}
    await store.close()
    with closing(connect(folder / FILE_NAME)) as connection:
        return {table: rows(connection, table) for table in TABLES} | {"events": list(kept.by_position(connection, 0))}


def rows(connection: sqlite3.Connection, table: str) -> list[tuple[object, ...]]:
    return sorted(connection.execute(f"SELECT * FROM {table}").fetchall(), key=repr)


@pytest.mark.parametrize("size", [TOGETHER // 2, TOGETHER, 137, 400])
async def test_the_store_is_the_same(tmp_path: Path, size: int) -> None:
    asked = [
        (Heading(one.hall, one.journal, one.after, bytes.fromhex(one.link), OFFSET_MINUTES), one.body)
        for one in sent(size)
    ]
    for name in ("here", "beside"):
        (tmp_path / name).mkdir()
    here = await store_of(tmp_path / "here", [read_batch(heading, body, "gzip") for heading, body in asked])
    aside = await store_of(tmp_path / "beside", [beside(heading, body, "gzip") for heading, body in asked])
    assert len(here["events"]) == PLAN.events
    assert len(here["runs"]) == PLAN.halls * PLAN.days * PLAN.tickets
    for table in (*TABLES, "events"):
        assert aside[table] == here[table], table


def part(journal: Journal, after: int, through: int) -> FoldedBatch:
    heading = Heading(journal.hall, journal.name, after, journal.links[after], OFFSET_MINUTES)
    return beside(heading, b"[" + b",".join(journal.events[after:through]) + b"]")


async def test_what_is_stored_already_in_whole_or_in_part_is_skipped(tmp_path: Path) -> None:
    journal = Journal()
    for number in range(30):
        journal.run(number, 1 + number % 5)
    store = SqliteStore(tmp_path / FILE_NAME, asyncio.get_running_loop())
    assert (await store.submit(part(journal, 0, 50), NOON_MS)).stored_through == 50
    again = await store.submit(part(journal, 0, 50), NOON_MS)
    assert (again.stored_through, again.added) == (50, 0)
    more = await store.submit(part(journal, 20, 90), NOON_MS)
    assert (more.stored_through, more.added) == (90, 40)
    last = await store.submit(part(journal, 90, journal.through), NOON_MS)
    assert (last.stored_through, last.added) == (journal.through, 30)
    (tally,) = await store.tallies("hall", "2026-11-21", "2026-11-21", None)
    assert (tally.served, tally.grades) == (30, (6, 6, 6, 6, 6))
    await store.close()


async def test_a_fact_that_came_by_another_journal_counts_once(tmp_path: Path) -> None:
    one, two = Journal(name="j1"), Journal(name="j2")
    for journal, run in ((one, "r1"), (two, "r2")):
        done = {"run": run, "ticket": "t" + run, "window": "1", "staff": "s1", "service": "A", "served_ms": 60_000}
        journal.add("hall.ticket.finished", done)
        journal.add("hall.rating.submitted", rating(run, 5, 7))
    store = SqliteStore(tmp_path / FILE_NAME, asyncio.get_running_loop())
    await store.submit(part(one, 0, 2), NOON_MS)
    await store.submit(part(two, 0, 2), NOON_MS)
    (tally,) = await store.tallies("hall", "2026-11-21", "2026-11-21", None)
    assert (tally.served, tally.rated) == (2, 1)
    await store.close()


@pytest.mark.parametrize("aside", [False, True], ids=["here", "beside"])
async def test_a_name_that_the_store_can_not_find_again_is_malformed(tmp_path: Path, aside: bool) -> None:
    """SQLite's JSON ends a text at U+0000: a run of such a name would never be known, and stored again and again."""
    journal, other = Journal(name="j1"), Journal(hall="liuhe", name="j2")
    for number in (1, 2):
        done = {"run": "r\0", "ticket": "t", "window": "1", "staff": "s1", "service": "A", "served_ms": 60_000}
        journal.add("hall.ticket.finished", done)
        journal.add("hall.ticket.called", {"ticket": "t\0", "window": "1", "waited_ms": 60_000})
        journal.add("hall.ticket.finished", done | {"run": f"r{number}", "window": "1\0"})
        journal.add("hall.device.online", {"device": "ev1\0", "role": "evaluator"})
        journal.add("hall.ticket.finished", done | {"run": f"r{number}"})
    other.run(1, 5)
    store = SqliteStore(tmp_path / FILE_NAME, asyncio.get_running_loop())
    for after in (0, 5):
        heading = Heading(journal.hall, journal.name, after, journal.links[after], OFFSET_MINUTES)
        body = b"[" + b",".join(journal.events[after : after + 5]) + b"]"
        good = store.submit(part(other, *((2, 4) if after else (0, 2))), NOON_MS)
        stored = await store.submit(beside(heading, body) if aside else read_batch(heading, body, ""), NOON_MS)
        assert sorted(stored.quarantined) == [after + place for place in (1, 2, 3, 4)]
        assert all("U+0000" in reason for reason in stored.quarantined.values())
        assert (await good).quarantined == {}
    assert {t.key: t.served for t in await store.tallies("hall", "2026-11-21", "2026-11-21", None)} == {
        ("liuhe",): 1,
        ("qingxi",): 2,
    }
    await store.close()


async def test_a_batch_whose_rows_can_not_be_stored_fails_alone(tmp_path: Path) -> None:
    bad, good = Journal(name="j1"), Journal(hall="liuhe", name="j2")
    for number in (1, 2):
        good.run(number, 5)
        bad.run(number + 2, 5)
    batch = part(bad, 0, bad.through)
    twice = msgspec.structs.replace(batch, ahead=msgspec.structs.replace(batch.ahead, runs=batch.ahead.runs * 2))
    store = SqliteStore(tmp_path / FILE_NAME, asyncio.get_running_loop())
    # The writer is held so that all three are of one commit.
    with closing(connect(tmp_path / FILE_NAME)) as held:
        held.execute("BEGIN IMMEDIATE")
        sent = [store.submit(one, NOON_MS) for one in (part(good, 0, 4), twice, part(good, 4, good.through))]
        held.execute("ROLLBACK")
    one, failed, more = await asyncio.gather(*sent, return_exceptions=True)
    assert isinstance(failed, StoreError)
    assert "IntegrityError" in str(failed)
    assert isinstance(one, Stored)
    assert isinstance(more, Stored)
    assert (one.stored_through, more.stored_through) == (4, good.through)
    assert store.failure() is None
    # Nothing of it is left: the same journal's right batch is stored whole.
    assert (await store.submit(batch, NOON_MS)).added == bad.through
    await store.close()


@pytest.mark.parametrize("dimension", ["hall", "quarter"])
async def test_a_hall_whose_figures_are_damaged_fails_alone_and_is_made_whole_by_recompute(
    tmp_path: Path, dimension: str
) -> None:
    bad, good = Journal(name="j1"), Journal(hall="liuhe", name="j2")
    for journal in (bad, good):
        for number, at_ms in enumerate((NOON_MS, NOON_MS + 10 * 86_400_000)):
            journal.add("hall.ticket.issued", {"ticket": f"t{number}", "service": "A", "channel": "kiosk"}, at_ms=at_ms)
    store = SqliteStore(tmp_path / FILE_NAME, asyncio.get_running_loop())
    for journal in (bad, good):
        await store.submit(part(journal, 0, 1), NOON_MS)
    with closing(connect(tmp_path / FILE_NAME)) as held:
        damage = "UPDATE times_rollup SET counts = x'C1' WHERE hall = ? AND dimension = ?"
        assert held.execute(damage, (bad.hall, dimension)).rowcount == 1
        # The writer is held so that both are of one commit.
        held.execute("BEGIN IMMEDIATE")
        sent = [store.submit(part(journal, 1, 2), NOON_MS) for journal in (bad, good)]
        held.execute("ROLLBACK")
    failed, stored = await asyncio.gather(*sent, return_exceptions=True)
    assert isinstance(failed, StoreError)
    assert "the figures of hall qingxi from 2026-11-21 on can't be read" in str(failed)
    assert "tingting center recompute" in str(failed)
    assert isinstance(stored, Stored)
    assert stored.added == 1
    assert store.failure() is None
    with closing(connect(tmp_path / FILE_NAME)) as connection:
        connection.execute("BEGIN IMMEDIATE")
        counted.recount(connection, lambda hall: OFFSET_MINUTES)
        connection.execute("COMMIT")
    assert (await store.submit(part(bad, 1, 2), NOON_MS)).added == 1
    await store.close()


async def test_what_is_malformed_in_it_stands_aside_and_is_named(tmp_path: Path) -> None:
    journal = Journal()
    journal.run(1, 5)
    journal.add_raw(b'{"no": "event"}')
    journal.add("hall.ticket.finished", {"run": 7})
    journal.run(2, 4)
    store = SqliteStore(tmp_path / FILE_NAME, asyncio.get_running_loop())
    stored = await store.submit(part(journal, 0, journal.through), NOON_MS)
    assert (stored.stored_through, sorted(stored.quarantined)) == (10, [5, 6])
    aside = [(sequence, stored.quarantined[sequence]) for _, sequence, _ in await store.quarantine("qingxi", 10)]
    assert aside == [(6, stored.quarantined[6]), (5, stored.quarantined[5])]
    (journals,) = await store.journals()
    assert (journals.quarantined, journals.stored_through) == (2, 10)
    await store.close()
