"""One directory of a file system, as the event log needs it. Both Pythons; on a board it is littlefs.

On littlefs a file changes as a whole when it is flushed or closed: until then, after a cut, it is what it was.
"""

import gc
import os

from protocol.compat import const

_FILE_BYTES = const(1248)  # what littlefs takes for an open file, with a cache of 1,024 bytes


class Directory:
    """Files under `path`, which is made if it isn't there."""

    def __init__(self, path):
        self.path = path
        self._room = None  # kept for the file that is opened next, so that a fragmented heap has a piece for it
        try:
            os.mkdir(path)
        except OSError:
            os.stat(path)  # it is there already, or this says what is wrong

    def names(self):
        """The names of all files here."""
        return os.listdir(self.path)

    def size(self, name):
        """A file's size in bytes."""
        return os.stat(self._full(name))[6]

    def read(self, name, at, size):
        """So many of a file's bytes from there on; fewer at its end."""
        with self._open(name, "rb") as file:
            file.seek(at)
            data = file.read(size)
        file = None
        self.keep_room()
        return data

    def write(self, name, data):
        """A new file with these bytes, or the old one with nothing but these."""
        self._put(name, "wb", data)

    def append(self, name, data):
        """Bytes at the end of a file, which is made if it isn't there."""
        self._put(name, "ab", data)

    def _put(self, name, mode, data):
        with self._open(name, mode) as file:
            file.write(data)
        file = None
        self.keep_room()

    def _open(self, name, mode):
        name = self._full(name)
        self._room = None
        gc.collect()
        return open(name, mode)

    def open_elsewhere(self, path, mode="rb"):
        """A file of another directory, opened in the room that is kept here; `keep_room` when it is closed."""
        self._room = None
        gc.collect()
        return open(path, mode)

    def keep_room(self):
        """So that the next file finds a piece of memory that is large enough."""
        gc.collect()
        self._room = bytearray(_FILE_BYTES)

    def remove(self, name):
        """A file is gone."""
        os.remove(self._full(name))

    def free_bytes(self):
        """What the volume has left."""
        volume = os.statvfs(self.path)
        return volume[0] * volume[3]

    def _full(self, name):
        return self.path + "/" + name
