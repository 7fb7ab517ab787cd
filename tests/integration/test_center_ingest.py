"""The ingest door of the real center process, case by case as the contract says."""

import gzip
import json
import zlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from common import chain
from common.envelope import BATCH_CONTENT_TYPE
from tests.center_support import DAY, CenterProcess, Journal, rating, running


@pytest.fixture
async def center(tmp_path: Path) -> AsyncIterator[CenterProcess]:
    async with running(tmp_path) as process:
        yield process


async def test_stored_events_come_back_byte_for_byte_and_count(center: CenterProcess) -> None:
    journal = Journal()
    for number, grade in enumerate([5, 4, None, 1], start=1):
        journal.run(number, grade)
    status, answer = await center.send(journal, packed=True)
    assert (status, answer) == (200, {"journal": journal.name, "stored_through": 16, "quarantined": []})

    cursor = await center.get(f"/api/v1/halls/qingxi/cursor?journal={journal.name}", "hall qingxi")
    assert cursor == {"journal": journal.name, "stored_through": 16, "chain": journal.links[16].hex()}

    _, stored = await center.ask(f"/api/v1/halls/qingxi/events?journal={journal.name}&after=3&limit=5", "auditor")
    assert stored == b"[" + b",".join(journal.events[3:8]) + b"]"

    report = await center.ratings()
    assert report["served"] == 4
    assert report["rated"] == 3
    assert report["unrated"] == 1
    assert report["grades"] == {"1": 1, "2": 0, "3": 0, "4": 1, "5": 1}
    assert report["evaluation_rate"] == {"numerator": 3, "denominator": 4, "value": 0.75}
    assert report["satisfaction_rate"] == {"numerator": 2, "denominator": 3, "value": 2 / 3}
    assert report["points"] == 18
    assert report["rows"] == [
        {"key": "qingxi"}
        | {name: report[name] for name in ("served", "rated", "unrated", "grades", "evaluation_rate")}
        | {name: report[name] for name in ("satisfaction_rate", "points", "set_aside")}
    ]


async def test_a_repeat_is_skipped_and_changes_nothing(center: CenterProcess) -> None:
    journal = Journal()
    journal.run(1, 5)
    journal.run(2, 2)
    first = await center.send(journal, until=5)
    assert first[1]["stored_through"] == 5
    assert await center.send(journal) == (200, {"journal": journal.name, "stored_through": 8, "quarantined": []})
    before = await center.ratings()
    for after in (0, 3, 7):
        assert (await center.send(journal, after))[1]["stored_through"] == 8
    assert {**await center.ratings(), "as_of": before["as_of"]} == before


async def test_a_gap_names_where_to_go_on(center: CenterProcess) -> None:
    journal = Journal()
    journal.run(1, 5)
    journal.run(2, 5)
    await center.send(journal, until=4)
    status, answer = await center.send(journal, after=6)
    assert (status, answer["type"], answer["stored_through"]) == (409, "urn:tingting:problem:gap", 4)
    status, answer = await center.send(Journal(name="never-heard-of", links=[]), after=3)
    assert (status, answer["type"], answer["stored_through"]) == (409, "urn:tingting:problem:gap", 0)


async def test_a_hole_inside_a_batch_is_a_gap_and_nothing_is_stored(center: CenterProcess) -> None:
    journal = Journal()
    journal.run(1, 5)
    holed = b"[" + b",".join([journal.events[0], *journal.events[2:]]) + b"]"
    status, answer = await center.send(journal, body=holed)
    assert (status, answer["type"], answer["stored_through"]) == (409, "urn:tingting:problem:gap", 0)
    assert (await center.ratings())["served"] == 0


async def test_a_fork_is_refused_by_chain_and_by_bytes(center: CenterProcess) -> None:
    journal, other = Journal(), Journal()
    journal.run(1, 5)
    other.run(1, 1)
    await center.send(journal)
    other.run(2, 1)
    status, answer = await center.send(other, after=4)
    assert (status, answer["type"], answer["stored_through"]) == (409, "urn:tingting:problem:forked", 4)
    # From the start the chain is the same; the bytes are not.
    status, answer = await center.send(other)
    assert (status, answer["type"], answer["stored_through"]) == (409, "urn:tingting:problem:forked", 4)
    assert (await center.ratings())["grades"] == {"1": 0, "2": 0, "3": 0, "4": 0, "5": 1}


async def test_the_same_event_twice_in_a_batch_is_one(center: CenterProcess) -> None:
    journal = Journal()
    journal.run(1, 5)
    doubled = [event for event in journal.events for _ in range(2)]
    status, answer = await center.send(journal, body=b"[" + b",".join(doubled) + b"]")
    assert (status, answer["stored_through"], answer["quarantined"]) == (200, 4, [])
    assert (await center.ratings())["rated"] == 1


