"""Flash images of many boxes, quickly: one is made with room for settings, the others differ in those bytes only."""

import json
from typing import Any, Final

from littlefs import LittleFS

from tools.device import build
from tools.simulator.flash import BLOCKS, SECTOR

PAGE: Final = 256  # what a Pico's flash is programmed by
# Longer than what littlefs keeps inside its checksummed metadata (512 bytes), so that the bytes stand alone in a block.
_ROOM: Final = b"~" * 1000


def flashed(role: str, board: str = "rpi_pico") -> bytes:
    """The image of a flashed box that waits for its settings."""
    image = build.build(role, board)
    volume = LittleFS(block_size=SECTOR, block_count=BLOCKS, prog_size=PAGE, read_size=32, mount=False)
    volume.format()
    volume.mount()
    for name, path in image.files.items():
        if "/" in name:
            volume.makedirs(name.rpartition("/")[0], exist_ok=True)
        with volume.open(name, "wb") as file:
            file.write(path.read_bytes())
    with volume.open("settings.json", "wb") as file:
        file.write(_ROOM)
    return bytes(volume.context.buffer)


def with_settings(image: bytes, settings: dict[str, Any]) -> bytes:
    """That box with its identity; blanks behind a JSON object mean nothing."""
    text = json.dumps(settings).encode().ljust(len(_ROOM))
    if image.count(_ROOM) != 1 or len(text) != len(_ROOM):
        raise ValueError(f"settings of {len(text)} bytes, or an image without room for {len(_ROOM)} of them")
    return image.replace(_ROOM, text)
