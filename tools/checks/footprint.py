"""What a box's application takes, measured on a simulated board, and the record that it is held against.

`make check` fails when the .mpy files or the used heap have grown by 5 % since `footprint.json`. When that is meant:
`python -m tools.checks.footprint --write`, and say why in the commit.
"""

import asyncio
import json
import os
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from littlefs import LittleFS

from protocol import session
from protocol.hub import HubEndpoint
from tools.device import build
from tools.simulator.board import SimulatedBoard
from tools.simulator.errors import SimulatorError
from tools.simulator.flash import BLOCKS, SECTOR

RECORD: Final = Path(__file__).with_name("footprint.json")
RECORDS: Final = {
    "evaluator": RECORD,
    "display": RECORD.with_name("footprint_display.json"),
    "caller": RECORD.with_name("footprint_caller.json"),
    "dispenser": RECORD.with_name("footprint_dispenser.json"),
}
_PANELS: Final = {"display": "ssd1306"}  # an evaluator with a display, measured beside one without
HEAP_BYTES: Final = 200 * 1024  # the contract's
LARGEST_MPY_BYTES: Final = 160 * 1024
LEAST_FREE_BYTES: Final = 90 * 1024
_GROWTH: Final = 1.05
_ROLE, _BOARD, _DEVICE, _EPOCH, _SECRET = "evaluator", "rpi_pico", "ev-footprint", bytes(8), bytes(range(32))
_PAGE: Final = 256  # what a Pico's flash is programmed by
_LIMIT_S: Final = 30.0  # for what takes one second
_TURN_S: Final = 0.05
_AGAIN: Final = "python -m tools.checks.footprint --write"


class FootprintError(Exception):
    """The application can't be measured; the text says why."""


@dataclass(frozen=True, slots=True)
class Footprint:
    """mpy_bytes: all files that go onto a box; used_bytes: of its heap, in session with a hub, after a collection."""

    mpy_bytes: int
    used_bytes: int

    @property
    def free_bytes(self) -> int:
        """What is left of the contract's heap."""
        return HEAP_BYTES - self.used_bytes


def measure(role: str = _ROLE) -> Footprint:
    """Builds the application, boots it on a board without delays, and takes what its first HEALTH says."""
    panel = _PANELS.get(role)
    role = _ROLE if panel else role
    image = build.build(role, _BOARD)
    files = {name: path.read_bytes() for name, path in image.files.items()}
    with tempfile.TemporaryDirectory(prefix="footprint-") as folder:
        flash = Path(folder) / "flash.img"
        flash.write_bytes(_volume(role, files, panel))
        return Footprint(sum(map(len, files.values())), HEAP_BYTES - asyncio.run(_free_bytes(role, flash, panel)))


def _volume(role: str, files: dict[str, bytes], panel: str | None) -> bytes:
    """A flash as flashing and provisioning leave it."""
    settings = {"device": _DEVICE, "role": role, "board": _BOARD, "window_label": "1", "link": "uart"}
    settings |= {"secret": _SECRET.hex(), "epoch": _EPOCH.hex()}
    if panel:
        settings["screen"] = f"firmware.drivers.{panel}"
    volume = LittleFS(block_size=SECTOR, block_count=BLOCKS, prog_size=_PAGE, read_size=32, mount=False)
    volume.format()
    volume.mount()
    for name, content in {**files, "settings.json": json.dumps(settings).encode()}.items():
        volume.makedirs(name.rpartition("/")[0] or "/", exist_ok=True)
        with volume.open(name, "wb") as file:
            file.write(content)
    return bytes(volume.context.buffer)


async def _free_bytes(role: str, flash: Path, panel: str | None) -> int:
    quick: dict[str, Any] = {"erase_ms": 0.0, "program_ms": 0.0, "baud_delay": False}
    async with await SimulatedBoard.start(
        flash, _BOARD, role=role, heap_bytes=HEAP_BYTES, panel=panel, **quick
    ) as board:
        host, port = board.uart_url.removeprefix("socket://").split(":")
        reader, writer = await asyncio.open_connection(host, int(port))
        try:
            return await asyncio.wait_for(_first_health(reader, writer), _LIMIT_S)
        except TimeoutError:
            printed = bytes(board.output).decode(errors="replace")
            raise FootprintError(f"the box said nothing of its health within {_LIMIT_S:.0f} s: {printed}") from None
        finally:
            writer.close()
            await writer.wait_closed()
            await asyncio.sleep(_TURN_S)  # the board sees the end of its line before its own


async def _first_health(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> int:
    hub = HubEndpoint({_DEVICE: _SECRET}.get, os.urandom)
    hub.link_opened(_now_ms())
    while True:
        while data := hub.outgoing(_now_ms()):
            writer.write(data)
        while (event := hub.next_event()) is not None:
            if event[0] == session.STATUS and not hub.welcomed:
                hub.welcome(1, time.time_ns() // 1_000_000, True, {})
            elif event[0] == session.FACT:
                hub.acknowledge(event[1])
            elif event[0] == session.HEALTH:
                return int(event[1]["free_memory"])
        try:
            data = await asyncio.wait_for(reader.read(4096), _TURN_S)
        except TimeoutError:
            continue
        if not data:
            raise FootprintError("the box's line ended")
        hub.receive(data, _now_ms())


def _now_ms() -> int:
    return time.monotonic_ns() // 1_000_000


def recorded(path: Path = RECORD) -> Footprint:
    """The record; raises `FootprintError` when it can't be read."""
    try:
        values = json.loads(path.read_text("utf-8"))
        return Footprint(int(values["mpy_bytes"]), int(values["used_bytes"]))
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise FootprintError(f"{path.name} can't be read ({error}): {_AGAIN}") from error


def grown(now: Footprint, record: Footprint) -> list[str]:
    """What is too large, in words."""
    problems = []
    for what, size, before in (
        (".mpy files", now.mpy_bytes, record.mpy_bytes),
        ("used heap", now.used_bytes, record.used_bytes),
    ):
        if size > before * _GROWTH:
            percent = 100 * (size / before - 1)
            problems.append(f"{what}: {size} bytes, {percent:.1f} % more than the recorded {before}")
    if now.mpy_bytes > LARGEST_MPY_BYTES:
        problems.append(f".mpy files: {now.mpy_bytes} bytes, the limit is {LARGEST_MPY_BYTES}")
    if now.free_bytes < LEAST_FREE_BYTES:
        problems.append(f"free heap: {now.free_bytes} bytes of {HEAP_BYTES}, the limit is {LEAST_FREE_BYTES}")
    return problems


def check() -> list[str]:
    """What has grown since the record; [] when nothing has."""
    problems = []
    for role, record in RECORDS.items():
        try:
            problems += [f"{role}: {problem}" for problem in grown(measure(role), recorded(record))]
        except (FootprintError, SimulatorError) as error:
            problems.append(f"{role}: {error}")
    return problems


def main(arguments: list[str]) -> int:
    """Measures and shows; `--write` makes it the record."""
    for role, record in RECORDS.items():
        text = json.dumps({**asdict(measure(role)), "of_heap_bytes": HEAP_BYTES}, indent=1)
        if arguments == ["--write"]:
            record.write_text(text + "\n", "utf-8")
        print(f"{role}: {text}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
