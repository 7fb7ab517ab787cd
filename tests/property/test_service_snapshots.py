"""Whatever commands were done and wherever the state was kept: snapshot and tail give the state of the whole replay."""

import asyncio
import random
import tempfile
from pathlib import Path

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.journal import InlineExecutor
from hub.queueing import snapshot
from hub.queueing import state as queueing_state
from hub.queueing.apply import apply
from hub.queueing.commands import (
    Command,
    DeviceOnline,
    HubStarted,
    InvitationAccepted,
    InvitationFailed,
    IssueTicket,
    SetDate,
)
from hub.queueing.errors import Refusal
from hub.queueing.layout import Layout, Service, Window
from hub.queueing.state import State
from hub.queueing.window_commands import (
    Call,
    CallNext,
    Cancel,
    Finish,
    Hold,
    MarkArrived,
    NoShow,
    Pause,
    Recall,
    Restore,
    Resume,
    SignIn,
    SignOut,
    Transfer,
    Undo,
    Unpause,
    WalkUp,
)
from hub.service import HallService
from tests.support_hub_core import LAYOUT, Clock, CountingIds, fact, open_journal

STEPS = 120
# The same hall, laid out anew: one window and one service more, one window fewer.
OTHER = Layout(
    hall=LAYOUT.hall,
    offset_minutes=480,
    services=(*LAYOUT.services, Service("C", "C", "公安")),
    windows=(*LAYOUT.windows[:2], Window("4", "4号窗口", ("C",))),
)


def any_command(chance: random.Random, state: State) -> Command:
    window = chance.choice(["1", "2", "3"])
    run = chance.choice([*list(state.runs)[-3:], f"{chance.randrange(20):016x}"])
    number = chance.randrange(1, 60)
    return chance.choice(
        [
            IssueTicket(chance.choice("AB"), "kiosk", chance.choice([None, "elderly"])),
            IssueTicket(chance.choice("AB"), "kiosk"),
            IssueTicket("A", "desk", also=("B",)),
            *(CallNext(window), MarkArrived(window), Finish(window), WalkUp(window)),
            *(CallNext(window), NoShow(window), Hold(window), Undo(window), Finish(window, then="B")),
            *(Call(window, f"A{number:03d}"), Restore(window, f"A{number:03d}"), Resume(window, f"A{number:03d}")),
            *(Transfer(window, "B", back=True), Transfer(window, None, "1"), Cancel(window), Recall(window)),
            SetDate(chance.choice(["2026-11-23", "2026-11-24"]), "manager"),
            *(SignIn(window, chance.choice(["li", "wang"])), SignOut(window), Pause(window, "lunch"), Unpause(window)),
            *(InvitationAccepted(run, "box-1"), InvitationFailed(run)),
            *(DeviceOnline(f"box-{number % 3}", "evaluator"), HubStarted("1")),
            fact(number, "rated", run=run, grade=3, pressed_after_ms=1),
            fact(number, "unrated", run=run, reason="timeout"),
        ]
    )


@settings(max_examples=30, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_a_start_from_a_snapshot_is_a_start_from_the_first_event(seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(lives(random.Random(seed), Path(folder)))


async def lives(chance: random.Random, folder: Path) -> None:
    ids, clock = CountingIds(), Clock()
    used = 0
    for _ in range(3):
        hall = HallService(open_journal(folder, executor=InlineExecutor()), LAYOUT, clock, ids)
        used += any(True for _ in hall.journal.snapshots())
        assert hall.state == replayed(hall, LAYOUT)
        for _ in range(STEPS):
            clock.pass_ms(chance.randrange(40_000))
            if chance.random() < 0.05:
                hall.keep_snapshot()
            try:
                await hall.submit(any_command(chance, hall.state))
            except Refusal:
                continue
        before = hall.state
        if chance.random() < 0.5:
            # As killed: nothing is kept at the end.
            hall.journal.on_closing = lambda: None
        await hall.journal.close()
        assert before == replayed(hall, LAYOUT, before)
    anew = HallService(open_journal(folder, executor=InlineExecutor()), OTHER, clock, ids)
    assert used
    assert anew.shown == queueing_state.for_showing(anew.state)
    assert shown(anew.state) == shown(replayed(anew, OTHER))
    await anew.journal.close()


def replayed(hall: HallService, layout: Layout, closed: State | None = None) -> State:
    """From the first event; or, of a closed hall, what its own snapshot gives back."""
    if closed is not None:
        packed = msgspec.msgpack.encode(snapshot.dump(closed))
        return snapshot.load(layout, msgspec.msgpack.decode(packed))
    state = queueing_state.new(layout)
    for row in hall.journal.replay():
        apply(state, row.event)
    return state


def shown(state: State) -> State:
    """Without empty queues and closed windows of services and windows that are gone: they are made when wanted."""
    for service in [name for name, queue in state.queues.items() if not queue]:
        del state.queues[service]
    closed = queueing_state.WindowNow
    for window in [name for name, now in state.windows.items() if now == closed(name)]:
        del state.windows[window]
    return state
