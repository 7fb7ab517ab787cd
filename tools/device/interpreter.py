"""MicroPython itself onto a bare board, from a given file: an ESP32 by esptool, a Pico by its boot drive.

A board on which that very MicroPython answers already is left as it is, so that the same command goes on where it was
broken off. Whether it does is asked of the board in the end, whatever the tool said before.
"""

import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import serial

from tools.device import esp_image, esptool, image, mpremote, uf2
from tools.device.errors import DeviceError, ImageError, PortError, Speak
from tools.device.flashing import Progress

BAUD: Final = "460800"  # what every USB bridge in use can; a board's own USB knows no baud rate
ANSWER_S: Final = 5.0  # a live prompt answers in 0.1 s, behind a slow line or on a busy machine in one
_TO_PROMPT: Final = b"\r\x03\x03\x02"  # stop what runs, leave the raw REPL
_PROMPT: Final = b">>>"
_READ_S: Final = 0.1
_READ_BYTES: Final = 256
WAIT_S: Final = 60.0  # from the reset to the prompt: a first start formats the files' area, 10 s on a Pico
HINT_S: Final = 8.0  # then a person may have to press a key
AGAIN_S: Final = 0.5
CHUNK: Final = 64 * 1024
DRIVE_SIGN: Final = "INFO_UF2.TXT"
_SIGN_BYTES: Final = 1024
_RP2040: Final = "RPI-RP2"
_MOUNTS: Final = Path("/proc/mounts")
_ESCAPE: Final = re.compile(rb"\\([0-3][0-7]{2})")  # how the kernel writes a blank in a mount point
_WHAT: Final = """
import sys
print("version", sys.version)
print("machine", getattr(sys.implementation, "_machine", None) or __import__("os").uname().machine)
"""
_NAME: Final = b"MicroPython "


class Chip(NamedTuple):
    """What esptool calls it, and its number in images."""

    name: str
    id: int


CHIPS: Final = {"esp32_c3": Chip("esp32c3", 5)}
_WIRELESS: Final = b"Raspberry Pi Pico W with"


@dataclass(frozen=True, slots=True)
class Given:
    """A file that was looked at."""

    path: Path
    content: bytes  # as it lies in flash, without the UF2 around


class Runs(NamedTuple):
    """What answers at a port."""

    version: str  # 3.4.0; MicroPython v1.28.0 on 2026-04-06
    machine: str  # Raspberry Pi Pico W with RP2040

    def is_of(self, given: Given) -> bool:
        """The file has both words in it: a Pico's MicroPython and a Pico W's of one release differ in the second."""
        name = self.version.partition("; ")[2] or self.version
        return name.encode() in given.content and self.machine.encode() in given.content


@dataclass(frozen=True, slots=True)
class Wish:
    """What the technician asked for."""

    board: str
    given: Given
    drive: Path | None
    erase: bool


@dataclass(frozen=True, slots=True)
class Put:
    """What is on the board now, and whether it had to be written."""

    version: str
    written: bool


