"""A box's flash in memory: what is there survives a power cut, and a cut comes at any operation.

Stands in for `firmware.files.Directory` and is stricter than littlefs, which changes a file as a whole: here a cut may
also leave the beginning of what was being appended.
"""

from collections.abc import Callable
from random import Random

VOLUME_BYTES = 1024 * 1024  # of the 1.4 MB that the smaller boards have

Change = Callable[[], object]


class PowerCutError(Exception):
    """The power went during this operation."""


class Flash:
    """Files by name. `cut_in`: how many changes from now the power goes."""

    def __init__(self, chance: Random) -> None:
        self.files: dict[str, bytes] = {}
        self.cut_in: int | None = None
        self._chance = chance

    def names(self) -> list[str]:
        """The names of all files of the log; the others have paths."""
        return sorted(name for name in self.files if name[0] != "/")

    def size(self, name: str) -> int:
        """A file's size."""
        return len(self.files[name])

    def read(self, name: str, at: int, size: int) -> bytes:
        """So many of a file's bytes from there on; fewer at its end."""
        return self.files[name][at : at + size]

    def write(self, name: str, data: bytes) -> None:
        """A file with these bytes, at once or not at all."""
        self.change(lambda: self.files.update({name: bytes(data)}))

    def append(self, name: str, data: bytes) -> None:
        """Bytes at the end of a file."""
        self.grow(name, bytes(data))

    def open_for_append(self, name: str, fresh: bool) -> "Handle":
        """A file that stays open."""
        if fresh or name not in self.files:
            self.write(name, b"")
        return Handle(self, name)

    def remove(self, name: str) -> None:
        """A file is gone."""
        self.change(lambda: self.files.pop(name))

    def free_bytes(self) -> int:
        """What the volume has left."""
        return VOLUME_BYTES - sum(len(data) for data in self.files.values())

    def grow(self, name: str, data: bytes) -> None:
        """Appends durably; a cut may leave a beginning of it."""
        before = self.files.get(name, b"")
        torn = before + data[: self._chance.randrange(len(data) + 1)] if data else before
        self.change(lambda: self.files.update({name: before + data}), lambda: self.files.update({name: torn}))

    def change(self, whole: Change, torn: Change | None = None) -> None:
        """Does it, unless the power goes before, or in the midst of it."""
        if self.cut_in is not None:
            self.cut_in -= 1
            if self.cut_in <= 0:
                self.cut_in = None
                fate = self._chance.choice(("before", "after", "torn"))
                if fate == "after":
                    whole()
                elif fate == "torn" and torn is not None:
                    torn()
                raise PowerCutError(f"the power went {fate} a change of the flash")
        whole()


class Handle:
    """An open file: what is written is in flash once it is flushed or closed."""

    def __init__(self, flash: Flash, name: str) -> None:
        self._flash = flash
        self._name = name
        self._waiting = b""

    def write(self, data: bytes) -> int:
        """Takes bytes; nothing is durable yet."""
        self._waiting += bytes(data)
        return len(data)

    def flush(self) -> None:
        """Makes them durable."""
        waiting, self._waiting = self._waiting, b""
        if waiting:
            self._flash.grow(self._name, waiting)

    def close(self) -> None:
        """Flushes."""
        self.flush()

    def __enter__(self) -> "Handle":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
