"""A program of Debian's, run for one clip: bytes in, bytes out, a limit on its time, and nothing left of it."""

import asyncio
import contextlib
import os
import shutil
import signal
from typing import NamedTuple

from hub.voice.errors import VoiceError


class MissingError(VoiceError):
    """The program is not installed."""


class LateError(VoiceError):
    """The program did not end in time and was ended."""


class Ended(NamedTuple):
    """How it ended."""

    status: int
    output: bytes
    said: str


async def run(program: str, arguments: list[str], given: bytes, limit_s: float) -> Ended:
    """Runs it; raises `MissingError`, `LateError`, `OSError`. What it started goes with it."""
    path = shutil.which(program)
    if path is None:
        raise MissingError(f"{program} is not installed")
    process = await asyncio.create_subprocess_exec(
        path,
        *arguments,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        start_new_session=True,
    )
    try:
        async with asyncio.timeout(limit_s):
            output, said = await process.communicate(given)
    except TimeoutError:
        raise LateError(f"{program} did not end within {limit_s:g} s") from None
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            # Its pipes are read to their end, so that none is left open.
            await asyncio.shield(process.communicate())
    return Ended(process.returncode or 0, output, said.decode(errors="replace").strip())
