"""When a number is given, which one, and on which business date."""

from dataclasses import replace
from typing import Any

import pytest

from hub.queueing import state as queueing_state
from hub.queueing.apply import apply
from hub.queueing.commands import IssueTicket, SetDate, Sweep
from hub.queueing.events import JOURNAL_RESTORED, Event, Now
from hub.queueing.layout import Layout, Service, Window
from hub.queueing.state import DAYS_KEPT
from hub.queueing.window_commands import CallNext, Finish, NoShow, SignIn, Undo, WalkUp
from tests.support_hub_core import DAY_MS, LAYOUT, MINUTE_MS, MORNING_MS, Hall

HOUR_MS = 60 * MINUTE_MS


def hall_of(*services: Service, **more: Any) -> Hall:
    ids = tuple(service.id for service in services)
    layout = Layout("county", 480, services, (Window("1", "1号窗口", ids),), **more)
    return Hall(state=queueing_state.new(layout))


def at(hall: Hall, hours: float, *, sure: bool = True) -> Hall:
    """The hall at an hour of its Monday."""
    hall.now = Now(round(MORNING_MS + (hours - 9) * HOUR_MS), sure)
    return hall


def number(hall: Hall, service: str = "A") -> str:
    return str(hall.one(IssueTicket(service, "kiosk")).data["number"])


OFFICE = Service("A", "A", "社保", hours=((540, 720), (810, 1020)), last_ticket_min=20)


@pytest.mark.parametrize(
    ("hour", "kind"),
    [
        (8.99, "closed"),
        (9, None),
        (11.99, None),
        (12, "closed"),
        (13.49, "closed"),
        (13.5, None),
        (16.66, None),
        (16.67, "too_late"),
        (16.99, "too_late"),
        (17, "closed"),
        (23.99, "closed"),
    ],
)
def test_numbers_are_given_in_opening_hours_until_the_last_ticket_time(hour: float, kind: str | None) -> None:
    hall = at(hall_of(OFFICE), hour)
    if kind is None:
        assert number(hall) == "A001"
    else:
        assert hall.refused(IssueTicket("A", "kiosk"))[0] == kind


@pytest.mark.parametrize(("hour", "kind"), [(19.9, "closed"), (20, None), (25.9, None), (26, "closed")])
def test_opening_hours_may_go_past_midnight(hour: float, kind: str | None) -> None:
    hall = at(hall_of(Service("A", "A", "夜间", hours=((1200, 120),))), hour)
    if kind is None:
        number(hall)
    else:
        assert hall.refused(IssueTicket("A", "kiosk")) == (kind, "closed", "issue")


def test_a_hub_that_does_not_know_the_time_turns_nobody_away() -> None:
    assert number(at(hall_of(OFFICE), 3, sure=False)) == "A001"


def test_a_cap_of_one_gives_one() -> None:
    hall = hall_of(Service("A", "A", "社保", daily_cap=1))
    assert number(hall) == "A001"
    assert hall.refused(IssueTicket("A", "kiosk")) == ("cap_reached", "full", "issue")


def test_the_daily_cap_is_for_numbers_asked_for_and_of_one_day() -> None:
    hall = hall_of(Service("A", "A", "社保", daily_cap=2))
    hall.do(SignIn("1", "li"))
    assert [number(hall), number(hall)] == ["A001", "A002"]
    assert hall.refused(IssueTicket("A", "desk")) == ("cap_reached", "full", "issue")
    hall.do(WalkUp("1"))
    for _ in range(2):
        hall.do(CallNext("1"))
        hall.do(Finish("1"))
    at(hall, 9 + 24)
    assert number(hall) == "A001"


def test_two_services_share_a_prefix_by_ranges_that_end() -> None:
    hall = hall_of(
        Service("A", "A", "社保", last_number=2),
        Service("B", "A", "医保", first_number=500, last_number=501),
    )
    hall.do(SignIn("1", "li"))
    assert [number(hall, service) for service in "ABAB"] == ["A001", "A500", "A002", "A501"]
    assert hall.refused(IssueTicket("A", "kiosk")) == ("cap_reached", "full", "issue")
    # A walk-up, too, can't take a number of the other service.
    assert hall.refused(WalkUp("1", "A")) == ("cap_reached", "full", "walk_up")


