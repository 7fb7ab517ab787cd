"""A hall laid out anew again and again while people wait: nothing is lost or given twice, and replay is live."""

import asyncio
import random
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from hub.journal import InlineExecutor
from hub.queueing import snapshot
from hub.queueing import state as queueing_state
from hub.queueing.apply import apply
from hub.queueing.commands import CancelTicket, ChangeHall, Command, IssueTicket, SetTraining, Sweep
from hub.queueing.errors import LayoutError, Refusal
from hub.queueing.events import TICKET_ISSUED
from hub.queueing.layout import Layout, Service, Window
from hub.queueing.state import State
from hub.queueing.tables import TicketState
from hub.queueing.training import MARK
from hub.service import HallService
from tests.property.test_service_snapshots import any_command, shown
from tests.support_hub_core import LAYOUT, Clock, CountingIds, open_journal

STEPS = 100


def any_layout(chance: random.Random, now: Layout) -> Layout:
    """A hall like this one with something of it changed; what can't be is drawn again."""
    while True:
        services, windows = list(now.services), list(now.windows)
        for _ in range(chance.randrange(1, 3)):
            match chance.randrange(5):
                case 0 if len(services) > 1:
                    services.pop(chance.randrange(len(services)))
                case 1:
                    services.append(Service(chance.choice("ABCD"), chance.choice("AB"), "事项"))
                case 2:
                    place = chance.randrange(len(services))
                    first, last = chance.choice([(1, None), (1, 20), (21, None), (5, 40), (41, None)])
                    changed = replace(services[place], first_number=first, last_number=last)
                    services[place] = replace(changed, prefix=chance.choice("AB"))
                case 3 if len(windows) > 1:
                    windows.pop(chance.randrange(len(windows)))
                case _:
                    windows.append(Window(chance.choice("1234"), "窗口", tuple(chance.sample("ABCD", 2))))
        known = {service.id for service in services}
        kept = [replace(window, services=tuple(s for s in window.services if s in known)) for window in windows]
        try:
            return replace(now, services=tuple(services), windows=tuple(window for window in kept if window.services))
        except LayoutError:
            continue


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_replay_snapshot_and_live_agree_under_a_changing_hall(seed: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(lives(random.Random(seed), Path(folder)))


async def lives(chance: random.Random, folder: Path) -> None:
    ids, clock = CountingIds(), Clock()
    for _ in range(2):
        # Whatever the settings file says meanwhile: the journal knows which hall it was.
        given_layout = chance.choice([LAYOUT, any_layout(chance, LAYOUT)])
        hall = HallService(open_journal(folder, executor=InlineExecutor()), given_layout, clock, ids)
        # As a hub does at every start.
        await hall.submit(ChangeHall(hall.state.revision + 1, "settings", (), LAYOUT, settled=True))
        for _ in range(STEPS):
            clock.pass_ms(chance.randrange(40_000))
            if chance.random() < 0.03:
                hall.keep_snapshot()
            command, before = any_step(chance, hall.state), served(hall.state)
            try:
                await hall.submit(command)
            except Refusal:
                continue
            everybody_is_somewhere(hall.state)
            if isinstance(command, ChangeHall):
                left = {service for service, line in hall.state.queues.items() if line} - served(hall.state)
                assert not left & before
        live = hall.state
        numbers_are_given_once(hall)
        assert replayed(hall) == live
        await hall.journal.close()
    assert shown(snapshot.load(LAYOUT, snapshot.dump(live))) == shown(live)


def any_step(chance: random.Random, state: State) -> Command:
    kind = chance.random()
    if kind < 0.15:
        return ChangeHall(state.revision + 1, "manager", (), any_layout(chance, state.layout))
    if kind < 0.2:
        return chance.choice([SetTraining(not state.training, "manager"), Sweep(now=True, staff="manager")])
    if kind < 0.4:
        return IssueTicket(chance.choice([service.id for service in state.layout.services]), "kiosk")
    if kind < 0.5 and state.tickets:
        return CancelTicket(chance.choice(list(state.tickets)))
    return any_command(chance, state)


def everybody_is_somewhere(state: State) -> None:
    """Each waiting ticket stands once in its line; a window that it alone waits for is there."""
    for ticket in state.tickets.values():
        if ticket.state is TicketState.WAITING:
            assert [other for other in state.in_line(ticket.line) if other is ticket] == [ticket]
            assert ticket.to_window is None or ticket.to_window in state.layout.window_by_id


def served(state: State) -> set[str]:
    return {service for window in state.layout.windows for service in window.services}


def numbers_are_given_once(hall: HallService) -> None:
    issued = [row.event.data for row in hall.journal.replay() if row.event.type == TICKET_ISSUED]
    # Each training begins with the first number.
    issued = [data for data in issued if MARK not in data]
    twice = Counter((data["business_date"], data["number"]) for data in issued)
    assert [number for number, count in twice.items() if count > 1] == []


def replayed(hall: HallService) -> State:
    state = queueing_state.new(LAYOUT)
    for row in hall.journal.replay():
        apply(state, row.event)
    return state
