"""Devices' facts: counted once, ratings on their runs, times as far as known."""

import pytest

from hub.queueing import state as queueing_state
from hub.queueing import views
from hub.queueing.commands import (
    AcceptFact,
    ClockStepped,
    DeviceFaultSeen,
    DeviceHeardAgain,
    DeviceOffline,
    DeviceOnline,
    DeviceReplaced,
    DeviceTested,
    DeviceUpdated,
    HubStarted,
    InvitationAccepted,
    InvitationFailed,
)
from hub.queueing.errors import Refusal
from hub.queueing.events import Now
from hub.queueing.tables import RunState
from hub.queueing.window_commands import SignIn, WalkUp
from tests.support_hub_core import EPOCH, MORNING_MS, Hall, fact


@pytest.fixture
def hall() -> Hall:
    made = Hall()
    made.do(SignIn("1", "staff-7"))
    return made


@pytest.fixture
def run(hall: Hall) -> str:
    run = hall.do(WalkUp("1"))[1].data["run"]
    assert isinstance(run, str)
    return run


def test_a_rating_lands_on_its_run(hall: Hall, run: str) -> None:
    ticket = hall.events[-1].data["ticket"]
    invited = hall.one(InvitationAccepted(run, "box-1"))
    assert invited.data == {"run": run, "ticket": ticket, "window": "1", "staff": "staff-7", "device": "box-1"}
    submitted = hall.one(fact(1, "rated", run=run, grade=2, pressed_after_ms=1_500))
    assert submitted.time_ms == MORNING_MS + 1
    assert submitted.sure
    assert submitted.data == {
        "run": run, "ticket": ticket, "window": "1", "staff": "staff-7", "service": "A", "grade": 2,
        "channel": "evaluator", "pressed_after_ms": 1_500, "device": "box-1", "epoch": EPOCH, "fact": 1,
    }  # fmt: skip


def test_the_same_fact_again_changes_nothing(hall: Hall, run: str) -> None:
    command = fact(1, "rated", run=run, grade=5, pressed_after_ms=10)
    hall.do(command)
    assert hall.do(command) == []
    assert views.reply(hall.state, command, []) == {"stored_through": 1}


def test_a_second_rating_of_a_run_is_ignored_without_its_grade(hall: Hall, run: str) -> None:
    hall.do(fact(1, "rated", run=run, grade=5, pressed_after_ms=10))
    ignored = hall.one(fact(2, "rated", run=run, grade=1, pressed_after_ms=10))
    assert ignored.type == "hall.rating.ignored"
    assert ignored.data == {"window": "1", "why": "repeated", "device": "box-1", "epoch": EPOCH, "fact": 2}


def test_an_ignored_press_never_carries_a_grade(hall: Hall) -> None:
    ignored = hall.one(fact(1, "ignored", why="not_invited", grade=3, key=3))
    assert ignored.data == {"window": "1", "why": "not_invited", "device": "box-1", "epoch": EPOCH, "fact": 1}


@pytest.mark.parametrize("reason", ["timeout", "device_fault", "declined"])
def test_unrated_records_why_and_gives_way_to_a_submission(hall: Hall, run: str, reason: str) -> None:
    hall.do(InvitationAccepted(run, "box-1"))
    unrated = hall.one(fact(1, "unrated", run=run, reason=reason))
    assert unrated.type == "hall.rating.unrated"
    assert unrated.data == {
        "run": run, "window": "1", "staff": "staff-7", "reason": reason, "device": "box-1", "epoch": EPOCH, "fact": 1,
    }  # fmt: skip
    assert hall.one(fact(2, "rated", run=run, grade=4, pressed_after_ms=1)).type == "hall.rating.submitted"
    # Once rated it stays rated, but the fact is kept.
    assert hall.one(fact(3, "unrated", run=run, reason=reason)).type == "hall.rating.unrated"
    assert hall.state.runs[run].state is RunState.RATED
    assert hall.one(fact(4, "rated", run=run, grade=4, pressed_after_ms=1)).type == "hall.rating.ignored"


def test_device_away_is_provisional(hall: Hall, run: str) -> None:
    away = hall.one(InvitationFailed(run, None))
    assert away.data == {"run": run, "window": "1", "staff": "staff-7", "reason": "device_away", "device": None}
    assert hall.do(InvitationFailed(run, None)) == []
    assert hall.one(InvitationAccepted(run, "box-1")).type == "hall.rating.invited"
    assert hall.do(InvitationAccepted(run, "box-1")) == []
    # An accepted invitation ends only by the box's own fact.
    assert hall.do(InvitationFailed(run, "box-1")) == []
    assert hall.one(fact(1, "rated", run=run, grade=3, pressed_after_ms=1)).type == "hall.rating.submitted"
    assert hall.do(InvitationAccepted(run, "box-1")) == []


