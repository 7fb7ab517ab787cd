"""A program of the system's, run once: bytes in, bytes out, a limit on its time, and nothing left of it.

In a thread: asyncio's own subprocesses wait for ever when they are called off while they start.
"""

import asyncio
import contextlib
import os
import signal
import subprocess
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from common.errors import CommonError


class LateError(CommonError):
    """The program did not end in time and was ended."""


class Ended(NamedTuple):
    """How it ended."""

    status: int
    output: bytes
    said: str


async def run(command: Sequence[str], given: bytes, limit_s: float, *, folder: Path | None = None) -> Ended:
    """Runs it; raises `LateError`, `OSError`. What it started goes with it, also when the caller is called off."""
    program = _Program(command, folder)
    try:
        return await asyncio.to_thread(program.run, given, limit_s)
    finally:
        program.end()


class _Program:
    def __init__(self, command: Sequence[str], folder: Path | None) -> None:
        self._command = command
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None
        self._unwanted = False
        self._lock = threading.Lock()

    def run(self, given: bytes, limit_s: float) -> Ended:
        with self._lock:
            if self._unwanted:
                return Ended(-signal.SIGKILL, b"", "")  # nobody asks any more
            self._process = subprocess.Popen(  # noqa: S603 - the callers name their programs themselves
                self._command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=self._folder,
                start_new_session=True,
            )
        with self._process as process:
            try:
                output, said = process.communicate(given, timeout=limit_s)
            except subprocess.TimeoutExpired:
                self.end()
                process.communicate()  # its pipes are read to their end
                raise LateError(f"{self._command[0]} did not end within {limit_s:g} s") from None
        return Ended(process.returncode, output, said.decode(errors="replace").strip())

    def end(self) -> None:
        """Kills what still runs of it; before it began: it never will."""
        with self._lock:
            self._unwanted = True
            if self._process is not None and self._process.poll() is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self._process.pid, signal.SIGKILL)
