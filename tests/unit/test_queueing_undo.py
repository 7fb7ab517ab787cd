"""What a window may take back, until when, and what becomes of the run."""

import pytest

from hub.queueing.commands import InvitationAccepted
from hub.queueing.tables import RunState, WindowState
from hub.queueing.window_commands import CallNext, Cancel, Finish, NoShow, Restore, Transfer, Undo, WalkUp
from tests.support_hub_core import Hall, fact, manned


@pytest.fixture
def hall() -> Hall:
    return manned()


def test_an_undone_no_show_is_called_again_as_it_was(hall: Hall) -> None:
    hall.issue("AA")
    hall.do(CallNext("2"))
    hall.do(NoShow("2"))
    hall.pass_ms(60_000)
    undone = hall.one(Undo("2"))
    assert (undone.type, undone.data) == ("hall.ticket.undone", hall.moved("2", "A001", reason="no_show"))
    assert hall.state.windows["2"].state is WindowState.CALLING
    assert not hall.state.missed


def test_an_undone_finish_is_finished_again_as_the_same_run(hall: Hall) -> None:
    hall.issue()
    hall.do(CallNext("2"))
    run = hall.one(Finish("2")).data["run"]
    undone = hall.one(Undo("2"))
    assert undone.data == hall.moved("2", "A001", reason="finish") | {"run": run}
    assert hall.state.windows["2"].state is WindowState.SERVING
    assert hall.one(Finish("2")).data["run"] == run
    assert list(hall.state.runs) == [run]


def test_a_rating_before_an_undo_stays_with_its_run_and_counts_once(hall: Hall) -> None:
    hall.issue()
    hall.do(CallNext("2"))
    run = hall.one(Finish("2")).data["run"]
    hall.do(InvitationAccepted(run, "box-1"))
    submitted = hall.one(fact(1, "rated", window="2", run=run, grade=2, pressed_after_ms=900))
    hall.do(Undo("2"))
    # The same for the clerk as without a rating: nothing tells.
    assert hall.one(Finish("2")).data["run"] == run == submitted.data["run"]
    assert hall.state.runs[run].state is RunState.RATED
    assert hall.do(InvitationAccepted(run, "box-1")) == []
    assert hall.one(fact(2, "rated", window="2", run=run, grade=5, pressed_after_ms=9)).type == "hall.rating.ignored"


def test_an_undone_finish_keeps_its_run_through_a_transfer(hall: Hall) -> None:
    hall.issue()
    hall.do(CallNext("2"))
    run = hall.one(Finish("2")).data["run"]
    for command in (Undo("2"), Transfer("2", to_service="B"), CallNext("3"), NoShow("3"), Undo("3")):
        hall.do(command)
    assert hall.one(Finish("3")).data["run"] == run


def test_undo_is_refused_after_a_minute_and_after_anything_else(hall: Hall) -> None:
    hall.issue("AAAA")
    assert hall.refused(Undo("2")) == ("nothing_to_undo", "free", "undo")
    hall.do(CallNext("2"))
    hall.do(Finish("2"))
    hall.pass_ms(60_001)
    assert hall.refused(Undo("2")) == ("too_late_to_undo", "free", "undo")
    hall.do(CallNext("2"))
    assert hall.refused(Undo("2")) == ("ticket_open", "calling", "undo")
    hall.do(NoShow("2"))
    hall.do(Restore("1", "A002"))
    assert hall.refused(Undo("2"))[0] == "nothing_to_undo"
    hall.do(WalkUp("2"))
    assert hall.refused(Undo("2"))[0] == "nothing_to_undo"


def test_cancelling_another_ticket_is_an_act_after_which_nothing_is_undone(hall: Hall) -> None:
    hall.issue("AA")
    for command in (CallNext("2"), Finish("2"), Cancel("2", "A002")):
        hall.do(command)
    assert hall.refused(Undo("2"))[0] == "nothing_to_undo"
