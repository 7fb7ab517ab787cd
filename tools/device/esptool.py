"""The genuine esptool, run as a command: it is under another licence, and never part of this program."""

import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from tools.device.errors import DeviceError, ImageError, PortError

# 4 MB at 115,200 baud without compression takes 6 minutes; a board that answers nothing ends by itself after a minute.
WRITE_TIMEOUT_S: Final = 600.0
_PERCENT: Final = re.compile(r"(\d+)\.\d%")
_CHIP: Final = re.compile(r"This chip is (\S+), not")

_CAUSES: Final = (
    (
        "Failed to connect",
        PortError(
            "%(port)s: no ESP32 in download mode answers. Hold BOOT, press RESET, let BOOT go, and run the same "
            "command again."
        ),
    ),
    (
        "Could not open",
        PortError(
            "%(port)s: the port is in use by another program (the hub? another mpremote?) or you may not open it."
        ),
    ),
    ("will not fit in", ImageError("%(port)s: the flash of this board is too small for that file.")),
    (
        "MD5 of file does not match",
        DeviceError(
            "%(port)s: what is in flash differs from what was sent. Run the same command again; if it stays so, the "
            "board's flash is worn out."
        ),
    ),
)


def run(port: str, chip: str, arguments: Sequence[str], on_percent: Callable[[int], None]) -> str:
    """Runs `esptool --chip CHIP --port PORT ARGUMENTS`; raises `DeviceError` with what a person can do."""
    if port.startswith("/") and not Path(port).exists():
        raise PortError(
            "%(port)s: no such port. Is the box plugged in? `tingting device list` shows the ports.", port=port
        )
    command = [sys.executable, "-m", "esptool", "--chip", chip, "--port", port, *arguments]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1", "COLUMNS": "200", "NO_COLOR": "1"}
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    )
    clock = threading.Timer(WRITE_TIMEOUT_S, process.kill)
    clock.start()
    lines: list[str] = []
    try:
        assert process.stdout is not None
        for line in process.stdout:
            found = _PERCENT.search(line)
            if found:
                on_percent(int(found[1]))
            else:
                lines.append(line)
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
    if status != 0:
        raise _explained(port, chip, printed)
    return printed


def _explained(port: str, chip: str, printed: str) -> DeviceError:
    other = _CHIP.search(printed)
    if other:
        return ImageError(
            "%(port)s: the chip there is an %(there)s, not an %(wanted)s; look at --board. Nothing was written.",
            port=port,
            there=other[1],
            wanted=chip.upper(),
        )
    for sign, cause in _CAUSES:
        if sign in printed:
            return cause.about(port=port)
    last = printed.strip().splitlines()[-1:] or ["-"]
    return DeviceError(
        "%(port)s: esptool failed: %(why)s. Hold BOOT, press RESET, let BOOT go, and run the same command again.",
        port=port,
        why=last[0],
    )
