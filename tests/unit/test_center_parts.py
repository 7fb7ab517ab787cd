"""Figures of some windows of a hall: those of all its windows are the hall's, and parts add up."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from center.ingest import Heading, read_batch
from center.reports import ratings, times
from center.store.answers import GROUPS
from center.store.sqlite import SqliteStore
from tests.center_month import MIXES, fill
from tests.center_support import Journal

ALL = frozenset(MIXES)
DATES = ("2026-10-05", "2026-10-20")


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqliteStore]:
    opened = SqliteStore(tmp_path / "center.sqlite", asyncio.get_running_loop())
    journal = fill(Journal(), ("2026-10",), per_day=3)
    # Somebody whom nobody has called stands at no window.
    journal.add("hall.ticket.issued", {"ticket": "waits", "service": "S1", "channel": "kiosk"}, at_ms=1_791_700_000_000)
    body = b"[" + b",".join(journal.events) + b"]"
    await opened.submit(read_batch(Heading("qingxi", journal.name, 0, journal.links[0], 480), body, ""), 1)
    yield opened
    await opened.close()


@pytest.mark.parametrize("by", GROUPS)
async def test_all_windows_together_are_the_hall(store: SqliteStore, by: str) -> None:
    assert await store.tallies(by, *DATES, ["qingxi"], windows=ALL) == await store.tallies(by, *DATES, ["qingxi"])
    part = {one.key: one.times for one in await store.times(by, *DATES, ["qingxi"], windows=ALL)}
    whole = {one.key: one.times for one in await store.times(by, *DATES, ["qingxi"])}
    for key, found in part.items():
        mine, all_of_it = times.figures(found), times.figures(whole[key])
        assert (mine["called"], mine["served"], mine["waiting"]) == (
            all_of_it["called"],
            all_of_it["served"],
            all_of_it["waiting"],
        )
    missing = sum(t.tickets for t in whole.values()) - sum(t.tickets for t in part.values())
    assert missing == 1, "who waits is at no window yet"


@pytest.mark.parametrize("by", [by for by in GROUPS if by != "quarter"])
async def test_two_parts_add_up(store: SqliteStore, by: str) -> None:
    some, others = frozenset({"1", "4"}), ALL - {"1", "4"}
    parts = [await store.tallies(by, *DATES, ["qingxi"], windows=windows) for windows in (some, others)]
    whole = await store.tallies(by, *DATES, ["qingxi"])
    served = [ratings.total(tallies) for tallies in (*parts, whole)]
    assert min(one.served for one in served) > 0
    assert served[0].served + served[1].served == served[2].served
    assert ratings.plus(served[0], served[1]).grades == served[2].grades
    assert await store.tallies(by, *DATES, ["qingxi"], windows=frozenset()) == []
