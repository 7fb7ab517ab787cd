"""What a ticket can meet between its number and its finish: every rule by its name."""

import pytest

from hub.queueing import views
from hub.queueing.commands import CancelTicket, IssueTicket, Sweep
from hub.queueing.tables import TicketState, WindowState
from hub.queueing.window_commands import (
    Call,
    CallNext,
    Cancel,
    Finish,
    Hold,
    MarkArrived,
    NoShow,
    Recall,
    Restore,
    Resume,
    SignIn,
    SignOut,
    Transfer,
)
from tests.support_hub_core import MINUTE_MS, Hall, manned


@pytest.fixture
def hall() -> Hall:
    return manned()


def order(hall: Hall, window: str, count: int) -> list[str]:
    """The numbers of the next so many calls."""
    numbers = []
    for _ in range(count):
        numbers.append(hall.one(CallNext(window)).data["number"])
        hall.do(Finish(window))
    return numbers


def test_a_chosen_number_is_called_and_says_that_it_was_chosen(hall: Hall) -> None:
    hall.issue("AAA")
    called = hall.one(Call("2", "A003"))
    assert called.type == "hall.ticket.called"
    assert (called.data["number"], called.data["turn"], called.data["passed"]) == ("A003", "chosen", [])
    hall.do(Finish("2"))
    assert order(hall, "2", 2) == ["A001", "A002"]


def test_a_number_that_waits_nowhere_or_for_another_service_is_not_called(hall: Hall) -> None:
    hall.issue("AAB")
    hall.do(Call("1", "A001"))
    assert hall.refused(Call("2", "A001")) == ("ticket_state", "called", "call")
    assert hall.refused(Call("2", "B001")) == ("other_service", "free", "call")
    assert hall.refused(Call("2", "A099")) == ("unknown_ticket", "none", "call")
    hall.do(NoShow("1"))
    assert hall.refused(Call("2", "A001")) == ("ticket_state", "missed", "call")


def test_a_ticket_is_recalled_three_times_at_most(hall: Hall) -> None:
    hall.issue()
    hall.do(CallNext("1"))
    for _ in range(3):
        hall.pass_ms(20_000)
        recalled = hall.one(Recall("1"))
        assert recalled.type == "hall.ticket.recalled"
        assert recalled.data.keys() == {"ticket", "number", "window", "staff", "waited_ms"}
    assert hall.refused(Recall("1")) == ("recalled_enough", "calling", "recall")
    hall.do(NoShow("1"))
    assert hall.state.windows["1"].state is WindowState.FREE


def test_who_comes_after_the_third_recall_is_served_all_the_same(hall: Hall) -> None:
    hall.issue()
    for command in (CallNext("1"), Recall("1"), Recall("1"), Recall("1"), MarkArrived("1"), Finish("1")):
        hall.do(command)
    assert hall.events[-1].type == "hall.ticket.finished"


def test_a_no_show_waits_no_longer_and_is_restored_behind_the_next_two(hall: Hall) -> None:
    hall.issue("AAAAA")
    hall.do(CallNext("2"))
    missed = hall.one(NoShow("2"))
    assert (missed.type, missed.data) == ("hall.ticket.no_show", hall.moved("2", "A001"))
    assert views.window(hall.state, "2")["missed"] == ["A001"]
    restored = hall.one(Restore("2", "A001"))
    assert (restored.type, restored.data) == ("hall.ticket.restored", hall.moved("2", "A001"))
    assert order(hall, "2", 5) == ["A002", "A003", "A001", "A004", "A005"]


def test_with_fewer_than_two_waiting_a_restored_ticket_stands_behind_them(hall: Hall) -> None:
    hall.issue("AA")
    hall.do(CallNext("2"))
    hall.do(NoShow("2"))
    hall.do(Restore("2", "A001"))
    hall.issue("A")
    assert order(hall, "2", 3) == ["A002", "A001", "A003"]


def test_a_restored_ticket_has_no_priority_any_more(hall: Hall) -> None:
    hall.issue("A", priority="urgent")
    hall.issue("AAA")
    hall.do(CallNext("2"))
    hall.do(NoShow("2"))
    hall.do(Restore("2", "A001"))
    assert order(hall, "2", 4) == ["A002", "A003", "A001", "A004"]


def test_a_no_show_is_restored_once(hall: Hall) -> None:
    hall.issue()
    for command in (CallNext("2"), NoShow("2"), Restore("2", "A001"), CallNext("2"), NoShow("2")):
        hall.do(command)
    assert hall.refused(Restore("2", "A001")) == ("restored_once", "missed", "restore")
    assert views.window(hall.state, "2")["missed"] == []


