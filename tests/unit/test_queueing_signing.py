"""A clerk's coming and going as a caller's facts: counted once, done at their time, and never over what came since."""

from dataclasses import replace
from typing import Any

import pytest

from hub.queueing import events as ev
from hub.queueing.commands import AcceptFact, IssueTicket, PinSet
from hub.queueing.tables import WindowState
from hub.queueing.window_commands import CallNext, SignIn, SignOut
from tests.support_hub_core import Hall

IN = AcceptFact(
    device="ca-1",
    epoch="0" * 16,
    fact=1,
    kind="signed_in",
    window="1",
    time_ms=None,
    earliest_ms=None,
    latest_ms=None,
    data={"staff": "1007", "role": "A"},
    role="caller",
)


@pytest.fixture
def hall() -> Hall:
    return Hall()


def fact(hall: Hall, number: int, kind: str = "signed_in", back_ms: int = 0, **data: Any) -> AcceptFact:
    values = data or ({"staff": "1007", "role": "A"} if kind == "signed_in" else {})
    return replace(IN, fact=number, kind=kind, time_ms=hall.now.ms - back_ms, data=values)


def test_a_fact_signs_in_once_and_carries_its_number(hall: Hall) -> None:
    [signed] = hall.do(fact(hall, 1))
    assert signed.type == ev.STAFF_SIGNED_IN
    assert signed.data == {
        "staff": "1007",
        "window": "1",
        "role": "A",
        "device": "ca-1",
        "epoch": "0" * 16,
        "fact": 1,
    }
    window = hall.state.windows["1"]
    assert (window.state, window.staff, window.role) == (WindowState.FREE, "1007", "A")
    assert hall.do(fact(hall, 1)) == []
    assert hall.state.stored_through("ca-1", "0" * 16) == 1


def test_it_happens_at_the_time_of_the_key(hall: Hall) -> None:
    [signed] = hall.do(fact(hall, 1, back_ms=1_500))
    assert signed.time_ms == hall.now.ms - 1_500


def test_another_clerk_is_signed_out_and_only_one_event_has_the_number(hall: Hall) -> None:
    hall.do(SignIn("1", "8"))
    hall.pass_ms(60_000)
    out, signed = hall.do(fact(hall, 1, staff="1007", role="B"))
    assert (out.type, out.data["staff"], "fact" in out.data) == (ev.STAFF_SIGNED_OUT, "8", False)
    assert (signed.data["fact"], signed.data["role"]) == (1, "B")


def test_signing_out_with_the_hub_away_holds_when_it_is_told(hall: Hall) -> None:
    hall.do(SignIn("1", "1007"))
    hall.pass_ms(3_600_000)
    [out] = hall.do(fact(hall, 1, "signed_out", back_ms=1_800_000))
    assert (out.type, out.data["staff"], out.data["fact"]) == (ev.STAFF_SIGNED_OUT, "1007", 1)
    assert hall.state.windows["1"].state is WindowState.CLOSED


def test_what_is_told_late_changes_nothing_that_came_since(hall: Hall) -> None:
    hall.do(SignIn("1", "1007"))
    hall.pass_ms(60_000)
    hall.do(SignOut("1"))
    hall.do(SignIn("1", "8"))
    hall.pass_ms(1_000)
    [noted] = hall.do(fact(hall, 1, "signed_out", back_ms=30_000))
    assert noted.type == ev.ATTENDANCE_NOTED
    assert (noted.data["what"], noted.data["why"], noted.data["fact"]) == ("signed_out", "late", 1)
    assert hall.state.windows["1"].staff == "8"
    assert hall.do(fact(hall, 1, "signed_out", back_ms=30_000)) == []


def test_a_window_with_a_ticket_is_left_as_it_is(hall: Hall) -> None:
    hall.do(SignIn("1", "8"))
    hall.do(IssueTicket("A", "kiosk"))
    hall.do(CallNext("1"))
    hall.pass_ms(1_000)
    [noted] = hall.do(fact(hall, 1))
    assert (noted.type, noted.data["why"], noted.data["staff"]) == (ev.ATTENDANCE_NOTED, "ticket_open", "1007")
    assert hall.state.windows["1"].staff == "8"


def test_a_caller_that_stands_nowhere_is_noted(hall: Hall) -> None:
    [noted] = hall.do(replace(fact(hall, 1), window=None))
    assert (noted.data["why"], noted.subject) == ("unknown_window", "hall")


def test_a_new_pin_is_recorded_without_it(hall: Hall) -> None:
    [event] = hall.do(PinSet("1007", "manager"))
    assert (event.type, event.data) == (ev.STAFF_PIN_SET, {"staff": "1007", "by": "manager"})
