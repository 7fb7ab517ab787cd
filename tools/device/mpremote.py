"""The genuine mpremote, run as a command with a time limit: on a dead terminal it waits for ever."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from tools.device.errors import DeviceError, PortError

# One script or one small file takes 0.3 s over USB, 2 s on a slow board; a dead port never answers.
CALL_TIMEOUT_S: Final = 15.0

_GONE: Final = PortError("%(port)s: the box went away in the middle; plug it in and run the same command again.")
_FULL: Final = DeviceError("%(port)s: the box's file system is full.")
_CAUSES: Final = (
    (
        "failed to access",
        PortError(
            "%(port)s: the port is in use by another program (the hub? another mpremote?) or you may not open it."
        ),
    ),
    (
        "could not enter raw repl",
        PortError(
            "%(port)s: something answers, but no MicroPython prompt. Hold the box's maintenance strap and reset it, so "
            "that neither application nor watchdog runs, then try again."
        ),
    ),
    ("device disconnected", _GONE),
    ("Device not configured", _GONE),
    ("ENOSPC", _FULL),
    ("OSError: 28", _FULL),
)


def run(
    port: str,
    *arguments: str,
    timeout_s: float = CALL_TIMEOUT_S,
    on_line: Callable[[str], None] | None = None,
) -> str:
    """Runs `mpremote connect PORT ARGUMENTS` and returns what it printed; raises `DeviceError`."""
    if port.startswith("/") and not Path(port).exists():
        raise PortError(
            "%(port)s: no such port. Is the box plugged in? `tingting device list` shows the ports.", port=port
        )
    command = [sys.executable, "-m", "mpremote", "connect", port, *arguments]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    )
    expired = threading.Event()

    def expire() -> None:
        expired.set()
        process.kill()

    clock = threading.Timer(timeout_s, expire)
    clock.start()
    lines: list[str] = []
    try:
        assert process.stdout is not None
        for line in process.stdout:
            lines.append(line)
            if on_line is not None:
                on_line(line.rstrip())
        status = process.wait()
    finally:
        clock.cancel()
        clock.join()
        if process.poll() is None:
            process.kill()
            process.wait()
        if process.stdout is not None:
            process.stdout.close()
    printed = "".join(lines)
    if expired.is_set():
        raise PortError(
            "%(port)s: no answer within %(seconds)s s. Hold the box's maintenance strap and reset it, so that neither "
            "application nor watchdog runs, then try again.",
            port=port,
            seconds=round(timeout_s),
        )
    if status != 0:
        raise _explained(port, arguments, printed)
    return printed


def script(port: str, source: str, timeout_s: float = CALL_TIMEOUT_S) -> str:
    """Runs a few lines of Python on the box; what they print."""
    return run(port, "exec", source, timeout_s=timeout_s)


def chain(commands: Sequence[Sequence[str]]) -> list[str]:
    """Several mpremote commands for one connection."""
    joined: list[str] = []
    for command in commands:
        if joined:
            joined.append("+")
        joined += command
    return joined


def _explained(port: str, arguments: Sequence[str], printed: str) -> DeviceError:
    for sign, cause in _CAUSES:
        if sign in printed:
            return cause.about(port=port)
    last = printed.strip().splitlines()[-1:] or ["-"]
    return DeviceError(
        "%(port)s: mpremote %(verb)s failed: %(why)s. Unplug and plug the box, then run the same command again.",
        port=port,
        verb=arguments[0],
        why=last[0],
    )
