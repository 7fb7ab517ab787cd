"""A TM1637 seen from its two wires: what stands on its four digits."""

from typing import Final

DIGITS: Final = 4
_DATA_COMMAND, _DISPLAY_COMMAND, _ADDRESS_COMMAND = 0x40, 0x80, 0xC0  # the upper two bits of a command (data sheet)
_FIXED_ADDRESS: Final = 0x04
_ON: Final = 0x08
# The segments that are lit → what a person reads; S and 5, O and 0 are the same on seven segments.
_READ: Final = {
    0x00: " ", 0x3F: "0", 0x06: "1", 0x5B: "2", 0x4F: "3", 0x66: "4", 0x6D: "5", 0x7D: "6", 0x07: "7", 0x7F: "8",
    0x6F: "9", 0x77: "A", 0x7C: "b", 0x39: "C", 0x58: "c", 0x5E: "d", 0x79: "E", 0x71: "F", 0x76: "H", 0x74: "h",
    0x10: "i", 0x1E: "J", 0x38: "L", 0x54: "n", 0x5C: "o", 0x73: "P", 0x50: "r", 0x78: "t", 0x3E: "U", 0x1C: "u",
    0x6E: "y", 0x40: "-", 0x08: "_",
}  # fmt: skip


def read(digits: tuple[int, ...]) -> str:
    """What a person reads; `?` for a pattern that is no character."""
    return "".join(_READ.get(segments & 0x7F, "?") for segments in digits)


class Tm1637:
    """Takes the levels of its wires; `digits`: the lit segments, a to g from the lowest bit, all 0 while it is off."""

    def __init__(self) -> None:
        self._clock = 1
        self._data = 1
        self.power_off()

    def power_off(self) -> None:
        """Its memory is gone, too."""
        self._memory = [0] * DIGITS
        self._lit = False
        self._address = 0
        self._fixed = False
        self._begun = False
        self._bits: list[int] = []
        self._bytes = 0

    @property
    def busy(self) -> bool:
        """A message to it is under way."""
        return self._begun

    @property
    def digits(self) -> tuple[int, ...]:
        """As they are lit now."""
        return tuple(self._memory) if self._lit else (0,) * DIGITS

    def clock(self, level: int) -> None:
        """The clock wire; a bit is taken when it rises, the ninth is the chip's own."""
        rises = level and not self._clock
        self._clock = level
        if not rises or not self._begun:
            return
        if len(self._bits) == 8:
            self._take(sum(bit << place for place, bit in enumerate(self._bits)))
            self._bits = []
        else:
            self._bits.append(self._data)

    def data(self, level: int) -> None:
        """The data wire; while the clock is high its fall begins and its rise ends."""
        falls, rises = self._data and not level, level and not self._data
        self._data = level
        if not self._clock:
            return
        if falls:
            self._begun, self._bits, self._bytes = True, [], 0
        elif rises:
            self._begun = False

    def _take(self, byte: int) -> None:
        self._bytes += 1
        if self._bytes > 1:
            if self._address < DIGITS:
                self._memory[self._address] = byte
            self._address += 0 if self._fixed else 1
        elif byte & 0xC0 == _DATA_COMMAND:
            self._fixed = bool(byte & _FIXED_ADDRESS)
        elif byte & 0xC0 == _ADDRESS_COMMAND:
            self._address = byte & 0x0F
        elif byte & 0xC0 == _DISPLAY_COMMAND:
            self._lit = bool(byte & _ON)
