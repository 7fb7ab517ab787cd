"""Signs that somebody rates for others, by their door: the test is named, and its events are linked."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.center_support import DAY, CenterProcess, Journal
from tests.people_support import peopled


@pytest.fixture
async def center(tmp_path: Path) -> AsyncIterator[CenterProcess]:
    async with peopled(tmp_path) as running_center:
        yield running_center


async def test_signs_name_their_test_and_their_events(center: CenterProcess) -> None:
    journal = Journal()
    for number in range(80):
        staff = "quick" if number % 2 else "honest"
        journal.run(number + 1, 5 if number % 5 else 4, staff=staff)
        event = json.loads(journal.events[-1])
        event["data"]["pressed_after_ms"] = 300 if staff == "quick" else 4000
        journal.events[-1] = json.dumps(event, ensure_ascii=False).encode()
    again = Journal()
    for data in journal.events:
        again.add_raw(data)
    await center.send(again)
    found = await center.get(f"/api/v1/signs?hall=qingxi&from={DAY}&to={DAY}", "supervisor")
    (sign,) = [sign for sign in found["signs"] if sign["kind"] == "quick_presses"]
    assert (sign["who"], sign["numbers"]["quick"], sign["test"]) == ("quick", 40, "exact binomial test, one-sided")
    assert sign["chance"] < 1e-10
    assert len(sign["events"]) == 40
    assert (await center.ask(f"/api/v1/signs?hall=qingxi&from={DAY}&to={DAY}", "viewer"))[0] == 403


@pytest.mark.parametrize("odd_rates", [True, False])
async def test_a_rate_far_from_the_others_opens_to_its_services(center: CenterProcess, odd_rates: bool) -> None:
    journal, runs = Journal(), {}
    for number in range(1, 121):
        odd = number % 3 == 0
        run = journal.run(number, 5 if odd == odd_rates else None, staff="odd" if odd else "other")
        runs[run] = odd
    await center.send(journal)
    found = await center.get(f"/api/v1/signs?hall=qingxi&from={DAY}&to={DAY}", "supervisor")
    (sign,) = [one for one in found["signs"] if one["kind"] == "far_rate" and one["who"] == "odd"]
    assert (sign["numbers"]["rated"], sign["numbers"]["served"]) == (40 if odd_rates else 0, 40)
    behind = [json.loads(journal.events[int(event.rpartition("/")[2]) - 1]) for event in sign["events"]]
    assert {event["type"] for event in behind} == {"hall.ticket.finished"}
    assert {event["data"]["run"] for event in behind} == {run for run, odd in runs.items() if odd}