def read(path: Path, board: str) -> Given:
    """The file, if it is MicroPython for this board; raises `ImageError` before anything is touched."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ImageError("%(file)s: can't be read (%(why)s)", file=path, why=error.strerror) from error
    if board in CHIPS:
        esp_image.check(content, str(path), CHIPS[board].id)
    elif board in image.VOLUMES:
        content = b"".join(page.data for page in sorted(_fitting(uf2.parse(content, str(path)), path, board)))
    else:
        able = ", ".join((*CHIPS, *image.VOLUMES))
        raise ImageError("nobody knows how MicroPython gets onto a %(board)s; boards: %(able)s", board=board, able=able)
    if _NAME not in content:
        raise ImageError("%(file)s: no MicroPython is in it", file=path)
    if board in image.VOLUMES and (_WIRELESS in content) != (board == "rpi_pico_w"):
        other = "Pico W" if _WIRELESS in content else "Pico"
        raise ImageError(
            "%(file)s: it is for a %(other)s, and the board is a %(board)s", file=path, other=other, board=board
        )
    return Given(path, content)


def _fitting(pages: list[uf2.Page], path: Path, board: str) -> list[uf2.Page]:
    volume = image.VOLUMES[board]
    end = volume.address + volume.blocks * image.SECTOR
    for page in pages:
        if not image.XIP <= page.address < end:
            raise ImageError(
                "%(file)s: reaches to %(end)s, outside the flash of a %(board)s",
                file=path,
                end=hex(page.address),
                board=board,
            )
    return pages


def put(port: str, wish: Wish, progress: Progress, say: Callable[[str], None], _: Speak) -> Put:
    """MicroPython of this file answers at the port in the end; raises `DeviceError`, and it may be repeated."""
    if wish.erase and wish.board not in CHIPS:
        raise DeviceError("a Pico is not erased: `tingting device image` makes a file that replaces all that is on it")
    if not wish.erase and (there := answering(port)) is not None and there.is_of(wish.given):
        return Put(there.version, written=False)
    if wish.board in CHIPS:
        _write_esp(port, wish, progress)
    else:
        _write_pico(wish, progress)
    return Put(_awaited(port, wish.given, say, _), written=True)


def answering(port: str) -> Runs | None:
    """What MicroPython at the port calls itself; None: there is none."""
    try:
        if not _prompts(port):  # mpremote waits ten seconds for what never comes
            return None
        printed = mpremote.script(port, _WHAT)
    except (DeviceError, serial.SerialException, OSError):
        return None
    said = dict(line.strip().partition(" ")[::2] for line in printed.splitlines())
    return Runs(said["version"], said["machine"]) if {"version", "machine"} <= said.keys() else None


def _prompts(port: str) -> bool:
    """Whether whatever runs there can be stopped, and a prompt comes."""
    with serial.serial_for_url(port, timeout=_READ_S, exclusive=True) as line:
        line.write(_TO_PROMPT)
        seen = b""
        end_s = time.monotonic() + ANSWER_S
        while time.monotonic() < end_s:
            seen = (seen + line.read(_READ_BYTES))[-_READ_BYTES:]
            if _PROMPT in seen:
                return True
    return False


def _awaited(port: str, given: Given, say: Callable[[str], None], _: Speak) -> str:
    begin_s = time.monotonic()
    hinted = False
    while time.monotonic() - begin_s < WAIT_S:
        if port.startswith("/") and not Path(port).exists():
            time.sleep(AGAIN_S)
        elif (there := answering(port)) is not None:
            if not there.is_of(given):
                raise DeviceError(
                    "%(port)s: another MicroPython answers than that of %(file)s: %(version)s. Run the same "
                    "command again.",
                    port=port,
                    file=given.path,
                    version="; ".join(there),
                )
            return there.version
        if not hinted and time.monotonic() - begin_s > HINT_S:
            hinted = True
            say(
                _(
                    "Waiting for MicroPython to start. If nothing happens, press RESET, or unplug the board and plug "
                    "it in."
                )
            )
    raise PortError(
        "%(port)s: MicroPython was written and does not answer. Unplug the board, plug it in without BOOT or BOOTSEL, "
        "and run the same command again; if it stays so, say --erase as well.",
        port=port,
    )


def _write_esp(port: str, wish: Wish, progress: Progress) -> None:
    name = wish.given.path.name
    options = ["--erase-all"] if wish.erase else []
    esptool.run(
        port,
        CHIPS[wish.board].name,
        # The watchdog resets a board whose port has no line for it, too.
        ["--baud", BAUD, "--after", "watchdog-reset", "write-flash", *options, "0x0", str(wish.given.path)],
        lambda percent: progress(name, percent, 100),
    )


# -- a Pico


def drives() -> list[Path]:
    """Where a Pico's boot drive is mounted now."""
    try:
        mounts = [line.split()[1] for line in _MOUNTS.read_bytes().splitlines()]
    except (OSError, IndexError):
        mounts = []
    plain = [_ESCAPE.sub(lambda found: bytes([int(found[1], 8)]), each) for each in mounts]
    folders = [Path(each.decode("utf-8", "surrogateescape")) for each in plain]
    return [folder for folder in folders if _has_sign(folder)]


def _has_sign(drive: Path) -> bool:
    """No, also where nobody may look, or where the drive is just going."""
    try:
        return (drive / DRIVE_SIGN).is_file()
    except OSError:
        return False


def _drive(wish: Wish) -> Path:
    found = drives() if wish.drive is None else [wish.drive]
    if not found:
        raise PortError(
            "no boot drive of a Pico is mounted. Hold BOOTSEL while you plug the board in; if the drive is somewhere "
            "else, say --drive."
        )
    if len(found) > 1:
        raise PortError("more than one boot drive: %(drives)s; say --drive", drives=", ".join(map(str, found)))
    try:
        with (found[0] / DRIVE_SIGN).open(encoding="ascii", errors="replace") as file:
            sign = file.read(_SIGN_BYTES)
    except OSError as error:
        raise PortError(
            "%(drive)s: no boot drive of a Pico (%(sign)s: %(why)s). Hold BOOTSEL while you plug the board in.",
            drive=found[0],
            sign=DRIVE_SIGN,
            why=error.strerror,
        ) from error
    board = next((line.partition(":")[2].strip() for line in sign.splitlines() if line.startswith("Board-ID:")), "-")
    if board != _RP2040:
        raise ImageError(
            "%(drive)s: the board there is a %(there)s, and a %(board)s is an %(wanted)s. Nothing was written.",
            drive=found[0],
            there=board,
            board=wish.board,
            wanted=_RP2040,
        )
    return found[0]


def _write_pico(wish: Wish, progress: Progress) -> None:
    drive = _drive(wish)
    content = wish.given.path.read_bytes()
    target = drive / wish.given.path.name
    total = -(-len(content) // CHUNK)
    try:
        with target.open("wb", buffering=0) as file:
            for number in range(total):
                file.write(content[number * CHUNK : (number + 1) * CHUNK])
                os.fsync(file.fileno())
                progress(wish.given.path.name, number + 1, total)
    except OSError as error:
        # With its last block the board starts anew, and the drive is gone before the file is closed.
        if _has_sign(drive):
            raise DeviceError(
                "%(file)s: can't be written (%(why)s). Hold BOOTSEL, plug the board in again, and run the same "
                "command.",
                file=target,
                why=error.strerror,
            ) from error
