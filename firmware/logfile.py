"""Rows of records in a file of the event log (see eventlog.py): written, read, told from what a cut or rot left."""

import struct
from binascii import crc32

from protocol.compat import const

_HEAD = const(6)
_MAX_RECORD = const(106)
_WINDOW = const(256)  # of a file in RAM while it is read; two of the longest records
_RESYNC_BYTES = const(1024)  # nine of the longest records
_CONTEXT_KIND = const(0)
_CONTEXT = "<BIBIH"  # kind, boot, flags, boot_at_ms (low 32 bits, high 16 bits)
_ANCHORED = const(1)
_SURE = const(2)
# An anchor is written again when it has moved by this much: a quarter of the second a press time may be off.
_ANCHOR_STEP_MS = const(250)
MAX_BODY = const(100)  # the longest fact (booted, with its texts) fits an ESP32's tail beside a context


def pack_record(number, body):
    """One record as it stands in a file."""
    return struct.pack("<BBI", len(body), number & 0xFF, crc32(body, crc32(struct.pack("<I", number)))) + body


def parse_record(data, at, number):
    """Where the body of record `number` begins and ends in `data`, or None if no whole, true record stands at `at`."""
    if at + _HEAD > len(data):
        return None
    length, low, crc = struct.unpack_from("<BBI", data, at)
    end = at + _HEAD + length
    if not 0 < length <= MAX_BODY or end > len(data) or low != number & 0xFF:
        return None
    if crc32(data[at + _HEAD : end], crc32(struct.pack("<I", number))) != crc:
        return None
    return at + _HEAD, end


class Context:
    """Which boot the records belong to, and when it began."""

    def __init__(self, boot, boot_at_ms=None, sure=False):
        self.boot = boot
        self.boot_at_ms = boot_at_ms
        self.sure = sure

    def pack(self, number):
        at_ms = self.boot_at_ms or 0
        flags = (_ANCHORED if self.boot_at_ms is not None else 0) | (_SURE if self.sure else 0)
        body = struct.pack(_CONTEXT, _CONTEXT_KIND, self.boot, flags, at_ms & 0xFFFFFFFF, at_ms >> 32)
        return pack_record(number, body)

    def same(self, other):
        if other is None or self.boot != other.boot or self.sure != other.sure:
            return False
        if self.boot_at_ms is None or other.boot_at_ms is None:
            return self.boot_at_ms is other.boot_at_ms
        return abs(self.boot_at_ms - other.boot_at_ms) < _ANCHOR_STEP_MS


def _unpack_context(body):
    _, boot, flags, low, high = struct.unpack(_CONTEXT, body)
    return Context(boot, (high << 32 | low) if flags & _ANCHORED else None, bool(flags & _SURE))


class Scan:
    """Walks the records of one file, a window at a time; stands still at the first thing that is not a whole record.

    `read(at, size)`: bytes of the file, fewer than `size` only at its end; `limit`: number behind its last record.
    """

    def __init__(self, read, number, limit=None):
        self._read = read
        self._window = b""
        self._from = 0  # where in the file the window begins
        self.number = number  # of the record that comes next
        self.limit = limit
        self.at = 0
        self.context = None

    def _parse(self, at, number):
        """The body of record `number` at this place of the file, or None."""
        if not self._from <= at or at + _MAX_RECORD > self._from + len(self._window):
            self._window = self._read(at, _WINDOW)
            self._from = at
        found = parse_record(self._window, at - self._from, number)
        return None if found is None else self._window[found[0] : found[1]]

    def step(self):
        """The body of the next fact (its number was `number` before this call), or None at the end."""
        while True:
            body = self._parse(self.at, self.number)
            if body is None:
                return None
            self.at += _HEAD + len(body)
            if body[0] != _CONTEXT_KIND:
                self.number += 1
                return body
            self.context = _unpack_context(body)

    def resync(self):
        """Leave something rotten behind: go where this record or the next begins; for want of both, stay."""
        for at in range(self.at + 1, self.at + _RESYNC_BYTES):
            for number in (self.number, self.number + 1):
                if self._parse(at, number) is not None:
                    self.at = at
                    self.number = number
                    return
        self.number += 1