def test_a_rating_counts_though_the_answer_to_the_invitation_was_lost(hall: Hall, run: str) -> None:
    hall.do(InvitationFailed(run, None))
    assert hall.one(fact(1, "rated", run=run, grade=3, pressed_after_ms=1)).type == "hall.rating.submitted"


def test_a_run_of_an_old_journal_is_taken_once(hall: Hall) -> None:
    submitted = hall.one(fact(7, "rated", run="feedfeedfeedfeed", grade=3, pressed_after_ms=1))
    assert submitted.type == "hall.rating.submitted"
    assert [submitted.data[name] for name in ("ticket", "staff", "service", "window")] == [None, None, None, "1"]
    assert hall.one(fact(8, "rated", run="feedfeedfeedfeed", grade=1, pressed_after_ms=1)).data["why"] == "repeated"
    with pytest.raises(Refusal) as caught:
        hall.do(InvitationAccepted("0123456789abcdef", "box-1"))
    assert caught.value.kind == "unknown_run"


@pytest.mark.parametrize(
    ("kind", "data", "kept"),
    [
        ("booted", {"reset_cause": "power", "interpreter": "micropython 1.29"}, "hall.device.booted"),
        ("key_tested", {"result": 31}, "hall.device.key_tested"),
        ("fault", {"code": "log_full"}, "hall.device.fault"),
        ("recovered", {"code": "log_full"}, "hall.device.recovered"),
    ],
)
def test_device_facts_become_device_events(hall: Hall, kind: str, data: dict[str, object], kept: str) -> None:
    event = hall.one(fact(1, kind, **data))
    assert (event.type, event.subject) == (kept, "device/box-1")
    assert event.data == {
        "role": "evaluator", "detail": data, "window": "1", "device": "box-1", "epoch": EPOCH, "fact": 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "data"),
    [
        ("rated", {"run": "0123456789abcdef", "grade": 6}),
        ("rated", {"run": "0123456789abcdef", "grade": True}),
        ("rated", {"grade": 3}),
        ("unrated", {"run": "0123456789abcdef", "reason": "whim"}),
        ("ignored", {"why": "whim"}),
        ("danced", {"steps": 3}),
    ],
)
def test_an_unreadable_fact_is_kept_and_never_in_the_way(hall: Hall, kind: str, data: dict[str, object]) -> None:
    event = hall.one(fact(1, kind, **data))
    assert event.type == "hall.device.fact_unreadable"
    assert (event.data["fact"], event.data["detail"]["fields"]) == (1, data)
    assert hall.state.stored_through("box-1", EPOCH) == 1
    assert not hall.state.runs


def test_facts_count_by_device_and_epoch(hall: Hall) -> None:
    hall.do(fact(5, "booted"))
    assert hall.do(fact(4, "booted")) == []
    assert len(hall.do(fact(4, "booted", device="box-2"))) == 1
    other_epoch = AcceptFact("box-1", "ff" * 8, 1, "booted", "1", MORNING_MS, None, None, {})
    assert len(hall.do(other_epoch)) == 1
    assert hall.state.stored_through("box-1", EPOCH) == 5


@pytest.mark.parametrize(
    ("now", "times", "stamped"),
    [
        (Now(9_000), (5_000, None, None), (5_000, None, None, True)),
        (Now(9_000), (5_000, 4_000, 6_000), (5_000, 4_000, 6_000, False)),
        (Now(9_000), (9_500, None, None), (9_500, None, None, True)),
        (Now(9_000), (99_000, 2_000, None), (9_000, 2_000, 9_000, False)),
        (Now(9_000), (None, 1_000, 6_000), (6_000, 1_000, 6_000, False)),
        (Now(9_000), (None, 1_000, None), (9_000, 1_000, 9_000, False)),
        (Now(9_000), (None, None, None), (9_000, None, 9_000, False)),
        (Now(9_000, False, 8_000), (5_000, None, None), (5_000, 8_000, None, False)),
    ],
)
def test_a_fact_is_stamped_as_surely_as_its_time_is_known(
    hall: Hall,
    now: Now,
    times: tuple[int | None, int | None, int | None],
    stamped: tuple[int, int | None, int | None, bool],
) -> None:
    hall.now = now
    event = hall.one(AcceptFact("box-1", EPOCH, 1, "booted", "1", *times, {}))
    assert (event.time_ms, event.earliest_ms, event.latest_ms, event.sure) == stamped


def test_devices_go_on_and_off_once_and_are_off_after_a_start(hall: Hall) -> None:
    online = hall.one(DeviceOnline("box-1", "evaluator", {"link": "uart"}))
    assert online.data == {"device": "box-1", "role": "evaluator", "detail": {"link": "uart"}}
    assert hall.do(DeviceOnline("box-1", "evaluator")) == []
    hall.do(DeviceOffline("box-1", "evaluator"))
    assert hall.do(DeviceOffline("box-1", "evaluator")) == []
    hall.do(DeviceOnline("box-1", "evaluator"))
    started = hall.one(HubStarted("0.1", "j"))
    assert started.data == {"version": "0.1", "journal": "j", "from_ms": None, "to_ms": None, "what": None}
    assert started.subject == "hub"
    assert hall.state.devices["box-1"].role == "evaluator"
    assert not hall.state.devices["box-1"].online


