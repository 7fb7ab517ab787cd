"""Who is next: priority and preference, weighted and capped; appointments; what is expected of a wait."""

from dataclasses import replace

import pytest

from hub.queueing import priority, views
from hub.queueing import state as queueing_state
from hub.queueing.commands import IssueTicket
from hub.queueing.errors import Refusal
from hub.queueing.events import Now
from hub.queueing.window_commands import CallNext, Finish, MarkArrived, Pause, SignIn
from tests.support_hub_core import LAYOUT, MINUTE_MS, MORNING_MS, Hall, manned


@pytest.fixture
def hall() -> Hall:
    return manned("12")


def issue(hall: Hall, *classes: str | None, service: str = "A") -> None:
    for each in classes:
        hall.do(IssueTicket(service, "desk", each, "li"))


def calls(hall: Hall, window: str, count: int) -> list[str]:
    numbers = []
    for _ in range(count):
        numbers.append(hall.one(CallNext(window)).data["number"])
        hall.do(Finish(window))
    return numbers


def test_one_call_in_three_goes_to_priority_and_the_others_still_move(hall: Hall) -> None:
    issue(hall, *[None] * 6, *["elderly"] * 3)
    assert calls(hall, "2", 9) == ["A007", "A001", "A002", "A008", "A003", "A004", "A009", "A005", "A006"]


def test_two_windows_share_the_one_in_three_of_a_line(hall: Hall) -> None:
    issue(hall, *[None] * 4, "elderly", "elderly")
    called = [calls(hall, window, 1)[0] for window in "121212"]
    assert called == ["A005", "A001", "A002", "A006", "A003", "A004"]


def test_how_often_priority_goes_first_is_a_setting() -> None:
    hall = Hall(state=queueing_state.new(replace(LAYOUT, one_in=2)))
    hall.do(SignIn("2", "li"))
    issue(hall, *[None] * 3, *["elderly"] * 2)
    assert calls(hall, "2", 5) == ["A004", "A001", "A005", "A002", "A003"]


@pytest.mark.parametrize("each", list(priority.CLASSES))
def test_every_class_has_priority_and_the_event_says_who_verified_it(hall: Hall, each: str) -> None:
    issue(hall, None)
    issued = hall.one(IssueTicket("A", "desk", each, "li"))
    assert (issued.data["priority"], issued.data["verified_by"]) == (each, "li")
    called = hall.one(CallNext("2"))
    assert (called.data["number"], called.data["turn"], called.data["passed"]) == ("A002", "priority", [])


def test_without_a_name_the_channel_stands_for_the_verification(hall: Hall) -> None:
    assert hall.one(IssueTicket("A", "kiosk", "elderly")).data["verified_by"] == "kiosk"
    assert "verified_by" not in hall.one(IssueTicket("A", "kiosk")).data


def test_an_unknown_class_is_refused(hall: Hall) -> None:
    with pytest.raises(Refusal) as caught:
        hall.do(IssueTicket("A", "desk", "vip"))
    assert caught.value.kind == "unknown_priority"
    assert "elderly" in caught.value.detail


def test_no_public_view_shows_a_class(hall: Hall) -> None:
    issue(hall, "disabled", "urgent")
    hall.do(CallNext("2"))
    shown = repr(views.queue(hall.state, hall.now)) + repr(views.hall(LAYOUT, hall.state))
    assert not [each for each in priority.CLASSES if each in shown]


def test_an_urgent_one_goes_before_who_waits_a_little_longer_not_before_who_waits_long(hall: Hall) -> None:
    issue(hall, None, "elderly")
    hall.pass_ms(20 * MINUTE_MS)
    issue(hall, "pregnant", "urgent")
    hall.pass_ms(MINUTE_MS)
    assert hall.one(CallNext("2")).data["number"] == "A004"
    other = Hall()
    other.do(SignIn("2", "li"))
    issue(other, None, "elderly")
    other.pass_ms(31 * MINUTE_MS)
    issue(other, "urgent")
    assert other.one(CallNext("2")).data["number"] == "A002"


