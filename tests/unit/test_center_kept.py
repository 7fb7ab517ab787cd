"""A large batch is kept as the body that brought it, and nobody who asks for its events can tell."""

import asyncio
import gzip
from collections.abc import AsyncIterator
from contextlib import closing
from itertools import pairwise
from pathlib import Path

import pytest

from center import folded, ingest
from center.beside import answer, read_answer, request
from center.errors import StoreError
from center.folded import FoldedBatch
from center.ingest import Batch, Heading, read_batch
from center.store import FORKED, Refused, counted, following, kept
from center.store.answers import Part, Stored
from center.store.sqlite import FILE_NAME, SqliteStore, connect
from tests.center_support import DAY, NOON_MS, OFFSET_MINUTES, Journal, rating

ALL = Part(0, 10_000, 10**8)


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = SqliteStore(tmp_path / FILE_NAME, asyncio.get_running_loop())
    yield opened
    await opened.close()


def batch(journal: Journal, after: int, through: int, *, packed: bool = True) -> Batch | FoldedBatch:
    """A part of a journal as the process beside hands it over."""
    return handed_over(journal, after, b"[" + b",".join(journal.events[after:through]) + b"]", packed=packed)


def handed_over(journal: Journal, after: int, body: bytes, *, packed: bool = True) -> Batch | FoldedBatch:
    heading = Heading(journal.hall, journal.name, after, journal.links[after], OFFSET_MINUTES)
    sent, encoding = (gzip.compress(body), "gzip") if packed else (body, "")
    return read_answer(answer(request(heading, sent, encoding)), sent, encoding)


def one_by_one(journal: Journal, after: int, through: int) -> Batch:
    heading = Heading(journal.hall, journal.name, after, journal.links[after], OFFSET_MINUTES)
    return read_batch(heading, b"[" + b",".join(journal.events[after:through]) + b"]", "")


async def two(store: SqliteStore) -> tuple[Journal, Journal]:
    """Two journals whose parts came by turns, as bodies (packed or not) and one by one."""
    journals = Journal(name="j1"), Journal(hall="liuhe", name="j2")
    for number in range(30):
        for journal in journals:
            journal.run(number + 100 * (journal.hall == "liuhe"), number % 5 + 1)
    ends = [0, 40, 43, 80, 120]
    for turn, (after, through) in enumerate(pairwise(ends)):
        for which, journal in enumerate(journals):
            how = (turn + which) % 3
            sent = one_by_one(journal, after, through) if how == 2 else batch(journal, after, through, packed=how == 0)
            await store.submit(sent, NOON_MS)
    return journals


async def test_the_events_are_those_that_came_wherever_one_begins_to_read(store: SqliteStore, tmp_path: Path) -> None:
    journals = await two(store)
    for journal in journals:
        for after in range(journal.through + 2):
            assert await store.events(journal.hall, journal.name, Part(after, 7, 10**6)) == journal.events[after:][:7]
        assert (await store.cursor(journal.hall, journal.name)).chain == journal.links[-1]
        assert await store.events(journal.hall, "another", ALL) == []
        assert await store.events("another", journal.name, ALL) == []
    positions = range(2 * 120 + 2)
    found = await store.events_at(positions)
    assert [one.position for one in found] == list(positions)[1:-1]
    for journal in journals:
        of_it = [one for one in found if one.journal == journal.name]
        assert {one.hall for one in of_it} == {journal.hall}
        assert [one.sequence for one in of_it] == list(range(1, journal.through + 1))
        assert [one.data for one in of_it] == journal.events
        assert [one.chain for one in of_it] == journal.links[1:]
    with closing(connect(tmp_path / FILE_NAME)) as connection:
        rows, bodies = (
            connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in ("events", "bodies")
        )
        assert 0 < rows < 240
        assert bodies > 3
        for after in (0, 1, 39, 40, 41, 100, 239, 240):
            again = list(kept.by_position(connection, after))
            assert [(one.position, one.data) for one in again] == [(one.position, one.data) for one in found[after:]]
        assert kept.last_position(connection) == 240
        before = counted.digests(connection)
        connection.execute("BEGIN")
        assert counted.recount(connection, lambda hall: OFFSET_MINUTES) == 240
        assert counted.digests(connection) == before
        connection.execute("ROLLBACK")


