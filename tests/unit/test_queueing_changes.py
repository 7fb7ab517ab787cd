"""The hall is laid out anew while people wait: what may go, what may not, and which numbers come then."""

import json
from dataclasses import replace
from typing import Any

import pytest

from hub.queueing import snapshot
from hub.queueing import state as queueing_state
from hub.queueing.apply import apply
from hub.queueing.commands import CancelTicket, ChangeHall, GrantLease, IssueTicket
from hub.queueing.errors import ApplyError, LayoutError
from hub.queueing.events import HALL_CHANGED, Event
from hub.queueing.layout import Layout, Service, Window, from_plain, plain
from hub.queueing.state import DAYS_KEPT
from hub.queueing.window_commands import (
    CallNext,
    Cancel,
    Finish,
    Hold,
    NoShow,
    Restore,
    SignIn,
    SignOut,
    Transfer,
    Undo,
)
from tests.support_hub_core import DAY_MS, LAYOUT, Hall

A, B = LAYOUT.services
ONE, TWO, THREE = LAYOUT.windows


def laid_out(*windows: Window, services: tuple[Service, ...] = (A, B)) -> Layout:
    return replace(LAYOUT, services=services, windows=windows)


def change(hall: Hall, layout: Layout, **more: Any) -> Event:
    return hall.one(ChangeHall(hall.state.revision + 1, "manager", (), layout, **more))


def number(hall: Hall, service: str = "A") -> str:
    return str(hall.one(IssueTicket(service, "kiosk")).data["number"])


def test_a_layout_goes_through_json_and_back() -> None:
    rich = laid_out(
        Window("1", "1号窗口", ("A",), "Window 1", "east"),
        services=(replace(A, hours=((540, 720), (1200, 120)), last_number=500, daily_cap=7, zone="east"),),
    )
    assert from_plain(json.loads(json.dumps(plain(rich)))) == rich
    later = json.loads(json.dumps(plain(rich)))
    later["new_field"] = later["windows"][0]["new_field"] = 1
    assert from_plain(later) == rich
    for broken in ({}, {"services": 7}, plain(rich) | {"windows": [{"id": "1"}]}):
        with pytest.raises(LayoutError):
            from_plain(broken)


def test_the_event_holds_the_hall_from_now_on_and_who_said_so() -> None:
    hall = Hall()
    after = laid_out(ONE, TWO)
    made = hall.one(ChangeHall(4, "manager", ({"table": "windows", "row": "3", "act": "removed"},), after, 3))
    assert (made.type, made.subject) == (HALL_CHANGED, "hall")
    assert {name: made.data[name] for name in ("revision", "by", "undoes", "changed")} == {
        "revision": 4,
        "by": "manager",
        "undoes": 3,
        "changed": 1,
    }
    assert from_plain(made.data["layout"]) == hall.state.layout == after
    assert hall.state.revision == 4
    # What the rules need not know leaves the layout out.
    assert change(hall, after).data["layout"] is None


def test_a_new_window_and_service_are_there_for_the_next_command() -> None:
    hall = Hall()
    number(hall)
    change(
        hall, laid_out(*LAYOUT.windows, Window("4", "4号窗口", ("C", "A")), services=(A, B, Service("C", "C", "公安")))
    )
    assert number(hall, "C") == "C001"
    hall.do(SignIn("4", "zhang"))
    assert hall.one(CallNext("4")).data["number"] == "C001"


def waiting(hall: Hall) -> None:
    number(hall, "B")


def called(hall: Hall) -> None:
    number(hall, "B")
    hall.do(SignIn("3", "li"))
    hall.do(CallNext("3"))


def held(hall: Hall) -> None:
    called(hall)
    hall.do(Hold("3"))
    hall.do(SignOut("3"))


def sent_there(hall: Hall) -> None:
    number(hall)
    hall.do(SignIn("2", "li"))
    hall.do(CallNext("2"))
    hall.do(Transfer("2", to_window="3"))


def comes_later(hall: Hall) -> None:
    hall.do(IssueTicket("A", "kiosk", also=("B",)))


def signed_in(hall: Hall) -> None:
    hall.do(SignIn("3", "li"))


