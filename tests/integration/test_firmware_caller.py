"""The unmodified caller on genuine MicroPython: the keypad's matrix, the display's two wires, and its hub."""

import asyncio
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from protocol import calling, session
from protocol import messages as m
from tests.caller_support import HEAP, SAME_KEY_S, enter, press, sign_in
from tests.integration.firmware_bench import QUICK, WAIT_S, Hub, flash, settings
from tools.simulator.board import SimulatedBoard
from tools.simulator.profile import CALLER, FOUR_KEY_CALLER, FOUR_KEYS

WITHIN_S = 1.0  # of one key
TRIES = 30  # for two presses within that, on a busy machine


class Desk(Hub):
    """A hub's end that also keeps what the box asks; `answer` is what it gets, None to leave it waiting."""

    def __init__(self, board: SimulatedBoard) -> None:
        super().__init__(board)
        self.asked: list[tuple[int, dict[str, Any]]] = []
        self.answer: tuple[int, str | None] | None = (m.ACCEPTED, None)

    def _event(self, event: tuple[Any, ...]) -> None:
        if event[0] == session.REQUEST:
            self.asked.append((event[2], {name: value for name, value in event[3].items() if value is not None}))
            if self.answer is not None:
                self.endpoint.answer(event[1], *self.answer)

    async def question(self, count: int) -> tuple[int, dict[str, Any]]:
        """The newest question, once there are so many."""
        await self.wait_for(lambda: len(self.asked) >= count, f"question {count}")
        assert len(self.asked) == count
        return self.asked[-1]


@pytest.fixture(scope="module")
def images(tmp_path_factory) -> dict[str, bytes]:
    folder = tmp_path_factory.mktemp("flash")
    return {
        CALLER: flash(folder, settings(role="caller")).read_bytes(),
        FOUR_KEY_CALLER: flash(folder, settings(role="caller", keys="four")).read_bytes(),
    }


@asynccontextmanager
async def desk(images: dict[str, bytes], folder: Path, role: str = CALLER, **options: Any):
    """A running caller with its hub in session."""
    image = folder / "flash.img"
    image.write_bytes(images[role])
    async with await SimulatedBoard.start(
        image, "rpi_pico", role=role, **{**QUICK, "heap_bytes": HEAP[CALLER], **options}
    ) as board:
        hub = Desk(board)
        await hub.open()
        try:
            await hub.welcomed()
            yield board, hub
        finally:
            await hub.close()


async def test_caller_shows_what_the_window_does(images, tmp_path):
    async with desk(images, tmp_path) as (board, hub):
        booted = await hub.fact(m.BOOTED)
        assert booted["fields"]["interpreter"].startswith("MicroPython 1.")
        for state, number, waiting, text in (
            (m.WINDOW_CLOSED, "", 3, "----"),
            (m.WINDOW_IDLE, "", 12, "L 12"),
            (m.WINDOW_CALLING, "A012", 11, "A012"),
            (m.WINDOW_PAUSED, "", 11, "PAU5"),
        ):
            hub.endpoint.show(state, number, "3", waiting)
            await board.wait_text(text, WAIT_S)
        hub.endpoint.show(m.WINDOW_SERVING, "b007", "3", 140)
        await board.wait_text("b007", WAIT_S)
        await board.wait_text("L140", WAIT_S)
        await board.wait_text("b007", WAIT_S)
        assert hub.asked == []


async def test_caller_signs_in_by_code_and_pin_and_the_fact_follows_the_answer(images, tmp_path):
    async with desk(images, tmp_path) as (board, hub):
        await hub.fact(m.BOOTED)
        hub.endpoint.show(m.WINDOW_CLOSED, "", "3", 0)
        await board.wait_text("----", WAIT_S)
        hub.answer = (m.REFUSED, "E 21")
        await sign_in(board, "1007", "4429")
        assert await hub.question(1) == (calling.SIGN_IN, {"staff": "1007", "pin": "4429"})
        await board.wait_text("E 21", WAIT_S)
        assert hub.of_kind(calling.SIGNED_IN) == []
        hub.answer = (m.ACCEPTED, None)
        await board.wait_text("----", WAIT_S)
        await sign_in(board, "1007", "4499", "recall")
        assert await hub.question(2) == (calling.SIGN_IN, {"staff": "1007", "pin": "4499"})
        signed = await hub.fact(calling.SIGNED_IN)
        assert signed["fields"] == {"staff": "1007", "role": calling.ROLE_B}
        hub.endpoint.show(m.WINDOW_IDLE, "", "3", 0)
        await board.wait_text("L  0", WAIT_S)
        hub.endpoint.show(m.WINDOW_IDLE, "", "3", 1)
        await board.wait_for(lambda view: view.buzzer_hz == 1760, WAIT_S, "the beep of a queue that fills")
        await press(board, "0")
        await hub.fact(calling.SIGNED_OUT)
        await board.wait_text("----", WAIT_S)


