"""Broken batches against the shipped process: no figure changes, the contract's answer comes, and the hall goes on."""

import gzip
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import requests
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from common.envelope import BATCH_CONTENT_TYPE
from tests.center_support import DAY, Journal, running

LIMIT_S = 60.0  # a loaded machine
FEW = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@dataclass
class Hall:
    """A hall that has sent something good, and goes on sending."""

    url: str
    tokens: dict[str, str]
    journal: Journal = field(default_factory=Journal, repr=False)
    runs: int = 0
    sent: int = 0

    def post(self, body: bytes, token: str = "hall qingxi", **more: Any) -> tuple[int, dict[str, Any]]:
        """Any body after what is stored, or otherwise as `more` says."""
        after = more.get("after", self.sent)
        headers = {
            "Authorization": f"Bearer {self.tokens[token]}",
            "Content-Type": BATCH_CONTENT_TYPE,
            "Journal-Chain": more.get("link", self.journal.links[min(after, self.sent)].hex()),
        }
        if more.get("packed"):
            headers["Content-Encoding"] = "gzip"
        url = f"{self.url}/api/v1/halls/qingxi/events?journal={self.journal.name}&after={after}"
        answer = requests.post(url, data=body, headers=headers, timeout=LIMIT_S)
        return answer.status_code, answer.json()

    def state(self) -> tuple[Any, ...]:
        """All figures of the day, and how far the journal is."""
        headers = {"Authorization": f"Bearer {self.tokens['viewer']}"}
        said = []
        for door in ("ratings", "waiting"):
            url = f"{self.url}/api/v1/reports/{door}?from={DAY}&to={DAY}&by=window"
            answer = requests.get(url, headers=headers, timeout=LIMIT_S).json()
            said.append({name: value for name, value in answer.items() if name != "as_of"})
        own = {"Authorization": f"Bearer {self.tokens['hall qingxi']}"}
        url = f"{self.url}/api/v1/halls/qingxi/cursor?journal={self.journal.name}"
        return (*said, requests.get(url, headers=own, timeout=LIMIT_S).json())

    def good(self) -> None:
        """The hall goes on: one run more, and it counts."""
        before = self.state()[0]["served"]
        self.runs += 1
        self.journal.run(self.runs, 5)
        body = b"[" + b",".join(self.journal.events[self.sent :]) + b"]"
        assert self.post(body)[0] == 200
        self.sent = self.journal.through
        assert self.state()[0]["served"] == before + 1


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hall(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Hall]:
    async with running(Path(tmp_path_factory.mktemp("fuzz"))) as center:
        yield Hall(center.url, center.tokens)


def fresh(hall: Hall) -> bytes:
    """A batch that would be right: its events are thrown away again."""
    events = len(hall.journal.events)
    hall.journal.run(999_999, 1)
    body = b"[" + b",".join(hall.journal.events[hall.sent :]) + b"]"
    del hall.journal.events[events:], hall.journal.links[events + 1 :]
    return body


@FEW
@given(st.data())
def test_what_is_refused_changes_nothing(hall: Hall, data: st.DataObject) -> None:
    if not hall.sent:
        hall.good()
    body = fresh(hall)
    packed = gzip.compress(body, 1, mtime=0)
    before = hall.state()
    deed = data.draw(st.sampled_from("cut bomb noise object token gap fork deep".split()))
    if deed == "cut":
        status, said = hall.post(packed[: data.draw(st.integers(0, len(packed) - 1))], packed=True)
        assert status == 422
    elif deed == "bomb":
        bomb = gzip.compress(b" " * data.draw(st.integers(4 * 1024 * 1024 + 1, 64 * 1024 * 1024)), 9, mtime=0)
        status, said = hall.post(bomb, packed=True)
        assert status == 413
    elif deed == "noise":
        # Behind the header, whose time and system say nothing of the batch.
        at = data.draw(st.integers(10, len(packed) - 1))
        broken = packed[:at] + data.draw(st.binary(min_size=1, max_size=40)) + packed[at + 1 :]
        assume(broken != packed)
        status, said = hall.post(broken, packed=True)
        assert status == 422
    elif deed == "object":
        status, said = hall.post(data.draw(st.sampled_from([b"{}", b"null", b"7", b'"x"', b"[1", b"", b"\xff[]"])))
        assert status == 422
    elif deed == "token":
        status, said = hall.post(body, token="hall liuhe")
        assert status == 403
    elif deed == "gap":
        status, said = hall.post(body, after=hall.sent + data.draw(st.integers(1, 10**9)))
        assert (status, said["stored_through"]) == (409, hall.sent)
        assert said["type"].endswith("gap")
    elif deed == "fork":
        status, said = hall.post(body, link=data.draw(st.binary(min_size=32, max_size=32)).hex())
        assert (status, said["stored_through"]) == (409, hall.sent)
        assert said["type"].endswith("forked")
    else:
        status, said = hall.post(b"[" * data.draw(st.integers(2000, 100_000)))
        assert status == 422
    assert said["type"].startswith("urn:tingting:problem:")
    assert hall.state() == before


