"""What callers ask becomes the clerk's commands; what is refused becomes a code of four digits; what they show."""

from typing import Any

import pytest

from hub.devices import callers
from hub.devices.asking import Asked
from hub.devices.callers import CODES, Callers
from hub.devices.registry import Device
from hub.journal import JournalError
from hub.queueing import window_commands
from hub.queueing.commands import IssueTicket
from hub.queueing.tables import REFUSAL_KINDS, SPECIAL_REFUSALS
from hub.queueing.window_commands import CallNext, Pause, SignIn
from protocol import calling, messages
from tests.support_hub_core import Hall

KEYS = {
    "next": window_commands.CallNext("1"),
    "recall": window_commands.Recall("1"),
    "arrive": window_commands.MarkArrived("1"),
    "no_show": window_commands.NoShow("1"),
    "finish": window_commands.Finish("1"),
    "pause": window_commands.Pause("1"),
    "unpause": window_commands.Unpause("1"),
    "walk_up": window_commands.WalkUp("1"),
}


class House:
    """The pure core as what callers need of a house, and its clerks."""

    def __init__(self) -> None:
        self.hall = Hall()
        self.asked: list[tuple[Any, str]] = []
        self.may_say: str | None = None
        self.error: Exception | None = None
        self.callers = Callers(self, self, lambda size: bytes(range(size)))

    @property
    def state(self) -> Any:
        return self.hall.state

    @property
    def shown(self) -> Any:
        return self.hall.state

    async def submit_once(self, command: Any, request: str) -> None:
        self.asked.append((command, request))
        if self.error is not None:
            raise self.error
        self.hall.do(command)

    async def may(self, staff: str, pin: str) -> str | None:
        self.asked.append((staff, pin))
        return self.may_say

    async def ask(self, kind: int, /, window: str | None = "1", alive: bool = True, **arguments: Any) -> Any:
        device = Device(
            device="ca-1", role="caller", window=window, epoch="0" * 16, secret="0" * 64, board="x", registered_at=""
        )
        return await self.callers.answer(Asked(device, "0" * 16, kind, arguments, lambda: alive))


@pytest.fixture
def house() -> House:
    made = House()
    made.hall.do(SignIn("1", "8"))
    return made


@pytest.mark.parametrize("key", KEYS)
async def test_a_key_is_the_same_command_as_at_the_clerks_door(house: House, key: str) -> None:
    await house.ask(messages.WINDOW_COMMAND, command=key)
    [(command, request)] = house.asked
    assert command == KEYS[key]
    assert request == "00010203-0405-4607-8809-0a0b0c0d0e0f"


async def test_what_the_rules_refuse_is_a_code(house: House) -> None:
    assert await house.ask(messages.WINDOW_COMMAND, command="next") == (messages.REFUSED, CODES["queue_empty"])
    assert await house.ask(messages.WINDOW_COMMAND, command="finish") == (messages.REFUSED, CODES["no_ticket"])
    house.hall.do(IssueTicket("A", "kiosk"))
    assert await house.ask(messages.WINDOW_COMMAND, command="next") == (messages.ACCEPTED, None)
    assert await house.ask(messages.WINDOW_COMMAND, command="next") == (messages.REFUSED, CODES["ticket_open"])
    for _ in range(3):
        assert await house.ask(messages.WINDOW_COMMAND, command="recall") == (messages.ACCEPTED, None)
    assert await house.ask(messages.WINDOW_COMMAND, command="recall") == (messages.REFUSED, CODES["recalled_enough"])
    assert await house.ask(messages.WINDOW_COMMAND, command="pause") == (messages.REFUSED, CODES["ticket_open"])


async def test_a_second_walk_up_of_the_same_person_is_refused(house: House) -> None:
    assert await house.ask(messages.WINDOW_COMMAND, command="walk_up") == (messages.ACCEPTED, None)
    assert await house.ask(messages.WINDOW_COMMAND, command="walk_up") == (messages.REFUSED, CODES["too_soon"])
    house.hall.pass_ms(60_000)
    assert await house.ask(messages.WINDOW_COMMAND, command="walk_up") == (messages.ACCEPTED, None)