async def test_what_is_sent_again_is_known_from_a_body_and_a_fork_of_it_refused(store: SqliteStore) -> None:
    journal, _ = await two(store)
    for after, through in ((0, 120), (20, 60), (41, 42), (90, 120)):
        for again in (batch(journal, after, through), one_by_one(journal, after, through)):
            stored = await store.submit(again, NOON_MS)
            assert (stored.stored_through, stored.added) == (120, 0)
    other = Journal(name="j1", events=journal.events[:60], links=journal.links[:61])
    for number in range(15):
        other.run(500 + number, 5)
    for after in (50, 61):
        for forked in (batch(other, after, 120), one_by_one(other, after, 120)):
            with pytest.raises(Refused) as refused:
                await store.submit(forked, NOON_MS)
            assert refused.value.kind == FORKED
    # The first event is stored, though not where this batch has it: it is left out, and the rest follows.
    late = handed_over(journal, 60, b"[" + b",".join([journal.events[9], *journal.events[60:120]]) + b"]")
    assert (await store.submit(late, NOON_MS)).added == 0


async def test_a_body_that_is_not_its_events_alone_is_kept_event_by_event(store: SqliteStore, tmp_path: Path) -> None:
    journal = Journal()
    for number in range(10):
        journal.run(number, 5)
    spaces = b"[" + b" " * 100_000 + b",".join(journal.events[:20]) + b"]"
    twice = b"[" + b",".join([*journal.events[20:40], *journal.events[30:40]]) + b"]"
    for after, body in ((0, spaces), (20, twice)):
        sent = handed_over(journal, after, body)
        assert isinstance(sent, Batch)
        stored: Stored = await store.submit(sent, NOON_MS)
        assert (stored.added, stored.quarantined) == (20, {})
    assert await store.events(journal.hall, journal.name, ALL) == journal.events
    (tally,) = await store.tallies("hall", DAY, DAY, None)
    assert tally.served == 10
    with closing(connect(tmp_path / FILE_NAME)) as connection:
        assert connection.execute("SELECT count(*) FROM bodies").fetchone() == (0,)


@pytest.mark.parametrize("beside", ["comment", "extra field", "empty members"])
async def test_a_gzip_that_is_longer_than_its_events_is_kept_event_by_event(
    store: SqliteStore, tmp_path: Path, beside: str
) -> None:
    journal = Journal()
    journal.run(1, 5)
    plain = gzip.compress(b"[" + b",".join(journal.events) + b"]")
    if beside == "empty members":
        sent = plain + gzip.compress(b"") * 400
    elif beside == "comment":
        sent = plain[:3] + b"\x10" + plain[4:10] + b"x" * 10_000 + b"\0" + plain[10:]
    else:
        sent = plain[:3] + b"\x04" + plain[4:10] + (10_000).to_bytes(2, "little") + b"x" * 10_000 + plain[10:]
    heading = Heading(journal.hall, journal.name, 0, journal.links[0], OFFSET_MINUTES)
    assert isinstance(read_answer(answer(request(heading, plain, "gzip")), plain, "gzip"), FoldedBatch)
    batch = read_answer(answer(request(heading, sent, "gzip")), sent, "gzip")
    assert isinstance(batch, Batch)
    assert (await store.submit(batch, NOON_MS)).added == journal.through
    assert await store.events(journal.hall, journal.name, ALL) == journal.events
    with closing(connect(tmp_path / FILE_NAME)) as connection:
        assert connection.execute("SELECT count(*) FROM bodies").fetchone() == (0,)


