"""Whatever a sender does, the store holds a contiguous journal, and counts what a model of the contract counts."""

import asyncio
import gzip
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from center import ingest, whole
from center.beside import answer, read_answer, request
from center.counting import COUNTED
from center.folded import FoldedBatch
from center.ingest import Batch, BatchError, Element, Heading, RequestError, TooLargeError
from center.intake import AT_ONCE_BYTES, Intake
from center.store import Refused
from center.store.answers import Part, Stored
from center.store.sqlite import FILE_NAME, SqliteStore
from center.whole import KEPT
from common import chain
from tests.center_support import NOON_MS, OFFSET_MINUTES, Journal, rating

QUICK = settings(max_examples=60, deadline=None)  # no timed assertions: these share their cores
JOURNAL = "j"
HEADING = Heading("qingxi", JOURNAL, 0, chain.start(JOURNAL), OFFSET_MINUTES)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(st.binary() | JSON.map(msgspec.json.encode), st.sampled_from(["", "identity", "gzip", "br"]))
def test_any_body_is_a_batch_or_one_of_the_doors_errors(body: bytes, encoding: str) -> None:
    try:
        batch = ingest.read_batch(HEADING, body, encoding)
    except (BatchError, TooLargeError, RequestError):
        return
    assert all(element.reason for element in batch.elements)


@given(st.lists(JSON, max_size=5), st.booleans())
def test_elements_keep_their_exact_bytes(values: list[object], packed: bool) -> None:
    parts = [msgspec.json.encode(value) for value in values]
    body = b" [ " + b" ,\n".join(parts) + b" ] "
    unpacked = ingest.unpack(gzip.compress(body) if packed else body, "gzip" if packed else "")
    assert unpacked == body
    assert ingest.split(unpacked) == parts


@given(st.binary(min_size=1, max_size=300), st.data())
def test_a_cut_or_changed_gzip_is_never_taken_for_the_whole(content: bytes, data: st.DataObject) -> None:
    packed = gzip.compress(content, mtime=0)
    cut = packed[: data.draw(st.integers(0, len(packed) - 1))]
    try:
        unpacked = ingest.unpack(cut, "gzip")
    except BatchError:
        return
    raise AssertionError(f"{len(cut)} of {len(packed)} bytes were taken as {unpacked!r}")


def original() -> Journal:
    """A journal with rated, unrated and doubly rated runs, strange types and an event that is none."""
    journal = Journal(name=JOURNAL)
    journal.run(1, 5)
    journal.run(2, None)
    journal.add("hall.rating.submitted", rating(f"{2 + 2**60:016x}", 2, 50))
    journal.add("hall.case.opened", {})
    journal.run(3, 1)
    journal.add("hall.rating.submitted", rating(f"{3 + 2**60:016x}", 5, 51))
    journal.add_raw(b'{"half": "an event"}')
    journal.run(4, 3)
    journal.run(5, 4)
    return journal


WHOLE = original()


@dataclass
class Model:
    """What a journal's stored part counts, by the contract's words alone."""

    finished: set[str] = field(default_factory=set)
    grades: dict[str, int] = field(default_factory=dict)
    facts: set[tuple[str, str, int]] = field(default_factory=set)

    def take(self, data: bytes) -> None:
        event = msgspec.json.decode(data)
        kind, told = event.get("type"), event.get("data", {})
        if kind == "hall.ticket.finished":
            self.finished.add(told["run"])
        elif kind == "hall.rating.submitted":
            fact = (told["device"], told["epoch"], told["fact"])
            if fact not in self.facts:
                self.facts.add(fact)
                self.grades.setdefault(told["run"], told["grade"])

    @property
    def counted(self) -> tuple[int, list[int]]:
        rated = [self.grades[run] for run in self.finished if run in self.grades]
        return len(self.finished), [rated.count(grade) for grade in (1, 2, 3, 4, 5)]


async def check(store: SqliteStore) -> int:
    """The stored part is the beginning of the journal, its chain is right, and it counts what the model counts."""
    cursor = await store.cursor("qingxi", JOURNAL)
    through = cursor.stored_through
    assert await store.events("qingxi", JOURNAL, Part(0, 1000, 10**7)) == WHOLE.events[:through]
    assert cursor.chain == WHOLE.links[through]
    model = Model()
    for data in WHOLE.events[:through]:
        model.take(data)
    tallies = await store.tallies("hall", "2000-01-01", "2099-12-31", None)
    found = (sum(one.served for one in tallies), [sum(one.grades[index] for one in tallies) for index in range(5)])
    assert found == model.counted
    return through


