"""The whole hall in practice: marked in every event, with numbers and figures of its own, and gone without a trace."""

import json
from typing import Any

from hub.queueing import snapshot, views
from hub.queueing.commands import (
    AcceptFact,
    ChangeHall,
    CloseLease,
    DeviceOnline,
    GrantLease,
    IssueTicket,
    SetTraining,
)
from hub.queueing.events import Event
from hub.queueing.layout import Layout, Service, Window
from hub.queueing.training import MARK
from hub.queueing.window_commands import CallNext, Finish, MarkArrived, NoShow, Restore, SignIn, WalkUp
from tests.support_hub_core import DAY_MS, EPOCH, LAYOUT, MINUTE_MS, MORNING_MS, Hall, fact


def switch(hall: Hall, on: bool) -> list[str]:
    return [event.type for event in hall.do(SetTraining(on, "manager"))]


def serve(hall: Hall, window: str = "2") -> tuple[str, str]:
    """A citizen from number to finish; the number and the run."""
    number = hall.one(IssueTicket("A", "kiosk")).data["number"]
    hall.do(CallNext(window))
    hall.do(MarkArrived(window))
    return number, hall.one(Finish(window)).data["run"]


def practising() -> Hall:
    hall = Hall()
    hall.do(SignIn("2", "li"))
    assert serve(hall)[0] == "A001"
    switch(hall, True)
    hall.do(SignIn("2", "li"))
    return hall


def test_who_is_signed_in_is_signed_out_at_both_ends() -> None:
    hall = Hall()
    hall.do(SignIn("2", "li"))
    assert switch(hall, True) == ["hall.staff.signed_out", "hall.training.began"]
    assert MARK not in hall.events[-2].data
    hall.do(SignIn("1", "wang"))
    assert switch(hall, False) == ["hall.staff.signed_out", "hall.training.ended"]
    assert hall.events[-2].data[MARK] is True
    assert MARK not in hall.events[-1].data


def test_everything_of_tickets_windows_staff_and_ratings_is_marked_and_nothing_else() -> None:
    hall = practising()
    begin = len(hall.events)
    _, run = serve(hall)
    hall.do(WalkUp("2"))
    hall.do(fact(1, "rated", run=run, grade=5, pressed_after_ms=1))
    hall.do(fact(2, "ignored", why="not_invited"))
    hall.do(DeviceOnline("box-1", "evaluator"))
    made = hall.events[begin:]
    assert [event.type for event in made if MARK not in event.data] == ["hall.device.online"]
    assert all(event.data[MARK] is True for event in made[:-1])


def test_numbers_and_figures_of_practice_are_its_own_and_the_day_goes_on_where_it_was() -> None:
    hall = practising()
    before = json.dumps(views.queue(hall.state, hall.now)["calls"])
    assert before == "[]"
    assert [serve(hall)[0], serve(hall)[0]] == ["XA001", "XA002"]
    assert hall.state.windows["2"].day.finished == 2
    switch(hall, False)
    assert hall.state.windows["2"].day.finished == 1
    assert [call["number"] for call in views.queue(hall.state, hall.now)["calls"]] == ["A001"]
    hall.do(SignIn("2", "li"))
    assert serve(hall)[0] == "A002"
    # The next training begins anew.
    switch(hall, True)
    hall.do(SignIn("2", "li"))
    assert serve(hall)[0] == "XA001"


def test_a_no_show_of_the_real_day_waits_behind_the_practice() -> None:
    hall = Hall()
    hall.do(SignIn("2", "li"))
    hall.do(IssueTicket("A", "kiosk"))
    hall.do(CallNext("2"))
    hall.do(NoShow("2"))
    switch(hall, True)
    hall.do(SignIn("2", "li"))
    assert hall.refusal(Restore("2", "A001")).kind == "unknown_ticket"
    switch(hall, False)
    hall.do(SignIn("2", "li"))
    hall.do(Restore("2", "A001"))


