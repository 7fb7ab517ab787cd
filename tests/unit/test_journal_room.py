"""When a journal takes nothing more, who asks the disk for room again, and what closing waits for."""

import asyncio
from pathlib import Path
from threading import Event as ThreadEvent
from threading import Timer

import pytest

from hub.journal import Journal, JournalFull, JournalLimits
from hub.journal.queue import full
from hub.journal.storage import Room
from tests.support_hub_core import MORNING_MS, open_journal
from tests.unit.test_journal_append import HeldExecutor, happened, until_admitted

LIMITS = JournalLimits(max_bytes=1_000, min_free_bytes=50)


@pytest.mark.parametrize(
    ("room", "said"),
    [
        (Room(999, 50), None),
        (Room(1_000, 50), "j.db: holds 1000 bytes, its limit is 1000. Raise the limit."),
        (
            Room(999, 49),
            "j.db: the disk has 49 bytes left, 50 must stay free. Make room on this disk; it goes on by itself.",
        ),
    ],
)
def test_the_limits_are_what_may_just_not_be_reached_and_what_must_just_be_left(room: Room, said: str | None) -> None:
    error = full(Path("j.db"), LIMITS, room)
    assert (None if error is None else str(error)) == said


async def test_only_one_asks_the_disk_for_room_at_a_time_and_none_before_who_is_on_the_way(tmp_path: Path) -> None:
    left, held = [1_000], HeldExecutor()
    journal = open_journal(tmp_path, executor=held, free_bytes=lambda _: left[0])
    on_the_way = journal.append([happened(1)], MORNING_MS)
    await asyncio.sleep(0)
    asked = [refused_while_held(journal, held)]
    held.gate.set()
    await on_the_way
    held.gate.clear()
    asked.append(refused_while_held(journal, held))
    held.gate.set()
    left[0] = 10**9
    await until_admitted(journal)
    await journal.close()
    assert asked == [0, 1]


def refused_while_held(journal: Journal, held: HeldExecutor) -> int:
    """How often three who come one after another ask the disk."""
    before = held.jobs
    for _ in range(3):
        with pytest.raises(JournalFull):
            journal.admit()
    return held.jobs - before


async def test_closing_waits_for_who_asks_the_disk(tmp_path: Path) -> None:
    """The file must not be taken from under the writer's thread."""
    left, gate, over = [1_000], ThreadEvent(), list[str]()

    def free_bytes(_: Path) -> int:
        if left[0] > 1_000:
            gate.wait()
            over.append("asked")
        return left[0]

    journal = open_journal(tmp_path, free_bytes=free_bytes)
    left[0] = 10**9
    with pytest.raises(JournalFull):
        journal.admit()
    letting_go = Timer(0.2, gate.set)
    letting_go.start()
    await journal.close()
    was_over = list(over)
    letting_go.join()
    # Before its write and after it: nothing was left undone.
    assert was_over == ["asked", "asked"]
