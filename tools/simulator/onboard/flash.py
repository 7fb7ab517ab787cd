"""The board's flash: 4 KiB sectors in a host file, with the time flash takes and the power cuts it must survive."""

import time

from onboard import kinds

SECTOR = 4096
PAGE = 256  # what littlefs programs at once (progsize), as on rp2

_IOCTL_SYNC = 3
_IOCTL_COUNT = 4
_IOCTL_SIZE = 5
_IOCTL_ERASE = 6

_sleep_us = time.sleep_us  # the native one: on hardware nothing else runs during a flash operation


class Flash:
    """A block device for VfsLfs2, extended interface."""

    def __init__(self, board, path, undo_path, blocks, erase_us, program_us):
        self._board = board
        self._file = open(path, "r+b")  # noqa: SIM115 - open as long as the board
        self._undo = open(undo_path, "r+b") if undo_path else None  # noqa: SIM115
        self._undo_at = 4
        self._undo_count = 0
        self._blocks = blocks
        self._erase_us = erase_us
        self._program_us = program_us
        self._blank = b"\xff" * SECTOR

    def _whole(self, operation, *arguments):
        """Runs one operation to its end: hardware finishes it before ^C is served, so the ^C is asked for again."""
        try:
            return operation(*arguments)  # and no jump after it: there the interpreter would serve the next ^C
        except KeyboardInterrupt:
            result = self._whole(operation, *arguments)
            self._board.send(kinds.INTERRUPTED)
            return result

    def readblocks(self, block, buffer, offset=0):
        return self._whole(self._read, block * SECTOR + offset, buffer)

    def _read(self, at, buffer):
        self._file.seek(at)
        self._file.readinto(buffer)

    def writeblocks(self, block, buffer, offset=None):
        if offset is None:
            self._whole(self._change, kinds.ERASE, block, block * SECTOR, self._blank, self._erase_us)
            offset = 0
        view = memoryview(buffer)
        at = block * SECTOR + offset
        for start in range(0, len(view), PAGE):
            page = view[start : start + PAGE]
            self._whole(self._change, kinds.PROGRAM, block, at + start, page, self._program_us)

    def ioctl(self, operation, argument):
        if operation == _IOCTL_COUNT:
            return self._blocks
        if operation == _IOCTL_SIZE:
            return SECTOR
        if operation == _IOCTL_ERASE:
            self._whole(self._change, kinds.ERASE, argument, argument * SECTOR, self._blank, self._erase_us)
            return 0
        if operation == _IOCTL_SYNC:
            return self._whole(self._sync)
        return None

    def _sync(self):
        self._board.send(kinds.BLOCK, "BH", kinds.SYNC, 0)
        if self._undo and self._undo_count:
            self._undo_count = 0
            self._undo_at = 4
            self._undo.seek(0)
            self._undo.write(b"\0\0\0\0")
        return 0

    def _change(self, kind, block, at, data, duration_us):
        board = self._board
        board.drain()
        torn = None
        if board.cut_in:
            if board.cut_in == 1:
                torn = min(board.cut_tear, len(data))
            else:
                board.cut_in -= 1
        if self._undo:
            self._remember(at, len(data))
        if torn is not None:
            self._file.seek(at)
            self._file.write(data[:torn])
            board.send(kinds.POWER_LOST)
            board.stand_still()
        if duration_us:
            _sleep_us(duration_us)
        self._file.seek(at)
        self._file.write(data)
        board.send(kinds.BLOCK, "BH", kind, block)

    def _remember(self, at, length):
        """Keeps what stood here: a power cut that loses what was not synced puts it back."""
        old = bytearray(length)
        self._file.seek(at)
        self._file.readinto(old)
        self._undo.seek(self._undo_at)
        self._undo.write(at.to_bytes(4, "little") + length.to_bytes(4, "little"))
        self._undo.write(old)
        self._undo_at += 8 + length
        self._undo_count += 1
        self._undo.seek(0)
        self._undo.write(self._undo_count.to_bytes(4, "little"))
