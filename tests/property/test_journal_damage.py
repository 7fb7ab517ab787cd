"""Whatever bytes of the file go bad: the hall opens, and every event is delivered, named as lost, or at the center."""

import asyncio
import json
import random
import tempfile
from pathlib import Path

from hypothesis import example, given, settings
from hypothesis import strategies as st

from common import chain
from hub.journal import InlineExecutor, Journal
from hub.journal.database import suspect_mark
from hub.queueing.errors import Refusal
from hub.service import HallService, SystemIds
from tests.property.test_service_snapshots import any_command
from tests.support_hub_core import LAYOUT, Clock

STEPS = 100


def opened(folder: Path, chance: random.Random, clock: Clock) -> HallService:
    journal = Journal.open(
        folder / "journal.db", LAYOUT.hall, 480, lambda: f"j{chance.getrandbits(64):x}", executor=InlineExecutor()
    )
    return HallService(journal, LAYOUT, clock, SystemIds())


async def work(hall: HallService, chance: random.Random, clock: Clock, steps: int) -> None:
    for _ in range(steps):
        clock.pass_ms(chance.randrange(40_000))
        if chance.random() < 0.02:
            hall.keep_snapshot()
        try:
            await hall.submit(any_command(chance, hall.state))
        except Refusal:
            continue


def spoil(path: Path, chance: random.Random) -> None:
    whole = bytearray(path.read_bytes())
    for _ in range(chance.randrange(1, 4)):
        size = chance.choice([1, 30, 4096, 9000])
        at = chance.randrange(len(whole))
        if chance.random() < 0.5:
            at -= at % 4096
        whole[at : at + size] = bytes(size) if chance.random() < 0.5 else chance.randbytes(size)
    path.write_bytes(whole)


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32))
# Rows that one way through a damaged tree finds and another does not; an end that a state alone tells of, or nothing.
@example(500106)
@example(500603)
@example(500554)
def test_any_bytes_may_go_bad(seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(damage(random.Random(seed), Path(folder)))


async def damage(chance: random.Random, folder: Path) -> None:
    clock = Clock()
    hall = opened(folder, chance, clock)
    await work(hall, chance, clock, STEPS)
    rows = hall.journal.read(0, 10_000)
    delivered = chance.choice([0, chance.randrange(len(rows) + 1), len(rows)])
    await hall.journal.set_cursor("center", str(delivered))
    was = hall.journal.id
    await hall.journal.close()
    path = folder / "journal.db"
    spoil(path, chance)
    suspect_mark(path).touch()
    hall = opened(folder, chance, clock)
    journal = hall.journal
    events = [json.loads(row.data) for row in journal.read(journal.kept_after, 10_000)]
    gaps = [event["data"] for event in events if event["type"] == "hall.journal.gap"]
    if journal.id == was:
        kept = journal.read(journal.kept_after, 10_000)
        assert journal.kept_after <= delivered or not gaps
        assert [row for row in kept if row.sequence <= len(rows)] == rows[journal.kept_after :]
    else:
        originals = {row.data: row.sequence for row in rows}
        left: set[int] = set()
        for old in journal.old():
            position = int(old.cursor("center") or 0)
            assert old.chain_at(position) == chain.extend(chain.start(was), [row.data for row in rows[:position]])
            left |= {originals[row.data] for row in old.read(position, 10_000)}
        again = [event["data"]["original"] for event in events if "original" in event["data"]]
        assert len(again) == len(set(again))
        behind = {int(original.rpartition("/")[2]) for original in again}
        assert not left & behind
        lost = {
            sequence
            for gap in gaps
            for sequence in range(gap["from"], (len(rows) if gap["to"] is None else gap["to"]) + 1)
        }
        assert set(range(delivered + 1, len(rows) + 1)) <= left | behind | lost
        assert gaps
    await work(hall, chance, clock, STEPS)
    before = hall.state
    await journal.close()
    hall = opened(folder, chance, clock)
    assert hall.journal.id == journal.id
    assert hall.state == before
    await hall.journal.close()