def test_a_held_ticket_frees_its_window_and_comes_back_to_it(hall: Hall) -> None:
    hall.issue("AA")
    hall.do(CallNext("2"))
    hall.do(MarkArrived("2"))
    held = hall.one(Hold("2", "a copy"))
    assert (held.type, held.data) == ("hall.ticket.held", hall.moved("2", "A001", reason="a copy"))
    assert views.window(hall.state, "2")["held"] == ["A001"]
    assert order(hall, "2", 1) == ["A002"]
    resumed = hall.one(Resume("2", "A001"))
    assert (resumed.type, resumed.data) == ("hall.ticket.resumed", hall.moved("2", "A001"))
    assert hall.state.windows["2"].state is WindowState.SERVING
    hall.do(Finish("2"))
    assert not hall.state.tickets


def test_another_window_resumes_only_what_it_serves(hall: Hall) -> None:
    hall.issue()
    hall.do(CallNext("2"))
    hall.do(Hold("2"))
    assert hall.refused(Resume("3", "A001")) == ("other_service", "free", "resume")
    hall.do(Resume("1", "A001"))
    assert hall.state.windows["1"].ticket is not None


def test_a_transfer_to_a_service_keeps_the_place_by_order_of_issue(hall: Hall) -> None:
    hall.issue("ABBB")
    assert order(hall, "3", 1) == ["B001"]
    hall.do(CallNext("2"))
    transferred = hall.one(Transfer("2", to_service="B", reason="wrong line"))
    assert transferred.type == "hall.ticket.transferred"
    assert transferred.data == hall.moved("2", "A001", to_service="B", reason="wrong line")
    assert order(hall, "3", 3) == ["A001", "B002", "B003"]


def test_a_transfer_to_a_window_is_called_by_that_window_alone(hall: Hall) -> None:
    hall.issue("AA")
    hall.do(CallNext("2"))
    hall.do(Transfer("2", to_window="1"))
    assert order(hall, "2", 1) == ["A002"]
    assert hall.refused(CallNext("2"))[0] == "queue_empty"
    assert order(hall, "1", 1) == ["A001"]


def test_a_transfer_with_return_comes_back_first_and_makes_two_runs(hall: Hall) -> None:
    hall.issue("AAA")
    hall.do(CallNext("2"))
    assert hall.one(Transfer("2", to_service="B", back=True)).data["back"] is True
    hall.do(CallNext("3"))
    finished, back = hall.do(Finish("3"))
    assert (finished.data["service"], finished.data["window"]) == ("B", "3")
    assert back.type == "hall.ticket.transferred"
    assert back.data == hall.moved("3", "A001", to_service="A", to_window="2", reason="return")
    assert hall.one(CallNext("2")).data["number"] == "A001"
    (again,) = hall.do(Finish("2"))
    assert (again.data["service"], again.data["run"] != finished.data["run"]) == ("A", True)
    assert order(hall, "2", 2) == ["A002", "A003"]


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        (Transfer("2"), "no_target"),
        (Transfer("2", to_service="Z"), "unknown_service"),
        (Transfer("2", to_window="9"), "unknown_target"),
    ],
)
def test_a_transfer_needs_somewhere_to_go(hall: Hall, command: Transfer, kind: str) -> None:
    hall.issue()
    hall.do(CallNext("2"))
    assert hall.refused(command)[0] == kind


def test_the_window_cancels_its_ticket_or_one_that_waits(hall: Hall) -> None:
    hall.issue("AAAA")
    hall.do(CallNext("2"))
    cancelled = hall.one(Cancel("2", None, "left"))
    assert (cancelled.type, cancelled.data) == ("hall.ticket.cancelled", hall.moved("2", "A001", reason="left"))
    assert hall.state.windows["2"].state is WindowState.FREE
    hall.do(Cancel("2", "A003"))
    hall.do(CallNext("1"))
    assert hall.refused(Cancel("2", "A002")) == ("ticket_state", "called", "cancel")
    hall.do(NoShow("1"))
    hall.do(Cancel("2", "A002"))
    assert order(hall, "2", 1) == ["A004"]
    assert not hall.state.tickets
    assert not hall.state.missed


def test_a_ticket_that_was_never_printed_is_cancelled_without_a_window(hall: Hall) -> None:
    hall.issue("AA")
    ticket = hall.events[-2].data["ticket"]
    data = hall.one(CancelTicket(ticket, "not printed")).data
    assert (data["window"], data["staff"], data["reason"]) == (None, None, "not printed")
    hall.do(CallNext("2"))
    assert hall.refused(CancelTicket("A002")) == ("ticket_state", "called", "cancel")


def test_a_finish_says_its_outcome(hall: Hall) -> None:
    hall.issue("AA")
    hall.do(CallNext("2"))
    assert hall.one(Finish("2", "papers missing")).data["outcome"] == "papers missing"
    hall.do(CallNext("2"))
    assert hall.one(Finish("2")).data["outcome"] == "done"


def test_a_second_service_at_the_same_window_goes_on_at_once_as_its_own_run(hall: Hall) -> None:
    hall.issue("AA")
    hall.do(CallNext("1"))
    hall.pass_ms(MINUTE_MS)
    first, on = hall.do(Finish("1", then="B"))
    assert (on.type, on.data) == ("hall.ticket.resumed", hall.moved("1", "A001", to_service="B", reason="visit"))
    hall.pass_ms(2 * MINUTE_MS)
    (second,) = hall.do(Finish("1"))
    assert (first.data["service"], second.data["service"]) == ("A", "B")
    assert first.data["run"] != second.data["run"]
    assert second.data["served_ms"] == 2 * MINUTE_MS


