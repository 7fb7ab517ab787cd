"""The address and headers of a batch, to the last character; and unpacking, to the last byte."""

import gzip
import tracemalloc

import pytest

from center import ingest
from center.counting import touched
from center.ingest import BatchError, RequestError, TooLargeError
from common import chain

LINK = "0123456789abcdef" * 4


@pytest.mark.parametrize("text", ["j", "0190a5f2-1111-7000-8000-000000000001", "a" * 128, "Z9._:-"])
def test_what_is_a_journals_id(text: str) -> None:
    assert ingest.journal_id(text) == text
    assert ingest.hubs_journal_id(text) == text


@pytest.mark.parametrize("text", [None, "", "a" * 129, "-a", ".a", "a b", "a/b", "é", "a\n"])
def test_what_is_none_is_named(text: str | None) -> None:
    for read in (ingest.journal_id, ingest.hubs_journal_id):
        with pytest.raises(RequestError, match="128 letters") as caught:
            read(text)
        assert repr(text) in str(caught.value)


def test_a_hub_may_not_send_the_centers_own_journals() -> None:
    own = ingest.own_journal("c1", "h1")
    assert own == "center:c1:h1"
    assert ingest.journal_id(own) == own
    assert ingest.source("h1", own) == "/centers/c1"
    assert ingest.source("h1", "j") == "/halls/h1"
    with pytest.raises(RequestError, match="the center's own"):
        ingest.hubs_journal_id(own)


def test_a_position_is_a_number_that_a_store_holds() -> None:
    assert [ingest.position(text) for text in ("0", "12", str(10**17))] == [0, 12, 10**17]
    for text in (None, "", "-1", "1.0", " 1", "1_0", "x", str(10**17 + 1), "9" * 19, "٣"):
        with pytest.raises(RequestError, match="after="):
            ingest.position(text)


def test_a_link_is_64_lower_case_hex_digits() -> None:
    assert ingest.chain_link(LINK) == bytes.fromhex(LINK)
    for text in (None, "", LINK[1:], LINK + "0", LINK.upper(), "g" * 64):
        with pytest.raises(RequestError, match="Journal-Chain"):
            ingest.chain_link(text)


def test_unpacking_ends_at_the_limit_and_names_what_it_met() -> None:
    whole = b" " * ingest.MAX_UNPACKED
    assert ingest.unpack(whole, "") == ingest.unpack(whole, "identity") == whole
    assert ingest.unpack(gzip.compress(whole, 1), "gzip") == whole
    # RFC 1952: members one after the other are one file.
    assert ingest.unpack(gzip.compress(b"[") + gzip.compress(b"]"), "gzip") == b"[]"
    for body, encoding in ((whole + b" ", ""), (gzip.compress(whole + b" ", 1), "gzip")):
        with pytest.raises(TooLargeError):
            ingest.unpack(body, encoding)
    with pytest.raises(TooLargeError):
        ingest.unpack(gzip.compress(whole, 1) + gzip.compress(b" "), "gzip")
    with pytest.raises(RequestError, match="'br'"):
        ingest.unpack(b"", "br")
    for cut in (b"", gzip.compress(b"[]")[:-1], b"no gzip"):
        with pytest.raises(BatchError, match="gzip"):
            ingest.unpack(cut, "gzip")


def test_a_bomb_is_given_up_at_the_limit_and_not_unpacked_first() -> None:
    bomb = gzip.compress(bytes(32 * ingest.MAX_UNPACKED), 1)
    tracemalloc.start()
    try:
        with pytest.raises(TooLargeError, match="unpacks to more"):
            ingest.unpack(bomb, "gzip")
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 4 * ingest.MAX_UNPACKED


def test_splitting_keeps_bytes_and_counts_to_the_limit() -> None:
    assert ingest.split(b'[ {"a": 1} ,2]') == [b'{"a": 1}', b"2"]
    most = b"[" + b",".join([b"1"] * ingest.MAX_EVENTS) + b"]"
    assert len(ingest.split(most)) == ingest.MAX_EVENTS
    with pytest.raises(TooLargeError, match=str(ingest.MAX_EVENTS)):
        ingest.split(most[:-1] + b",1]")
    wrong = {b"{}": "array", b"[1": "array", b"": "array", b'["\xff"]': "UTF-8", b"[" * 5000: "deeply|array"}
    for body, why in wrong.items():
        with pytest.raises(BatchError, match=why):
            ingest.split(body)


def test_the_same_event_twice_is_one_and_what_is_no_event_stays_as_often_as_it_came() -> None:
    when = "2026-11-21T10:00:00.000+08:00"
    event = (
        f'{{"specversion":"1.0","id":"j/1","source":"/halls/h","type":"hall.x","time":"{when}",'
        f'"recordedtime":"{when}","subject":"x","sequence":"1","journal":"j","clock":"sure","data":{{}}}}'
    ).encode()
    heading = ingest.Heading("h", "j", 7, bytes(32), 480)
    batch = ingest.read_batch(heading, b"[" + b",".join([event, b"7", event, b"7"]) + b"]", "")
    assert [element.data for element in batch.elements] == [event, b"7", b"7"]
    assert [element.declared for element in batch.elements] == [1, None, None]
    assert (batch.hall, batch.journal, batch.after, batch.chain) == ("h", "j", 7, bytes(32))
    assert batch.links == list(chain.links(bytes(32), [event, b"7", b"7"]))
    for other, why in (("k", "journal 'j'"), ("j", "source is '/halls/h', not '/halls/g'")):
        element = ingest.read_element(event, "h" if other == "k" else "g", other, 480)
        assert element.fact is None
        assert why in (element.reason or "")


def test_what_an_event_says_is_its_fact_and_goes_into_what_the_batch_touches() -> None:
    when = "2026-11-21T10:00:00.000+08:00"

    def event(number: int, kind: str, data: str) -> bytes:
        head = f'{{"specversion":"1.0","id":"j/{number}","source":"/halls/h","type":"{kind}","time":"{when}",'
        tail = (
            f'"recordedtime":"{when}","subject":"x","sequence":"{number}","journal":"j","clock":"sure","data":{data}}}'
        )
        return (head + tail).encode()

    rated = event(1, "hall.rating.submitted", '{"run":"r1","window":"1","staff":"s","service":"A","grade":2}')
    broken = event(2, "hall.rating.submitted", '{"run":"r2","grade":9}')
    heading = ingest.Heading("h", "j", 0, bytes(32), 480)
    batch = ingest.read_batch(heading, b"[" + rated + b"," + broken + b"]", "")
    first, second = batch.elements
    assert first.fact is not None
    assert (first.declared, first.reason) == (1, None)
    assert (second.declared, second.fact) == (2, None)
    assert "grade" in (second.reason or "")
    assert batch.touched == touched([first.fact])
    assert batch.touched != touched([])
