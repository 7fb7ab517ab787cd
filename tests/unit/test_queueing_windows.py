"""Windows: signing in, calling, serving, finishing, walk-ups; and what is refused."""

import pytest

from hub.queueing import state as queueing_state
from hub.queueing import views
from hub.queueing.apply import apply
from hub.queueing.commands import IssueTicket
from hub.queueing.errors import ApplyError, LayoutError
from hub.queueing.events import Event
from hub.queueing.layout import Layout, Service, Window
from hub.queueing.tables import WINDOW_MOVES, WindowState
from hub.queueing.window_commands import (
    WINDOW_VERBS,
    Call,
    CallNext,
    Finish,
    Hold,
    MarkArrived,
    NoShow,
    Pause,
    Restore,
    SignIn,
    SignOut,
    Unpause,
    WalkUp,
)
from tests.support_hub_core import LAYOUT, MORNING_MS, Hall


def test_the_hall_is_shown_as_it_is_built_and_what_each_window_does() -> None:
    services = (Service("A", "A", "社保", "Social", department="人社局", department_en="Social affairs", zone="east"),)
    windows = (Window("1", "1号窗口", ("A",), "Window 1", "east"), Window("2", "2号窗口", ("A",)))
    layout = Layout("county", 480, services, windows, name="中心", name_en="Center")
    hall = Hall(queueing_state.new(layout))
    hall.do(SignIn("1", "li"))
    hall.state.revision = 7
    assert views.hall(layout, hall.state) == {
        "hall": "county",
        "revision": 7,
        "training": False,
        "name": "中心",
        "name_en": "Center",
        "offset_minutes": 480,
        "languages": ["zh-CN", "en"],
        "services": [
            {
                "service": "A",
                "prefix": "A",
                "name": "社保",
                "name_en": "Social",
                "department": "人社局",
                "department_en": "Social affairs",
                "zone": "east",
            }
        ],
        "windows": [
            {
                "window": "1",
                "name": "1号窗口",
                "name_en": "Window 1",
                "services": ["A"],
                "zone": "east",
                "state": "free",
            },
            {"window": "2", "name": "2号窗口", "name_en": "", "services": ["A"], "zone": "", "state": "closed"},
        ],
    }


def test_one_visit_gives_the_contracts_events() -> None:
    hall = Hall()
    issued = hall.one(IssueTicket("A", "kiosk", None))
    hall.do(SignIn("1", "staff-7", "A"))
    hall.pass_ms(60_000)
    called = hall.one(CallNext("1"))
    hall.pass_ms(10_000)
    arrived = hall.one(MarkArrived("1"))
    hall.pass_ms(300_000)
    finished = hall.one(Finish("1", None))
    ticket = issued.data["ticket"]
    assert issued.type == "hall.ticket.issued"
    assert issued.subject == f"ticket/{ticket}"
    assert list(issued.data) == [
        "ticket", "number", "service", "priority", "channel", "ahead", "business_date", "token_sha256",
    ]  # fmt: skip
    assert (issued.data["number"], issued.data["business_date"]) == ("A001", "2026-11-23")
    assert called.data == {
        "ticket": ticket, "number": "A001", "window": "1", "staff": "staff-7", "waited_ms": 60_000,
    }  # fmt: skip
    assert arrived.data == {
        "ticket": ticket, "number": "A001", "window": "1", "staff": "staff-7",
        "to_service": None, "to_window": None, "reason": None,
    }  # fmt: skip
    assert finished.data == {
        "ticket": ticket, "run": finished.data["run"], "number": "A001", "window": "1", "staff": "staff-7",
        "service": "A", "served_ms": 300_000, "outcome": "done",
    }  # fmt: skip
    assert len(bytes.fromhex(finished.data["run"])) == 8
    assert not hall.state.tickets


