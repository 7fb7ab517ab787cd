"""What a clerk's page is told: the order that `next` then really takes, the bars of keys, the day's figures."""

import json

from hub.queueing import desk, snapshot
from hub.queueing.commands import InvitationAccepted, IssueTicket
from hub.queueing.tables import REFUSAL_KINDS, SPECIAL_REFUSALS
from hub.queueing.window_commands import (
    Call,
    CallNext,
    Finish,
    Hold,
    MarkArrived,
    NoShow,
    Restore,
    SignIn,
    Transfer,
    Undo,
)
from tests.support_hub_core import DAY_MS, MINUTE_MS, Hall, fact


def test_the_list_is_the_order_in_which_next_calls() -> None:
    hall = Hall()
    hall.do(SignIn("1", "s1"))
    for number in range(12):
        priority = "elderly" if number % 4 == 3 else None
        hall.do(IssueTicket("AB"[number % 2], "desk", priority))
    shown = desk.desk(hall.state, "1", hall.now)["waiting"]
    assert shown["count"] == 12
    called = []
    for _ in range(12):
        called.append(hall.one(CallNext("1")).data["number"])
        hall.do(Finish("1"))
    assert [row["number"] for row in shown["rows"]] == called
    assert "elderly" not in json.dumps(shown)
    assert desk.desk(hall.state, "1", hall.now)["waiting"] == {"count": 0, "longest_since": None, "rows": []}


def test_looking_changes_nothing() -> None:
    hall = Hall()
    for _ in range(3):
        hall.do(IssueTicket("A", "kiosk"))
    hall.do(SignIn("1", "s1"))
    before = snapshot.dump(hall.state)
    desk.desk(hall.state, "1", hall.now)
    assert snapshot.dump(hall.state) == before


def test_a_bar_is_what_the_rules_would_say() -> None:
    hall = Hall()
    kinds = {kind for kind, _ in (*REFUSAL_KINDS.values(), *SPECIAL_REFUSALS.values())}
    keys = desk.desk(hall.state, "1", hall.now)["keys"]
    assert keys["next"] == "nobody_signed_in"
    assert {keys[verb] for verb in ("transfer", "call", "restore", "resume")} == {"nobody_signed_in"}
    hall.do(SignIn("1", "s1"))
    keys = desk.desk(hall.state, "1", hall.now)["keys"]
    assert (keys["next"], keys["finish"], keys["pause"], keys["undo"]) == (
        "queue_empty",
        "no_ticket",
        None,
        "nothing_to_undo",
    )
    hall.do(IssueTicket("A", "kiosk"))
    hall.do(CallNext("1"))
    hall.do(MarkArrived("1"))
    keys = desk.desk(hall.state, "1", hall.now)["keys"]
    assert (keys["next"], keys["recall"], keys["arrive"]) == ("ticket_open", "already_arrived", "already_arrived")
    assert keys["finish"] is keys["transfer"] is keys["hold"] is None
    assert {kind for kind in keys.values() if kind} <= kinds | {"queue_empty", "nothing_to_undo"}


def test_the_list_says_when_an_appointment_is_due_and_since_when_who_waits() -> None:
    hall = Hall()
    hall.do(IssueTicket("A", "appointment", appointment_at_ms=hall.now.ms + 5 * MINUTE_MS, matter="m7"))
    (row,) = desk.desk(hall.state, "1", hall.now)["waiting"]["rows"]
    assert row == {
        "number": "A001",
        "service": "A",
        "matter": "m7",
        "why": "appointment",
        "due_at": "2026-11-23T09:05:00.000+08:00",
        "since": "2026-11-23T09:00:00.000+08:00",
    }


def test_the_ticket_says_who_saw_its_priority_and_where_the_visit_goes_on() -> None:
    hall = Hall()
    hall.do(SignIn("1", "s1"))
    hall.do(IssueTicket("A", "desk", "disabled", also=("B",)))
    hall.pass_ms(4 * MINUTE_MS)
    hall.do(CallNext("1"))
    ticket = desk.desk(hall.state, "1", hall.now)["ticket"]
    assert ticket["priority"] is True
    assert ticket["verified_by"] == "desk"
    assert ticket["waited_ms"] == 4 * MINUTE_MS
    assert ticket["next"] == [{"service": "B", "window": None}]
    assert "disabled" not in json.dumps(desk.desk(hall.state, "1", hall.now))


