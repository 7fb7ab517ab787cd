"""A backup of a time that is still to come is not put in place: its hub's clock or this one is wrong."""

import asyncio
from pathlib import Path

import pytest

from hub.queueing.events import Now
from hub.queueing.layout import Layout
from tools.operations.errors import OperationsError
from tools.operations.restoring import check_clock
from tools.simulation import backup
from tools.simulation.hall import Ids
from tools.simulation.loop import SimulatedLoop
from tools.simulation.world import World

AT_MS = 1_700_000_000_000


def test_a_restore_waits_until_the_backup_was_made() -> None:
    with pytest.raises(OperationsError, match="behind the backup's"):
        check_clock(AT_MS - 1, AT_MS)
    check_clock(AT_MS, AT_MS)


def test_the_simulated_technician_is_refused_what_the_command_refuses(tmp_path: Path) -> None:
    async def restore() -> None:
        ids, hall = Ids(World(1)), Layout("qingxi", 480, (), ())
        await backup.restore(tmp_path / "backup", tmp_path, hall, ids, made_at_ms=AT_MS, now=Now(AT_MS - 1))

    with (
        asyncio.Runner(loop_factory=SimulatedLoop) as runner,
        pytest.raises(OperationsError, match="behind the backup's"),
    ):
        runner.run(restore())
    assert list(tmp_path.iterdir()) == []