def test_a_line_that_was_passed_over_twice_has_its_call_even_before_priority(hall: Hall) -> None:
    issue(hall, None, service="B")
    issue(hall, None, None, None, "urgent")
    assert calls(hall, "1", 3) == ["A004", "A001", "B001"]


def test_an_appointment_has_priority_from_its_time_on(hall: Hall) -> None:
    due_ms = MORNING_MS + 30 * MINUTE_MS
    issue(hall, *[None] * 3)
    booked = hall.one(IssueTicket("A", "appointment", appointment_at_ms=due_ms))
    assert (booked.data["priority"], booked.data["appointment_at_ms"]) == ("appointment", due_ms)
    assert calls(hall, "2", 1) == ["A001"]
    hall.now = Now(due_ms)
    assert calls(hall, "2", 1) == ["A004"]


def test_an_appointment_waits_in_turn_until_its_time(hall: Hall) -> None:
    hall.do(IssueTicket("A", "appointment", appointment_at_ms=MORNING_MS + 3_600_000))
    issue(hall, None)
    assert calls(hall, "2", 2) == ["A001", "A002"]


@pytest.mark.parametrize(("late_min", "kept"), [(15, "appointment"), (16, None)])
def test_an_appointment_later_than_the_grace_waits_like_everybody(hall: Hall, late_min: int, kept: str | None) -> None:
    due_ms = MORNING_MS - late_min * MINUTE_MS
    assert hall.one(IssueTicket("A", "appointment", appointment_at_ms=due_ms)).data["priority"] == kept


def serve(hall: Hall, window: str, minutes: int) -> None:
    hall.do(IssueTicket("A", "kiosk"))
    hall.do(CallNext(window))
    hall.do(MarkArrived(window))
    hall.pass_ms(minutes * MINUTE_MS)
    hall.do(Finish(window))


def test_the_expected_wait_is_a_range_from_the_last_service_times(hall: Hall) -> None:
    hall.do(Pause("1"))
    for minutes in (4, 4, 6, 6, 10, 10):
        serve(hall, "2", minutes)
    for _ in range(3):
        hall.do(IssueTicket("A", "kiosk"))
    reply = hall.reply(IssueTicket("A", "kiosk"))
    # Three ahead and one window: three at the quicker quartile, four at the slower.
    assert (reply["ahead"], reply["wait"]) == (3, {"low_min": 12, "high_min": 40})
    assert views.queue(hall.state, hall.now)["wait"] == {"A": {"low_min": 16, "high_min": 50}, "B": None}


def test_more_windows_make_the_wait_shorter_and_shared_ones_less_so(hall: Hall) -> None:
    hall.do(Pause("1"))
    for _ in range(6):
        serve(hall, "2", 6)
    hall.do(SignIn("1", "other", "B"))
    for _ in range(4):
        hall.do(IssueTicket("A", "kiosk"))
    wait = views.queue(hall.state, hall.now)["wait"]
    assert wait["A"] == {"low_min": 12, "high_min": 15}
    hall.do(IssueTicket("B", "kiosk"))
    wait = views.queue(hall.state, hall.now)["wait"]
    assert wait["A"] == {"low_min": 12, "high_min": 20}


def test_no_wait_is_told_while_too_little_is_known_or_nobody_serves(hall: Hall) -> None:
    hall.do(Pause("1"))
    for _ in range(4):
        serve(hall, "2", 6)
    assert views.queue(hall.state, hall.now)["wait"]["A"] is None
    serve(hall, "2", 6)
    assert views.queue(hall.state, hall.now)["wait"]["A"] == {"low_min": 0, "high_min": 6}
    hall.do(Pause("2"))
    assert views.queue(hall.state, hall.now)["wait"]["A"] is None
    hall.do(SignIn("2", "other"))
    hall.pass_ms(3 * 3_600_000 + 24 * MINUTE_MS + 1)
    assert views.queue(hall.state, hall.now)["wait"]["A"] is None
