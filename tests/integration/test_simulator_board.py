"""What a program on the simulated board finds: pins, time, watchdog, flash, serial line."""

import asyncio
import importlib.util
import os
import sys
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tests.integration.simulator_bench import BOARD, WAIT_S, make_image, read_image
from tools.simulator.board import SimulatedBoard
from tools.simulator.errors import SimulatorError
from tools.simulator.onboard import kinds

QUICK = {"erase_ms": 0.0, "program_ms": 0.0}


@asynccontextmanager
async def running(folder: Path, program: str, **options):
    image = make_image(folder / "flash.img", {"main.py": program})
    async with await SimulatedBoard.start(image, BOARD, **{**QUICK, **options}) as board:
        yield board


async def printed(folder: Path, program: str, **options) -> list[str]:
    """What a program printed up to its `print("end")`."""
    async with running(folder, program, **options) as board:
        await board.wait_output(b"end", WAIT_S)
        text = bytes(board.output).decode()
    return text[: text.index("end")].split()


LAMPS_FOLLOW_KEYS = """
from machine import Pin, PWM
import asyncio
keys = [Pin(n, Pin.IN, Pin.PULL_UP) for n in (10, 11, 12, 13, 14)]
lamps = [Pin(n, Pin.OUT) for n in (16, 17, 18, 19, 20)]
led = Pin(25, Pin.OUT, value=1)
buzzer = PWM(Pin(15), freq=880, duty_u16=0)
async def main():
    while True:
        down = not all(key.value() for key in keys)
        for lamp in lamps:
            lamp.value(down)
        buzzer.duty_u16(32768 if down else 0)
        await asyncio.sleep_ms(5)
asyncio.run(main())
"""


async def test_simulator_keys_and_outputs(tmp_path):
    async with running(tmp_path, LAMPS_FOLLOW_KEYS) as board:
        await board.wait_for(lambda view: view.power_led, WAIT_S)
        for grade in (5, 1):
            await board.hold(grade)
            await board.wait_for(lambda view: view.buzzer_hz == 880, WAIT_S)
            assert board.lamps == (True,) * 5
            await board.release(grade)
            await board.wait_for(lambda view: view.buzzer_hz == 0, WAIT_S)
            assert board.lamps == (False,) * 5
        lit = [change for change in board.history if change.what == "lamp0"]
        assert [change.value for change in lit] == [1, 0, 1, 0]
        assert all(change.at_us is not None and change.boot == 1 for change in lit)
        assert [change.at_us for change in lit] == sorted(change.at_us for change in lit)
        with pytest.raises(SimulatorError, match="no key 6"):
            await board.hold(6)


async def test_simulator_power_cut_darkens_everything_and_counts_as_power_on(tmp_path):
    async with running(tmp_path, LAMPS_FOLLOW_KEYS) as board:
        await board.hold(3)
        await board.wait_lamps(True, WAIT_S)
        await board.cut_power()
        assert (board.lamps, board.power_led, board.buzzer, board.face.powered) == ((False,) * 5, False, 0, False)
        with pytest.raises(SimulatorError, match="no power"):
            await board.reset()
        port = board.uart_url
        await board.restore_power()
        await board.wait_lamps(True, WAIT_S)
        assert board.face.boots == 2
        assert board.face.reset_cause == kinds.PWRON_RESET
        assert board.uart_url == port


async def test_simulator_interrupts_wake_a_sleeping_loop(tmp_path):
    program = """
from machine import Pin, Timer
import asyncio
flag = asyncio.ThreadSafeFlag()
key = Pin(10, Pin.IN, Pin.PULL_UP)
key.irq(lambda pin: flag.set(), Pin.IRQ_FALLING)
tick = asyncio.ThreadSafeFlag()
async def main():
    Timer(-1, mode=Timer.ONE_SHOT, period=5, callback=lambda timer: tick.set())
    await tick.wait()
    print("ready")
    await flag.wait()
    print("end")
asyncio.run(main())
"""
    async with running(tmp_path, program) as board:
        await board.wait_output(b"ready", WAIT_S)
        assert b"end" not in board.output
        await board.hold(5)
        await board.wait_output(b"end", WAIT_S)


