"""Every child of the demo ends with it, in every way that it may end."""

import asyncio
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tools.demo.errors import DemoError
from tools.demo.processes import Processes

# A child with a child of its own; both would run for a minute. It says both ids.
FAMILY = (
    "import subprocess, sys, time; child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']);"
    "print('family', child.pid, flush=True); time.sleep(60)"
)
DEAF = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('deaf', flush=True); time.sleep(60)"
# A demo of one family that is killed itself.
KILLED = """
import asyncio, os, sys
from pathlib import Path
from tools.demo.processes import Processes

async def main():
    processes = Processes(Path(sys.argv[1]))
    await processes.start_guard()
    child = await processes.start("family", [sys.executable, "-c", sys.argv[2]])
    line = await child.expect(lambda text: text.startswith("family"), "word")
    print(child.pid, line.split()[1], flush=True)
    await asyncio.sleep(60)

asyncio.run(main())
"""


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"


async def _gone(pid: int) -> None:
    async with asyncio.timeout(60):
        while _alive(pid):
            await asyncio.sleep(0.02)


@pytest.fixture
async def processes(tmp_path: Path):
    owner = Processes(tmp_path / "logs")
    await owner.start_guard()
    yield owner
    await owner.stop()


async def test_stopping_a_child_ends_its_children_too(processes: Processes) -> None:
    child = await processes.start("family", [sys.executable, "-c", FAMILY])
    line = await child.expect(lambda text: text.startswith("family"), "word")
    await child.stop()
    await _gone(child.pid)
    await _gone(int(line.split()[1]))


async def test_a_deaf_child_is_killed(processes: Processes) -> None:
    child = await processes.start("deaf", [sys.executable, "-c", DEAF])
    await child.expect(lambda text: text == "deaf", "word")
    await child.stop(timeout_s=0.2)
    assert child.process.returncode == -signal.SIGKILL


async def test_the_end_of_the_owner_is_the_end_of_all(tmp_path: Path) -> None:
    owner = Processes(tmp_path)
    await owner.start_guard()
    children = [await owner.start(f"sleep-{n}", ["sleep", "60"]) for n in range(3)]
    await owner.stop()
    assert [child.alive for child in children] == [False, False, False]


async def test_when_the_demo_is_killed_the_guard_ends_what_it_started(tmp_path: Path) -> None:
    demo = subprocess.Popen([sys.executable, "-c", KILLED, str(tmp_path), FAMILY], stdout=subprocess.PIPE, text=True)
    assert demo.stdout is not None
    with demo.stdout:
        pids = [int(pid) for pid in demo.stdout.readline().split()]
        assert len(pids) == 2
        demo.kill()
        demo.wait()
    for pid in pids:
        await _gone(pid)


async def test_a_command_that_fails_is_told_with_its_last_words(processes: Processes) -> None:
    program = "print('the disk is full'); raise SystemExit(3)"
    with pytest.raises(DemoError, match="the disk is full") as caught:
        await processes.run("flash", [sys.executable, "-c", program])
    assert "code 3" in str(caught.value)


async def test_a_child_that_ends_without_the_line_is_told(processes: Processes) -> None:
    child = await processes.start("hub", [sys.executable, "-c", "print('no config')"])
    with pytest.raises(DemoError, match="no config"):
        await child.expect(lambda text: text.startswith("serving"), "line 'serving'")


async def test_output_is_kept_in_the_log(processes: Processes, tmp_path: Path) -> None:
    await processes.run("words", ["echo", "hello"])
    assert (tmp_path / "logs" / "words.log").read_text() == "hello\n"
