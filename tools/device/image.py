"""One file to drop onto a Pico's boot drive: the interpreter as given, and a volume with our application.

The volume is littlefs as the interpreter's own `_boot.py` mounts it; where it lies is the board's (ports/rp2 of
MicroPython: the last 1,408 KB of a Pico's 2 MB, the last 848 KB of a Pico W's).
"""

from pathlib import Path
from typing import Final, NamedTuple

from littlefs import LittleFS

from tools.device import uf2
from tools.device.build import Image
from tools.device.errors import DeviceError, ImageError

XIP: Final = 0x10000000  # where the flash stands in an RP2040's memory
SECTOR: Final = 4096
_PROGRAM: Final = 256
_READ: Final = 32


class Volume(NamedTuple):
    """Where in flash, and how many sectors."""

    address: int
    blocks: int


VOLUMES: Final = {
    "rpi_pico": Volume(XIP + 640 * 1024, 352),
    "rpi_pico_w": Volume(XIP + 1200 * 1024, 212),
}


def volume_of(board: str) -> Volume:
    """Raises `DeviceError` for a board that takes no UF2."""
    if board not in VOLUMES:
        raise DeviceError(
            "a %(board)s takes no UF2; boards that do: %(able)s. `tingting device flash` does it",
            board=board,
            able=", ".join(VOLUMES),
        )
    return VOLUMES[board]


def filled(image: Image, blocks: int) -> bytes:
    """The volume with the files of a build."""
    fs = LittleFS(block_size=SECTOR, block_count=blocks, prog_size=_PROGRAM, read_size=_READ, mount=False)
    fs.format()
    fs.mount()
    for name, path in sorted(image.files.items()):
        if "/" in name:
            fs.makedirs(name.rpartition("/")[0], exist_ok=True)
        with fs.open(name, "wb") as file:
            file.write(path.read_bytes())
    return bytes(fs.context.buffer)


def make(board: str, image: Image, interpreter: Path) -> bytes:
    """The UF2; raises `DeviceError` for an interpreter that is none, or that would lie under the volume."""
    volume = volume_of(board)
    try:
        given = uf2.parse(interpreter.read_bytes(), str(interpreter))
    except OSError as error:
        raise ImageError("%(file)s: can't be read (%(why)s)", file=interpreter, why=error.strerror) from error
    end = max(page.address for page in given) + uf2.PAGE
    if end > volume.address:
        raise ImageError(
            "%(file)s: reaches to %(end)s, where a %(board)s's files begin at %(begin)s",
            file=interpreter,
            end=hex(end),
            board=board,
            begin=hex(volume.address),
        )
    return uf2.pack([*given, *uf2.paged(volume.address, filled(image, volume.blocks))])