def test_a_rating_is_marked_by_its_run_whenever_it_comes() -> None:
    hall = Hall()
    hall.do(SignIn("2", "li"))
    _, real = serve(hall)
    switch(hall, True)
    hall.do(SignIn("2", "li"))
    _, practice = serve(hall)
    assert MARK not in hall.one(fact(1, "rated", run=real, grade=1, pressed_after_ms=1)).data
    switch(hall, False)
    assert hall.one(fact(2, "rated", run=practice, grade=1, pressed_after_ms=1)).data[MARK] is True
    # A run that nobody remembers was never practice.
    assert MARK not in hall.one(fact(3, "rated", run="f" * 16, grade=1, pressed_after_ms=1)).data


def test_it_is_switched_only_while_nobody_holds_a_number_and_only_to_the_other() -> None:
    hall = Hall()
    assert hall.refused(SetTraining(False, "manager")) == ("training_off", "off", "training")
    hall.do(IssueTicket("A", "kiosk"))
    told = hall.refusal(SetTraining(True, "manager"))
    assert (told.kind, told.command) == ("tickets_open", "training")
    assert "A001" in told.detail
    hall = practising()
    assert hall.refused(SetTraining(True, "manager")) == ("training_on", "on", "training")
    hall.do(IssueTicket("A", "kiosk"))
    assert "XA001" in hall.refusal(SetTraining(False, "manager")).detail


def test_no_real_numbers_are_leased_in_training() -> None:
    assert practising().refusal(GrantLease("di-1", ("A",), 5, 1000)).kind == "training_on"


def lent_before() -> tuple[Hall, str]:
    """A hall that lent numbers of today, and then began to practise."""
    hall = Hall()
    lease = hall.one(GrantLease("disp-1", ("A",), 10, 7_200_000)).data["lease"]
    hall.do(IssueTicket("A", "kiosk"))
    hall.do(SignIn("2", "li"))
    hall.do(CallNext("2"))
    hall.do(MarkArrived("2"))
    hall.do(Finish("2"))
    switch(hall, True)
    hall.do(SignIn("2", "li"))
    return hall, lease


def away(hall: Hall, lease: str, number: int, n: int, at_min: int = 1, **more: Any) -> list[Event]:
    data = {"lease": lease, "ticket": f"{n:016x}", "service": "A", "number": number, "token_sha256": "ab" * 32} | more
    at_ms = MORNING_MS + at_min * MINUTE_MS
    return hall.do(AcceptFact("disp-1", EPOCH, n, "away", None, at_ms, None, None, data))


def test_what_a_dispenser_lent_from_is_real_and_stands_in_line_when_the_training_is_over() -> None:
    hall, lease = lent_before()
    hall.do(IssueTicket("A", "kiosk"))
    hall.pass_ms(10 * MINUTE_MS)
    issued, printed = away(hall, lease, 991, 2, at_min=2)
    assert (issued.data["number"], issued.data["ahead"], issued.data["business_date"]) == ("A991", 0, "2026-11-23")
    [earlier, _] = away(hall, lease, 990, 3, at_min=1)
    assert earlier.data["ahead"] == 1
    assert all(MARK not in event.data for event in (issued, printed, earlier))
    # Nobody who practises calls them, and the practice is untouched by them.
    queue = views.queue(hall.state, hall.now)
    assert queue["waiting"]["A"] == 1
    assert hall.one(CallNext("2")).data["number"] == "XA001"
    hall.do(MarkArrived("2"))
    hall.do(Finish("2"))
    assert hall.refusal(CallNext("2")).kind == "queue_empty"
    # They outlive a restart in the middle of it, by the journal and by a snapshot.
    assert hall.replayed() == hall.state
    kept: Any = json.loads(json.dumps(snapshot.dump(hall.state)))
    assert snapshot.load(LAYOUT, kept) == hall.state
    switch(hall, False)
    hall.do(SignIn("2", "li"))
    assert hall.one(CallNext("2")).data["number"] == "A990"
    hall.do(MarkArrived("2"))
    finished = hall.one(Finish("2"))
    assert MARK not in finished.data
    assert hall.one(CallNext("2")).data["number"] == "A991"
    assert hall.one(IssueTicket("A", "kiosk")).data["number"] == "A002"
    assert hall.state.real == {}


