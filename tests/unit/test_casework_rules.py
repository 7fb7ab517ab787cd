"""A bad rating's way: every row of the table, who may, what must be said, and how its days are reckoned."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from center.casework import cases, tables
from center.casework.calendars import Calendar
from center.casework.cases import Actor, Case, Rating, Terms, apply, case_id, decide, opened, opening, urgency
from center.casework.errors import CaseRefusal
from center.casework.tables import ACTIONS, MOVES, CaseState

SUPERVISOR = Actor("chen", "supervisor")
MANAGER = Actor("wang", "manager")
TERMS = Terms(Calendar(), 5)
TODAY = date(2026, 11, 26)  # a Thursday without holidays around it
RATED_MS = 1_795_662_000_000  # 2026-11-26 11:00 in China
SAID: dict[str, Any] = {
    "text": "窗口系统故障，已修复",
    "by": "S001",
    "result": "content",
    "handler": "li",
    "days": 3,
}


def make(contact: bool = False, state: CaseState = CaseState.OPENED) -> Case:
    rating = Rating("h1", "00aa", 1, "phone", RATED_MS, "2026-11-26", "3", "S001", "A", ("attitude",), "等太久")
    return replace(opened(opening(rating, TERMS, 480, contact), RATED_MS + 1), state=state)


def do(case: Case, action: str, who: Actor = SUPERVISOR, **said: Any) -> Case:
    data = decide(case, action, {**SAID, **said}, who=who, today=TODAY, terms=TERMS)
    return apply(case, action, data, RATED_MS + 2)


def test_a_case_opens_with_its_rating_and_five_working_days() -> None:
    case = make()
    assert (case.id, case.state, case.due) == ("h1.00aa", CaseState.OPENED, date(2026, 12, 3))
    assert case.rating.words == "等太久"
    assert case.handler is None
    assert not case.due_sure or Calendar().known(2026)


def test_the_way_of_an_anonymous_case() -> None:
    case = make()
    for action in ("verify", "put_right", "answer", "close"):
        case = do(case, action, MANAGER)
    assert case.state is CaseState.CLOSED
    assert [step.action for step in case.steps] == ["opened", "verify", "put_right", "answer", "close"]
    assert {step.who for step in case.steps[1:]} == {"wang"}


def test_who_left_a_contact_is_asked_again_before_closing() -> None:
    case = make(contact=True, state=CaseState.ANSWERED)
    assert "close" not in case.actions("manager")
    with pytest.raises(CaseRefusal) as refused:
        do(case, "close")
    assert refused.value.kind == "revisit-first"
    assert do(do(case, "revisit"), "close").state is CaseState.CLOSED


def test_an_anonymous_case_has_no_revisit() -> None:
    case = make(state=CaseState.ANSWERED)
    assert "revisit" not in case.actions("manager")
    with pytest.raises(CaseRefusal) as refused:
        do(case, "revisit")
    assert refused.value.kind == "anonymous"


def test_who_is_not_content_is_put_right_anew_with_new_days() -> None:
    case = do(
        replace(make(contact=True, state=CaseState.ANSWERED), due=date(2026, 1, 1)), "revisit", result="not_content"
    )
    assert case.state is CaseState.VERIFIED
    assert case.due == date(2026, 12, 3)


def test_an_upheld_appeal_sets_the_rating_aside() -> None:
    case = do(do(make(), "appeal", MANAGER), "uphold")
    assert case.state is CaseState.SET_ASIDE
    assert case.ended
    assert case.actions("supervisor") == ("note",)


def test_a_dismissed_appeal_goes_on_with_new_days() -> None:
    case = do(replace(do(make(), "appeal"), due=date(2026, 1, 1)), "dismiss")
    assert (case.state, case.due) == (CaseState.VERIFIED, date(2026, 12, 3))


def test_a_closed_case_is_reopened_and_keeps_its_steps() -> None:
    case = do(make(state=CaseState.CLOSED), "reopen")
    assert case.state is CaseState.VERIFIED
    assert case.steps[-1].action == "reopen"


@pytest.mark.parametrize("action", tables.SUPERVISOR_ONLY)
def test_the_hall_does_not_decide_about_itself(action: str) -> None:
    state = next((at for at, name in MOVES if name == action), CaseState.OPENED)
    case = make(state=state)
    assert action not in case.actions("manager")
    with pytest.raises(CaseRefusal) as refused:
        do(case, action, MANAGER)
    assert refused.value.kind == "wrong-role"


@pytest.mark.parametrize("role", ["viewer", "administrator", "hall"])
def test_nobody_else_does_anything(role: str) -> None:
    for state in CaseState:
        case = make(contact=True, state=state)
        assert case.actions(role) == ()
        for action in ACTIONS:
            with pytest.raises(CaseRefusal):
                do(case, action, Actor("x", role))


def test_what_the_table_lacks_is_refused_naming_state_and_action() -> None:
    for state in CaseState:
        case = make(contact=True, state=state)
        for action in ACTIONS:
            if action in tables.allowed(state):
                continue
            with pytest.raises(CaseRefusal) as refused:
                do(case, action)
            assert refused.value.kind == "wrong-state"
            assert state.value in refused.value.detail
            assert action in refused.value.detail


def test_every_row_of_the_table_leads_where_it_says() -> None:
    for (state, action), to in MOVES.items():
        contact = action == "revisit" or (action == "close" and state is CaseState.REVISITED)
        assert do(make(contact=contact, state=state), action).state is to


@pytest.mark.parametrize(
    ("action", "state", "said", "named"),
    [
        ("verify", CaseState.OPENED, {"text": "  "}, "text"),
        ("verify", CaseState.OPENED, {"text": "x" * 2001}, "2000"),
        ("answer", CaseState.PUT_RIGHT, {"by": None}, "by"),
        ("revisit", CaseState.ANSWERED, {"result": "happy"}, "content, not_content, not_reached"),
        ("extend", CaseState.OPENED, {"days": 0}, "days"),
        ("extend", CaseState.OPENED, {"days": True}, "days"),
        ("extend", CaseState.OPENED, {"days": 10**9}, "400"),
        ("assign", CaseState.OPENED, {"handler": 7}, "handler"),
    ],
)
def test_what_is_not_said_is_asked_for(action: str, state: CaseState, said: dict[str, Any], named: str) -> None:
    with pytest.raises(CaseRefusal) as refused:
        do(make(contact=True, state=state), action, **said)
    assert refused.value.kind == "bad-field"
    assert named in refused.value.detail


def test_more_time_is_counted_from_the_deadline() -> None:
    assert do(make(), "extend", days=1).due == date(2026, 12, 4)


def test_a_note_and_a_handler_change_no_state() -> None:
    case = do(do(make(), "note"), "assign")
    assert (case.state, case.handler) == (CaseState.OPENED, "li")


@pytest.mark.parametrize(
    ("today", "word"),
    [
        (date(2026, 12, 1), "in_time"),
        (date(2026, 12, 2), "remind"),
        (date(2026, 12, 3), "remind"),
        (date(2026, 12, 4), "overdue"),
        # A deadline that is over is over at a weekend, too.
        (date(2026, 12, 5), "overdue"),
    ],
)
def test_a_list_says_how_urgent_a_case_is(today: date, word: str) -> None:
    assert urgency(make(), today, TERMS.calendar).word == word


def test_an_answered_case_is_late_no_more() -> None:
    assert urgency(make(state=CaseState.ANSWERED), date(2027, 5, 1), TERMS.calendar).word == "done"


def test_no_contact_and_no_name_is_in_any_event() -> None:
    data = opening(make().rating, TERMS, 480, True)
    assert data["contact"] is True
    assert case_id("h1", "00aa") == data["case"]


def test_steps_never_hold_what_identifies_the_case_twice() -> None:
    case = do(make(), "verify")
    assert set(case.steps[-1].data) == {"text"}
    assert cases.MAX_TEXT_CHARS == 2000