async def test_an_empty_batch_changes_nothing(center: CenterProcess) -> None:
    journal = Journal()
    assert await center.send(journal) == (200, {"journal": journal.name, "stored_through": 0, "quarantined": []})
    halls = await center.get("/api/v1/halls")
    assert halls["halls"][0]["journal"] is None
    journal.run(1, 5)
    await center.send(journal)
    assert (await center.send(journal, after=4))[1]["stored_through"] == 4
    assert (await center.send(journal, after=4, body=b"[ ]"))[1]["stored_through"] == 4


MALFORMED = {
    "a number": b"7",
    "null": b"null",
    "an empty object": b"{}",
}


async def test_a_malformed_element_is_kept_in_quarantine_and_blocks_nothing(center: CenterProcess) -> None:
    for number, (what, data) in enumerate(MALFORMED.items(), start=1):
        journal = Journal(name=f"journal-{number}")
        journal.run(number * 10, 5)
        journal.add_raw(data)
        journal.run(number * 10 + 1, 4)
        status, answer = await center.send(journal)
        assert (status, answer["stored_through"], answer["quarantined"]) == (200, 9, [5]), what
        assert answer["reasons"]["5"], what
        assert (await center.send(journal))[1] == answer
        _, stored = await center.ask(f"/api/v1/halls/qingxi/events?journal={journal.name}&after=4&limit=1", "auditor")
        assert stored == b"[" + data + b"]"
        halls = await center.get("/api/v1/halls")
        assert halls["halls"][0]["quarantined"] == number
        named = {(each["journal"], each["sequence"]) for each in halls["halls"][0]["in_quarantine"]}
        assert (journal.name, 5) in named
        assert (await center.ratings())["rated"] == 2 * number


WRONG_DATA = {
    "grade 6": ("hall.rating.submitted", rating("r", 6, 1)),
    "grade as text": ("hall.rating.submitted", rating("r", 5, 1) | {"grade": "5"}),
    "no run": ("hall.ticket.finished", {"ticket": "t"}),
    "half a fact": ("hall.rating.submitted", rating("r", 5, 1) | {"epoch": None}),
    "a fact number past all stores": ("hall.rating.submitted", rating("r", 5, 2**70)),
}


async def test_wrong_data_of_a_counted_type_goes_to_quarantine(center: CenterProcess) -> None:
    for number, (what, (kind, data)) in enumerate(WRONG_DATA.items(), start=1):
        journal = Journal(name=f"journal-{number}")
        journal.add(kind, data)
        journal.run(number, 4)
        status, answer = await center.send(journal)
        assert (status, answer["stored_through"], answer["quarantined"]) == (200, 5, [1]), what
        assert kind in answer["reasons"]["1"], what
        assert (await center.ratings())["served"] == number


async def test_an_event_out_of_its_place_goes_to_quarantine_under_its_place(center: CenterProcess) -> None:
    journal, stranger = Journal(), Journal(name="other-journal")
    journal.run(1, 5)
    stranger.run(3, 1)
    journal.add_raw(stranger.events[2])
    journal.run(2, 4)
    status, answer = await center.send(journal)
    assert (status, answer["stored_through"], answer["quarantined"]) == (200, 9, [5])
    assert "other-journal" in answer["reasons"]["5"]


async def test_an_unknown_type_is_stored_and_not_counted(center: CenterProcess) -> None:
    journal = Journal()
    journal.add("hall.case.opened", {"anything": [1, {"deep": None}]})
    journal.run(1, 5)
    status, answer = await center.send(journal)
    assert (status, answer["stored_through"], answer["quarantined"]) == (200, 5, [])
    assert (await center.ratings())["served"] == 1


def _cut(body: bytes) -> bytes:
    return body[:-9]


UNREADABLE = {
    "not JSON": (b"[{]", ""),
    "not an array": (b'{"a": 1}', ""),
    "nothing": (b"", ""),
    "cut off": (b'[{"a": 1}', ""),
    "something behind": (b"[] x", ""),
    "not UTF-8": (b'["\xff"]', ""),
    "NaN": (b"[NaN]", ""),
    "a lone surrogate": (b'["\\ud800"]', ""),
    "nested without end": (b"[" * 100_000 + b"]" * 100_000, ""),
    "not gzip": (b"[]", "gzip"),
    "gzip of nothing": (b"", "gzip"),
    "cut gzip": (_cut(gzip.compress(b"[]" + b" " * 9000)), "gzip"),
    "gzip with something behind": (gzip.compress(b"[]") + b"more", "gzip"),
    "gzip with a wrong checksum": (gzip.compress(b"[]")[:-8] + bytes(8), "gzip"),
}


async def test_an_unreadable_batch_is_422_and_stores_nothing(center: CenterProcess) -> None:
    journal = Journal()
    for what, (body, encoding) in UNREADABLE.items():
        headers = {"Content-Type": BATCH_CONTENT_TYPE, "Journal-Chain": journal.links[0].hex()}
        if encoding:
            headers["Content-Encoding"] = encoding
        status, answer = await center.post(journal.name, 0, body, headers)
        assert (status, answer["type"]) == (422, "urn:tingting:problem:unreadable"), what
        assert answer["detail"], what
    cursor = await center.get(f"/api/v1/halls/qingxi/cursor?journal={journal.name}", "hall qingxi")
    assert cursor["stored_through"] == 0


