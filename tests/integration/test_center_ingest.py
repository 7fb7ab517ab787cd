"""The ingest door of the real center process, case by case as the contract says."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.center_support import CenterProcess, Journal, running


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
        | {name: report[name] for name in ("satisfaction_rate", "points")}
    ]
