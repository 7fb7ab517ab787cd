"""The demo's clerk at a caller: what its display reads and what the window does decide, never a guess."""

import asyncio
from itertools import count
from typing import Any

import pytest

from tools.demo import callers
from tools.demo.callers import KEYS, Caller, Hand
from tools.demo.doors import RefusalError
from tools.demo.fingers import SEEN_TURNS
from tools.demo.hall import WINDOWS
from tools.simulator.profile import KEYPAD


class Bench:
    """A caller's board, the hub's doors and its tokens in one: a key changes the window as the hub would."""

    uart_url = "unused"

    def __init__(self, text: str, after: str, state: str = "free") -> None:
        self.text = text
        self.state = state
        self.pressed: list[str] = []
        self.waiting = 3
        self._after = after
        self.view = self
        self._turns = count(step=SEEN_TURNS)
        self.caller = Caller(WINDOWS[0], self)  # type: ignore[arg-type]  # what a caller needs of its board
        self.hand = Hand(self.caller, self, self)  # type: ignore[arg-type]  # what a hand needs of the two

    def subscribe(self, listener: object) -> None:
        """Nothing is heard of it here."""

    @property
    def turns(self) -> int:
        """Its program is never late."""
        return next(self._turns)

    async def release(self, key: str) -> None:
        """Nothing comes of it."""

    async def hold(self, key: str) -> None:
        self.pressed.append(key)
        self.state, _, said = self._after.partition(" ")
        self.text = said or self.text

    async def get(self, path: str, token: str) -> dict[str, Any]:
        assert (path, token) == ("/api/v1/windows/1", "clerk window/1")
        return {"state": self.state, "ticket": {"number": "A001"}, "waiting": {"count": self.waiting}}

    def token(self, role: str, place: str) -> str:
        return f"{role} {place}"


@pytest.mark.parametrize(
    ("command", "key", "before", "after"),
    [
        ("next", "next", "free", "calling"),
        ("arrive", "1", "calling", "serving"),
        ("finish", "finish", "serving", "free"),
    ],
)
async def test_a_command_is_its_key(command: str, key: str, before: str, after: str) -> None:
    bench = Bench("L  3", after, before)
    assert (await bench.hand.command(command))["state"] == after
    assert bench.pressed == [key]


async def test_nobody_presses_next_for_an_empty_line() -> None:
    bench = Bench("L  0", "calling")
    bench.waiting = 0
    with pytest.raises(RefusalError) as caught:
        await bench.hand.command("next")
    assert (caught.value.kind, bench.pressed) == ("queue-empty", [])


async def test_what_the_display_refuses_is_a_refusal() -> None:
    with pytest.raises(RefusalError) as caught:
        await Bench("L  3", "paused E 04").hand.command("next")
    assert caught.value.kind == "said-no"


async def test_an_answer_that_came_late_was_a_yes() -> None:
    assert (await Bench("L  3", "calling noAn").hand.command("next"))["ticket"] == {"number": "A001"}


async def test_a_clerk_stands_back_while_a_visitor_types(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callers, "VISITOR_S", 0.3)
    bench = Bench("t  7", "serving", "calling")
    await bench.caller.press("2")
    clerk = asyncio.create_task(bench.hand.command("arrive"))
    await bench.caller.press("7")
    assert bench.pressed == ["2", "7"]  # the clerk's 1 is not among the digits
    bench.state = "calling"
    await clerk
    assert bench.pressed == ["2", "7", "1"]


async def test_what_a_visitor_did_is_not_done_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(callers, "VISITOR_S", 0.1)
    bench = Bench("A001", "serving", "calling")
    await bench.caller.press("1")
    assert (await bench.hand.command("arrive"))["state"] == "serving"
    assert bench.pressed == ["1"]


def test_the_printed_keypad_is_the_wired_one() -> None:
    assert tuple(key for key, *_ in KEYS) == KEYPAD
