"""Frames on a byte stream: COBS(payload ‖ CRC-32 little-endian) ‖ 00, at most 512 bytes.

COBS: Cheshire and Baker, "Consistent Overhead Byte Stuffing", 1999. After any garbage the next 00 is the next start.
"""

from protocol.compat import const, crc32
from protocol.errors import FrameError, MisuseError

MAX_FRAME = const(512)  # with its delimiter; two of them and a log page fit the smallest board's buffers
MAX_PAYLOAD = const(504)  # 504 + 4 bytes of CRC make two COBS codes, so 511 bytes with the delimiter
MAX_FEED = const(4096)  # what a reader takes between two pulls, so that its memory has an end
_CRC_SIZE = const(4)
_RUN = const(254)  # the longest run without a zero that one COBS code stands for


def encode_frame(payload: bytes) -> bytes:
    """The bytes that carry `payload`, delimiter included; raises `MisuseError` above `MAX_PAYLOAD`."""
    size = len(payload)
    if not 0 < size <= MAX_PAYLOAD:
        raise MisuseError("a payload has 1 to %d bytes, this one %d: send less at once" % (MAX_PAYLOAD, size))
    data = bytes(payload) + crc32(payload).to_bytes(_CRC_SIZE, "little")
    frame = bytearray()
    pieces = data.split(b"\x00")
    last = len(pieces) - 1
    for index, piece in enumerate(pieces):
        if len(piece) < _RUN:
            frame.append(len(piece) + 1)
            frame.extend(piece)
            continue
        rest = piece
        while len(rest) >= _RUN:
            frame.append(0xFF)
            frame.extend(rest[:_RUN])
            rest = rest[_RUN:]
        if rest or index < last:
            frame.append(len(rest) + 1)
            frame.extend(rest)
    frame.append(0)
    return bytes(frame)


def decode_frame(frame: bytes) -> bytes:
    """The payload of one frame without its delimiter; raises `FrameError`."""
    size = len(frame)
    if size >= MAX_FRAME:
        raise FrameError("a frame of %d bytes; at most %d with its delimiter" % (size, MAX_FRAME))
    data = bytearray()
    at = 0
    while at < size:
        code = frame[at]
        if code == 0:
            raise FrameError("a zero inside a frame")
        end = at + code
        if end > size:
            raise FrameError("a frame that ends inside a run")
        data.extend(frame[at + 1 : end])
        if code <= _RUN and end < size:
            data.append(0)
        at = end
    payload = bytes(data[:-_CRC_SIZE])
    if not payload or crc32(payload) != int.from_bytes(data[-_CRC_SIZE:], "little"):
        raise FrameError("a frame whose CRC-32 doesn't fit")
    return payload


class FrameReader:
    """Bytes in, payloads out. Bad frames are counted in `rejected`, never raised; memory has an end."""

    def __init__(self) -> None:
        self.rejected = 0  # frames dropped: damaged, too long, or garbage before a delimiter
        self._held = b""
        self._at = 0
        self._skipping = False

    @property
    def held(self) -> int:
        """Bytes kept for a frame that isn't whole yet."""
        return len(self._held) - self._at

    def restart(self) -> None:
        """A fresh link: what was held of the old one is dropped."""
        self._held = b""
        self._at = 0
        self._skipping = False

    def feed(self, data: bytes) -> None:
        """Stores bytes; pull with `next_frame` until None before more than `MAX_FEED` have come."""
        if self.held + len(data) > MAX_FEED + MAX_FRAME:
            raise MisuseError("pull frames with next_frame() before feeding more than %d bytes" % MAX_FEED)
        self._held = self._held[self._at :] + bytes(data)
        self._at = 0

    def next_frame(self) -> "bytes | None":
        """The next good payload, or None when more bytes are needed."""
        while True:
            end = self._held.find(b"\x00", self._at)
            if end < 0:
                self._drop_overlong()
                return None
            frame = self._held[self._at : end]
            self._at = end + 1
            if self._skipping:
                self._skipping = False
            elif frame:
                try:
                    return decode_frame(frame)
                except FrameError:
                    self.rejected += 1

    def _drop_overlong(self) -> None:
        if self._skipping or self.held >= MAX_FRAME:
            if not self._skipping:
                self.rejected += 1
            self._skipping = True
            self._at = len(self._held)
