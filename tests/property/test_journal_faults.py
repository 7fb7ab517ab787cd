"""The loop over a disk that fails at any commit, or loses its answer: replies, publications and state agree."""

import asyncio
import random
import tempfile
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.journal import Committed, InlineExecutor, JournalError
from hub.queueing import state as queueing_state
from hub.queueing import views
from hub.queueing.apply import apply
from hub.queueing.commands import Command, IssueTicket
from hub.queueing.errors import Refusal
from hub.queueing.window_commands import CallNext, Finish, SignIn, WalkUp
from hub.service import HallService
from tests.support_hub_core import LAYOUT, Clock, CountingIds, fact, open_journal

STEPS = 40


class FailingExecutor(InlineExecutor):
    """Now and then a job isn't done, or is done and its answer lost."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.trouble = True

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        drawn = self.chance.random() if self.trouble else 1.0
        if drawn < 0.15:
            return failed()
        done = super().submit(fn, *args, **kwargs)
        return failed() if drawn < 0.3 else done


def failed() -> Future[Any]:
    future: Future[Any] = Future()
    future.set_exception(OSError("the disk said no"))
    return future


def any_command(chance: random.Random) -> Command:
    window = chance.choice(["1", "2", "3"])
    return chance.choice(
        [
            IssueTicket(chance.choice("AB"), "kiosk"),
            CallNext(window),
            Finish(window),
            SignIn(window, chance.choice(["li", "wang"])),
            WalkUp(window),
            fact(chance.randrange(1, 60), "rated", run=f"{chance.randrange(20):016x}", grade=3, pressed_after_ms=1),
        ]
    )


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_nothing_is_told_that_is_not_durable_and_nothing_durable_is_left_untold(seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(trouble(random.Random(seed), Path(folder)))


async def trouble(chance: random.Random, folder: Path) -> None:
    disk = FailingExecutor(chance)
    clock = Clock()
    hall = HallService(open_journal(folder, executor=disk), LAYOUT, clock, CountingIds())
    published: list[Committed] = []
    hall.subscribe(published.extend)
    replies: dict[str, dict[str, Any]] = {}
    commands = [any_command(chance) for _ in range(STEPS)]

    async def ask(number: int) -> None:
        name = f"r{number}"
        try:
            reply = await hall.submit(commands[number], name)
        except (Refusal, JournalError):
            return
        if name in {row.request for row in published}:
            assert replies.setdefault(name, reply) == reply

    for _ in range(STEPS):
        clock.pass_ms(chance.randrange(20_000))
        # New ones, old ones again, and the same at the same time.
        await asyncio.gather(*(ask(chance.randrange(STEPS)) for _ in range(chance.randrange(1, 6))))
    disk.trouble = False
    while True:
        try:
            await hall.submit(IssueTicket("A", "kiosk"))
            break
        except JournalError:
            await asyncio.sleep(0)
    rows = list(hall.journal.replay())
    assert [row.sequence for row in published] == [row.sequence for row in rows] == list(range(1, len(rows) + 1))
    assert [row.data for row in published] == [row.data for row in rows]
    replayed = queueing_state.new(LAYOUT)
    for row in rows:
        apply(replayed, row.event)
    assert replayed == hall.state
    assert views.queue(hall.shown, hall.now()) == views.queue(replayed, hall.now())
    by_request: dict[str, set[str]] = {}
    for row in rows:
        if row.request is not None:
            by_request.setdefault(row.request, set()).add(row.event.type)
    # Each request's events are there once, and every reply that was given is kept.
    called = [row.request for row in rows if row.event.type == "hall.ticket.called"]
    assert len(called) == len(set(called))
    assert replies.keys() <= by_request.keys()
    for name, reply in replies.items():
        assert await hall.submit(commands[int(name[1:])], name) == reply
    await hall.journal.close()