async def test_simulator_ticks_wrap_under_asyncio(tmp_path):
    program = """
import asyncio, time
async def nap(ms):
    await asyncio.sleep_ms(ms)
    return ms
async def main():
    begin = time.ticks_ms()
    print(begin > (1 << 29))
    while time.ticks_ms() > (1 << 29):
        await asyncio.gather(nap(30), nap(60))
        print(await asyncio.wait_for_ms(nap(20), 200) == 20)
    try:
        await asyncio.wait_for_ms(nap(5000), 20)
    except asyncio.TimeoutError:
        print("timeout")
    print(time.ticks_ms() < 2000, 0 < time.ticks_diff(time.ticks_ms(), begin) < 60000)
    print(time.ticks_add((1 << 30) - 1, 2) == 1, time.ticks_us() < (1 << 30))
    task = asyncio.create_task(nap(100000))
    await asyncio.sleep_ms(0)
    task.cancel()
    try:
        await task
    except asyncio.CancelledError:
        print("cancelled")
    print("end")
asyncio.run(main())
"""
    words = await printed(tmp_path, program, start_ticks_ms=(1 << 30) - 150)
    assert words.count("timeout") == 1
    assert words.count("cancelled") == 1
    assert set(words) == {"True", "timeout", "cancelled"}


async def test_simulator_starved_watchdog_resets(tmp_path):
    program = """
import machine, time
print("cause", machine.reset_cause(), machine.unique_id().hex())
if machine.reset_cause() == machine.PWRON_RESET:
    dog = machine.WDT(timeout=300)
    for _ in range(4):
        time.sleep_ms(100)
        dog.feed()
    print("fed")
    while True:
        pass
print("end")
"""
    async with running(tmp_path, program, unique_id="0123456789abcdef") as board:
        await board.wait_output(b"end", WAIT_S)
        text = bytes(board.output)
        assert text.index(b"cause 1 0123456789abcdef") < text.index(b"fed") < text.index(b"cause 3")
        assert board.stats["resets"] == {"soft": 0, "hard": 0, "watchdog": 1, "crash": 0}


async def test_simulator_reset_from_the_program_and_from_outside(tmp_path):
    program = """
import machine
print("cause", machine.reset_cause())
if machine.reset_cause() == machine.PWRON_RESET:
    machine.reset()
    print("never")
"""
    async with running(tmp_path, program) as board:
        await board.wait_output(b"cause 2", WAIT_S)
        await board.reset()
        await board.wait_for(lambda view: view.boots == 3, WAIT_S)
        assert b"never" not in board.output
        assert board.stats["resets"]["hard"] == 2


async def test_simulator_strap_held_at_boot(tmp_path):
    program = "from machine import Pin\nprint('strap', Pin(22, Pin.IN, Pin.PULL_UP).value(), 'end')"
    assert await printed(tmp_path, program, strap=True) == ["strap", "0"]
    assert await printed(tmp_path, program) == ["strap", "1"]


async def test_simulator_promises_the_heap(tmp_path):
    async with running(tmp_path, "", heap_bytes=96 * 1024) as board:
        free = board.stats["found"]["mem_free"]
        assert 94_000 <= free <= 96_100  # the bare unix port with -X heapsize=96K finds 96,032
    deep = tmp_path / ("a folder with a long name " * 5)
    deep.mkdir()
    async with running(deep, "", heap_bytes=96 * 1024) as board:
        assert board.stats["found"]["mem_free"] == free  # wherever the flash lies


COUNTING = """
n = 0
try:
    with open("count") as file:
        n = int(file.read())
    print("read", n)
except OSError:
    print("read none")
except ValueError:
    print("garbage")
while True:
    n += 1
    with open("count.new", "w") as file:
        file.write(str(n))
    import os
    os.rename("count.new", "count")
    print("kept", n)
"""


@pytest.mark.parametrize("tear_bytes", [0, 100])
async def test_simulator_power_cut_at_every_flash_operation(tmp_path, tear_bytes):
    """A file replaced by rename is old or new after a cut at any operation, a torn page included."""
    async with running(tmp_path, COUNTING, power=False) as board:
        for operation in range(1, 9):
            await board.restore_power()
            await board.cut_power_after(operation + 5, tear_bytes)
            await board.wait_for(lambda view: not view.powered, WAIT_S)
            # Whatever it printed is here by now, and nothing of it comes in the next life.
            assert board.output.startswith(b"read "), bytes(board.output)
            del board.output[:]
        assert board.stats["flash"]["formats"] == 0
        assert board.stats["flash"]["programs"] > 8
        await board.restore_power()
        await board.wait_output(b"kept", WAIT_S)
        assert board.output.startswith(b"read "), bytes(board.output)


async def test_simulator_what_was_printed_before_a_power_cut_is_there_and_stays_before_it(tmp_path):
    """Line after line up to the flash operation at which the power goes; the next life begins with its own words."""
    program = """
n = 0
print("born")
while True:
    n += 1
    print("line", n)
    with open("file", "w") as file:
        file.write("x" * 300)
    print("wrote", n)
"""
    async with running(tmp_path, program, power=False) as board:
        for operation in range(2, 22):
            await board.restore_power()
            await board.cut_power_after(operation)
            await board.wait_for(lambda view: not view.powered, WAIT_S)
            words = bytes(board.output).decode().splitlines()
            del board.output[:]
            told = [f"{what} {number}" for number in range(1, len(words)) for what in ("line", "wrote")]
            assert words == ["born", *told[: len(words) - 1]]