def read(heading: Heading, body: bytes, beside: bool) -> Batch | FoldedBatch:
    """As it is read in the center, or in the process beside and handed over."""
    if beside:
        return read_answer(answer(request(heading, body, "")), body, "")
    return ingest.read_batch(heading, body, "")


SPANS = st.tuples(st.integers(0, WHOLE.through), st.integers(0, WHOLE.through)).map(sorted)


@QUICK
@given(st.lists(st.tuples(SPANS, st.booleans(), st.booleans()), min_size=1, max_size=8))
def test_parts_in_any_order_and_number_end_in_the_beginning_of_the_journal(
    parts: list[tuple[list[int], bool, bool]],
) -> None:
    async def run() -> None:
        with tempfile.TemporaryDirectory() as folder:
            store = SqliteStore(Path(folder) / FILE_NAME, asyncio.get_running_loop())
            try:
                through = 0
                for (first, last), forged, beside in parts:
                    link = bytes(32) if forged else WHOLE.links[first]
                    body = b"[" + b",".join(WHOLE.events[first:last]) + b"]"
                    heading = Heading("qingxi", JOURNAL, first, link, OFFSET_MINUTES)
                    said: Stored | Refused
                    try:
                        said = await store.submit(read(heading, body, beside), NOON_MS)
                    except Refused as refused:
                        said = refused
                    if first > through:
                        assert isinstance(said, Refused)
                        assert said.kind == "gap"
                    elif forged:
                        assert isinstance(said, Refused)
                        assert said.kind == "forked"
                    else:
                        assert isinstance(said, Stored)
                        through = max(through, last)
                    assert said.stored_through == through
                    assert await check(store) == through
            finally:
                await store.close()

    asyncio.run(run())


def others(data: st.DataObject) -> list[bytes]:
    """The whole journal's events with something done to them."""
    events = list(WHOLE.events)
    index = data.draw(st.integers(0, len(events) - 1))
    deed = data.draw(st.sampled_from(["drop", "swap", "double", "garble", "replace"]))
    if deed == "drop":
        del events[index]
    elif deed == "swap":
        other = data.draw(st.integers(0, len(events) - 1))
        events[index], events[other] = events[other], events[index]
    elif deed == "double":
        events.insert(data.draw(st.integers(0, len(events))), events[index])
    elif deed == "garble":
        at = data.draw(st.integers(0, len(events[index]) - 1))
        events[index] = events[index][:at] + data.draw(st.binary(max_size=3)) + events[index][at + 1 :]
    else:
        events[index] = msgspec.json.encode(data.draw(JSON))
    return events


@QUICK
@given(st.data(), st.integers(0, WHOLE.through), st.booleans())
def test_a_changed_batch_after_a_right_one_changes_nothing_that_is_stored(
    data: st.DataObject, through: int, beside: bool
) -> None:
    """Sent again from the start, with something done to it: what was stored stays, what comes behind is contiguous."""
    events = others(data)

    async def run() -> None:
        with tempfile.TemporaryDirectory() as folder:
            store = SqliteStore(Path(folder) / FILE_NAME, asyncio.get_running_loop())
            try:
                first = b"[" + b",".join(WHOLE.events[:through]) + b"]"
                await store.submit(ingest.read_batch(HEADING, first, ""), NOON_MS)
                try:
                    await store.submit(read(HEADING, b"[" + b",".join(events) + b"]", beside), NOON_MS)
                except (BatchError, Refused):
                    assert await check(store) == through
                kept = await store.events("qingxi", JOURNAL, Part(0, 1000, 10**7))
                assert kept[:through] == WHOLE.events[:through]
                cursor = await store.cursor("qingxi", JOURNAL)
                assert cursor.stored_through == len(kept)
                assert cursor.chain == chain.extend(chain.start(JOURNAL), kept)
            finally:
                await store.close()

    asyncio.run(run())


@given(JSON)
def test_an_element_is_an_event_or_has_a_reason(value: object) -> None:
    element: Element = ingest.read_element(msgspec.json.encode(value), "qingxi", JOURNAL, OFFSET_MINUTES)
    assert (element.reason is None) == (element.fact is not None)


# What an event of a counted type may say, right or wrong; a large detail, since it goes through as it stands.
WORDS = st.sampled_from(["1", "A", "", "键", "1\0", "\\u0000"]) | st.none() | st.integers(-1, 2**70)
SAID = st.fixed_dictionaries(
    {
        "run": st.sampled_from(["r", "r", "r\0"]),
        "ticket": st.just("t"),
        "grade": st.integers(0, 6),
        "why": st.just("repeated"),
    },
    optional={
        "reason": WORDS,
        "window": WORDS,
        "staff": WORDS,
        "device": st.just("ev1"),
        "epoch": st.just("00112233445566aa"),
        "fact": st.integers(-1, 2**60),
        "detail": JSON,
        "waited_ms": st.integers(0, 2**60),
        "training": st.booleans(),
        "@": st.text(),
    },
)
TOLD = st.lists(st.tuples(st.sampled_from([*sorted(COUNTED), "hall.patrol.seen"]), SAID), max_size=6)