@pytest.mark.parametrize(
    ("before", "after", "kind", "names"),
    [
        (called, laid_out(ONE, TWO), "tickets_open", "window 3 can't be taken away while tickets need it: B001;"),
        (held, laid_out(ONE, TWO), "tickets_open", "B001"),
        (sent_there, laid_out(ONE, TWO), "tickets_open", "window 3 can't be taken away while tickets need it: A001;"),
        (signed_in, laid_out(ONE, TWO), "window_open", "li is signed in at window 3"),
        (waiting, laid_out(TWO, services=(A,)), "tickets_open", "service B can't be taken away"),
        (comes_later, laid_out(TWO, services=(A,)), "tickets_open", "A001"),
        (waiting, laid_out(TWO), "tickets_open", "service B at its last window can't be taken away"),
    ],
)
def test_what_somebody_needs_can_not_be_taken_away(before: Any, after: Layout, kind: str, names: str) -> None:
    hall = Hall()
    before(hall)
    told = hall.refusal(ChangeHall(2, "manager", (), after))
    assert (told.kind, told.command) == (kind, "change_hall")
    assert names in told.detail
    # A start after the settings file was changed asks nobody; what is open stays, and can be ended.
    change(hall, after, settled=True)
    for ticket in list(hall.state.tickets.values()):
        if ticket.state.value in ("waiting", "held"):
            hall.do(CancelTicket(ticket.id))
    assert all(ticket.window == "3" for ticket in hall.state.tickets.values())


def test_a_refusal_names_the_first_tickets_and_how_many_more() -> None:
    hall = Hall()
    for _ in range(13):
        number(hall, "B")
    told = hall.refusal(ChangeHall(2, "manager", (), laid_out(TWO, services=(A,))))
    assert "B001, B002, B003, B004, B005, B006, B007, B008, B009, B010 and 3 more" in told.detail


def test_a_window_that_is_done_goes_and_leaves_nothing() -> None:
    hall = Hall()
    called(hall)
    hall.do(Finish("3"))
    hall.do(SignOut("3"))
    change(hall, laid_out(ONE, TWO))
    assert hall.refusal(SignIn("3", "li")).kind == "unknown_window"
    assert "3" not in hall.state.windows


def test_a_no_show_of_a_service_that_went_is_told_to_take_a_new_number() -> None:
    hall = Hall()
    called(hall)
    hall.do(NoShow("3"))
    hall.do(SignOut("3"))
    change(
        hall,
        laid_out(ONE, TWO, services=(A, replace(B, id="B2", prefix="D"))) if False else laid_out(TWO, services=(A,)),
    )
    hall.do(SignIn("2", "li"))
    assert hall.refusal(Restore("2", "B001")).kind == "line_gone"


def test_a_finish_can_be_undone_though_its_service_went_meanwhile() -> None:
    hall = Hall()
    hall.do(SignIn("1", "li"))
    number(hall, "B")
    hall.do(CallNext("1"))
    hall.do(Finish("1"))
    change(hall, laid_out(replace(ONE, services=("A",)), services=(A,)))
    hall.do(Undo("1"))
    assert hall.do(Finish("1"))[0].data["service"] == "B"


def test_a_prefix_that_changes_hands_gives_no_number_twice_on_one_day() -> None:
    hall = Hall()
    assert [number(hall), number(hall)] == ["A001", "A002"]
    hall.do(SignIn("2", "li"))
    for _ in range(2):
        hall.do(CallNext("2"))
        hall.do(Cancel("2"))
    hall.do(SignOut("2"))
    # A goes, and C has its prefix; then A comes back with a range of its own.
    change(hall, laid_out(Window("1", "1", ("B", "C")), services=(B, Service("C", "A", "新"))))
    assert number(hall, "C") == "A003"
    apart = (replace(A, first_number=500), B, Service("C", "A", "新", last_number=499))
    change(hall, laid_out(Window("1", "1", ("A", "B", "C")), services=apart))
    assert (number(hall, "C"), number(hall)) == ("A004", "A500")