async def test_simulator_power_cut_takes_back_what_was_not_synced(tmp_path):
    """Files that were closed are there, the file that was still open is as it was."""
    program = """
import os, time
if "kept" not in os.listdir():
    with open("kept", "w") as file:
        file.write("safe")
    lost = open("lost", "w")
    lost.write("x" * 6000)
    print("written")
    time.sleep(100)
"""
    async with running(tmp_path, program, lose_unsynced=True) as board:
        await board.wait_output(b"written", WAIT_S)
        before = board.flash.path.read_bytes()
        await board.cut_power()
        assert board.flash.path.read_bytes() != before
    assert read_image(tmp_path / "flash.img", "kept") == "safe"
    assert read_image(tmp_path / "flash.img", "lost") == ""


async def test_simulator_erases_are_counted(tmp_path):
    program = """
with open("big", "w") as file:
    for _ in range(10):
        file.write("y" * 4096)
print("end")
"""
    async with running(tmp_path, program) as board:
        await board.wait_output(b"end", WAIT_S)
        assert 10 <= board.stats["flash"]["erases"] <= 14
        assert board.stats["flash"]["programs"] >= 160


ECHO = """
from machine import UART
import asyncio
uart = UART(0, baudrate=115200, rxbuf=64, txbuf=64)
async def main():
    stream = asyncio.StreamReader(uart)
    print("ready")
    while True:
        stream.write(await stream.read(40))
        await stream.drain()
asyncio.run(main())
"""


async def test_simulator_uart_carries_every_byte_at_its_baud_rate(tmp_path):
    data = bytes(range(256)) * 8
    async with running(tmp_path, ECHO) as board:
        await board.wait_output(b"ready", WAIT_S)
        host, port = board.uart_url.removeprefix("socket://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(data)
        assert await asyncio.wait_for(reader.readexactly(len(data)), WAIT_S) == data
        line = board.stats["line"]
        wire_us = len(data) * 10 * 1e6 / 115200
        assert (line["to_board"], line["to_host"]) == (len(data), len(data))
        assert line["to_board_busy_us"] == pytest.approx(wire_us, rel=0.01)
        assert line["to_host_busy_us"] == pytest.approx(wire_us, rel=0.01)
        assert line["lost_overrun"] == line["lost_cut"] == line["lost_unheard"] == 0

        second, other = await asyncio.open_connection(host, int(port))
        assert await asyncio.wait_for(second.read(), WAIT_S) == b""  # one user at a time
        other.close()

        await board.cut_wire(True)
        writer.write(b"into the void")
        await board.cut_wire(True)
        while board.stats["line"]["lost_cut"] < 13:
            await asyncio.sleep(0.01)
        await board.cut_wire(False)
        writer.write(b"back")
        assert await asyncio.wait_for(reader.readexactly(4), WAIT_S) == b"back"
        await board.unplug()
        assert await asyncio.wait_for(reader.read(), WAIT_S) == b""
        writer.close()


async def test_simulator_uart_overruns_when_told(tmp_path):
    program = ECHO.replace("asyncio.run(main())", "import time\nprint('ready')\ntime.sleep(100)")
    async with running(tmp_path, program, overrun=True, baud_delay=False) as board:
        await board.wait_output(b"ready", WAIT_S)
        _, writer = await asyncio.open_connection("127.0.0.1", int(board.uart_url.rpartition(":")[2]))
        writer.write(bytes(200))
        while board.stats["line"]["lost_overrun"] < 200 - 64:
            await asyncio.sleep(0.01)
        assert board.stats["line"]["to_board"] == 64
        writer.close()


async def test_simulator_runs_on_a_micropython_executable_too(tmp_path, monkeypatch):
    """Where there is no wheel, the packaged `micropython` on PATH is started by the same launcher."""
    real = importlib.util.find_spec("micropython_run")
    assert real is not None
    script = tmp_path / "micropython"
    script.write_text(f"""#!{sys.executable}
import sys
sys.path.insert(0, {str(Path(real.origin).parent)!r})
import micropython_run
sys.exit(micropython_run.run_main(sys.argv))
""")
    script.chmod(0o755)
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    assert await printed(tmp_path, "print('hello')\nprint('end')") == ["hello"]


async def test_simulator_that_can_not_start_says_so(tmp_path, monkeypatch):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SimulatorError, match="no MicroPython on this machine"):
        await SimulatedBoard.start(tmp_path / "flash.img", BOARD)
