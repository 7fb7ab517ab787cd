"""PINs: hashed, tried a few times only, reset by a recorded act, and never told."""

import asyncio
import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from hub.queueing.commands import PinSet
from hub.staff.desk import LOCKED, NEW_DIGITS, WRONG, StaffDesk, check_new
from hub.staff.errors import BadPinError, PinFileError, UnknownStaffError
from hub.staff.store import PinStore
from hub.staff.throttle import FIRST_LOCK_MS, FREE_TRIES, LAST_LOCK_MS, MOST_CODES, Throttle


class Office:
    """A desk with everything around it."""

    def __init__(self, folder: Path, codes: tuple[str, ...] = ("1007", "8")) -> None:
        self.path = folder / "pins.json"
        self.codes = codes
        self.now_ms = 0
        self.recorded: list[PinSet] = []
        self.logged: list[dict[str, Any]] = []
        self.chance = random.Random(7)
        self.refuse: Callable[[], None] = lambda: None
        self.desk = self.open()

    def open(self) -> StaffDesk:
        return StaffDesk(
            PinStore(self.path),
            lambda: self.codes,
            self._submit,
            digits=lambda count: "".join(str(self.chance.randrange(10)) for _ in range(count)),
            rising_ms=lambda: self.now_ms,
            at=lambda: "2026-11-26T09:00:00+08:00",
            log=lambda event, **fields: self.logged.append({"event": event, **fields}),
        )

    async def _submit(self, command: PinSet) -> None:
        self.refuse()
        self.recorded.append(command)


@pytest.fixture
def office(tmp_path: Path) -> Office:
    return Office(tmp_path)


async def test_nobody_has_a_pin_before_the_manager_gives_one(office: Office) -> None:
    for pin in ("", "0000", "1234", "1007"):
        assert await office.desk.may("1007", pin) == WRONG
    pin = await office.desk.reset("1007")
    assert len(pin) == NEW_DIGITS
    assert await office.desk.may("1007", pin) is None
    assert await office.desk.may("8", pin) == WRONG
    assert office.recorded == [PinSet("1007", "manager")]


async def test_a_pin_is_kept_as_a_hash_and_told_nowhere(office: Office) -> None:
    pin = await office.desk.reset("1007")
    assert await office.desk.change("1007", pin, "918273") is None
    kept = office.path.read_text("utf-8")
    assert "$argon2id$" in kept
    told = kept + json.dumps(office.logged) + repr(office.recorded) + repr(office.desk.shown())
    assert pin not in told
    assert "918273" not in told
    assert office.path.stat().st_mode & 0o077 == 0
    again = office.open()
    assert await again.may("1007", "918273") is None
    assert await again.may("1007", pin) == WRONG
    assert again.shown() == [
        {"staff": "1007", "pin_set_at": "2026-11-26T09:00:00+08:00"},
        {"staff": "8", "pin_set_at": None},
    ]


async def test_the_fifth_wrong_pin_locks_and_the_right_one_too(office: Office) -> None:
    pin = await office.desk.reset("1007")
    for _ in range(FREE_TRIES):
        assert await office.desk.may("1007", "000000") == WRONG
    assert await office.desk.may("1007", pin) == LOCKED
    assert office.logged[-1] == {"event": "staff.locked", "staff": "1007", "for_s": 60}
    assert await office.desk.may("8", "000000") == WRONG, "others are not locked by it"
    office.now_ms += FIRST_LOCK_MS
    assert await office.desk.may("1007", pin) is None


async def test_who_is_not_there_is_locked_as_well(office: Office) -> None:
    for _ in range(FREE_TRIES):
        assert await office.desk.may("4711", "1") == WRONG
    assert await office.desk.may("4711", "1") == LOCKED


async def test_tries_at_the_same_time_are_all_counted(office: Office) -> None:
    await office.desk.reset("1007")
    found = await asyncio.gather(*(office.desk.may("1007", "000000") for _ in range(12)))
    assert sorted(str(each) for each in found) == [LOCKED] * 7 + [WRONG] * 5


async def test_a_reset_opens_what_was_locked(office: Office) -> None:
    for _ in range(FREE_TRIES):
        await office.desk.may("1007", "000000")
    pin = await office.desk.reset("1007")
    assert await office.desk.may("1007", pin) is None


async def test_a_hall_without_a_list_of_staff_asks_for_no_pin(tmp_path: Path) -> None:
    desk = Office(tmp_path, codes=()).desk
    assert not desk.wanted
    assert await desk.may("anybody", "") is None


async def test_who_left_the_hall_signs_in_no_more(office: Office) -> None:
    pin = await office.desk.reset("1007")
    office.codes = ("8",)
    assert await office.desk.may("1007", pin) == WRONG
    with pytest.raises(UnknownStaffError, match="add a row to its staff"):
        await office.desk.reset("1007")


async def test_a_pin_that_could_not_be_recorded_is_not_set(office: Office) -> None:
    pin = await office.desk.reset("1007")

    def full() -> None:
        raise PinFileError("the journal is full")

    office.refuse = full
    with pytest.raises(PinFileError):
        await office.desk.reset("1007")
    assert await office.desk.may("1007", pin) is None


async def test_a_clerk_changes_the_pin_by_the_one_before(office: Office) -> None:
    pin = await office.desk.reset("1007")
    assert await office.desk.change("1007", "000001", "918273") == WRONG
    assert await office.desk.change("1007", pin, "918273") is None
    assert office.recorded[-1] == PinSet("1007", "1007")


@pytest.mark.parametrize("pin", ["", "123", "123456789", "12a4", "1111", "1234", "98765", "１２３４", "5678"])
def test_what_can_not_be_a_pin(pin: str) -> None:
    with pytest.raises(BadPinError):
        check_new(pin)


@pytest.mark.parametrize("pin", ["2580", "1212", "90125", "13579246"])
def test_what_can_be_a_pin(pin: str) -> None:
    check_new(pin)


def test_each_lock_is_twice_as_long_up_to_a_quarter_of_an_hour() -> None:
    throttle = Throttle()
    now_ms, locks = 0, []
    for _ in range(FREE_TRIES + 6):
        throttle.wrong("8", now_ms)
        locks.append(throttle.locked_ms("8", now_ms))
        now_ms += locks[-1]
    assert locks[: FREE_TRIES - 1] == [0] * (FREE_TRIES - 1)
    assert locks[FREE_TRIES - 1 :] == [60_000, 120_000, 240_000, 480_000, LAST_LOCK_MS, LAST_LOCK_MS, LAST_LOCK_MS]


def test_made_up_codes_fill_no_memory() -> None:
    throttle = Throttle()
    for number in range(MOST_CODES + 100):
        throttle.wrong(str(number), 0)
    assert len(throttle._tries) == MOST_CODES


def test_a_damaged_file_says_whose_pin(tmp_path: Path) -> None:
    (tmp_path / "pins.json").write_text(
        json.dumps({"pins": {"1": {"staff": "8", "hash": "1234", "set_at": "x"}}}), "utf-8"
    )
    with pytest.raises(PinFileError, match=r"the PIN of '8'.*let the manager reset"):
        PinStore(tmp_path / "pins.json")