def test_serving_counts_from_the_call_where_arrival_was_never_marked() -> None:
    hall = Hall()
    hall.do(IssueTicket("A", "kiosk"))
    hall.do(SignIn("1", "s"))
    hall.do(CallNext("1"))
    hall.pass_ms(42_000)
    assert hall.one(Finish("1")).data["served_ms"] == 42_000


def test_the_token_is_in_the_reply_and_in_no_event() -> None:
    hall = Hall()
    reply = hall.reply(IssueTicket("A", "kiosk"))
    assert reply == {
        "training": False,
        "number": "A001",
        "ticket": hall.events[0].data["ticket"],
        "ahead": 0,
        "issued_at": "2026-11-23T09:00:00.000+08:00",
        "token": reply["token"],
        "wait": None,
    }
    assert reply["token"]
    assert reply["token"] not in repr(hall.events)
    assert len(hall.events[0].data["token_sha256"]) == 64


def test_a_window_takes_what_it_prefers_first_but_passes_nobody_over_more_than_twice() -> None:
    hall = Hall()
    for service in "BAABA":
        hall.do(IssueTicket(service, "kiosk"))
    hall.do(SignIn("1", "s"))
    called = []
    for _ in range(5):
        called.append(hall.one(CallNext("1")))
        hall.do(Finish("1"))
    assert [event.data["number"] for event in called] == ["A001", "A002", "B001", "A003", "B002"]
    assert [event.data.get("passed") for event in called] == [["B"], ["B"], None, ["B"], None]
    assert called[0].data["turn"] == "preference"


def test_ahead_counts_who_waits_for_the_same_service() -> None:
    hall = Hall()
    assert [hall.one(IssueTicket(s, "kiosk")).data["ahead"] for s in "AABA"] == [0, 1, 0, 2]


def test_two_windows_never_get_the_same_ticket() -> None:
    hall = Hall()
    for _ in range(2):
        hall.do(IssueTicket("A", "kiosk"))
    hall.do(SignIn("1", "s"))
    hall.do(SignIn("2", "t"))
    assert hall.one(CallNext("1")).data["ticket"] != hall.one(CallNext("2")).data["ticket"]


def test_next_refuses_an_empty_queue_by_name() -> None:
    hall = Hall()
    hall.do(SignIn("3", "s"))
    hall.do(IssueTicket("A", "kiosk"))
    refusal = hall.refusal(CallNext("3"))
    assert (refusal.kind, refusal.state, refusal.command) == ("queue_empty", "free", "next")
    assert "B" in refusal.detail


ARGUMENTS = {
    "sign_in": {"staff": "other", "role": "B"},
    "call": {"number": "A003"},
    "restore": {"number": "A002"},
    "resume": {"number": "B001"},
    "transfer": {"to_service": "B"},
}


@pytest.mark.parametrize("state", list(WindowState))
@pytest.mark.parametrize("verb", list(WINDOW_VERBS))
def test_every_command_in_every_window_state_is_in_the_table_or_refused(state: WindowState, verb: str) -> None:
    hall = Hall()
    for service in "BAAAA":
        hall.do(IssueTicket(service, "kiosk"))
    # B001 is held, A001 is a no-show restored since, A002 a no-show that can be undone or restored.
    hall.do(SignIn("1", "s"))
    for command in (Call("1", "B001"), Hold("1"), Call("1", "A001"), NoShow("1"), Restore("1", "A001")):
        hall.do(command)
    for command in (Call("1", "A002"), NoShow("1")):
        hall.do(command)
    for command in {
        WindowState.CLOSED: [SignOut("1")],
        WindowState.FREE: [],
        WindowState.CALLING: [CallNext("1")],
        WindowState.SERVING: [CallNext("1"), MarkArrived("1")],
        WindowState.PAUSED: [Pause("1", "lunch")],
    }[state]:
        hall.do(command)
    assert hall.state.windows["1"].state is state
    command = WINDOW_VERBS[verb]("1", **ARGUMENTS.get(verb, {}))
    move = "undo_no_show" if verb == "undo" else verb
    if (state, move) in WINDOW_MOVES:
        hall.do(command)
        assert hall.state.windows["1"].state is WINDOW_MOVES[state, move]
    else:
        refusal = hall.refusal(command)
        assert (refusal.state, refusal.command) == (state.value, verb)
        assert refusal.detail.endswith(".")
        assert hall.state.windows["1"].state is state