MIB = 1024 * 1024


TOO_LARGE = {
    "plain": (b"[" + b" " * 4 * MIB + b"]", ""),
    "far too long": (b"[" + b" " * 9 * MIB + b"]", ""),
    "packed": (gzip.compress(b"[" + b" " * 4 * MIB + b"]"), "gzip"),
    "a bomb": (zlib.compress(bytes(100 * MIB), 1, 31), "gzip"),
    "30,000 elements": (b"[" + b"1," * 30_000 + b"1]", ""),
}


async def test_over_4_mib_is_413(center: CenterProcess) -> None:
    for what, (body, encoding) in TOO_LARGE.items():
        headers = {"Content-Type": BATCH_CONTENT_TYPE, "Journal-Chain": Journal().links[0].hex()}
        if encoding:
            headers["Content-Encoding"] = encoding
        status, _ = await center.post("j", 0, body, headers)
        assert status == 413, what


async def test_exactly_4_mib_and_a_thousand_events_fit(center: CenterProcess) -> None:
    journal = Journal()
    for number in range(250):
        journal.run(number, number % 5 + 1)
    body = b"[" + b",".join(journal.events)
    body += b" " * (4 * MIB - len(body) - 1) + b"]"
    for packed in (False, True):
        status, answer = await center.send(journal, body=body, packed=packed)
        assert (status, answer["stored_through"]) == (200, 1000)


async def test_tokens_open_only_their_own_doors(center: CenterProcess) -> None:
    journal = Journal()
    journal.run(1, 5)
    status, answer = await center.send(journal, token=center.tokens["hall liuhe"])
    assert (status, answer["type"]) == (403, "urn:tingting:problem:wrong-hall")
    status, answer = await center.send(journal, token=center.tokens["viewer"])
    assert (status, answer["type"]) == (403, "urn:tingting:problem:wrong-role")
    status, answer = await center.send(journal, token="guessed")
    assert (status, answer["type"]) == (401, "urn:tingting:problem:wrong-token")
    for path in ("/api/v1/halls", f"/api/v1/reports/ratings?from={DAY}&to={DAY}"):
        assert (await center.ask(path, ""))[0] == 401
        assert (await center.ask(path, "hall qingxi"))[0] == 403
    assert (await center.ask(f"/api/v1/halls/qingxi/events?journal={journal.name}", "viewer"))[0] == 403
    assert (await center.ask(f"/api/v1/halls/liuhe/cursor?journal={journal.name}", "hall qingxi"))[0] == 403


async def test_a_journal_belongs_to_one_hall(center: CenterProcess) -> None:
    journal, stolen = Journal(), Journal(hall="liuhe")
    journal.run(1, 5)
    stolen.run(1, 1)
    await center.send(journal)
    status, answer = await center.send(stolen)
    assert (status, answer["type"]) == (403, "urn:tingting:problem:journal-of-another-hall")
    path = f"/api/v1/halls/liuhe/cursor?journal={journal.name}"
    assert (await center.ask(path, "hall liuhe"))[0] == 403
    _, stored = await center.ask(f"/api/v1/halls/liuhe/events?journal={journal.name}", "auditor")
    assert stored == b"[]"


BAD_REQUESTS: list[tuple[str, dict[str, str], int]] = [
    ("journal=j", {}, 400),
    ("after=0", {}, 400),
    ("journal=j&after=-1", {}, 400),
    ("journal=j&after=1e3", {}, 400),
    ("journal=j&after=999999999999999999999", {}, 400),
    ("journal=%00&after=0", {}, 400),
    (f"journal={'j' * 200}&after=0", {}, 400),
    ("journal=j&after=0", {"Journal-Chain": "AB" * 32}, 400),
    ("journal=j&after=0", {"Journal-Chain": ""}, 400),
    ("journal=j&after=0", {"Content-Encoding": "br"}, 400),
    ("journal=j&after=0", {"Content-Type": "application/json"}, 415),
]


async def test_a_request_that_is_none_says_what_is_missing(center: CenterProcess) -> None:
    for query, headers, status in BAD_REQUESTS:
        wanted = {"Content-Type": BATCH_CONTENT_TYPE, "Journal-Chain": chain.start("j").hex()} | headers
        wanted["Authorization"] = f"Bearer {center.tokens['hall qingxi']}"
        url = f"{center.url}/api/v1/halls/qingxi/events?{query}"
        async with center.client.post(url, data=b"[]", headers=wanted) as answer:
            assert answer.status == status, query
            problem = json.loads(await answer.read())
        assert answer.content_type == "application/problem+json"
        assert problem["detail"], query
