"""The genuine mpremote, run as a command with a time limit: on a dead terminal it waits for ever."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from tools.device.errors import DeviceError

# One script or one small file takes 0.3 s over USB, 2 s on a slow board; a dead port never answers.
CALL_TIMEOUT_S: Final = 15.0
MAINTENANCE_HINT: Final = (
    "Hold the box's maintenance strap and reset it, so that neither application nor watchdog runs, then try again"
)

_CAUSES: Final = (
    ("failed to access", "the port is in use by another program (the hub? another mpremote?) or you may not open it"),
    ("could not enter raw repl", f"something answers, but no MicroPython prompt. {MAINTENANCE_HINT}"),
    ("device disconnected", "the box went away in the middle; plug it in and run the same command again"),
    ("Device not configured", "the box went away in the middle; plug it in and run the same command again"),
    ("ENOSPC", "the box's file system is full"),
    ("OSError: 28", "the box's file system is full"),
)


def run(
    port: str,
    *arguments: str,
    timeout_s: float = CALL_TIMEOUT_S,
    on_line: Callable[[str], None] | None = None,
) -> str:
    """Runs `mpremote connect PORT ARGUMENTS` and returns what it printed; raises `DeviceError`."""
    if port.startswith("/") and not Path(port).exists():
        raise DeviceError(f"{port}: no such port. Is the box plugged in? `tingting device list` shows the ports.")
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
        raise DeviceError(f"{port}: no answer within {timeout_s:.0f} s. {MAINTENANCE_HINT}.")
    if status != 0:
        raise DeviceError(_explain(port, arguments, printed))
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


def _explain(port: str, arguments: Sequence[str], printed: str) -> str:
    for sign, cause in _CAUSES:
        if sign in printed:
            return f"{port}: {cause}."
    last = printed.strip().splitlines()[-1:] or ["it printed nothing"]
    return (
        f"{port}: mpremote {arguments[0]} failed: {last[0]}. Unplug and plug the box, then run the same command again."
    )
