"""A box that fails before it runs: it says so, blinks, lets a technician in, and tries again; genuine MicroPython."""

import asyncio
import os

import pytest

from tests.integration.firmware_bench import QUICK, WAIT_S, flash, settings
from tools.device import mpremote
from tools.simulator.board import SimulatedBoard

# What a box loads for its display; the firmware around it is the unmodified one.
OPENING_FAILS = b"""
def open_screen(board, files):
    raise ValueError("no such display")
"""
FIRST_SHOW_FAILS = b"""
class Screen:
    def show(self, face, now_ms):
        raise ValueError("no such face")

def open_screen(board, files):
    return Screen()
"""
EDGES = 4  # of the LED: more than two of its periods, a quarter of the rest


def broken(folder, screen, link):
    return flash(folder, settings(screen="broken_screen", link=link), {"lib/broken_screen.py": screen})


@pytest.mark.parametrize(
    ("screen", "why"),
    [(OPENING_FAILS, b"ValueError: no such display"), (FIRST_SHOW_FAILS, b"ValueError: no such face")],
)
async def test_firmware_that_cannot_start_rests_blinking_and_starts_again_once(tmp_path, screen, why):
    """Whether it fails while it is built or at its first act, when what built it has gone from memory."""
    async with await SimulatedBoard.start(broken(tmp_path, screen, "uart"), "rpi_pico", **QUICK) as board:
        await board.wait_output(b"tingting: starting again in 10 s", WAIT_S)
        assert why in board.output
        await board.wait_for(lambda view: view.boots == 2, WAIT_S)
        assert board.resets == {"soft": 0, "hard": 1, "watchdog": 0, "crash": 0}
        led = [change.value for change in board.history if change.what == "power_led" and change.boot == 1]
        assert led[-EDGES:] in ([0, 1] * (EDGES // 2), [1, 0] * (EDGES // 2))


async def test_firmware_on_usb_that_cannot_start_hears_a_technician_while_it_rests(tmp_path):
    """Its link had taken ^C for a byte of its own."""
    async with await SimulatedBoard.start(broken(tmp_path, FIRST_SHOW_FAILS, "usb"), "rpi_pico", **QUICK) as board:
        await board.wait_output(b"tingting: starting again in 10 s", WAIT_S)
        terminal = os.open(board.usb_port, os.O_RDWR | os.O_NOCTTY)
        try:
            async with asyncio.timeout(WAIT_S):
                while b">>> " not in board.output:  # again and again, as a technician and mpremote do
                    os.write(terminal, b"\x03")
                    await asyncio.sleep(0.5)
        finally:
            os.close(terminal)
        assert board.resets["hard"] == 0
        assert await asyncio.to_thread(mpremote.script, board.usb_port, "print(6 * 7)") == "42\n"
        assert board.resets["hard"] == 0
