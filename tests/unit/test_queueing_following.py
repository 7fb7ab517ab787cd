"""Events behind a lost part of the journal: what can't follow is closed, so that the hall can go on."""

from dataclasses import replace

import pytest

from hub.queueing import snapshot
from hub.queueing import state as queueing_state
from hub.queueing.commands import IssueTicket
from hub.queueing.events import Event
from hub.queueing.tables import WindowState
from hub.queueing.window_commands import CallNext, Finish, MarkArrived, WalkUp
from tests.support_hub_core import EPOCH, LAYOUT, Hall, fact, manned


@pytest.fixture
def hall() -> Hall:
    return manned("12")


def followed(events: list[Event]) -> queueing_state.State:
    state = queueing_state.new(LAYOUT)
    for event in events:
        snapshot.follow(state, event)
    return state


def test_with_nothing_lost_it_is_what_the_rules_make(hall: Hall) -> None:
    hall.issue("AAB")
    hall.do(CallNext("1"))
    hall.do(MarkArrived("1"))
    hall.do(Finish("1"))
    hall.do(CallNext("2"))
    assert followed(hall.events) == hall.state


def test_a_ticket_whose_issue_is_lost_frees_its_window(hall: Hall) -> None:
    (issued,) = hall.do(IssueTicket("A", "kiosk"))
    hall.issue("A")
    hall.do(CallNext("1"))
    state = followed([event for event in hall.events if event is not issued])
    assert state.windows["1"].state is WindowState.FREE
    assert state.windows["1"].ticket is None
    assert [ticket.number for ticket in state.in_line("A")] == ["A002"]


def test_a_window_whose_finish_is_lost_drops_what_it_had_and_what_it_called(hall: Hall) -> None:
    hall.issue("AAA")
    hall.do(CallNext("1"))
    (finished,) = hall.do(Finish("1"))
    hall.do(CallNext("1"))
    state = followed([event for event in hall.events if event is not finished])
    assert (state.windows["1"].state, state.windows["1"].ticket) == (WindowState.FREE, None)
    assert [ticket.number for ticket in state.tickets.values()] == ["A003"]
    assert [ticket.number for ticket in state.in_line("A")] == ["A003"]


def test_a_ticket_that_two_windows_have_is_at_none(hall: Hall) -> None:
    (number,) = hall.issue("A")
    (called,) = hall.do(CallNext("1"))
    state = followed([*hall.events, replace(called, data=called.data | {"window": "2", "staff": "staff-2"})])
    assert {window.state for window in state.windows.values() if window.staff} == {WindowState.FREE}
    assert [window.ticket for window in state.windows.values()] == [None] * 3
    assert state.find(number) is None


def test_a_number_is_not_given_again_where_the_ones_before_it_are_lost(hall: Hall) -> None:
    lost = [hall.one(IssueTicket("A", "kiosk")) for _ in range(4)]
    hall.issue("A")
    hall.state = followed([event for event in hall.events if event not in lost])
    assert hall.issue("AB") == ["A006", "B001"]


def test_a_fact_that_can_not_be_followed_is_stored_all_the_same(hall: Hall) -> None:
    _, finished = hall.do(WalkUp("1"))
    rated = hall.one(fact(5, "rated", run=finished.data["run"], grade=4, pressed_after_ms=1))
    for number, through in ((9, 9), (7, 9)):
        snapshot.follow(hall.state, replace(rated, data=rated.data | {"fact": number}))
        assert hall.state.stored_through("box-1", EPOCH) == through
