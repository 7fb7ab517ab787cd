"""A display of 128 × 64 dots seen from its I2C bus: takes an SSD1306's or SH1106's commands, and has a picture.

What both controllers have of page addressing, which our firmware uses: 0xB0 page, 0x00 and 0x10 column, 0xAE and 0xAF
off and on, 0xA4 and 0xA5, 0xA6 and 0xA7; of the others it knows how long they are. Anything else is `unknown`.
"""

import base64
from typing import Final

ADDRESS: Final = 0x3C
WIDTH: Final = 128
HEIGHT: Final = 64
_PAGES: Final = HEIGHT // 8
# Controller → columns of its memory, the first that the glass shows.
_MEMORY: Final = {"ssd1306": (128, 0), "sh1106": (132, 2)}
KINDS: Final = tuple(_MEMORY)
# Commands with one byte behind them.
_LONG: Final = {
    "ssd1306": frozenset((0x20, 0x81, 0x8D, 0xA8, 0xD3, 0xD5, 0xD9, 0xDA, 0xDB)),
    "sh1106": frozenset((0x81, 0xA8, 0xAD, 0xD3, 0xD5, 0xD9, 0xDA, 0xDB)),
}
_POWERED: Final = {"ssd1306": (0x8D, 0x14), "sh1106": (0xAD, 0x8B)}  # the command without which the glass stays dark


class Panel:
    """`plugged`: whether it answers. `unknown`: bytes that no command of this controller begins with."""

    def __init__(self, kind: str) -> None:
        self.kind = kind
        self.plugged = True
        self.unknown: list[int] = []
        self._columns, self._first = _MEMORY[kind]
        self.power_off()

    def power_off(self) -> None:
        """Memory and settings are gone."""
        self._memory = bytearray(self._columns * _PAGES)
        self._page = self._column = 0
        self._on = self._powered = self._inverted = self._all = False
        self._waits: int | None = None

    def take(self, data: bytes) -> bool:
        """One write to its address; whether the picture may have changed."""
        before = self.picture()
        at = 0
        while at < len(data):
            control = data[at]
            if control & 0x40:
                self._store(data[at + 1 :])
                break
            if control & 0x80:
                self._command(data[at + 1])
                at += 2
            else:
                for command in data[at + 1 :]:
                    self._command(command)
                break
        return self.picture() != before

    def picture(self) -> bytes:
        """What stands on the glass: 8 pages of 128 columns, the upper dot in the lowest bit; dark while it is off."""
        if not (self._on and self._powered):
            return bytes(WIDTH * _PAGES)
        if self._all:
            return b"\xff" * (WIDTH * _PAGES)
        pages = (self._memory[at : at + WIDTH] for at in range(self._first, len(self._memory), self._columns))
        picture = b"".join(pages)
        return bytes(byte ^ 0xFF for byte in picture) if self._inverted else picture

    def text(self) -> str:
        """The picture for a control socket, or a page."""
        return base64.b64encode(self.picture()).decode()

    def _store(self, data: bytes) -> None:
        for byte in data:
            if self._column < self._columns:
                self._memory[self._page * self._columns + self._column] = byte
                self._column += 1

    def _command(self, byte: int) -> None:
        if self._waits is not None:
            if self._waits == _POWERED[self.kind][0]:
                self._powered = byte == _POWERED[self.kind][1]
            self._waits = None
        elif byte in _LONG[self.kind]:
            self._waits = byte
        elif byte & 0xF0 == 0x00:
            self._column = self._column & 0xF0 | byte & 0x0F
        elif byte & 0xF0 == 0x10:
            self._column = self._column & 0x0F | (byte & 0x0F) << 4
        elif 0xB0 <= byte <= 0xB7:
            self._page = byte & 7
        elif byte in (0xAE, 0xAF):
            self._on = byte == 0xAF
        elif byte in (0xA6, 0xA7):
            self._inverted = byte == 0xA7
        elif byte in (0xA4, 0xA5):
            self._all = byte == 0xA5
        elif byte not in (0xA0, 0xA1, 0xC0, 0xC8, 0xE3) and not 0x40 <= byte <= 0x7F:
            self.unknown.append(byte)


def rows(picture: bytes) -> list[str]:
    """The picture as 64 lines of `#` and blanks."""
    return [
        "".join("#" if picture[y // 8 * WIDTH + x] >> y % 8 & 1 else " " for x in range(WIDTH)) for y in range(HEIGHT)
    ]
