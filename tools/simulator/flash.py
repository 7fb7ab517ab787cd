"""The host's side of a board's flash: the image file, what a power cut takes back, and the counters."""

from dataclasses import dataclass
from pathlib import Path

from tools.simulator.errors import SimulatorError
from tools.simulator.onboard import kinds

SECTOR = 4096
BLOCKS = 352  # what the RPI_PICO firmware leaves for files (1.4 MB of its 2 MB flash)
ERASE_MS = 45.0  # W25Q16JV data sheet, sector erase, typical
PROGRAM_MS = 0.4  # the same, page program, typical
_UNDO_HEAD = 4


@dataclass(slots=True)
class FlashCounters:
    """Operations since this board object was made."""

    erases: int = 0
    programs: int = 0
    syncs: int = 0
    formats: int = 0

    def count(self, operation: int) -> None:
        """Takes in one operation that the board reports."""
        if operation == kinds.ERASE:
            self.erases += 1
        elif operation == kinds.PROGRAM:
            self.programs += 1
        elif operation == kinds.SYNC:
            self.syncs += 1
        elif operation == kinds.FORMAT:
            self.formats += 1


class FlashImage:
    """A file of erased flash, made when it is not there."""

    def __init__(self, path: Path, blocks: int = BLOCKS) -> None:
        self.path = path.resolve()
        self.undo_path = self.path.with_name(self.path.name + ".undo")
        self.blocks = blocks
        size = blocks * SECTOR
        if not self.path.exists():
            self.path.parent.mkdir(parents=True, exist_ok=True)
            self.path.write_bytes(b"\xff" * size)
        elif self.path.stat().st_size != size:
            raise SimulatorError(
                f"{self.path}: {self.path.stat().st_size} bytes, a flash of {blocks} blocks has {size}; "
                "give another --image or delete this one"
            )

    def begin_undo(self) -> None:
        """Starts an empty record of what a power cut is to take back."""
        self.undo_path.write_bytes(bytes(_UNDO_HEAD))

    def forget_unsynced(self) -> int:
        """Puts back what stood before every change since the last sync; returns how many changes were lost."""
        if not self.undo_path.exists():
            return 0
        record = self.undo_path.read_bytes()
        entries: list[tuple[int, bytes]] = []
        at = _UNDO_HEAD
        for _ in range(int.from_bytes(record[:_UNDO_HEAD], "little")):
            where = int.from_bytes(record[at : at + 4], "little")
            length = int.from_bytes(record[at + 4 : at + 8], "little")
            entries.append((where, record[at + 8 : at + 8 + length]))
            at += 8 + length
        with self.path.open("r+b") as image:
            for where, old in reversed(entries):
                image.seek(where)
                image.write(old)
        self.begin_undo()
        return len(entries)
