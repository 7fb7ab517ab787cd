"""The loop under a simulated clock: with an inline writer a hall's hours pass in no time, in the same order."""

import asyncio
from pathlib import Path

import pytest

from hub.journal import InlineExecutor
from hub.queueing.commands import IssueTicket
from hub.queueing.events import Now
from hub.queueing.window_commands import CallNext, Finish, SignIn
from hub.service import HallService
from tests.support_hub_core import LAYOUT, MORNING_MS, CountingIds, open_journal


@pytest.mark.looptime
async def test_a_morning_passes_at_once_and_is_stamped_as_it_passed(tmp_path: Path) -> None:
    loop = asyncio.get_running_loop()
    begun_s = loop.time()

    def clock() -> Now:
        passed_ms = round((loop.time() - begun_s) * 1_000)
        return Now(MORNING_MS + passed_ms, monotonic_ms=passed_ms)

    hall = HallService(open_journal(tmp_path, executor=InlineExecutor()), LAYOUT, clock, CountingIds())
    await hall.submit(SignIn("1", "s"))
    for _ in range(20):
        await hall.submit(IssueTicket("A", "kiosk"))
        await asyncio.sleep(60)
        await hall.submit(CallNext("1"))
        await asyncio.sleep(540)
        await hall.submit(Finish("1"))
    times = [row.event.time_ms for row in hall.journal.replay()]
    assert len(times) == 61
    assert times[-1] == MORNING_MS + 20 * 600_000
    finished = [row.event for row in hall.journal.replay() if row.event.type == "hall.ticket.finished"]
    assert {event.data["served_ms"] for event in finished} == {540_000}
    await hall.journal.close()