def test_a_step_of_the_clock_says_from_where_to_where(hall: Hall) -> None:
    stepped = hall.one(ClockStepped(MORNING_MS, MORNING_MS + 5_000, "ntp"))
    assert (stepped.type, stepped.subject) == ("hall.hub.clock_stepped", "hub")
    assert stepped.data == {
        "version": None,
        "journal": None,
        "from_ms": MORNING_MS,
        "to_ms": MORNING_MS + 5_000,
        "what": "ntp",
    }


def test_a_test_over_the_cable_and_an_update_are_told_as_they_came(hall: Hall) -> None:
    tested = hall.one(DeviceTested("box-1", "evaluator", "1", {"keys": "all"}))
    assert (tested.type, tested.subject) == ("hall.device.key_tested", "device/box-1")
    assert tested.data == {"device": "box-1", "role": "evaluator", "window": "1", "detail": {"keys": "all"}}
    assert hall.state.devices["box-1"].key_test == {"keys": "all"}
    updated = hall.one(DeviceUpdated("box-1", "evaluator", {"outcome": "tried", "version": "1.2"}))
    assert (updated.type, updated.subject) == ("hall.device.updated", "device/box-1")
    assert updated.data == {
        "device": "box-1",
        "role": "evaluator",
        "detail": {"outcome": "tried", "version": "1.2"},
    }


def test_a_fault_that_the_hub_saw(hall: Hall) -> None:
    event = hall.one(DeviceFaultSeen("box-1", "evaluator", "facts_missing", {"from": 3, "to": 5}))
    assert event.data["detail"] == {"code": "facts_missing", "seen_by": "hub", "from": 3, "to": 5}


def test_a_silence_begins_and_ends_once(hall: Hall) -> None:
    silent = DeviceFaultSeen("box-1", "evaluator", "silent", {"silent_s": 600})
    back = DeviceHeardAgain("box-1", "evaluator")
    assert hall.do(back) == []
    hall.one(silent)
    hall.one(HubStarted("0.1", "j"))
    assert hall.do(silent) == []
    recovered = hall.one(back)
    assert recovered.type == "hall.device.recovered"
    detail = {"code": "silent", "seen_by": "hub"}
    assert recovered.data == {"device": "box-1", "role": "evaluator", "detail": detail}
    assert hall.do(back) == []
    hall.one(silent)


def test_two_boxes_that_change_places_again_are_told_again(hall: Hall) -> None:
    first = DeviceReplaced("box-1", "evaluator", "box-2", "1", "1" * 16)
    told = hall.one(first)
    assert told.data["detail"] == {"by": "box-2", "window": "1", "epoch": "1" * 16}
    assert hall.do(first) == []
    hall.one(DeviceReplaced("box-2", "evaluator", "box-1", "1", "2" * 16))
    hall.one(DeviceReplaced("box-1", "evaluator", "box-2", "1", "3" * 16))
    assert hall.do(DeviceReplaced("box-1", "evaluator", "box-2", "1", "3" * 16)) == []


def test_a_rating_is_of_the_window_that_finished_wherever_the_box_stands_by_now(hall: Hall, run: str) -> None:
    rated = hall.one(fact(1, "rated", "2", run=run, grade=5, pressed_after_ms=1))
    assert (rated.subject, rated.data["window"]) == ("window/1", "1")
    nowhere = hall.one(fact(2, "rated", None, run="f" * 16, grade=5, pressed_after_ms=1))
    assert (nowhere.subject, nowhere.data["window"]) == ("device/box-1", None)


def test_old_runs_are_forgotten_and_their_late_rating_still_counts(hall: Hall, run: str) -> None:
    hall.state.runs_kept = 3
    for _ in range(3):
        hall.pass_ms(60_000)
        hall.do(WalkUp("1"))
    assert run not in hall.state.runs
    assert len(hall.state.runs) == len(hall.state.run_order) == 3
    late = hall.one(fact(1, "rated", run=run, grade=5, pressed_after_ms=1))
    assert (late.type, late.data["run"], late.data["ticket"]) == ("hall.rating.submitted", run, None)


def test_the_shown_copy_shares_nothing_and_has_no_runs(hall: Hall, run: str) -> None:
    shown = queueing_state.for_showing(hall.state)
    assert views.queue(shown, hall.now) == views.queue(hall.state, hall.now)
    assert not shown.runs
    assert shown.layout is hall.state.layout
    hall.do(DeviceOnline("box-9", "evaluator"))
    assert "box-9" not in shown.devices