GIANT = st.sampled_from([2**53, 2**63, 2**64, 10**40, -1, 1e308, 0.5])
ODD = (
    st.none() | st.booleans() | GIANT | st.sampled_from(["", "x" * 300, "\x00", "😀", [], {}, [[[]]], {"a": {"b": []}}])
)
TYPES = (
    "hall.ticket.issued hall.ticket.called hall.ticket.finished hall.rating.submitted hall.rating.unrated "
    "hall.rating.ignored hall.device.online hall.device.key_tested hall.ticket.undone hall.staff.signed_in"
).split()
FIELDS = "run ticket window staff service grade served_ms waited_ms device epoch fact why reason detail channel".split()


@FEW
@given(
    st.lists(st.tuples(st.sampled_from(TYPES), st.dictionaries(st.sampled_from(FIELDS), ODD, max_size=6)), min_size=1),
    st.booleans(),
)
def test_wrong_types_and_giant_numbers_stop_nobody(
    hall: Hall, events: list[tuple[str, dict[str, Any]]], twice: bool
) -> None:
    """What can't be read is kept aside under its number; what can be read counts; the next run counts in any case."""
    for kind, said in events:
        hall.journal.add(kind, said)
    parts = hall.journal.events[hall.sent :]
    status, answer = hall.post(b"[" + b",".join([*parts, *parts] if twice else parts) + b"]")
    assert status == 200, answer
    assert answer["stored_through"] == hall.journal.through
    hall.sent = hall.journal.through
    hall.good()


@pytest.mark.parametrize(
    "raw",
    [
        rb'"\ud800"',
        rb'"\udfff\ud800"',
        b"[" * 900 + b"]" * 900,
        b'{"keys_ok":' + b"9" * 400 + b"}",
        b"1e999",
        b'"' + b"y" * 100_000 + b'"',
    ],
)
def test_json_that_no_hub_writes_stops_nobody(hall: Hall, raw: bytes) -> None:
    """Half of a surrogate pair, deep nests, numbers without end: in a box's detail and where a name should stand."""
    if not hall.sent:
        hall.good()
    for kind, data in (
        ("hall.device.key_tested", b'{"device":"ev9","detail":' + raw + b"}"),
        ("hall.ticket.finished", b'{"run":' + raw + b',"window":"1"}'),
        ("hall.unknown.thing", b'{"x":' + raw + b"}"),
    ):
        sequence = hall.journal.through + 1
        name = hall.journal.name
        event = (
            f'{{"specversion":"1.0","id":"{name}/{sequence}","source":"/halls/qingxi","type":"{kind}",'
            f'"time":"{DAY}T10:00:00.000+08:00","recordedtime":"{DAY}T10:00:00.000+08:00","subject":"x",'
            f'"sequence":"{sequence}","journal":"{name}","clock":"sure","data":'
        ).encode() + data
        hall.journal.add_raw(event + b"}")
        status, answer = hall.post(b"[" + hall.journal.events[-1] + b"]")
        if status == 422:  # no JSON at all, or nested deeper than anybody reads
            hall.journal.events.pop()
            hall.journal.links.pop()
            continue
        assert (status, answer["stored_through"]) == (200, sequence), json.dumps(answer)[:300]
        hall.sent = sequence
    hall.good()