def test_several_services_in_one_visit_never_queue_again_at_the_end(hall: Hall) -> None:
    hall.issue("A", also=("B", "A"))
    hall.issue("BBA")
    assert hall.events[-4].data["also"] == ["B", "A"]
    assert order(hall, "2", 1) == ["A001"]
    assert order(hall, "3", 1) == ["A001"]
    assert order(hall, "2", 2) == ["A001", "A002"]
    assert order(hall, "3", 2) == ["B001", "B002"]
    runs = [event.data["run"] for event in hall.events if event.type == "hall.ticket.finished"]
    assert len(set(runs)) == 6


def test_a_clerk_who_leaves_while_people_wait_leaves_an_empty_window_that_another_covers(hall: Hall) -> None:
    assert [event.type for event in hall.do(SignOut("2"))] == ["hall.staff.signed_out"]
    hall.do(SignIn("2", "staff-2"))
    hall.issue("AA")
    _, empty = hall.do(SignOut("2"))
    assert (empty.type, empty.data) == (
        "hall.window.empty", {"window": "2", "staff": "staff-2", "reason": "2 waiting"},
    )  # fmt: skip
    _, covered = hall.do(SignIn("2", "li", "B"))
    assert (covered.type, covered.data) == (
        "hall.window.covered", {"window": "2", "staff": "li", "reason": "role B"},
    )  # fmt: skip
    assert len(hall.do(SignIn("2", "wang", "A"))) == 2


def test_the_sweep_by_hand_cancels_all_that_is_open_and_frees_the_windows(hall: Hall) -> None:
    hall.issue("AAAB")
    hall.do(CallNext("1"))
    hall.do(CallNext("2"))
    hall.do(Hold("2"))
    swept = hall.do(Sweep(now=True, staff="manager"))
    assert {event.data["number"] for event in swept} == {"A001", "A002", "A003", "B001"}
    assert {event.data["reason"] for event in swept} == {"closing, by manager"}
    assert not hall.state.tickets
    assert hall.state.windows["1"].state is WindowState.FREE
    assert hall.do(Sweep(now=True)) == []


def test_who_waits_again_is_measured_from_then(hall: Hall) -> None:
    hall.issue()
    hall.pass_ms(5 * MINUTE_MS)
    assert hall.one(CallNext("2")).data["waited_ms"] == 5 * MINUTE_MS
    hall.do(Transfer("2", to_service="B"))
    hall.pass_ms(MINUTE_MS)
    assert hall.one(CallNext("3")).data["waited_ms"] == MINUTE_MS
    assert hall.state.find("A001") is next(iter(hall.state.tickets.values()))
    assert hall.state.find("A001").state is TicketState.CALLED


def test_who_was_restored_may_be_recalled_three_times_again(hall: Hall) -> None:
    hall.issue()
    for command in (CallNext("2"), *[Recall("2")] * 3, NoShow("2"), Restore("2", "A001"), CallNext("2"), Recall("2")):
        hall.do(command)
    assert hall.events[-1].type == "hall.ticket.recalled"


def test_a_reason_in_the_rules_own_words_does_not_shorten_a_visit(hall: Hall) -> None:
    hall.issue("A", also=("B",))
    hall.do(CallNext("2"))
    hall.do(Transfer("2", to_service="B", reason="visit"))
    hall.do(CallNext("3"))
    finished, on = hall.do(Finish("3"))
    assert (finished.data["service"], on.data["to_service"], on.data["reason"]) == ("B", "B", "visit")


def test_boards_are_told_the_call_its_service_and_how_often(hall: Hall) -> None:
    hall.issue("AAAAAAAB", matter="sfz")
    for _ in range(7):
        hall.do(CallNext("2"))
        hall.do(Finish("2"))
    hall.do(CallNext("3"))
    hall.do(Recall("3"))
    shown = views.queue(hall.state, hall.now)["calls"]
    assert [(call["number"], call["service"], call["times"]) for call in shown[:3]] == [
        ("B001", "B", 2),
        ("B001", "B", 1),
        ("A007", "A", 1),
    ]
    assert len(shown) == 6
    assert [call.number for call in views.last_calls(hall.state, {"2"})] == [f"A00{at}" for at in (7, 6, 5, 4, 3, 2)]


def test_a_ticket_remembers_its_matter_and_its_token(hall: Hall) -> None:
    issued = hall.one(IssueTicket("A", "kiosk", matter="sfz"))
    ticket = hall.state.tickets[issued.data["ticket"]]
    assert (ticket.matter, issued.data["matter"]) == ("sfz", "sfz")
    assert ticket.token_digest == issued.data["token_sha256"][:32]
    assert "matter" not in hall.one(IssueTicket("A", "kiosk")).data
