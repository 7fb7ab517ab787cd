"""Files in memory, as the event log needs them, whose power goes at any byte that a test says; for both Pythons."""


class CutError(Exception):
    """The power went."""


class Memory:
    """A directory in memory with the weakest promise: bytes land one by one, and the power may go after any of them."""

    def __init__(self, budget=None):
        self.files = {}
        self.budget = budget  # bytes and renamings of the directory that still succeed
        self.free = 1 << 20

    def spend(self):
        if self.budget is not None:
            if self.budget == 0:
                raise CutError()
            self.budget -= 1

    def names(self):
        return sorted(self.files)

    def size(self, name):
        return len(self.files[name])

    def read(self, name, at, size):
        return bytes(self.files[name][at : at + size])

    def write(self, name, data):
        self.spend()
        self.files[name] = bytearray()
        self._put(name, data)

    def append(self, name, data):
        if name not in self.files:
            self.write(name, data)
        else:
            self._put(name, data)

    def _put(self, name, data):
        for byte in data:
            self.spend()
            self.files[name].append(byte)

    def open_for_append(self, name, fresh):
        if fresh:
            self.write(name, b"")
        return Handle(self, name)

    def remove(self, name):
        self.spend()
        del self.files[name]

    def free_bytes(self):
        return self.free - sum([len(data) for data in self.files.values()])


class Handle:
    def __init__(self, memory, name):
        self.memory = memory
        self.name = name

    def write(self, data):
        self.memory._put(self.name, data)

    def flush(self):
        pass

    def close(self):
        pass
