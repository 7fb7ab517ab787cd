"""`tingting device flash`: the real firmware onto a simulated board, by the real mpremote."""

import asyncio
import json
import os
import pty
import signal
import sys
import tty
from pathlib import Path

import pytest
import serial

from tests.integration.simulator_bench import BOARD, WAIT_S, make_image
from tools.device import build, mpremote
from tools.device.errors import DeviceError
from tools.device.maintenance import FLAG
from tools.simulator.board import SimulatedBoard

ROOT = Path(__file__).parents[2]
QUICK = {"erase_ms": 0.0, "program_ms": 0.0}


async def tingting(*arguments: str, **options) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tools.cli", *arguments, cwd=ROOT, stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT, env={**os.environ, "TINGTING_LANG": "en"}, **options,
    )  # fmt: skip


async def flash(board: SimulatedBoard) -> tuple[int, str]:
    process = await tingting("device", "flash", board.usb_port, "--role", "evaluator", "--board", "rpi_pico")
    printed, _ = await asyncio.wait_for(process.communicate(), 240)
    assert process.returncode is not None
    return process.returncode, printed.decode()


async def test_device_flash_broken_off_then_again_then_once_more(tmp_path):
    """An old main.py and left-overs are on the box, with another slot to run; the copy is killed, and mended.

    The last time the application runs with its watchdog when the flash begins.
    """
    settings = {"device": "ev-1", "role": "evaluator", "board": "rpi_pico", "window_label": "3", "link": "uart"}
    settings |= {"secret": "ab" * 32, "epoch": "cd" * 8}
    old = {
        "main.py": "print('old main')",
        "firmware/left_over.py": "raise SystemExit",
        "b/firmware/main.py": "raise SystemExit",
        "slot": "b",
        "settings.json": json.dumps(settings),
    }
    image = make_image(tmp_path / "flash.img", old)
    async with await SimulatedBoard.start(image, "rpi_pico", **QUICK) as board:
        await board.wait_output(b"old main", WAIT_S)
        process = await tingting(
            "device", "flash", board.usb_port, "--role", "evaluator", "--board", "rpi_pico", start_new_session=True
        )
        assert process.stdout is not None
        async with asyncio.timeout(240):
            while not (line := await process.stdout.readline()).startswith(b"5/"):
                assert line, "the command ended before its fifth file"
        os.killpg(process.pid, signal.SIGKILL)
        await process.communicate()
        del board.output[:]
        await board.reset()
        await board.wait_output(b">>> ", WAIT_S)
        assert b"old main" not in board.output  # half a build starts nothing

        status, text = await flash(board)
        assert status == 0, text
        files = len(build.build("evaluator", "rpi_pico").files)
        copied = int(text.split(": ")[-1].split()[0])
        assert 0 < copied <= files - 3
        await board.wait_for(lambda view: view.power_led, WAIT_S)  # the new main.py runs

        status, text = await flash(board)
        assert status == 0, text
        assert f" 0 copied, {files} were there, 0 removed" in text
        script = "import os; print([os.listdir(name) for name in ('/', '/firmware', '/a/firmware', '/b/firmware')])"
        assert board.stats["resets"]["watchdog"] == 0
        listing = await asyncio.to_thread(mpremote.script, board.usb_port, script)
        assert "left_over" not in listing
        assert listing.rstrip().endswith(", []]")
        assert "'slot'" not in listing
        assert FLAG.strip("/") not in listing
        script = "import sys; sys.path.insert(0, '/a'); import firmware; print(firmware.VERSION)"
        version = await asyncio.to_thread(mpremote.script, board.usb_port, script)
        assert version.strip() in text


async def test_device_flash_says_what_is_wrong(tmp_path):
    process = await tingting("device", "flash", str(tmp_path / "no-port"))
    printed, _ = await asyncio.wait_for(process.communicate(), 240)
    assert process.returncode == 1
    assert b"no such port" in printed
    assert b"Traceback" not in printed
    process = await tingting("device", "flash", "/dev/null", "--board", "toaster")
    printed, _ = await asyncio.wait_for(process.communicate(), 240)
    assert b"there are: esp32_c3, rpi_pico, rpi_pico_w" in printed


def test_device_dead_terminal_has_a_time_limit():
    """A terminal at which nobody answers: mpremote alone waits for ever when its output blocks."""
    ours, theirs = pty.openpty()
    tty.setraw(theirs)
    try:
        with pytest.raises(DeviceError, match=r"no answer within 2 s.*maintenance strap"):
            mpremote.script(os.ttyname(theirs), "print(1)", timeout_s=2)
    finally:
        os.close(ours)
        os.close(theirs)


async def test_device_error_on_the_box_is_told(tmp_path):
    async with await SimulatedBoard.start(tmp_path / "flash.img", BOARD, **QUICK) as board:
        with pytest.raises(DeviceError, match="ZeroDivisionError"):
            await asyncio.to_thread(mpremote.script, board.usb_port, "1/0")
        with serial.Serial(board.usb_port, exclusive=True), pytest.raises(DeviceError, match="in use"):
            await asyncio.to_thread(mpremote.script, board.usb_port, "pass")


def test_device_build_takes_only_what_the_box_needs(tmp_path):
    image = build.build("evaluator", "rpi_pico")
    names = set(image.files)
    assert {"main.py", "a/firmware/main.mpy", "a/firmware/wire.mpy", "a/firmware/log.mpy"} <= names
    assert {"a/firmware/__init__.mpy", "a/firmware/settings.mpy", "a/firmware/links/usb.mpy"} <= names
    assert {name for name in names if "/boards/" in name} == {"a/firmware/boards/rpi_pico.mpy"}
    # The display's glyphs are no program.
    assert all(name.endswith(".mpy") for name in names - {"main.py", "a/firmware/screen.bin"})
    assert build.build("evaluator", "rpi_pico").version == image.version
    with pytest.raises(DeviceError, match=r"no firmware/roles/teapot\.py; there are: .*evaluator"):
        build.build("teapot", "rpi_pico")


async def test_device_box_on_usb_is_reached_by_its_strap(tmp_path):
    """A box whose application owns the USB line hears no ^C: the error names the strap, and the strap helps."""
    program = "import micropython\nmicropython.kbd_intr(-1)\nprint('mine')\nwhile True:\n    pass\n"
    guarded = f"from machine import Pin\nif Pin(22, Pin.IN, Pin.PULL_UP).value():\n    exec({program!r})\n"
    image = make_image(tmp_path / "flash.img", {"main.py": guarded})
    async with await SimulatedBoard.start(image, "rpi_pico", **QUICK) as board:
        await board.wait_output(b"mine", WAIT_S)
        with pytest.raises(DeviceError, match="maintenance strap"):
            await asyncio.to_thread(mpremote.script, board.usb_port, "pass", 3)
        await board.strap(True)
        await board.reset()
        assert await asyncio.to_thread(mpremote.script, board.usb_port, "print(6 * 7)") == "42\n"
