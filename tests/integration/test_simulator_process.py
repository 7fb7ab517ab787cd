"""Boards in a process of their own, driven over the control socket, and how that process ends."""

import asyncio
import json
import signal
import sys
from pathlib import Path

import pytest

from tests.integration.simulator_bench import BOARD, WAIT_S, make_image
from tools.simulator.client import BoardClient, Simulator
from tools.simulator.errors import SimulatorError

KEY_LIGHTS = """
from machine import Pin
import asyncio
key = Pin(10, Pin.IN, Pin.PULL_UP)
lamps = [Pin(n, Pin.OUT) for n in (16, 17, 18, 19, 20)]
async def main():
    while True:
        for lamp in lamps:
            lamp.value(1 - key.value())
        await asyncio.sleep_ms(5)
asyncio.run(main())
"""
ROOT = Path(__file__).parents[2]


def interpreters(images: list[Path]) -> list[int]:
    """The processes that have one of these files open."""
    wanted = {str(image) for image in images}
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            try:
                opened = {str(entry.readlink()) for entry in (process / "fd").iterdir()}
            except OSError:
                continue
            if opened & wanted:
                found.append(int(process.name))
    return found


async def until_gone(images: list[Path]) -> None:
    async with asyncio.timeout(WAIT_S):
        while interpreters(images):
            await asyncio.sleep(0.02)


async def test_simulator_process_serves_several_boards(tmp_path):
    images = [make_image(tmp_path / f"{index}.img", {"main.py": KEY_LIGHTS}) for index in range(2)]
    control = str(tmp_path / "control")
    simulator = await Simulator.launch(images, BOARD, control, ["--unique-id", "00000000000000aa"])
    try:
        first, second = simulator.boards
        assert first.unique_id == "00000000000000aa"
        assert second.unique_id != first.unique_id
        changes = []
        first.subscribe(changes.append)
        await first.hold(5)
        await first.wait_lamps(True, WAIT_S)
        assert second.lamps == (False,) * 5
        await first.release(5)
        await first.wait_lamps(False, WAIT_S)
        assert [change.value for change in changes if change.what == "lamp4"] == [1, 0]
        await first.press(5, ms=40)
        await first.cut_power()
        assert not first.face.powered
        await first.restore_power()
        assert (await first.read_stats())["boots"] == 2
        with pytest.raises(SimulatorError, match="no key 7"):
            await first.hold(7)
        with pytest.raises(SimulatorError, match="no verb 'fly'"):
            await first.call("fly")
        with pytest.raises(SimulatorError, match="garble"):
            await first.call("garble", strength=1)
        other = await BoardClient.connect(control, 1)
        assert other.usb_port == second.usb_port
        await other.close()
        with pytest.raises(SimulatorError, match="2 boards"):
            await BoardClient.connect(control, 2)

        reader, writer = await asyncio.open_unix_connection(control)
        assert json.loads(await reader.readline())["event"] == "boards"
        writer.write(b"nonsense\n")
        assert "not a request" in json.loads(await reader.readline())["error"]
        writer.close()
        await writer.wait_closed()
    finally:
        await simulator.close()
    assert simulator.process.returncode == 0
    await until_gone(images)
    with pytest.raises(SimulatorError, match="no simulator at"):
        await BoardClient.connect(control)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
async def test_simulator_process_leaves_nothing_running(tmp_path, number):
    images = [make_image(tmp_path / "flash.img", {"main.py": "while True:\n    pass"})]
    simulator = await Simulator.launch(images, BOARD)
    assert len(interpreters(images)) == 1
    simulator.process.send_signal(number)
    await asyncio.wait_for(simulator.process.wait(), WAIT_S)
    await until_gone(images)
    with pytest.raises(SimulatorError, match="ended"):
        await simulator.boards[0].hold(5)
    await simulator.close()


async def test_simulator_process_ends_with_its_parent(tmp_path):
    image = make_image(tmp_path / "flash.img", {"main.py": "while True:\n    pass"})
    script = f"""
import asyncio, os, signal
from pathlib import Path
from tools.simulator.client import Simulator
async def main():
    await Simulator.launch([Path({str(image)!r})], {BOARD!r})
    os.kill(os.getpid(), signal.SIGKILL)
asyncio.run(main())
"""
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", script, cwd=ROOT)
    assert await asyncio.wait_for(process.wait(), WAIT_S) == -signal.SIGKILL
    await until_gone([image])


async def test_simulator_process_says_what_is_wrong(tmp_path):
    wrong = tmp_path / "short.img"
    wrong.write_bytes(b"too short")
    for arguments, words in (
        (["--image", str(wrong), "--board", BOARD], "9 bytes, a flash of 352 blocks has"),
        (["--image", str(tmp_path / "new.img"), "--board", "no_such_board"], "no board 'no_such_board'"),
        (["--image", "x", "--heap", "much"], "--heap much: a size looks like 96K"),
        (["--image", str(tmp_path / "new.img"), "--unique-id", "mine"], "give 16 lower-case hex digits"),
    ):
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "tools.simulator", *arguments, stderr=asyncio.subprocess.PIPE, cwd=ROOT
        )
        _, text = await asyncio.wait_for(process.communicate(), WAIT_S)
        assert process.returncode == 1
        assert words in text.decode()
        assert "Traceback" not in text.decode()
