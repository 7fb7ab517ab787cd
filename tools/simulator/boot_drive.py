"""A Pico's boot drive: a folder that takes a UF2 as the RP2040's ROM does, and is gone once all its blocks came.

Source: "RP2040 Datasheet", 2.8.4 USB mass storage; UF2's README. Blocks of another family are ignored, as the ROM does.
"""

import asyncio
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Final

LOOK_S: Final = 0.05
_BLOCK: Final = 512
_HEAD: Final = struct.Struct("<8I")
_MAGIC: Final = (0x0A324655, 0x9E5D5157)
_FAMILY: Final = 0xE48BFF56
_INFO: Final = "UF2 Bootloader v3.0\r\nModel: Raspberry Pi RP2\r\nBoard-ID: {board}\r\n"


class BootDrive:
    """`flash` is what was written, by address; `watch` is its task, which ends with `on_complete`."""

    def __init__(self, folder: Path, on_complete: Callable[[], None], board: str = "RPI-RP2") -> None:
        self.folder = folder
        self.flash: dict[int, bytes] = {}
        self._on_complete = on_complete
        self._board = board

    def plug(self) -> None:
        """BOOTSEL was held: an empty drive."""
        self.folder.mkdir(exist_ok=True)
        (self.folder / "INFO_UF2.TXT").write_text(_INFO.format(board=self._board))

    async def watch(self) -> None:
        """Until a whole UF2 has come."""
        while True:
            if any(self._took(path) for path in self.folder.glob("*.[uU][fF]2")):
                break
            await asyncio.sleep(LOOK_S)
        for path in self.folder.iterdir():
            path.unlink()
        self._on_complete()

    def _took(self, path: Path) -> bool:
        content = path.read_bytes()
        seen: dict[int, tuple[int, bytes]] = {}
        count = 0
        for at in range(0, len(content) - _BLOCK + 1, _BLOCK):
            first, second, _flags, address, length, number, total, family = _HEAD.unpack_from(content, at)
            if (first, second) == _MAGIC and family == _FAMILY and length <= _BLOCK - _HEAD.size - 4:
                count = total
                seen[number] = (address, content[at + _HEAD.size : at + _HEAD.size + length])
        if not count or len(seen) < count:
            return False
        self.flash = dict(seen.values())
        return True
