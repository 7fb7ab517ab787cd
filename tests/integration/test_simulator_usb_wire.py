"""A board's USB cable can be cut and garbled like its UART's wires."""

import asyncio
import os
from pathlib import Path

from tests.integration.simulator_bench import BOARD, WAIT_S, make_image
from tools.simulator.board import SimulatedBoard

ECHO = """
import micropython, select, sys
micropython.kbd_intr(-1)
print("ready")
poller = select.poll()
poller.register(sys.stdin, select.POLLIN)
while True:
    for _ in poller.ipoll(-1):
        sys.stdout.buffer.write(b"<" + sys.stdin.buffer.read(1) + b">")
"""


async def _read(terminal: int, wanted: bytes) -> bytes:
    got = b""
    async with asyncio.timeout(WAIT_S):
        while wanted not in got:
            try:
                got += os.read(terminal, 4096)
            except BlockingIOError:
                await asyncio.sleep(0.01)
    return got


async def test_simulator_usb_cable_is_cut_and_put_together(tmp_path: Path) -> None:
    image = make_image(tmp_path / "flash.img", {"main.py": ECHO})
    async with await SimulatedBoard.start(image, BOARD) as board:
        await board.wait_output(b"ready", WAIT_S)
        terminal = os.open(board.usb_port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        try:
            await board.cut_wire(True)
            os.write(terminal, b"a")
            while not board.stats["line"]["lost_cut"]:
                await asyncio.sleep(0.01)
            await board.cut_wire(False)
            os.write(terminal, b"b")
            assert b"<a>" not in await _read(terminal, b"<b>")
        finally:
            os.close(terminal)


async def test_simulator_usb_cable_is_garbled_and_healed(tmp_path: Path) -> None:
    image = make_image(tmp_path / "flash.img", {"main.py": ECHO})
    async with await SimulatedBoard.start(image, BOARD) as board:
        await board.wait_output(b"ready", WAIT_S)
        terminal = os.open(board.usb_port, os.O_RDWR | os.O_NOCTTY | os.O_NONBLOCK)
        try:
            await board.garble(1.0, seed=1)
            os.write(terminal, b"a")
            while board.stats["line"]["garbled"] < 4:  # one byte in, three out
                await asyncio.sleep(0.01)
            await board.garble(0.0)
            os.write(terminal, b"b")
            assert b"<a>" not in await _read(terminal, b"<b>")
        finally:
            os.close(terminal)
