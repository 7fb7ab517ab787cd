"""Rows of five days and of months are made when the hall tells of later ones, whatever the order and the pieces."""

import asyncio
import datetime as dt
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from center import beside, ingest
from center.folded import FoldedBatch
from center.ingest import Heading
from center.rollups.cells import QUARTER, Times, pack, pack_quarters, unpack, unpack_quarters
from center.rollups.spans import BY_FIVE, BY_MONTH, five, month
from center.store import counted
from center.store.sqlite import FILE_NAME, SqliteStore, connect
from tests.center_support import NOON_MS, OFFSET_MINUTES, Journal, rating

QUICK = settings(max_examples=25, deadline=None)
DAY_MS = 86_400_000
HALLS = ("qingxi", "liuhe")
# From September to January, and a hub whose clock once stood in the year after next.
DAYS_AWAY = st.integers(-70, 70) | st.just(700)
TABLES = ("running", "ratings_rollup", "times_rollup")

Told = tuple[str, dict[str, Any], int]


@st.composite
def visit(draw: st.DrawFn, number: int) -> list[Told]:
    """Facts of one number that may come in any order: nobody else has its ticket, its run or its window."""
    at_ms = NOON_MS + draw(DAYS_AWAY) * DAY_MS
    name, place = f"v{number}", {"window": draw(st.sampled_from([f"w{number}", None])), "staff": "s1", "service": "A"}
    facts: list[Told] = [
        ("hall.ticket.issued", {"ticket": name, "service": "A", "channel": "kiosk"}, at_ms),
        ("hall.ticket.called", {"ticket": name, **place, "waited_ms": 1000 * number}, at_ms),
        ("hall.ticket.finished", {"run": name, "ticket": name, **place, "served_ms": 60_000 + number}, at_ms),
        ("hall.rating.submitted", rating(name, number % 5 + 1, number), at_ms + draw(st.integers(0, 40)) * DAY_MS),
        ("hall.device.online", {"device": "ev1", "role": "evaluator"}, at_ms + DAY_MS),
    ]
    return [fact for fact in facts if draw(st.integers(0, 3))]


async def _told(path: Path, told: list[tuple[str, Told]], cuts: st.DataObject) -> None:
    """Stores them in this order: hall by hall, cut at random, the ends of what is stored sent again now and then."""
    store = SqliteStore(path, asyncio.get_running_loop())
    try:
        journals = {hall: Journal(hall=hall, name=f"j-{hall}") for hall in HALLS}
        sent = dict.fromkeys(HALLS, 0)
        for hall, (kind, said, at_ms) in told:
            journals[hall].add(kind, said, at_ms=at_ms)
            if cuts.draw(st.integers(0, 2)) == 0:
                after = max(0, sent[hall] - cuts.draw(st.sampled_from([0, 0, 2])))
                await _send(store, journals[hall], after, cuts.draw(st.booleans()))
                sent[hall] = journals[hall].through
        for hall, journal in journals.items():
            await _send(store, journal, sent[hall], cuts.draw(st.booleans()))
    finally:
        await store.close()


async def _send(store: SqliteStore, journal: Journal, after: int, handed_over: bool) -> None:
    if after == journal.through:
        return
    heading = Heading(journal.hall, journal.name, after, journal.links[after], OFFSET_MINUTES)
    body = b"[" + b",".join(journal.events[after:]) + b"]"
    batch: ingest.Batch | FoldedBatch = ingest.read_batch(heading, body, "")
    if handed_over:
        batch = beside.read_answer(beside.answer(beside.request(heading, body, "")), body, "")
    await store.submit(batch, NOON_MS)


def _tables(connection: sqlite3.Connection) -> list[list[tuple[Any, ...]]]:
    return [connection.execute(f"SELECT * FROM {table} ORDER BY 1, 2, 3, 4, 5").fetchall() for table in TABLES[1:]] + [
        connection.execute("SELECT * FROM running ORDER BY 1").fetchall()
    ]


def _spans_are_their_days(connection: sqlite3.Connection) -> None:
    """What is over is the sum of its days; what runs, and what comes after it, has no rows."""
    for grain, of in ((BY_FIVE, five), (BY_MONTH, month)):
        _are_their_days(connection, grain, of)


