"""Files as MicroPython offers them for a board, named after this machine's interpreter: what is in them is not ours."""

import struct
import subprocess
from functools import cache
from hashlib import sha256

from tests.both_pythons.interpreter import require
from tools.device import uf2
from tools.device.image import XIP

APPLICATION = 0x10000
TABLE = 0x8000


def _told(expression: str) -> str:
    words = [str(require()), "-c", f"import sys; print({expression})"]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()


@cache
def name_of_interpreter() -> bytes:
    """What the interpreter that runs the simulated boards calls itself."""
    return _told("sys.version").partition("; ")[2].encode()


@cache
def machine_of_interpreter() -> bytes:
    """What it says it runs on."""
    return _told("sys.implementation._machine").encode()


def _banner() -> bytes:
    return name_of_interpreter() + b"; " + machine_of_interpreter()


def noise(size: int) -> bytes:
    """Bytes that no packing makes shorter, the same each time."""
    blocks = (sha256(at.to_bytes(4, "big")).digest() for at in range(size // 32 + 1))
    return b"".join(blocks)[:size]


def _esp_part(content: bytes, chip_id: int) -> bytes:
    head = struct.pack("<BBBBIBBBBH8xBB", 0xE9, 1, 2, 0x20, 0x40380000, 0xEE, 0, 0, 0, chip_id, 0, 1)
    image = head + struct.pack("<II", 0x3C000000, len(content)) + content
    image += b"\0" * (-len(image) - 1 & 15) + b"\xaa"
    return image + sha256(image).digest()


def esp(chip_id: int = 5, name: bytes | None = None, size: int = 120_000) -> bytes:
    """A boot loader, a partition table and an application."""
    text = _banner() if name is None else name
    loader = _esp_part(noise(9000), chip_id)
    row = struct.pack("<HBBII16sI", 0x50AA, 0, 0, APPLICATION, 0x1F0000, b"factory", 0)
    application = _esp_part(text + noise(size), chip_id)
    return loader.ljust(TABLE, b"\xff") + row.ljust(APPLICATION - TABLE, b"\xff") + application


def pico(machine: bytes = b"Raspberry Pi Pico with RP2040", name: bytes | None = None) -> bytes:
    """A UF2."""
    text = _banner() if name is None else name
    content = noise(100_000) + text + b"; " + machine
    return uf2.pack(list(uf2.paged(XIP, content)))
