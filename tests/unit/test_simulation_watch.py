"""What the seeded hall looks at tells: a journal that is not what it was, and what is beyond its limit."""

from pathlib import Path
from typing import Any

import pytest

from protocol import messages
from protocol.delivery import MAX_REQUESTS
from protocol.device import DeviceEndpoint
from protocol.session import MAX_EVENTS
from tests.damage_support import changed
from tests.hub_support import MemoryLog
from tests.unit.test_journal_damage import filled, open_journal
from tools.simulation import bounds
from tools.simulation.oracle import Oracle
from tools.simulation.watch import Watch

LAST = "(SELECT max(sequence) FROM events)"


class Story:
    """A world in which nothing happens; it takes what is told."""

    def tell(self, who: str, what: str) -> None:
        """Nobody reads it."""


async def _read_again(folder: Path, *statements: str) -> list[str]:
    """What is said of a journal to which this was done since it was followed."""
    await filled(folder, 50)
    journal = open_journal(folder)
    world: Any = Story()
    watch = Watch(world, Oracle())
    watch.follow(journal)
    watch.read_again(journal)
    assert not watch.wrong
    changed(folder / "journal.db", *statements)
    watch.read_again(journal)
    await journal.close()
    return watch.wrong


async def test_a_last_row_that_is_gone_is_told(tmp_path: Path) -> None:
    wrong = await _read_again(tmp_path, f"DELETE FROM events WHERE sequence = {LAST}")
    assert wrong == ["journal journal-1 still has 49 of its 50 events"]


async def test_a_journal_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    (said,) = await _read_again(tmp_path, "UPDATE events SET data = x'7b7d' WHERE sequence = 20")
    assert said.startswith("journal journal-1 can't be read again: ")


@pytest.mark.parametrize("over", [0, 1])
def test_one_more_than_a_limit_is_told(over: int) -> None:
    most = MAX_EVENTS + MAX_REQUESTS
    endpoint = DeviceEndpoint("box-1", messages.ROLE_EVALUATOR, bytes(32), bytes(8), 1, MemoryLog(), bytes)
    endpoint._events.extend([("event",)] * (most + over))
    told = [("box-1", "events not taken", most + 1, most)] if over else []
    assert bounds.of_endpoint("box-1", endpoint) == told