def finish_all(hall: Hall) -> None:
    while hall.state.tickets:
        hall.do(CallNext("1"))
        hall.do(Finish("1"))


def test_a_hall_open_past_midnight_goes_on_with_its_numbers() -> None:
    hall = at(hall_of(Service("A", "A", "社保")), 23.9)
    hall.do(SignIn("1", "li"))
    number(hall)
    at(hall, 24.5)
    late = hall.one(IssueTicket("A", "kiosk"))
    assert (late.data["number"], late.data["business_date"]) == ("A002", "2026-11-23")
    finish_all(hall)
    fresh = hall.one(IssueTicket("A", "kiosk"))
    assert (fresh.data["number"], fresh.data["business_date"]) == ("A001", "2026-11-24")


def test_a_no_show_of_yesterday_keeps_no_day_open_and_can_not_come_back() -> None:
    hall = hall_of(Service("A", "A", "社保"))
    hall.do(SignIn("1", "li"))
    number(hall)
    hall.do(CallNext("1"))
    hall.do(NoShow("1"))
    hall.pass_ms(DAY_MS)
    assert number(hall) == "A001"
    assert not hall.state.missed
    assert hall.refused(Undo("1"))[0] == "nothing_to_undo"


def test_a_finish_of_yesterday_is_not_undone_into_todays_numbers() -> None:
    hall = at(hall_of(Service("A", "A", "社保")), 23.9999)
    hall.do(SignIn("1", "li"))
    number(hall)
    hall.do(CallNext("1"))
    hall.do(Finish("1"))
    at(hall, 24.0001)
    assert number(hall) == "A001"
    assert hall.refused(Undo("1"))[0] == "nothing_to_undo"


def test_a_clock_that_steps_back_begins_no_earlier_day() -> None:
    hall = hall_of(Service("A", "A", "社保"))
    hall.do(SignIn("1", "li"))
    number(hall)
    finish_all(hall)
    hall.pass_ms(-3 * DAY_MS)
    back = hall.one(IssueTicket("A", "kiosk"))
    assert (back.data["number"], back.data["business_date"]) == ("A002", "2026-11-23")


def test_a_hub_that_wakes_without_time_is_told_the_date_and_goes_on_by_it() -> None:
    hall = hall_of(Service("A", "A", "社保"))
    hall.do(SignIn("1", "li"))
    hall.now = Now(MORNING_MS, sure=False)
    number(hall)
    set_ = hall.one(SetDate("2026-12-01", "manager", "no network since Friday"))
    assert (set_.type, set_.sure) == ("hall.hub.date_set", False)
    assert set_.data == {
        "from_date": "2026-11-23", "to_date": "2026-12-01", "staff": "manager", "what": "no network since Friday",
    }  # fmt: skip
    # A ticket is open: its number is not given again.
    assert number(hall) == "A002"
    finish_all(hall)
    hall.now = Now(MORNING_MS + DAY_MS, sure=False)
    tomorrow = hall.one(IssueTicket("A", "kiosk"))
    assert (tomorrow.data["number"], tomorrow.data["business_date"]) == ("A001", "2026-12-02")
    finish_all(hall)
    # With the time found again, it is believed; never backwards.
    hall.now = Now(MORNING_MS + 9 * DAY_MS)
    assert hall.one(IssueTicket("A", "kiosk")).data["business_date"] == "2026-12-02"


def test_a_date_set_wrong_is_put_right_and_repeats_no_number_of_its_days() -> None:
    hall = hall_of(Service("A", "A", "社保"))
    hall.do(SignIn("1", "li"))
    given = []
    for date in (None, "2027-01-01", "2026-11-23", "2027-01-01", "2026-11-23"):
        if date is not None:
            hall.do(SetDate(date, "manager"))
            hall.now = Now(hall.now.ms, sure=False)
        for _ in range(2):
            issued = hall.one(IssueTicket("A", "kiosk"))
            given.append((issued.data["business_date"], issued.data["number"]))
        finish_all(hall)
    assert [date for date, _ in given[::2]] == ["2026-11-23", "2027-01-01", "2026-11-23", "2027-01-01", "2026-11-23"]
    assert len(set(given)) == len(given)


