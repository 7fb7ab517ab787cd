"""A lamp in each service key, and the red one: two 74HC595 shift registers on three pins.

Output n of the row is key n + 1's lamp; the thirteenth is the red lamp, "no tickets now".
"""

from protocol.compat import const

_OUTPUTS = const(16)
_RED = const(12)


class KeyLamps:
    """`data`, `clock`, `latch`: objects with `value(level)`. All begin dark: registers wake with anything."""

    def __init__(self, data, clock, latch):
        self._data = data
        self._clock = clock
        self._latch = latch
        self._shown = None
        self.set((), False)

    def set(self, keys, red):
        """Lights the lamps of these keys, and the red one or not."""
        bits = 1 << _RED if red else 0
        for key in keys:
            bits |= 1 << key - 1
        if bits == self._shown:
            return
        self._shown = bits
        for output in range(_OUTPUTS - 1, -1, -1):
            self._data.value(bits >> output & 1)
            self._clock.value(1)
            self._clock.value(0)
        self._latch.value(1)
        self._latch.value(0)