# What else an event may have: a name twice, a word escaped, a place for our eyes in another.
ODD = [
    b"",
    b'"type":"hall.ticket.called",',
    b'"t\\u0079pe":"hall.ticket.called",',
    b'"id":"j/2",',
    b'"source":7,',
    b'"source":"/halls/other",',
    b'"journal":"k",',
    b'"sequence":"1",',
    b'"data":{"run":"other","ticket":"other"},',
    b'"data":[],',
    b'"more":{"type":"x"},',
    b'"time":"2026-11-21T25:00:00.000+08:00",',
    b'"specversion":"0.3",',
    b'"request":null,',
    b'"training":true,',
    b'"request":"\\u0000",',
]
KINDS = st.sampled_from([*sorted(COUNTED), *KEPT, "hall.patrol.seen"])


@settings(max_examples=400, deadline=None)
@given(st.lists(st.tuples(KINDS, SAID, st.sampled_from(ODD), st.booleans()), max_size=4))
def test_a_batch_decoded_at_once_says_what_its_events_say_one_by_one(
    told: list[tuple[str, dict[str, object], bytes, bool]],
) -> None:
    compare(told)


def compare(told: list[tuple[str, dict[str, object], bytes, bool]]) -> None:
    """Events with something more at their beginning or end, read together and one by one."""
    journal = Journal(name=JOURNAL)
    for kind, said, more, first in told:
        data = journal.add(kind, said)
        if more:
            journal.events[-1] = b"{" + more + data[1:] if first else data[:-1] + b"," + more[:-1] + b"}"
    found = ingest.read_elements(HEADING, b"[" + b",".join(journal.events) + b"]", "")
    assert found == [ingest.read_element(data, "qingxi", JOURNAL, OFFSET_MINUTES) for data in journal.events]


@pytest.mark.parametrize("kind", ["ticket.issued", "ticket.arrived", "device.online", "case.opened"])
@pytest.mark.parametrize("more", [{}, {"training": True}], ids=["", "training"])
def test_an_odd_event_is_read_alike_alone_and_in_a_batch(kind: str, more: dict[str, object]) -> None:
    for odd in ODD:
        for first in (True, False):
            compare([(f"hall.{kind}", {"run": "r", "ticket": "t", "device": "ev1"} | more, odd, first)])


def test_what_a_hub_sends_in_a_day_is_decoded_at_once() -> None:
    journal = Journal(name=JOURNAL)
    for number in range(30):
        journal.run(number, (None, 1, 5)[number % 3])
    for kind in KEPT:
        journal.add(kind, {"ticket": "t"})
    body = b"[" + b",".join(journal.events) + b"]"
    facts = whole.read(body, ("/halls/qingxi", JOURNAL, 0), OFFSET_MINUTES)
    assert facts is not None
    assert [fact.data is None for fact in facts] == [False] * 120 + [True] * len(KEPT)


@pytest.fixture(scope="module")
def intake() -> Iterator[Intake]:
    made = Intake()
    yield made
    asyncio.run(made.close())


@QUICK
@given(TOLD, st.binary() | st.just(b"7"), st.sampled_from(["", "gzip", "br"]))
def test_what_is_read_in_the_process_beside_is_what_is_read_here(
    intake: Intake, told: list[tuple[str, dict[str, object]]], odd: bytes, encoding: str
) -> None:
    journal = Journal(name=JOURNAL)
    for kind, said in told:
        journal.add(kind, said)
    body = b"[" + b",".join([*journal.events, odd]) + b"]" + b" " * AT_ONCE_BYTES
    if encoding == "gzip":
        body = gzip.compress(body, compresslevel=0)

    async def both() -> tuple[object, object]:
        found: list[object] = []
        for reading in (intake.read, _here):
            try:
                batch = await reading(HEADING, body, encoding)
                found.append([batch.after, batch.chain, batch.elements, batch.links, batch.touched])
            except (BatchError, TooLargeError, RequestError) as error:
                found.append(repr(error))
        return found[0], found[1]

    beside, here = asyncio.run(both())
    assert beside == here


async def _here(heading: Heading, body: bytes, encoding: str) -> Batch | FoldedBatch:
    return ingest.read_batch(heading, body, encoding)
