"""One directory of a file system, as the event log needs it. Both Pythons; on a board it is littlefs.

On littlefs a file changes as a whole when it is flushed or closed: until then, after a cut, it is what it was.
"""

import os


class Directory:
    """Files under `path`, which is made if it isn't there."""

    def __init__(self, path):
        self.path = path
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
        with open(self._full(name), "rb") as file:
            file.seek(at)
            return file.read(size)

    def write(self, name, data):
        """A new file with these bytes, or the old one with nothing but these."""
        with open(self._full(name), "wb") as file:
            file.write(data)

    def append(self, name, data):
        """Bytes at the end of a file, which is made if it isn't there."""
        with open(self._full(name), "ab") as file:
            file.write(data)

    def open_for_append(self, name, fresh):
        """A file that stays open: what is written and flushed is in flash. `fresh` empties it first."""
        return open(self._full(name), "wb" if fresh else "ab")

    def remove(self, name):
        """A file is gone."""
        os.remove(self._full(name))

    def free_bytes(self):
        """What the volume has left."""
        volume = os.statvfs(self.path)
        return volume[0] * volume[3]

    def _full(self, name):
        return self.path + "/" + name