@pytest.mark.parametrize(
    ("command", "kind"),
    [
        (IssueTicket("Z", "kiosk"), "unknown_service"),
        (IssueTicket("A", "walk_up"), "unknown_channel"),
        (CallNext("9"), "unknown_window"),
        (SignIn("2", "", "A"), "no_staff"),
        (SignIn("2", "s", "C"), "unknown_role"),
        (SignIn("1", "s", "A"), "already_signed_in"),
        (WalkUp("1", "Z"), "unknown_service"),
        (CallNext("2"), "nobody_signed_in"),
        (Unpause("1"), "not_paused"),
    ],
)
def test_refusals_have_kinds(command: object, kind: str) -> None:
    hall = Hall()
    hall.do(SignIn("1", "s", "A"))
    assert hall.refusal(command).kind == kind


def test_another_clerk_takes_over_by_signing_the_first_out() -> None:
    hall = Hall()
    hall.do(SignIn("1", "s", "A"))
    out, in_ = hall.do(SignIn("1", "t", "B"))
    assert (out.type, out.data) == ("hall.staff.signed_out", {"staff": "s", "window": "1", "role": "A"})
    assert (in_.type, in_.data) == ("hall.staff.signed_in", {"staff": "t", "window": "1", "role": "B"})
    assert hall.state.windows["1"].staff == "t"


def test_a_paused_window_is_shown_and_calls_nobody() -> None:
    hall = Hall()
    hall.do(IssueTicket("A", "kiosk"))
    hall.do(SignIn("1", "s"))
    paused = hall.one(Pause("1", "lunch"))
    assert (paused.type, paused.data) == ("hall.window.paused", {"window": "1", "staff": "s", "reason": "lunch"})
    assert hall.refusal(CallNext("1")).kind == "window_paused"
    assert views.queue(hall.state, hall.now)["paused"] == ["1"]
    hall.do(Unpause("1"))
    assert views.queue(hall.state, hall.now)["paused"] == []
    hall.do(CallNext("1"))
    assert hall.refusal(SignOut("1")).kind == "ticket_open"


def test_a_walk_up_is_a_ticket_with_a_run_and_no_measured_time() -> None:
    hall = Hall()
    hall.do(SignIn("3", "s"))
    issued, finished = hall.do(WalkUp("3"))
    assert (issued.data["channel"], issued.data["number"], issued.data["token_sha256"]) == ("walk_up", "B001", None)
    assert finished.type == "hall.ticket.finished"
    assert (finished.data["served_ms"], finished.data["service"], finished.data["staff"]) == (None, "B", "s")
    assert finished.data["ticket"] == issued.data["ticket"]
    assert not hall.state.tickets
    assert hall.state.unanswered()[0].id == finished.data["run"]


def test_a_second_walk_up_is_refused_for_60_s() -> None:
    hall = Hall()
    hall.do(SignIn("1", "s"))
    hall.do(WalkUp("1"))
    hall.pass_ms(59_001)
    refusal = hall.refusal(WalkUp("1"))
    assert refusal.kind == "too_soon"
    assert "wait 1 s" in refusal.detail
    hall.pass_ms(999)
    hall.do(WalkUp("1"))


def test_numbers_go_on_above_999() -> None:
    hall = Hall()
    hall.state.counters["A"] = 999
    hall.state.business_date = "2026-11-23"
    assert hall.one(IssueTicket("A", "kiosk")).data["number"] == "A1000"