def lent(hall: Hall, device: str, count: int) -> tuple[int, int]:
    """The numbers of service A that a dispenser gets."""
    (granted,) = hall.one(GrantLease(device, ("A",), count, 1_000)).data["ranges"]
    return granted["first"], granted["last"]


@pytest.mark.parametrize("begun", [True, False])
def test_what_was_lent_before_the_numbers_changed_is_not_lent_again_on_that_day(begun: bool) -> None:
    """Also before the day's first number is given: the lease is of that day already."""
    hall = Hall()
    if begun:
        assert number(hall) == "A001"
    change(hall, laid_out(*LAYOUT.windows, services=(replace(A, last_number=500), B)))
    assert lent(hall, "di-1", 10) == (491, 500)
    change(hall, laid_out(*LAYOUT.windows, services=(replace(A, last_number=505), B)))
    assert lent(hall, "di-2", 5) == (501, 505)
    assert lent(hall, "di-3", 10) == (481, 490)
    # What begins the day keeps it.
    number(hall)
    assert lent(hall, "di-4", 10) == (471, 480)
    assert hall.replayed() == hall.state


@pytest.mark.parametrize("begun", [True, False])
def test_a_service_whose_range_others_lent_from_goes_round_what_was_lent(begun: bool) -> None:
    hall = Hall()
    if begun:
        assert number(hall) == "A001"
    change(hall, laid_out(*LAYOUT.windows, services=(replace(A, last_number=500), B)))
    assert lent(hall, "di-1", 10) == (491, 500)
    above = Service("C", "A", "新", first_number=490)
    change(hall, laid_out(Window("1", "1", ("A", "B", "C")), services=(replace(A, last_number=489), B, above)))
    assert lent(hall, "di-2", 10) == (480, 489)
    assert [number(hall, "C") for _ in range(2)] == ["A490", "A501"]


def test_no_number_is_given_for_what_no_window_serves() -> None:
    hall = Hall()
    change(hall, laid_out(TWO))
    assert hall.refusal(IssueTicket("B", "kiosk")).kind == "not_served"
    assert hall.refusal(IssueTicket("A", "kiosk", also=("B",))).kind == "not_served"


def test_a_cap_counts_what_was_given_before_the_numbers_changed() -> None:
    hall = Hall()
    for _ in range(3):
        number(hall)
    capped = replace(A, prefix="K", daily_cap=4)
    change(hall, laid_out(*LAYOUT.windows, services=(capped, B)))
    assert number(hall) == "K001"
    assert hall.refusal(IssueTicket("A", "kiosk")).kind == "cap_reached"


def test_what_was_given_is_forgotten_with_its_day() -> None:
    hall = Hall()
    number(hall)
    hall.do(SignIn("2", "li"))
    hall.do(CallNext("2"))
    hall.do(Finish("2"))
    change(hall, laid_out(*LAYOUT.windows, services=(replace(A, prefix="K"), B)))
    assert len(hall.state.left) == 1
    for _ in range(DAYS_KEPT + 2):
        hall.pass_ms(DAY_MS)
        number(hall, "B")
        hall.do(CancelTicket(next(iter(hall.state.tickets))))
    assert hall.state.left == {}


def test_a_layout_that_no_rules_can_follow_is_an_error_that_names_the_event() -> None:
    state = queueing_state.new(LAYOUT)
    broken = Event(HALL_CHANGED, "hall", {"revision": 9, "layout": {"services": 7}}, 0)
    with pytest.raises(ApplyError, match="revision 9"):
        apply(state, broken)
    assert state.layout == LAYOUT


def test_a_snapshot_keeps_the_hall_that_an_event_made_and_not_the_settings_files() -> None:
    hall = Hall()
    other = laid_out(ONE)
    assert snapshot.load(other, snapshot.dump(hall.state)).layout == other
    change(hall, laid_out(ONE, TWO))
    kept = json.loads(json.dumps(snapshot.dump(hall.state)))
    assert snapshot.load(other, kept) == hall.state
    kept["layout"]["windows"] = []
    kept["layout"]["services"] = 7
    with pytest.raises(snapshot.SnapshotError, match="its hall can't be"):
        snapshot.load(other, kept)