def test_held_and_missed_say_since_when_and_why() -> None:
    hall = Hall()
    hall.do(SignIn("1", "s1"))
    for _ in range(3):
        hall.do(IssueTicket("A", "kiosk"))
    hall.do(CallNext("1"))
    hall.do(Hold("1", "去复印"))
    hall.do(CallNext("1"))
    hall.pass_ms(MINUTE_MS)
    hall.do(NoShow("1"))
    shown = desk.desk(hall.state, "1", hall.now)
    assert [(row["number"], row["note"]) for row in shown["held"]] == [("A001", "去复印")]
    assert [(row["number"], row["since"][11:16]) for row in shown["missed"]] == [("A002", "09:01")]
    hall.do(Restore("1", "A002"))
    shown = desk.desk(hall.state, "1", hall.now)
    assert shown["missed"] == []
    assert [(row["number"], row["why"]) for row in shown["waiting"]["rows"]] == [("A003", None), ("A002", "restored")]


def test_a_ticket_that_comes_back_says_so() -> None:
    hall = Hall()
    hall.do(SignIn("1", "s1"))
    hall.do(SignIn("3", "s3"))
    hall.do(IssueTicket("A", "kiosk"))
    hall.do(CallNext("1"))
    hall.do(Transfer("1", to_service="B", to_window="3", back=True, reason="先缴费"))
    assert desk.desk(hall.state, "3", hall.now)["waiting"]["rows"][0]["why"] == "own"
    hall.do(CallNext("3"))
    assert desk.desk(hall.state, "3", hall.now)["ticket"]["note"] == "先缴费"
    hall.do(Finish("3"))
    assert desk.desk(hall.state, "1", hall.now)["waiting"]["rows"][0]["why"] == "own"


def test_the_day_counts_and_an_undo_takes_it_back() -> None:
    hall = Hall()
    hall.do(SignIn("1", "s1"))
    for _ in range(3):
        hall.do(IssueTicket("A", "kiosk"))
    hall.do(CallNext("1"))
    hall.pass_ms(6 * MINUTE_MS)
    hall.do(Finish("1"))
    shown = desk.desk(hall.state, "1", hall.now)
    assert shown["day"] == {"finished": 1, "no_shows": 0, "median_ms": 6 * MINUTE_MS}
    assert shown["undo"]["number"] == "A001"
    hall.do(Undo("1"))
    assert desk.desk(hall.state, "1", hall.now)["day"] == {"finished": 0, "no_shows": 0, "median_ms": None}
    hall.do(Finish("1"))
    hall.do(CallNext("1"))
    hall.do(NoShow("1"))
    assert desk.desk(hall.state, "1", hall.now)["day"]["no_shows"] == 1
    hall.do(Undo("1"))
    assert desk.desk(hall.state, "1", hall.now)["day"]["no_shows"] == 0
    hall.do(NoShow("1"))
    hall.do(Call("1", "A003", "急事"))
    hall.do(Finish("1"))
    hall.pass_ms(DAY_MS)
    hall.do(IssueTicket("A", "kiosk"))
    assert desk.desk(hall.state, "1", hall.now)["day"] == {"finished": 0, "no_shows": 0, "median_ms": None}


def test_nobody_at_the_desk_can_tell_a_rating() -> None:
    """The page of a window is the same before and after its citizen rated, whatever was pressed."""
    shown = []
    for grade in (None, 1, 5):
        hall = Hall()
        hall.do(SignIn("1", "s1"))
        hall.do(IssueTicket("A", "kiosk"))
        hall.do(CallNext("1"))
        (finished,) = hall.do(Finish("1"))
        hall.do(InvitationAccepted(finished.data["run"], "box-1"))
        if grade is not None:
            hall.do(fact(1, "rated", run=finished.data["run"], grade=grade, pressed_after_ms=900))
            assert hall.events[-1].type == "hall.rating.submitted"
        shown.append(desk.desk(hall.state, "1", hall.now))
    assert shown[0] == shown[1] == shown[2]
    assert "grade" not in json.dumps(shown)