async def test_caller_keys_are_the_halls_commands(images, tmp_path):
    keys = {"next": "next", "recall": "recall", "no_show": "no_show", "finish": "finish"}
    keys |= {"1": "arrive", "3": "pause", "4": "walk_up"}
    async with desk(images, tmp_path) as (board, hub):
        hub.endpoint.show(m.WINDOW_SERVING, "A001", "3", 2)
        await board.wait_text("A001", WAIT_S)
        for count, (key, command) in enumerate(keys.items(), 1):
            await press(board, key)
            assert await hub.question(count) == (m.WINDOW_COMMAND, {"command": command})
        asked = len(keys)
        await press(board, "2")
        await board.wait_text("t   ", WAIT_S)
        await enter(board, "t", "12")
        await press(board, "ok")
        assert (await hub.question(asked + 1))[1] == {"command": "transfer", "to": "12"}
        await asyncio.sleep(SAME_KEY_S)
        await press(board, "2")
        await board.wait_text("t   ", WAIT_S)
        await enter(board, "t", "01")
        await press(board, "recall")
        assert (await hub.question(asked + 2))[1] == {"command": "transfer", "to": "01", "back": True}
        for key in ("5", "6", "7", "8", "9", "clear", "ok", "0"):
            await press(board, key)
        hub.endpoint.show(m.WINDOW_PAUSED, "", "3", 2)
        await board.wait_text("PAU5", WAIT_S)
        await press(board, "3")
        assert (await hub.question(asked + 3))[1] == {"command": "unpause"}


async def test_caller_with_four_keys(images, tmp_path):
    async with desk(images, tmp_path, FOUR_KEY_CALLER) as (board, hub):
        hub.endpoint.show(m.WINDOW_SERVING, "A001", "3", 2)
        await board.wait_text("A001", WAIT_S)
        for count, key in enumerate(FOUR_KEYS, 1):
            await press(board, key)
            assert (await hub.question(count))[1] == {"command": key}
        hub.endpoint.show(m.WINDOW_IDLE, "", "3", 0)
        await board.wait_text("L  0", WAIT_S)
        await asyncio.sleep(SAME_KEY_S)
        await press(board, "finish")
        assert (await hub.question(5))[1] == {"command": "walk_up"}


async def test_caller_takes_two_presses_within_a_second_for_one(images, tmp_path):
    async with desk(images, tmp_path) as (board, hub):
        hub.endpoint.show(m.WINDOW_IDLE, "", "3", 2)
        await board.wait_text("L  2", WAIT_S)
        loop = asyncio.get_running_loop()
        for _ in range(TRIES):
            asked, began_s = len(hub.asked), loop.time()
            await press(board, "next", "next")
            took_s = loop.time() - began_s
            await hub.wait_for(lambda before=asked: len(hub.asked) > before, "the question")
            await asyncio.sleep(SAME_KEY_S)
            if took_s < WITHIN_S:
                break
        else:
            raise AssertionError(f"two presses never came within {WITHIN_S} s in {TRIES} tries: too busy a machine")
        assert len(hub.asked) == asked + 1
        await press(board, "next")
        await hub.question(asked + 2)


async def test_caller_forgets_what_found_no_hub(images, tmp_path):
    async with desk(images, tmp_path) as (board, hub):
        hub.endpoint.show(m.WINDOW_IDLE, "", "3", 2)
        await board.wait_text("L  2", WAIT_S)
        hub.answer = None
        await press(board, "next")
        await hub.question(1)
        await board.cut_wire(True)
        await board.wait_text("noAn", WAIT_S)
        await board.wait_text("noHb", WAIT_S)
        await press(board, "next")
        await board.cut_wire(False)
        hub.answer = (m.ACCEPTED, None)
        await board.wait_text("L  2", WAIT_S)
        await press(board, "recall")
        assert (await hub.question(2))[1] == {"command": "recall"}


async def test_caller_whose_display_is_pulled_off_says_so(images, tmp_path):
    async with desk(images, tmp_path) as (board, hub):
        await board.plug_display(False)
        fault = await hub.fact(m.FAULT)
        assert fault["fields"]["code"] == m.FAULT_DISPLAY
        await board.plug_display(True)
        recovered = await hub.fact(m.RECOVERED)
        assert recovered["fields"]["code"] == m.FAULT_DISPLAY


async def test_caller_feels_each_of_its_keys_and_one_that_hangs(images, tmp_path):
    async with desk(images, tmp_path) as (board, hub):
        hub.endpoint.configure({"stuck_key_s": 1})
        hub.endpoint.show(m.WINDOW_CLOSED, "", "3", 2)
        await board.wait_text("----", WAIT_S)
        await enter(board, "C", "12345678")
        await press(board, "clear")
        await enter(board, "C", "90")
        await board.hold("7")
        fault = await hub.fact(m.FAULT)
        assert fault["fields"]["code"] == m.FAULT_STUCK_KEY
        await board.release("7")
        await hub.fact(m.RECOVERED)