async def test_events_that_a_later_batch_repeats_are_looked_up_and_each_body_opened_once(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal()
    for number in range(90):
        journal.run(number, 5)
    for after in range(0, 320, 40):
        await store.submit(batch(journal, after, after + 40), NOON_MS)
    await store.submit(one_by_one(journal, 320, 330), NOON_MS)
    # By turns from the eight bodies and the rows, so that no one body is the one of the event before.
    repeated = [journal.events[place] for start in range(40) for place in range(start, 330, 40)]
    again = handed_over(journal, 330, b"[" + b",".join([*repeated, *journal.events[330:]]) + b"]")
    opened, made = [], []

    class Counted(kept.Kept):
        def __new__(cls, position: int, journal: int, sequence: int, data: bytes) -> "Counted":
            made.append(sequence)
            return super().__new__(cls, position, journal, sequence, data)

    def unpack(body: bytes, encoding: str) -> bytes:
        opened.append(body)
        return ingest.unpack(body, encoding)

    kept._opened.cache_clear()
    monkeypatch.setattr(kept, "unpack", unpack)
    monkeypatch.setattr(kept, "Kept", Counted)
    stored = await store.submit(again, NOON_MS)
    assert (stored.added, stored.quarantined) == (journal.through - 330, {})
    assert len(opened) == len(set(opened)) == 8
    assert len(made) <= 2 * len(repeated)


async def test_a_batch_that_is_sent_again_is_unpacked_once_and_not_read_again(
    store: SqliteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal()
    for number in range(20):
        journal.run(number, 5)
    journal.add_raw(b'{"no": "event"}')
    sent = batch(journal, 0, journal.through)
    assert isinstance(sent, FoldedBatch)
    here = one_by_one(journal, 0, journal.through)
    whole = sent.unfolded()
    assert whole.elements[:-1] == here.elements[:-1]
    assert (whole.elements[-1].data, whole.elements[-1].reason) == (journal.events[-1], here.elements[-1].reason)
    assert (whole.links, whole.touched) == (here.links, here.touched)
    await store.submit(sent, NOON_MS)
    opened = []

    def unpack(body: bytes, encoding: str) -> bytes:
        opened.append(body)
        return ingest.unpack(body, encoding)

    def read(*_args: object) -> None:
        raise AssertionError("read again")

    monkeypatch.setattr(folded, "unpack", unpack)
    monkeypatch.setattr(ingest, "read_element", read)
    monkeypatch.setattr(ingest, "read_parts", read)
    assert (await store.submit(sent, NOON_MS)).added == 0
    assert opened == [sent.body]


@pytest.mark.parametrize("table", ["events", "bodies"])
async def test_events_that_a_damaged_file_lacks_are_told_in_words(
    store: SqliteStore, tmp_path: Path, table: str
) -> None:
    journal, other = await two(store)
    journal = journal if table == "bodies" else other
    with closing(connect(tmp_path / FILE_NAME)) as connection:
        connection.execute(f"DELETE FROM {table}")
    for after in (0, 41):
        with pytest.raises(StoreError, match=r"event \d+ of journal j\d of hall .* the file is damaged"):
            await store.submit(one_by_one(journal, after, 120), NOON_MS)


@pytest.mark.parametrize(
    "damage", ["body = substr(body, 1, 100)", "body = zeroblob(9)", "events = events + 1", "encoding = 'br'"]
)
async def test_a_damaged_body_is_named(store: SqliteStore, tmp_path: Path, damage: str) -> None:
    journal = Journal()
    for number in range(10):
        journal.run(number, 5)
    await store.submit(batch(journal, 0, 40), NOON_MS)
    with closing(connect(tmp_path / FILE_NAME)) as connection:
        connection.execute(f"UPDATE bodies SET {damage}")
    with pytest.raises(StoreError, match=r"the stored batch of 4. events at position 1 \(journal .* can't be read: "):
        await store.events(journal.hall, journal.name, ALL)


async def test_what_follows_single_runs_finds_their_events_in_bodies(store: SqliteStore) -> None:
    journal = Journal()
    for number in range(10):
        journal.run(number, number % 5 + 1)
        ignored = {"window": "1", "device": "ev1", "epoch": "00112233445566aa", "fact": 100 + number, "why": "repeated"}
        journal.add("hall.rating.ignored", ignored)
    token = {"ticket": "held", "number": "B777", "service": "B", "channel": "kiosk", "token_sha256": "f" * 64}
    journal.add("hall.ticket.issued", token)
    for after, through in ((0, 27), (27, 30), (30, journal.through)):
        sent = one_by_one(journal, after, through) if through == 30 else batch(journal, after, through)
        await store.submit(sent, NOON_MS)
    grades = {f"{journal.name}/{5 * number + 4}": number % 5 + 1 for number in range(10)}
    days = DAY, DAY
    for rows in (await store.rated("qingxi", days), await store.records("qingxi", days, ("", ""), 100)):
        assert {row.event: row.data["grade"] for row in rows} == grades
        assert all((one.row.grade, one.row.run) == (one.data["grade"], one.data["run"]) for one in rows)
    bad = await store.to_follow("qingxi", 100)
    assert [row.data["grade"] for row in bad] == [1, 2, 1, 2]
    one = await store.rated_run("qingxi", bad[0].row.run)
    assert one == bad[0]
    pressed = await store.ignored("qingxi", days)
    assert sorted(row.event for row in pressed) == sorted(f"{journal.name}/{5 * number + 5}" for number in range(10))
    ticket = await store.ticket_of_token("f" * 64)
    assert ticket is not None
    assert (ticket.number, ticket.ticket) == ("B777", "held")


async def test_parts_of_an_export_open_few_bodies_and_unrated_runs_none(
    store: SqliteStore, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Six days of ten runs, a body each; the ids of a day's runs stand between those of the other days'."""
    journal = Journal()
    ids = [(day, number, f"{number:02}-{day}") for day in range(6) for number in range(10)]
    for day, number, run in ids:
        place = {"run": run, "window": str(number % 2 + 1), "staff": "s1", "service": "A"}
        at_ms = NOON_MS + day * 86_400_000 - number * 1000
        journal.add("hall.ticket.finished", place | {"ticket": "t" + run, "served_ms": 60_000}, at_ms=at_ms)
        if number < 7:
            journal.add("hall.rating.submitted", rating(run, 5, 10 * day + number), at_ms=at_ms)
    for after in range(0, journal.through, 17):
        await store.submit(batch(journal, after, after + 17), NOON_MS)
    opened = []

    def unpack(body: bytes, encoding: str) -> bytes:
        opened.append(body)
        return ingest.unpack(body, encoding)

    monkeypatch.setattr(kept, "unpack", unpack)
    kept._opened.cache_clear()
    dates = [f"2026-11-{21 + day}" for day in range(6)]
    found, after_run = [], ("", "")
    while rows := await store.records(journal.hall, (dates[0], dates[-1]), after_run, 4):
        assert len(rows) <= 4
        found += rows
        after_run = rows[-1].row.date, rows[-1].row.run
    assert [(one.row.date, one.row.run) for one in found] == [(dates[day], run) for day, _, run in ids]
    assert [one.data.get("run") for one in found] == [run if number < 7 else None for _, number, run in ids]
    assert len(opened) == 6
    asked: list[str] = []
    with closing(connect(tmp_path / FILE_NAME)) as connection:
        connection.set_trace_callback(asked.append)
        following.records(connection, journal.hall, (dates[0], dates[-1]), ("", ""), 4)
        following.unrated(connection, journal.hall, dates[0], frozenset({"2"}), 4)
        connection.set_trace_callback(None)
        of_runs = [one for one in asked if " FROM runs " in one]
        assert len(of_runs) == 2
        for sql in of_runs:
            plan = [row[3] for row in connection.execute("EXPLAIN QUERY PLAN " + sql)]
            assert plan[0] == "SEARCH runs USING INDEX runs_by_date (hall=? AND date>? AND date<?)"
    kept._opened.cache_clear()
    opened.clear()
    for windows, wanted in ((None, ["09-2", "08-2", "07-2"]), (frozenset({"2"}), ["09-2", "07-2"]), (frozenset(), [])):
        unrated = await store.unrated(journal.hall, dates[2], windows, 10)
        assert [run.run for run in unrated] == wanted
    assert [run.run for run in await store.unrated(journal.hall, dates[2], None, 2)] == ["09-2", "08-2"]
    assert not opened
