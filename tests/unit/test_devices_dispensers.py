"""What a dispenser is told for its tickets: the hall's set-up of this moment, whatever answers were lost on the way."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from hub.devices.asking import Answer
from hub.devices.dispensers import Dispensers, Paper
from hub.devices.registry import Device
from hub.devices.sessions import DeviceSession
from hub.devices.times import Moment
from protocol import dispensing, messages
from tests.support_hub_core import LAYOUT, MORNING_MS
from tests.support_hub_core import Hall as Core

DEVICE = Device(
    device="di-1", role="dispenser", window=None, epoch="0" * 16, secret="0" * 64, board="x", registered_at=""
)
OF_HALL = (dispensing.HALL, 0)
OF_KEY = (dispensing.SERVICE, 1)


class Line:
    """A box's end of a session, as `ask` sees it: what the box has, and which answers are lost."""

    def __init__(self) -> None:
        self.live = True
        self.status = None
        self.has: dict[tuple[int, int], dict[str, Any]] = {}
        self.said = 0
        self.deaf: set[tuple[int, int]] = set()  # what doesn't reach the box
        self.mute: set[tuple[int, int]] = set()  # what reaches it, and its answer is lost

    async def ask(self, command: int, values: dict[str, Any], within_s: float) -> Answer | None:
        which = (command, values.get("key", values.get("at", 0)))
        self.said += 1
        if which in self.deaf:
            return None
        self.has[which] = values
        return None if which in self.mute else (messages.ACCEPTED, None)


class Bench:
    """A hall with one dispenser, whose name and places can be changed."""

    def __init__(self) -> None:
        self.name, self.place = "甲", "一楼"
        self.line = Line()
        paper = Paper(
            keys=lambda _: ("A", "B"), columns=lambda _: 32, place=lambda _: self.place, hall=lambda: self.name,
            url="", lease_numbers=0, lease_ms=0,
        )  # fmt: skip
        state = Core().state
        hall = SimpleNamespace(state=state, moment=lambda: Moment(MORNING_MS, True, 0), rising_ms=lambda: 0)
        session = cast(DeviceSession, self.line)
        self.dispensers = Dispensers(cast(Any, hall), paper, lambda _: session, lambda *_, **__: None)
        self.dispensers.arrived(session, DEVICE)

    async def turn(self) -> None:
        (tend,) = self.dispensers.due()
        await tend()

    def printed(self) -> tuple[str, str]:
        """The hall's name and the first key's place as the box would print them."""
        return self.line.has[OF_HALL]["hall"].decode("gb18030"), self.line.has[OF_KEY]["zone"].decode("gb18030")


async def test_a_set_up_is_told_once_and_then_only_what_changed() -> None:
    bench = Bench()
    await bench.turn()
    told = bench.line.said
    assert bench.printed() == ("甲", "一楼")
    assert bench.line.has[OF_KEY]["service"] == LAYOUT.services[0].id
    await bench.turn()
    assert bench.line.said == told
    bench.name = "乙"
    await bench.turn()
    assert bench.line.said == told + 1
    assert bench.printed() == ("乙", "一楼")


@pytest.mark.parametrize("lost", ["deaf", "mute"])
async def test_a_change_told_in_part_and_taken_back_leaves_nothing_of_it(lost: str) -> None:
    """The hall's name was taken, the first key's answer is lost; then both are again what they were."""
    bench = Bench()
    await bench.turn()
    getattr(bench.line, lost).add(OF_KEY)
    bench.name, bench.place = "乙", "二楼"
    await bench.turn()
    assert bench.printed() == ("乙", "一楼" if lost == "deaf" else "二楼")
    getattr(bench.line, lost).clear()
    bench.name, bench.place = "甲", "一楼"
    await bench.turn()
    assert bench.printed() == ("甲", "一楼")


async def test_a_change_whose_only_answer_was_lost_and_that_is_taken_back_is_told_again() -> None:
    bench = Bench()
    await bench.turn()
    bench.line.mute.add(OF_HALL)
    bench.name = "乙"
    await bench.turn()
    assert bench.printed()[0] == "乙"
    bench.line.mute.clear()
    bench.name = "甲"
    await bench.turn()
    assert bench.printed()[0] == "甲"
    told = bench.line.said
    await bench.turn()
    assert bench.line.said == told