def test_numbers_restart_each_day_only_when_no_ticket_is_open() -> None:
    hall = Hall()
    hall.do(SignIn("1", "s"))
    hall.do(IssueTicket("A", "kiosk"))
    # 00:10 the next day, with one ticket still open.
    hall.pass_ms(15 * 3_600_000 + 600_000)
    late = hall.one(IssueTicket("A", "kiosk"))
    assert (late.data["number"], late.data["business_date"]) == ("A002", "2026-11-23")
    for _ in range(2):
        hall.do(CallNext("1"))
        hall.do(Finish("1"))
    fresh = hall.one(IssueTicket("A", "kiosk"))
    assert (fresh.data["number"], fresh.data["business_date"]) == ("A001", "2026-11-24")


def test_a_day_never_begins_before_the_one_that_was_there() -> None:
    hall = Hall()
    hall.do(SignIn("1", "s"))
    hall.do(WalkUp("1"))
    hall.pass_ms(-3 * 86_400_000)
    hall.do(IssueTicket("B", "kiosk"))
    assert hall.events[-1].data["business_date"] == "2026-11-23"


def test_views_hold_no_staff_in_public_and_no_rating_anywhere() -> None:
    hall = Hall()
    hall.do(SignIn("1", "staff-7"))
    for _ in range(8):
        hall.do(IssueTicket("A", "kiosk"))
        hall.do(CallNext("1"))
        hall.do(MarkArrived("1"))
        hall.do(Finish("1"))
        hall.pass_ms(1_000)
    hall.do(IssueTicket("A", "kiosk"))
    hall.do(CallNext("1"))
    queue = views.queue(hall.state, hall.now)
    assert [call["number"] for call in queue["calls"]] == ["A009", "A008", "A007", "A006", "A005", "A004"]
    assert queue["serving"] == [{"window": "1", "name": "1号窗口", "number": "A009", "state": "calling"}]
    assert queue["waiting"] == {"A": 0, "B": 0}
    assert "staff-7" not in repr(queue) + repr(views.hall(LAYOUT, hall.state))
    window = views.window(hall.state, "1")
    assert window["ticket"]["called_at"] == "2026-11-23T09:00:08.000+08:00"
    assert (window["state"], window["staff"], window["waiting"]) == ("calling", "staff-7", 0)


def test_an_event_that_cannot_follow_is_named() -> None:
    hall = Hall()
    with pytest.raises(ApplyError, match=r"hall\.ticket\.called of ticket/x can't follow: 'x' is not there"):
        apply(hall.state, Event("hall.ticket.called", "ticket/x", {"ticket": "x", "window": "1"}, MORNING_MS))
    with pytest.raises(ApplyError, match="window 1 is closed; pause"):
        apply(hall.state, Event("hall.window.paused", "window/1", {"window": "1", "reason": None}, MORNING_MS))


def test_a_later_versions_event_changes_nothing() -> None:
    hall = Hall()
    apply(hall.state, Event("hall.case.opened", "case/1", {"case": "1"}, MORNING_MS))
    assert hall.state == Hall().state


@pytest.mark.parametrize(
    ("services", "windows", "named"),
    [
        ((Service("A", "A", "x"), Service("A", "B", "y")), (), "same id"),
        ((Service("A", "A", "x"), Service("B", "A", "y")), (), "prefix 'A'"),
        ((Service("A", "A1", "x"),), (), "digit"),
        ((Service("A", "A", "x"),), (Window("1", "w", ()),), "window 1 serves nothing"),
        ((Service("A", "A", "x"),), (Window("1", "w", ("Z",)),), "'Z'"),
        ((Service("A", "A", "x"),), (Window("1", "w", ("A",)), Window("1", "v", ("A",))), "two windows"),
    ],
)
def test_a_layout_that_contradicts_itself_is_refused(
    services: tuple[Service, ...], windows: tuple[Window, ...], named: str
) -> None:
    with pytest.raises(LayoutError, match=named):
        Layout("h", 480, services, windows)
