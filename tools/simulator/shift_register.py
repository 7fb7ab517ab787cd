"""Two 74HC595 in a row behind three pins: what their outputs show after each latch."""

OUTPUTS = 16


class ShiftRegister:
    """`pins`: data, clock, latch; `lamps`: how many outputs have a lamp, from the first on."""

    def __init__(self, pins: tuple[int, ...], lamps: int) -> None:
        self.pins = pins
        self._levels = dict.fromkeys(self.pins, 0)
        self._bits = 0
        self._lamps = lamps
        self.shown = (False,) * lamps

    def pin(self, pin: int, level: int) -> bool:
        """A pin changed; returns whether the lamps did."""
        data, clock, latch = self.pins
        rose = level and not self._levels[pin]
        self._levels[pin] = level
        if pin == clock and rose:
            self._bits = (self._bits << 1 | self._levels[data]) & (1 << OUTPUTS) - 1
        elif pin == latch and rose:
            before = self.shown
            self.shown = tuple(bool(self._bits >> output & 1) for output in range(self._lamps))
            return before != self.shown
        return False

    def dark(self) -> bool:
        """Without power; returns whether a lamp was lit."""
        self._levels = dict.fromkeys(self.pins, 0)
        was, self.shown = self.shown, (False,) * self._lamps
        return any(was)
