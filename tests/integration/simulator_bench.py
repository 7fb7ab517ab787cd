"""A board for the simulator's own tests: its pins, and a quick way to put files onto it."""

from collections.abc import Mapping
from pathlib import Path

from littlefs import LittleFS

from tools.simulator.flash import BLOCKS, SECTOR

# Read by tools.simulator.profile, as firmware/boards/*.py are.
EVALUATOR_KEY_PINS = (10, 11, 12, 13, 14)
EVALUATOR_LAMP_PINS = (16, 17, 18, 19, 20)
POWER_LED_PIN = 25
BUZZER_PIN = 15
STRAP_PIN = 22
UART_ID = 0

BOARD = __name__
WAIT_S = 90.0  # for what takes milliseconds; only a hang reaches it


def volume(content: bytes | None = None) -> LittleFS:
    """A file system of a board's geometry, from an image's bytes or fresh."""
    fs = LittleFS(block_size=SECTOR, block_count=BLOCKS, prog_size=256, read_size=32, mount=False)
    if content is None:
        fs.format()
    else:
        fs.context.buffer[:] = content
    fs.mount()
    return fs


def make_image(path: Path, files: Mapping[str, str]) -> Path:
    """An image with these files, as flashing would leave it."""
    fs = volume()
    for name, text in files.items():
        fs.makedirs(name.rpartition("/")[0] or "/", exist_ok=True)
        with fs.open(name, "w") as file:
            file.write(text)
    path.write_bytes(bytes(fs.context.buffer))
    return path


def read_image(path: Path, name: str) -> str:
    """A file, read from outside the board."""
    with volume(path.read_bytes()).open(name, "r") as file:
        return str(file.read())