def test_a_leased_number_that_was_not_printed_or_stands_twice_is_void_in_training_too() -> None:
    hall, lease = lent_before()
    away(hall, lease, 990, 1)
    types = [event.type for event in away(hall, lease, 991, 2, reason="paper_out")]
    assert types == ["hall.ticket.issued", "hall.ticket.print_failed", "hall.ticket.cancelled"]
    twice = away(hall, lease, 990, 3)[-1]
    assert (twice.type, twice.data["reason"]) == ("hall.ticket.cancelled", "number_taken")
    assert MARK not in twice.data
    # Its paper once more: of the real work, too.
    again = hall.one(fact(4, "printed", None, "disp-1", ticket=f"{1:016x}", reprint=True))
    assert MARK not in again.data
    switch(hall, False)
    assert [ticket.number for ticket in hall.state.tickets.values()] == ["A990"]
    assert [ticket.number for ticket in hall.state.queues["A"]] == ["A990"]


def test_a_service_is_not_taken_away_from_a_number_that_waits_for_the_trainings_end() -> None:
    hall, lease = lent_before()
    away(hall, lease, 990, 1)
    hall.do(CloseLease(lease, "training"))
    windows = tuple(Window(window.id, window.name, ("B",)) for window in LAYOUT.windows)
    bare = Layout(LAYOUT.hall, 480, (LAYOUT.service_by_id["B"],), windows)
    told = hall.refusal(ChangeHall(2, "manager", (), bare))
    assert (told.kind, "A990" in told.detail) == ("tickets_open", True)


def test_a_lease_that_ends_in_training_lends_none_of_its_numbers_again() -> None:
    hall, lease = lent_before()
    away(hall, lease, 990, 1)
    closed = hall.one(CloseLease(lease, "training"))
    assert closed.data["voided"][0]["numbers"][0] == "A991"
    switch(hall, False)
    hall.do(SignIn("2", "li"))
    granted = hall.one(GrantLease("disp-1", ("A",), 10, 1000))
    assert granted.data["ranges"] == [{"service": "A", "first": 980, "last": 989}]


def test_a_prefix_that_changes_hands_in_training_gives_no_real_number_twice() -> None:
    hall = practising()
    services = (Service("C", "A", "新"), Service("A", "K", "社保"), Service("B", "B", "税务"))
    windows = tuple(Window(window.id, window.name, ("A", "B", "C")) for window in LAYOUT.windows)
    hall.do(ChangeHall(2, "manager", (), Layout(LAYOUT.hall, 480, services, windows)))
    switch(hall, False)
    assert hall.one(IssueTicket("C", "kiosk")).data["number"] == "A002"


def test_a_training_over_midnight_gives_the_real_day_back() -> None:
    hall = practising()
    hall.pass_ms(DAY_MS)
    assert serve(hall)[0] == "XA001"
    switch(hall, False)
    assert hall.one(IssueTicket("A", "kiosk")).data["number"] == "A001"
    assert len(hall.state.days) == 1


def test_replay_and_snapshot_are_in_training_too() -> None:
    hall = practising()
    serve(hall)
    hall.do(IssueTicket("A", "kiosk"))
    assert hall.replayed() == hall.state
    kept: Any = json.loads(json.dumps(snapshot.dump(hall.state)))
    assert snapshot.load(LAYOUT, kept) == hall.state
    assert views.hall(LAYOUT, hall.state)["training"] is views.queue(hall.state, hall.now)["training"] is True
