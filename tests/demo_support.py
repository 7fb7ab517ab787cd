"""Runs the shipped `tingting demo` as a person would, and sees what it leaves behind."""

import asyncio
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

DEMO = [sys.executable, "-m", "tools.cli", "demo"]


async def start(room: Path, *arguments: str) -> asyncio.subprocess.Process:
    """Starts the demo with everything it makes inside `room`, which then stands in its children's command lines."""
    room.mkdir(parents=True, exist_ok=True)
    return await asyncio.create_subprocess_exec(
        *DEMO,
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "TMPDIR": str(room), "PYTHONUNBUFFERED": "1"},
    )


def family(room: Path) -> set[int]:
    """The processes, zombies aside, whose command line names the room."""
    found: set[int] = set()
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            command = (entry / "cmdline").read_bytes()
        except (FileNotFoundError, ProcessLookupError):
            continue
        if str(room).encode() in command and int(entry.name) != os.getpid():
            found.add(int(entry.name))
    return found


async def wait_gone(room: Path) -> None:
    """Waits until nothing of the demo is left; fails when something stays."""
    try:
        async with asyncio.timeout(60):
            while family(room):
                await asyncio.sleep(0.05)
    except TimeoutError:
        left = {pid: Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ") for pid in family(room)}
        raise AssertionError(f"still running: {left}") from None


async def read_until(process: asyncio.subprocess.Process, word: str) -> str:
    """What it prints up to a line with `word`; fails when it ends before."""
    assert process.stdout is not None
    text = ""
    while word not in text:
        line = await process.stdout.readline()
        assert line, f"the demo ended before it said {word!r}:\n{text}"
        text += line.decode()
    return text


@contextmanager
def running(room: Path) -> Iterator[str]:
    """The demo to look at, killed at the end; the address of its page. Its process id is in `room/pid`."""
    room.mkdir(parents=True, exist_ok=True)
    said = room / "said.txt"
    with said.open("wb") as out:
        process = subprocess.Popen(
            DEMO, stdout=out, stderr=subprocess.STDOUT, env={**os.environ, "TMPDIR": str(room), "PYTHONUNBUFFERED": "1"}
        )
    (room / "pid").write_text(str(process.pid), "ascii")
    try:
        while "Ctrl-C ends it" not in (text := said.read_text("utf-8")):
            assert process.poll() is None, text
            time.sleep(0.1)
        found = re.search(r"the boxes +(http\S+)", text)
        assert found is not None, text
        yield found[1]
    finally:
        process.kill()
        process.wait()


def ended(room: Path) -> bool:
    """Whether the demo that `running` started there has ended; `running` still learns how."""
    pid = int((room / "pid").read_text("ascii"))
    return os.waitid(os.P_PID, pid, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
