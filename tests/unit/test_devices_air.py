"""Whose an advertisement is, and what its box is wanted for: recordings, copies, two adapters."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from hub.devices.air import AWAY_MS, ELSEWHERE_MS, FAILED_MS, FAILURES_TRIED, MOST_ADDRESSES, MOST_SESSIONS, Air
from hub.devices.registry import Device, Registry
from hub.links.ble_plan import End, Keep, State, Want
from protocol.air import settings_mark

OWN, TWIN = "C0:00:00:00:00:01", "C1:00:00:00:00:01"
NOTHING: State = (False, 0, 1, settings_mark({}))
FACTS: State = (False, 1, 2, settings_mark({}))  # one waits, and it is not here
STALE: State = (False, 1, 1, settings_mark({}))  # one waits, and it is here
LOUD_DBM, QUIET_DBM = -50, -80


@dataclass(eq=False)
class Session:
    """As much of a session as is asked here."""

    name: str
    url: str
    live: bool = False
    said: int = 0
    shows_old: bool = False
    quiet: bool = True
    invited: bool = False
    patient: bool = False

    @property
    def is_open(self) -> bool:
        return self.live


class Hall:
    """An `Air` with one evaluator, and a clock that a test sets."""

    def __init__(self, folder: Path) -> None:
        self.now_ms = 1000
        self.registry = registry = Registry(folder / "devices.json")
        registry.register(
            Device(
                device="ev-1",
                role="evaluator",
                window="1",
                epoch="0" * 16,
                secret="0" * 64,
                board="rpi_pico",
                registered_at="2026-01-01T00:00:00Z",
            )
        )
        make: Callable[[str, str], Any] = Session
        self.air = Air(registry, make, lambda device, epoch: 0, lambda device: False, lambda: self.now_ms)

    def user(self, address: str = OWN, adapter: str = "hci0") -> Any:
        return self.air.user(adapter, address, "ev-1")

    def want(
        self, address: str = OWN, adapter: str = "hci0", state: State = NOTHING, dbm: int = LOUD_DBM
    ) -> Want | None:
        return self.air.want(adapter, self.user(address, adapter), state, dbm, 0.0)

    def begin(self, address: str = OWN, adapter: str = "hci0") -> None:
        self.air.began(adapter, self.user(address, adapter))

    def prove(self, address: str = OWN, adapter: str = "hci0") -> None:
        user = self.user(address, adapter)
        user.live = True
        self.air.arrived(user, "ev-1")

    def end(self, end: End, address: str = OWN, adapter: str = "hci0") -> None:
        user = self.user(address, adapter)
        user.live = False
        self.air.ended(adapter, user, Want.CHECK, end)

    def visit(self, address: str = OWN, adapter: str = "hci0") -> None:
        self.begin(address, adapter)
        self.prove(address, adapter)
        self.end(End.GIVEN_BACK, address, adapter)

    def fail(self, address: str = OWN, adapter: str = "hci0") -> None:
        self.begin(address, adapter)
        self.end(End.FAILED, address, adapter)

    def near(self) -> None:
        self.air.window("ev-1", serving=True, near=True)


@pytest.fixture
def hall(tmp_path: Path) -> Hall:
    return Hall(tmp_path)


def test_a_box_that_was_never_proven_is_visited_wherever_its_name_is_heard(hall: Hall) -> None:
    assert hall.want(OWN) is hall.want(TWIN) is Want.CHECK
    assert hall.want(TWIN, state=FACTS) is Want.FACTS


def test_while_one_address_is_tried_no_other_is(hall: Hall) -> None:
    hall.near()
    assert hall.want(OWN) is hall.want(TWIN) is Want.NEAR
    hall.begin(OWN)
    assert hall.want(TWIN) is None
    assert hall.want(TWIN, state=FACTS) is None
    hall.end(End.FAILED)
    assert hall.want(TWIN) is Want.NEAR


def test_what_the_hub_wants_of_a_box_it_wants_where_it_was_proven(hall: Hall) -> None:
    hall.visit(OWN)
    hall.near()
    assert hall.want(OWN) is Want.NEAR
    assert hall.want(TWIN) is None
    assert hall.want(TWIN, state=STALE) is None
    hall.air._box("ev-1").asked = 1
    assert hall.want(OWN) is Want.ASK
    assert hall.want(TWIN) is None


def test_facts_told_at_another_address_are_looked_at_when_nothing_else_is_to_be_done(hall: Hall) -> None:
    hall.visit(OWN)
    assert hall.want(TWIN, state=FACTS) is Want.CHECK
    # A second box of the same identity is met while the first one is on: so both are told as such.
    hall.begin(OWN)
    hall.prove(OWN)
    assert hall.want(TWIN, state=FACTS) is Want.CHECK


def test_another_address_gets_its_turn_when_the_known_one_fails_or_falls_silent(hall: Hall) -> None:
    hall.visit(OWN)
    hall.near()
    for _ in range(FAILURES_TRIED):
        assert hall.want(OWN) is Want.NEAR
        assert hall.want(TWIN) is None
        hall.fail(OWN)
    assert hall.want(TWIN) is Want.NEAR
    hall.visit(OWN)
    hall.near()
    assert hall.want(TWIN) is None
    hall.now_ms += AWAY_MS
    assert hall.want(TWIN) is Want.NEAR  # a new board in its place


def test_an_attempt_that_was_called_off_is_no_failure(hall: Hall) -> None:
    hall.visit(OWN)
    hall.near()
    for _ in range(2 * FAILURES_TRIED):
        hall.begin(OWN)
        hall.end(End.CALLED_OFF)
    assert hall.want(TWIN) is None


def test_the_adapter_that_hears_a_box_clearly_better_has_it(hall: Hall) -> None:
    hall.near()
    assert hall.want(adapter="hci0", dbm=LOUD_DBM) is Want.NEAR
    assert hall.want(adapter="hci1", dbm=QUIET_DBM) is None
    hall.now_ms += ELSEWHERE_MS
    assert hall.want(adapter="hci1", dbm=QUIET_DBM) is Want.NEAR


def test_a_box_that_was_let_go_is_still_of_the_adapter_that_had_it(hall: Hall) -> None:
    hall.want(adapter="hci0", dbm=LOUD_DBM)
    hall.begin(adapter="hci0")
    hall.prove(adapter="hci0")
    hall.now_ms += 2 * ELSEWHERE_MS  # connected, it advertised nothing
    hall.end(End.GIVEN_BACK)
    hall.near()
    assert hall.want(adapter="hci1", dbm=QUIET_DBM) is None


def test_a_box_whose_link_broke_may_be_taken_by_another_adapter_at_once(hall: Hall) -> None:
    hall.want(adapter="hci0", dbm=LOUD_DBM)
    hall.begin(adapter="hci0")
    hall.prove(adapter="hci0")
    hall.end(End.BROKE)
    hall.now_ms += ELSEWHERE_MS
    hall.near()
    assert hall.want(adapter="hci1", dbm=QUIET_DBM) is Want.NEAR


def test_a_recording_beside_one_adapter_does_not_take_the_box_from_the_other(hall: Hall) -> None:
    hall.visit(OWN, "hci0")
    hall.near()
    hall.want(TWIN, "hci1", dbm=LOUD_DBM)
    assert hall.want(OWN, "hci0", dbm=QUIET_DBM) is Want.NEAR


def test_an_adapter_whose_try_came_to_nothing_hears_badly_for_a_minute(hall: Hall) -> None:
    """Its advertisements are played loudly beside hci1, under its own address."""
    hall.near()
    assert hall.want(adapter="hci1", dbm=LOUD_DBM) is Want.NEAR
    assert hall.want(adapter="hci0", dbm=QUIET_DBM) is None
    hall.fail(adapter="hci1")
    assert hall.want(adapter="hci0", dbm=QUIET_DBM) is Want.NEAR
    assert hall.want(adapter="hci1", dbm=LOUD_DBM) is None
    # Where the other one fails, too, both try.
    hall.fail(adapter="hci0")
    assert hall.want(adapter="hci0", dbm=QUIET_DBM) is hall.want(adapter="hci1", dbm=LOUD_DBM) is Want.NEAR
    hall.now_ms += FAILED_MS
    assert hall.want(adapter="hci1", dbm=LOUD_DBM) is Want.NEAR
    assert hall.want(adapter="hci0", dbm=QUIET_DBM) is None


def test_addresses_that_others_make_up_are_remembered_up_to_a_limit(hall: Hall) -> None:
    hall.visit(OWN)
    for number in range(4 * MOST_ADDRESSES):
        hall.now_ms += 1
        hall.want(OWN)
        assert hall.want(f"C1:00:00:00:01:{number:02X}") is None
    assert len(hall.air._box("ev-1").heard_at) == MOST_ADDRESSES
    hall.near()
    assert hall.want(OWN) is Want.NEAR


def test_made_up_addresses_never_push_out_the_one_where_the_box_was_proven(hall: Hall) -> None:
    hall.visit(OWN)
    hall.user("C1:FF:FF:FF:FF:FF")  # silent from here on
    for number in range(2 * MOST_SESSIONS):
        hall.now_ms += 1
        # One keeps being heard: it was not proven, but is no older than what is made up beside it.
        assert hall.want(TWIN) is None
        assert hall.want(f"C2:00:00:00:{number >> 8:02X}:{number & 255:02X}") is None
    assert len(hall.air.sessions) == MOST_SESSIONS
    kept = {address for _, address, _ in hall.air.sessions}
    assert {OWN, TWIN} <= kept
    assert "C1:FF:FF:FF:FF:FF" not in kept
    hall.near()
    assert hall.want(OWN) is Want.NEAR


def test_a_box_that_is_being_fetched_is_held_though_it_is_quiet(hall: Hall) -> None:
    hall.prove(OWN)
    assert hall.air.keep(hall.user()) is Keep.QUIET
    hall.registry.fetching.add("ev-1")
    assert hall.air.keep(hall.user()) is Keep.BUSY
    hall.registry.fetching.discard("ev-1")
    assert hall.air.keep(hall.user()) is Keep.QUIET


async def test_an_update_wants_a_link_behind_all_else_and_keeps_it_least(hall: Hall) -> None:
    hall.visit(OWN)
    assert hall.want(OWN) is None
    fetching = asyncio.create_task(hall.air.fetch("ev-1", 60.0, patient=True))
    await asyncio.sleep(0)
    assert hall.want(OWN) is Want.UPDATE
    assert hall.want(OWN, state=FACTS) is Want.FACTS
    hall.near()
    assert hall.want(OWN) is Want.NEAR
    hall.prove(OWN)
    assert await fetching is hall.user()
    hall.air.window("ev-1", serving=False, near=False)
    hall.user().patient = True
    assert hall.air.keep(hall.user()) is Keep.UPDATE
    hall.user().invited = True
    assert hall.air.keep(hall.user()) is Keep.INVITED