def _are_their_days(connection: sqlite3.Connection, grain: str, of: Callable[[str], str]) -> None:
    running = dict(connection.execute("SELECT hall, five FROM running").fetchall())
    ratings: Counter[tuple[str, ...]] = Counter()
    times: dict[tuple[str, ...], Times] = {}
    by_name = "served grade_1 grade_2 grade_3 grade_4 grade_5 aside".split()
    for hall, dimension, span, key, *counts in connection.execute(
        f"SELECT hall, dimension, span, key, {', '.join(by_name)} FROM ratings_rollup WHERE grain = 'day'"
    ):
        if of(span) < of(running[hall]):
            for name, count in zip(by_name, counts, strict=True):
                ratings[hall, dimension, of(span), key, name] += count
    for hall, dimension, span, key, counts in connection.execute(
        "SELECT hall, dimension, span, key, counts FROM times_rollup WHERE grain = 'day'"
    ):
        if of(span) < of(running[hall]):
            parts = unpack_quarters(counts) if dimension == QUARTER else {key: unpack(counts)}
            for name, one in parts.items():
                times.setdefault((hall, dimension, of(span), name), Times()).merge(one)
    packed: dict[tuple[str, ...], bytes] = {}
    quarters: dict[tuple[str, ...], dict[str, Times]] = {}
    for (hall, dimension, span, name), one in times.items():
        if dimension == QUARTER:
            quarters.setdefault((hall, dimension, span, ""), {})[name] = one
        else:
            packed[hall, dimension, span, name] = pack(one)
    packed |= {where: pack_quarters(parts) for where, parts in quarters.items()}
    stored = f"SELECT hall, dimension, span, key, {{}} FROM {{}} WHERE grain = '{grain}'"
    assert packed == {
        tuple(where): counts for *where, counts in connection.execute(stored.format("counts", "times_rollup"))
    }
    found: Counter[tuple[str, ...]] = Counter()
    for hall, dimension, span, key, *some in connection.execute(stored.format(", ".join(by_name), "ratings_rollup")):
        for name, count in zip(by_name, some, strict=True):
            found[hall, dimension, span, key, name] = count
    assert found == ratings


async def _served(path: Path, first: str, last: str) -> tuple[int, int]:
    store = SqliteStore(path, asyncio.get_running_loop())
    try:
        ratings, times = await store.tallies("hall", first, last, None), await store.times("service", first, last, None)
        return sum(one.served for one in ratings), sum(one.times.served for one in times)
    finally:
        await store.close()


@QUICK
@given(st.data())
def test_the_order_and_the_pieces_of_what_is_told_make_no_byte(data: st.DataObject) -> None:
    told = [
        (data.draw(st.sampled_from(HALLS)), fact)
        for number in range(1, data.draw(st.integers(2, 8)))
        for fact in data.draw(visit(number))
    ]
    facts = [fact for _, fact in told]

    async def run() -> None:
        with tempfile.TemporaryDirectory() as folder:
            one, other = Path(folder) / "one" / FILE_NAME, Path(folder) / "other" / FILE_NAME
            await _told(one, told, data)
            await _told(other, data.draw(st.permutations(told)), data)
            with closing(connect(one)) as first, closing(connect(other)) as second:
                assert _tables(first) == _tables(second)
                _spans_are_their_days(first)
                before = counted.digests(first)
                first.execute("BEGIN")
                counted.recount(first, lambda hall: OFFSET_MINUTES)
                assert counted.digests(first) == before
                first.execute("ROLLBACK")
            dates = [
                dt.datetime.fromtimestamp(at_ms / 1000, dt.timezone(dt.timedelta(minutes=OFFSET_MINUTES))).date()
                for kind, _, at_ms in facts
                if kind == "hall.ticket.finished"
            ]
            begin = dt.date(2026, 9, 1) + dt.timedelta(data.draw(st.integers(0, 60)))
            end = begin + dt.timedelta(data.draw(st.integers(0, 90)))
            finished = sum(begin <= date <= end for date in dates)
            assert await _served(one, begin.isoformat(), end.isoformat()) == (finished, finished)
            assert await _served(one, "2020-01-01", "2030-12-31") == (len(dates), len(dates))

    asyncio.run(run())
