"""All of a box's flash: beside the log two slots, the settings, and the line that chooses between the slots.

What the shipped chooser, updater and trial ask of `os` and `open`, in memory; a cut comes at any change.
"""

import errno
import io
from collections.abc import Callable
from random import Random
from typing import Any

from tools.simulation.flash import Flash

FOLDER, FILE = 0x4000, 0x8000  # as stat's mode has them


class Volume(Flash):
    """Files of the log by name, all others by path. `renamed` hears of each that took another's place."""

    def __init__(self, chance: Random) -> None:
        super().__init__(chance)
        self.renamed: Callable[[str, bytes], None] = lambda path, data: None
        self._cwd = "/"
        self._folders = {"/"}

    # --- as `os` has it

    def getcwd(self) -> str:
        """The slot that runs."""
        return self._cwd

    def chdir(self, path: str | bytes) -> None:
        """Another one."""
        self._cwd = self._folder(_text(path))

    def stat(self, path: str) -> tuple[int, ...]:
        """Mode and size stand where they stand in MicroPython's."""
        if path in self._folders:
            return (FOLDER, 0, 0, 0, 0, 0, 0)
        return (FILE, 0, 0, 0, 0, 0, len(self.whole(path)))

    def listdir(self, path: str) -> list[str]:
        """Names in a folder."""
        here = self._folder(path).rstrip("/") + "/"
        below = [name for name in (*self.files, *self._folders) if name.startswith(here) and name != here]
        return sorted({name[len(here) :].partition("/")[0] for name in below})

    def mkdir(self, path: str) -> None:
        """A folder."""
        if path in self._folders:
            raise OSError(errno.EEXIST, path)
        self.change(lambda: self._folders.add(path))

    def rmdir(self, path: str) -> None:
        """Of an empty one."""
        if self.listdir(path):
            raise OSError(errno.ENOTEMPTY, path)
        self.change(lambda: self._folders.remove(path))

    def remove(self, name: str) -> None:
        """A file is gone."""
        self.whole(name)
        super().remove(name)

    def rename(self, old: str | bytes, new: str | bytes) -> None:
        """Whole or not at all, as littlefs does it."""
        old, new = _text(old), _text(new)
        data = self.whole(old)

        def done() -> None:
            del self.files[old]
            self.files[new] = data
            self.renamed(new, data)

        self.change(done)

    # --- as `open` has it

    def open(self, path: str | bytes, mode: str = "r") -> Any:
        """To read a whole file, or to write one, which is there once it is closed."""
        path = _text(path)
        if mode == "rb":
            return io.BytesIO(self.whole(path))
        if mode == "r":
            return io.StringIO(self.whole(path).decode())
        self._folder(path.rpartition("/")[0] or "/")
        return self.open_for_append(path, mode == "wb")

    def open_elsewhere(self, path: str, mode: str = "rb") -> Any:
        """As `firmware.files.Directory`, whose files are all in one memory here."""
        return self.open(path, mode)

    def keep_room(self) -> None:
        """There is enough."""

    # --- from outside

    def whole(self, name: str) -> bytes:
        """What is in a file."""
        try:
            return self.files[name]
        except KeyError:
            raise OSError(errno.ENOENT, name) from None

    def put(self, files: dict[str, bytes]) -> None:
        """What a technician's cable has brought, with its folders."""
        for path, data in files.items():
            self._folders |= {path[:at] for at, letter in enumerate(path) if letter == "/" and at}
            self.files[path] = data

    def below(self, folder: str) -> dict[str, bytes]:
        """Every file below a folder, by its path there."""
        here = folder + "/"
        return {path[len(here) :]: data for path, data in self.files.items() if path.startswith(here)}

    def _folder(self, path: str) -> str:
        if path not in self._folders:
            raise OSError(errno.ENOENT, path)
        return path


def _text(path: str | bytes) -> str:
    return path.decode() if isinstance(path, bytes) else path
