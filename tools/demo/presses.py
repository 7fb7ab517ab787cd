"""What the simulated fingers did, one JSON line a press: the paper that an outside check holds against the center.

A finger knows what a citizen knows: the window, the key, the clock on the wall, the ticket in the hand, whether the
lamps were lit when the key went down (`lit`) and whether the box thanked for it (`thanked`: the lamps went out at
once). A box thanks only after the press is durable, so a thanked press must reach the center; one that was not thanked
for, because the box lost its power under the finger, may.
"""

from pathlib import Path

import msgspec

from common import envelope
from tools.demo.errors import DemoError
from tools.demo.hall import OFFSET_MINUTES


class Press(msgspec.Struct, frozen=True, kw_only=True):
    """One press on a real (simulated) key."""

    window: str
    grade: int
    time: str  # RFC 3339, when the key went down
    ticket: str | None  # of the citizen at the window; None: nobody was being served
    number: str | None
    lit: bool
    thanked: bool
    power_lost: bool  # the box went dark under the finger

    @property
    def due(self) -> bool:
        """Whether it must be at the center: the lamps asked for it, and nothing took the box away."""
        return self.lit and not self.power_lost

    @property
    def at_ms(self) -> int:
        """Milliseconds since 1970."""
        return envelope.parse_time(self.time)


class PressLog:
    """Appends presses to a file and keeps them for the count."""

    def __init__(self, path: Path) -> None:
        self.presses: list[Press] = []
        self._file = path.open("xb", buffering=0)

    def add(self, press: Press) -> None:
        """Writes one line."""
        self.presses.append(press)
        self._file.write(msgspec.json.encode(press) + b"\n")

    def close(self) -> None:
        """Nothing comes after this."""
        self._file.close()


def clock_text(at_ms: int) -> str:
    """A moment as the presses and the events write it."""
    return envelope.format_time(at_ms, OFFSET_MINUTES)


def read(path: Path) -> list[Press]:
    """The presses of a `pressed.jsonl`; raises `DemoError`."""
    try:
        lines = path.read_bytes().splitlines()
        return [msgspec.json.decode(line, type=Press) for line in lines if line.strip()]
    except (OSError, msgspec.DecodeError) as error:
        raise DemoError(f"{path}: not the presses of a demo ({error}). Name a pressed.jsonl of --keep.") from error
