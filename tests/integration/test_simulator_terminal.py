"""The genuine mpremote against simulated boards, over their USB terminal."""

import asyncio
import os
import sys
from hashlib import sha256

import pytest

from tests.integration.simulator_bench import BOARD, WAIT_S, make_image
from tools.simulator.board import SimulatedBoard

ENDLESS = "print('started')\nwhile True:\n    pass\n"
SLEEPER = "import asyncio\nprint('started')\nasyncio.run(asyncio.sleep(1000))\n"


async def mpremote(board: SimulatedBoard, *arguments: str) -> str:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "mpremote", "connect", board.usb_port, *arguments,
        stdin=asyncio.subprocess.DEVNULL, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    try:
        printed, _ = await asyncio.wait_for(process.communicate(), WAIT_S)
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    assert process.returncode == 0, printed.decode()
    return printed.decode()


async def test_simulator_terminal_runs_the_file_commands(tmp_path):
    local = tmp_path / "pins.txt"
    local.write_bytes(os.urandom(3000))
    async with await SimulatedBoard.start(tmp_path / "flash.img", BOARD) as board:
        assert board.stats["flash"]["formats"] == 1
        digest = sha256(local.read_bytes()).hexdigest()
        printed = await mpremote(
            board, "fs", "mkdir", ":/data", "+", "fs", "cp", str(local), ":/data/pins.txt", "+", "fs", "ls", ":/data",
            "+", "fs", "sha256sum", ":/data/pins.txt", "+", "exec", "import sys; print(sys.implementation.name)",
        )  # fmt: skip
        assert digest in printed
        assert "3000 pins.txt" in printed
        assert printed.split()[-1] == "micropython"
        back = tmp_path / "back"
        await mpremote(board, "fs", "cp", ":/data/pins.txt", str(back), "+", "fs", "rm", "-r", ":/data")
        assert back.read_bytes() == local.read_bytes()


@pytest.mark.parametrize("program", [ENDLESS, SLEEPER])
async def test_simulator_terminal_interrupts_a_program_that_never_ends(tmp_path, program):
    image = make_image(tmp_path / "flash.img", {"main.py": program})
    async with await SimulatedBoard.start(image, BOARD) as board:
        await board.wait_output(b"started", WAIT_S)
        assert "42" in await mpremote(board, "exec", "print(6 * 7)")
        del board.output[:]  # before the reset: the program may be there again before mpremote has ended
        await mpremote(board, "reset")
        await board.wait_for(lambda view: view.reset_cause == 2, WAIT_S)
        assert board.stats["resets"]["hard"] == 1
        await board.wait_output(b"started", WAIT_S)


async def test_simulator_terminal_soft_reset_stays_in_the_raw_repl(tmp_path):
    """What boot.py prints is seen, main.py does not run, nothing of the program before is left."""
    image = make_image(tmp_path / "flash.img", {"boot.py": "print('booting')", "main.py": "print('main')"})
    async with await SimulatedBoard.start(image, BOARD) as board:
        await board.wait_output(b"main", WAIT_S)
        await mpremote(board, "exec", "import machine; kept = 1; print(machine.reset_cause())")
        del board.output[:]
        printed = await mpremote(board, "exec", "print('kept' in globals())")
        assert "False" in printed
        assert b"booting" in board.output
        assert b"main" not in board.output


async def test_simulator_watchdog_outlives_a_soft_reset(tmp_path):
    """As on hardware: without maintenance mode a running watchdog ends a flash in the middle."""
    program = "import machine, time\nif machine.reset_cause() == 1:\n    machine.WDT(timeout=8000)\n    print('armed')"
    image = make_image(tmp_path / "flash.img", {"main.py": program})
    async with await SimulatedBoard.start(image, BOARD) as board:
        await board.wait_output(b"armed", WAIT_S)
        await mpremote(board, "exec", "pass")
        assert board.stats["resets"]["watchdog"] == 0
        # Nobody waits for its end, which the watchdog may be quicker than.
        await mpremote(board, "resume", "exec", "--no-follow", "import machine; machine.WDT(timeout=1)")
        await board.wait_for(lambda view: view.reset_cause == 3, WAIT_S)


async def test_simulator_terminal_carries_byte_3_as_data(tmp_path):
    program = """
import micropython, select, sys
micropython.kbd_intr(-1)
print("ready")
poller = select.poll()
poller.register(sys.stdin.buffer, select.POLLIN)
got = b""
while len(got) < 5:
    if poller.poll(1000):
        got += sys.stdin.buffer.read(1)
sys.stdout.buffer.write(b"<" + got + b">")
micropython.kbd_intr(3)
print("interruptible")
while True:
    pass
"""
    image = make_image(tmp_path / "flash.img", {"main.py": program})
    async with await SimulatedBoard.start(image, BOARD) as board:
        await board.wait_output(b"ready", WAIT_S)
        terminal = os.open(board.usb_port, os.O_RDWR | os.O_NOCTTY)
        try:
            os.write(terminal, b"\x00\x03\x04\x01\xff")
            await board.wait_output(b"<\x00\x03\x04\x01\xff>", WAIT_S)
            await board.wait_output(b"interruptible", WAIT_S)
            os.write(terminal, b"\x03")
            await board.wait_output(b"KeyboardInterrupt", WAIT_S)
        finally:
            os.close(terminal)


async def test_simulator_interrupt_during_flash_operations_leaves_the_files_whole(tmp_path):
    """^C comes while the flash is busy most of the time; hardware finishes the operation first."""
    program = """
import time
n = 0
while True:
    with open("log", "a") as file:
        file.write("line\\n")
        n += 1
    print("kept", n)
    time.sleep_ms(5)
"""
    image = make_image(tmp_path / "flash.img", {"main.py": program})
    async with await SimulatedBoard.start(image, BOARD, erase_ms=5.0, program_ms=5.0) as board:
        await board.wait_output(b"kept 2", WAIT_S)
        printed = await mpremote(board, "exec", "print(set(open('log').read().split()))")
        assert "{'line'}" in printed
        assert board.stats["flash"]["formats"] == 0
        assert board.stats["resets"]["crash"] == 0