async def test_a_transfer_by_digits(house: House) -> None:
    for digits, target in (
        ("2", window_commands.Transfer("1", to_window="2")),
        ("02", window_commands.Transfer("1", to_service="B")),
        ("77", window_commands.Transfer("1", to_window="77")),
        ("099", window_commands.Transfer("1", to_window="099")),
    ):
        house.asked.clear()
        await house.ask(messages.WINDOW_COMMAND, command="transfer", to=digits)
        assert house.asked[0][0] == target
    await house.ask(messages.WINDOW_COMMAND, command="transfer", to="2", back=True)
    assert house.asked[-1][0] == window_commands.Transfer("1", to_window="2", back=True)


async def test_a_transfer_to_nowhere_is_a_code(house: House) -> None:
    house.hall.do(IssueTicket("A", "kiosk"))
    house.hall.do(CallNext("1"))
    answer = await house.ask(messages.WINDOW_COMMAND, command="transfer", to="77")
    assert answer == (messages.REFUSED, CODES["unknown_target"])


async def test_what_nobody_waits_for_any_more_is_not_done(house: House) -> None:
    house.hall.do(IssueTicket("A", "kiosk"))
    assert (await house.ask(messages.WINDOW_COMMAND, alive=False, command="next"))[0] == messages.FAILED
    assert house.asked == []


async def test_a_journal_that_takes_nothing_is_a_code(house: House) -> None:
    house.error = JournalError("full")
    assert await house.ask(messages.WINDOW_COMMAND, command="pause") == (messages.FAILED, CODES["journal"])


async def test_a_caller_without_a_window_is_told_so(house: House) -> None:
    answer = (messages.REFUSED, CODES["unknown_window"])
    assert await house.ask(messages.WINDOW_COMMAND, window=None, command="next") == answer
    assert await house.ask(calling.SIGN_IN, window=None, staff="8", pin="") == answer


async def test_signing_in_is_only_asked_here(house: House) -> None:
    assert await house.ask(calling.SIGN_IN, staff="1007", pin="4429") == (messages.ACCEPTED, None)
    assert house.asked == [("1007", "4429")]
    assert house.hall.state.windows["1"].staff == "8", "the fact that follows does it"
    for why in ("wrong_pin", "locked"):
        house.may_say = why
        assert await house.ask(calling.SIGN_IN, staff="1007", pin="1") == (messages.REFUSED, CODES[why])


async def test_nobody_signs_in_over_a_ticket(house: House) -> None:
    house.hall.do(IssueTicket("A", "kiosk"))
    house.hall.do(CallNext("1"))
    assert await house.ask(calling.SIGN_IN, staff="7", pin="") == (messages.REFUSED, CODES["ticket_open"])


async def test_what_no_caller_asks_is_unknown(house: House) -> None:
    assert await house.ask(messages.WINDOW_COMMAND, command="undo") == (messages.UNKNOWN_COMMAND, None)
    assert await house.ask(99) == (messages.UNKNOWN_COMMAND, None)


def test_codes_are_four_digits_and_cover_what_a_window_can_refuse() -> None:
    assert len(set(CODES.values())) == len(CODES)
    assert all(len(code) == 4 for code in (*CODES.values(), callers.OTHER))
    kinds = {kind for kind, _ in (*REFUSAL_KINDS.values(), *SPECIAL_REFUSALS.values())}
    assert kinds <= set(CODES)


def test_what_a_caller_shows() -> None:
    hall = Hall()
    assert callers.view(hall.state, None) == (messages.WINDOW_CLOSED, "", "", 0)
    hall.do(SignIn("1", "8"))
    for service in "AAB":
        hall.do(IssueTicket(service, "kiosk"))
    state, number, _, waiting = callers.view(hall.state, "1")
    assert (state, number, waiting) == (messages.WINDOW_IDLE, "", 3)
    assert callers.view(hall.state, "2")[3] == 2, "of the lines that this window serves"
    hall.do(CallNext("1"))
    state, number, _, waiting = callers.view(hall.state, "1")
    assert (state, number, waiting) == (messages.WINDOW_CALLING, "A001", 2)
    hall.do(window_commands.Finish("1"))
    hall.do(Pause("1"))
    assert callers.view(hall.state, "1")[0] == messages.WINDOW_PAUSED
