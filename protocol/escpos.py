"""ESC/POS: what is said to a ticket printer, and what it says back. Both Pythons, no I/O.

Source: Epson's "ESC/POS Command Reference" (reference.epson-biz.com); the commands used are those that other makers'
58 and 80 mm printers share. Text goes out as GB18030 bytes that somebody encoded: MicroPython has no codec for it.
"""

from protocol.compat import const

RESET = b"\x1b@"
# A Chinese printer starts with hanzi on; others are told. GS ! below sizes letters and hanzi alike.
HANZI_ON = b"\x1c&"
LEFT = b"\x1ba\x00"
CENTRE = b"\x1ba\x01"
BOLD = b"\x1bE\x01"
NOT_BOLD = b"\x1bE\x00"
NORMAL = b"\x1d!\x00"
CUT = b"\x1dVB\x00"  # feeds to the knife, then all but a hand's breadth
TELL_CHANGES = b"\x1da\xff"  # GS a: automatic status back for everything
TELL_WHEN_THROUGH = b"\x1dr\x01"  # GS r 1 stands in line: its answer says that all before it is on paper
# DLE EOT n and DLE DC4 8 are heard at once, also by a printer that is off line or full.
ASK_PRINTER = b"\x10\x04\x01"
ASK_OFFLINE = b"\x10\x04\x02"
ASK_PAPER = b"\x10\x04\x04"
# What a printer kept of a ticket must not come out when it has paper again.
FORGET = b"\x10\x14\x08\x01\x03\x14\x01\x06\x02\x08"

MAX_SCALE = const(8)
# The QR standard's 177 modules hold more; a ticket's address has about 60 bytes.
MAX_QR = const(512)


def size(width: int, height: int) -> bytes:
    """Letters so many times as wide and high, 1 to 8."""
    return b"\x1d!" + bytes(((width - 1) << 4 | (height - 1),))


def feed(lines: int) -> bytes:
    """Prints what stands in the line and moves on."""
    return b"\x1bd" + bytes((lines,))


def qr(data: bytes, module_dots: int) -> bytes:
    """A QR code (model 2, error correction M) made by the printer itself."""
    stored = len(data) + 3
    return b"".join(
        (
            b"\x1d(k\x04\x001A2\x00",
            b"\x1d(k\x03\x001C" + bytes((module_dots,)),
            b"\x1d(k\x03\x001E1",
            b"\x1d(k" + bytes((stored & 0xFF, stored >> 8)) + b"1P0" + data,
            b"\x1d(k\x03\x001Q0",
        )
    )


def columns(text: bytes) -> int:
    """How many columns GB18030 text takes: a letter one, a hanzi two, however many bytes it has."""
    total = 0
    at = 0
    while at < len(text):
        if text[at] < 0x81:
            total += 1
            at += 1
        else:
            total += 2
            at += 4 if at + 1 < len(text) and 0x30 <= text[at + 1] <= 0x39 else 2
    return total


# What can be wrong with a printer, the worst first.
OK = const(0)
PAPER_OUT = const(1)
COVER_OPEN = const(2)
FAULT = const(3)  # knife, or an error that needs a person
OFFLINE = const(4)

# The kinds of answers, told apart by their fixed bits.
_AUTOMATIC = const(0x10)  # 0xx1xx00: the first of four bytes of automatic status
_ASKED = const(0x12)  # 0xx1xx10: an answer to DLE EOT
_FIXED = const(0x93)


class Status:
    """What the printer last said of itself. `feed` takes bytes as they come, in pieces, with noise between them."""

    def __init__(self) -> None:
        self.offline = False
        self.cover_open = False
        self.fault = False
        self.paper_out = False
        self.paper_low = False
        self.answers = 0  # everything that the printer said and that made sense
        self.through = 0  # answers to TELL_WHEN_THROUGH
        self.noise = 0  # bytes that no printer says
        self._asked: list[int] = []  # the n of questions that have no answer yet, oldest first
        self._rest = 0  # bytes of an automatic status that are still to come
        self._taken = 0

    @property
    def worst(self) -> int:
        """OK, or the worst of what is wrong."""
        if self.paper_out:
            return PAPER_OUT
        if self.cover_open:
            return COVER_OPEN
        if self.fault:
            return FAULT
        return OFFLINE if self.offline else OK

    @property
    def waiting(self) -> bool:
        """Whether a question has no answer yet."""
        return bool(self._asked)

    def asked(self, number: int) -> None:
        """DLE EOT `number` goes out: its answer has no number of its own."""
        self._asked.append(number)

    def forget(self) -> None:
        """Nothing of what was asked will be answered (the printer was off, or restarts)."""
        self._asked.clear()
        self._rest = 0

    def feed(self, data: bytes) -> None:
        """Bytes from the printer."""
        for byte in data:
            self._take(byte)

    def _take(self, byte: int) -> None:
        if self._rest:
            if byte & 0x90 == 0:
                self._taken = self._taken << 8 | byte
                self._rest -= 1
                if not self._rest:
                    self._automatic(self._taken)
                return
            self._rest = 0  # it was cut short; this byte begins something else
            self.noise += 1
        kind = byte & _FIXED
        if kind == _AUTOMATIC:
            self._taken = byte
            self._rest = 3
        elif kind == _ASKED and self._asked:
            self._answered(self._asked.pop(0), byte)
        elif byte & 0x90 == 0:
            self.answers += 1
            self.through += 1
            self._sensors(byte & 0x03 != 0, byte & 0x0C != 0)
        else:
            self.noise += 1

    def _answered(self, number: int, byte: int) -> None:
        self.answers += 1
        if number == 1:
            self.offline = byte & 0x08 != 0
        elif number == 2:
            self.cover_open = byte & 0x04 != 0
            self.fault = byte & 0x40 != 0
            if byte & 0x20:
                self.paper_out = True
        else:
            self._sensors(byte & 0x0C != 0, byte & 0x60 != 0)

    def _automatic(self, taken: int) -> None:
        first, second, third = taken >> 24, taken >> 16 & 0xFF, taken >> 8 & 0xFF
        self.answers += 1
        self.offline = first & 0x08 != 0
        self.cover_open = first & 0x20 != 0
        self.fault = second & 0x28 != 0
        self._sensors(third & 0x03 != 0, third & 0x0C != 0)

    def _sensors(self, low: bool, out: bool) -> None:
        self.paper_low = low or out
        self.paper_out = out