@pytest.mark.parametrize(
    ("command", "kind"),
    [(SetDate("yesterday", "m"), "unknown_date"), (SetDate("2026-11-24", ""), "no_staff")],
)
def test_a_date_is_set_by_somebody_and_is_a_date(command: SetDate, kind: str) -> None:
    assert hall_of(Service("A", "A", "社保")).refused(command)[0] == kind


def test_a_date_further_back_than_numbers_are_remembered_is_refused() -> None:
    hall = hall_of(Service("A", "A", "社保"))
    hall.do(SignIn("1", "li"))
    for _ in range(9):
        number(hall)
        finish_all(hall)
        hall.pass_ms(DAY_MS)
    assert hall.refused(SetDate("2026-11-23", "manager"))[0] == "date_too_old"
    hall.do(SetDate("2026-11-29", "manager"))


def test_the_sweep_at_closing_cancels_what_was_open_before_it() -> None:
    layout = replace(LAYOUT, sweep_minute=18 * 60)
    hall = Hall(state=queueing_state.new(layout))
    hall.do(SignIn("1", "li"))
    number(hall)
    number(hall)
    hall.do(CallNext("1"))
    assert at(hall, 17.99).do(Sweep()) == []
    assert at(hall, 18, sure=False).do(Sweep()) == []
    swept = at(hall, 18).do(Sweep())
    assert [(event.data["number"], event.data["reason"]) for event in swept] == [
        ("A001", "closing"), ("A002", "closing"),
    ]  # fmt: skip
    assert [event.data["window"] for event in swept] == ["1", None]
    # Who comes after it is of the evening, until the next closing; a hub that slept through it sweeps when it wakes.
    number(at(hall, 18.5))
    assert at(hall, 23).do(Sweep()) == []
    assert len(at(hall, 9 + 48).do(Sweep())) == 1


def test_dates_and_numbers_are_the_same_after_a_replay() -> None:
    hall = hall_of(Service("A", "A", "社保", first_number=100))
    for date in ("2026-12-01", "2026-11-23"):
        number(hall)
        hall.do(SetDate(date, "manager"))
    assert hall.replayed(hall.state.layout) == hall.state


def restored(hall: Hall, from_hour: float, to_hour: float, skipped: int) -> None:
    """The hall goes on from a backup of one hour at another."""
    from_ms, to_ms = (round(MORNING_MS + (hour - 9) * HOUR_MS) for hour in (from_hour, to_hour))
    data = {"journal": "j", "through": 7, "from_ms": from_ms, "to_ms": to_ms, "numbers_skipped": skipped, "what": ""}
    apply(hall.state, Event(JOURNAL_RESTORED, "journal/j", data, to_ms))


def test_after_a_restore_no_number_that_may_be_lost_is_given_on_any_day_it_may_be_of() -> None:
    services = (Service("A", "A", "社保", last_number=499), Service("B", "A", "医保", first_number=500))
    hall = at(hall_of(*services), 10)
    hall.do(SignIn("1", "li"))
    assert [number(hall, service) for service in "AAB"] == ["A001", "A002", "A500"]
    restored(hall, 10, 9 + 24, 100)
    # Somebody of that day waits still, so it is that day's numbers that go on.
    assert [number(hall, service) for service in "AB"] == ["A103", "A601"]
    finish_all(hall)
    # The lost morning may have begun the next day.
    at(hall, 10 + 24)
    assert [number(hall, service) for service in "AB"] == ["A101", "A600"]
    finish_all(hall)
    at(hall, 9 + 48)
    assert [number(hall, service) for service in "AB"] == ["A001", "A500"]


def test_an_old_backup_leaves_the_numbers_of_its_day_behind_and_of_the_day_of_the_restore() -> None:
    hall = hall_of(Service("A", "A", "社保"))
    restored(hall, 9 - 24 * 400, 9, 100)
    assert number(hall) == "A101"
    restored(hall, 9, 10, 50)
    assert number(hall) == "A152"
    assert len(hall.state.days) < DAYS_KEPT


def test_numbers_passed_over_do_not_fill_the_daily_cap() -> None:
    hall = hall_of(Service("A", "A", "社保", daily_cap=2))
    number(hall)
    restored(hall, 9, 9.5, 100)
    assert number(hall) == "A102"
    assert hall.refused(IssueTicket("A", "kiosk"))[0] == "cap_reached"
