"""The tutorial's finger: the shell function that presses a simulated key, as the page has it."""

import asyncio
import re
from pathlib import Path

from tests.integration.simulator_bench import BOARD, WAIT_S, make_image
from tools.checks.rooms import ROOT
from tools.simulator import profile
from tools.simulator.board import SimulatedBoard
from tools.simulator.control import ControlServer

PAGE = ROOT / "docs/tutorial/grow-a-hall.md"
FEELS = """
from machine import Pin
key = Pin({pin}, Pin.IN, Pin.PULL_UP)
print("ready")
while key.value():
    pass
while not key.value():
    pass
print("pressed and let go")
"""


async def test_the_pages_press_presses_the_key_of_that_grade(tmp_path: Path) -> None:
    found = re.search(r"^press\(\) \{\n.*?^\}$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    assert found is not None
    image = make_image(tmp_path / "flash.img", {"main.py": FEELS.format(pin=profile.load(BOARD).key_pin(4))})
    async with await SimulatedBoard.start(image, BOARD) as board:
        server = ControlServer([board])
        address = await server.open("0")
        try:
            await board.wait_output(b"ready", WAIT_S)
            press = found[0].replace("127.0.0.1/7700", address.replace(":", "/"))
            assert press != found[0]
            shell = await asyncio.create_subprocess_exec("bash", "-c", f"{press}\npress 0 4")
            assert await shell.wait() == 0
            await board.wait_output(b"pressed and let go", WAIT_S)
        finally:
            await server.close()
