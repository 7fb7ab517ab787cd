"""Programs run for one answer: their limit, their end, and callers that are called off at any moment."""

import asyncio
import os
import subprocess
import sys

import pytest

from common import programs

SLEEP = [sys.executable, "-c", "import time; print('up', flush=True); time.sleep(600)"]


async def test_what_goes_in_comes_out() -> None:
    script = "import sys; data = sys.stdin.buffer.read(); sys.stdout.buffer.write(data[::-1]); sys.exit('said')"
    ended = await programs.run([sys.executable, "-c", script], b"abc", 60)
    assert ended == (1, b"cba", "said")


async def test_one_that_takes_too_long_is_ended() -> None:
    with pytest.raises(programs.LateError, match=r"did not end within 0\.2 s"):
        await programs.run(SLEEP, b"", 0.2)


async def test_one_that_is_not_there_is_an_os_error() -> None:
    with pytest.raises(OSError, match="no-such-program"):
        await programs.run(["no-such-program"], b"", 1)


@pytest.mark.parametrize("turns", range(12))
def test_a_loop_ends_while_a_program_starts(turns: int) -> None:
    """Each await of a start may be the last: asyncio's own subprocesses hang in some of them."""

    async def leave() -> None:
        left.append(asyncio.ensure_future(programs.run(SLEEP, b"", 300)))
        for _ in range(turns):
            await asyncio.sleep(0.005)

    left: list[asyncio.Task[programs.Ended]] = []
    asyncio.run(asyncio.wait_for(leave(), 60))
    assert left[0].cancelled()
    assert _children() == []


def _children() -> list[str]:
    command = ["pgrep", "-f", "time.sleep(600)", "-P", str(os.getpid())]
    found = subprocess.run(command, capture_output=True, check=False)
    return found.stdout.decode().split()
