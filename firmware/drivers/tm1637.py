"""Four digits of seven segments behind a TM1637 (Titan Micro data sheet V2.4): two wires, like I2C without an address.

A byte goes out lowest bit first, data changing while the clock is low; at the ninth clock the chip pulls the data wire
low. Begin: data falls while the clock is high. End: data rises while the clock is high.
"""

from protocol.compat import const

_DATA = const(0x40)  # write to the display, address counting up
_ADDRESS = const(0xC0)  # begin with the first digit
_ON = const(0x88)  # display on; brightness in the lowest three bits
_BRIGHT = const(4)  # 11/16: read from a chair, with the lamp of a hall above it

# Segments a to g, from the lowest bit, in this order of characters; what isn't there stays dark.
_CHARACTERS = "0123456789AbCcdEFHhiJLnoPrStUuy-_"
_SEGMENTS = (
    b"\x3f\x06\x5b\x4f\x66\x6d\x7d\x07\x7f\x6f"
    b"\x77\x7c\x39\x58\x5e\x79\x71\x76\x74\x10\x1e\x38\x54\x5c\x73\x50\x6d\x78\x3e\x1c\x6e\x40\x08"
)


def segments(character):
    """The seven segments of a character, 0 when it has none; a letter without its case has the other's."""
    for shown in (character, character.lower(), character.upper()):
        at = _CHARACTERS.find(shown)
        if shown and at >= 0:
            return _SEGMENTS[at]
    return 0


class Tm1637:
    """`clk`, `dio`: open-drain pins with pull-ups, as `value(level)`; `wait()`: half a clock, 2 µs or longer."""

    def __init__(self, clk, dio, wait):
        self._clk = clk
        self._dio = dio
        self._wait = wait
        clk.value(1)
        dio.value(1)

    def show(self, text):
        """Four characters, or fewer and dark digits; whether the display has heard it."""
        heard = self._send(bytes((_DATA,)))
        digits = bytes([segments(character) for character in "%-4s" % text[:4]])
        heard = self._send(bytes((_ADDRESS,)) + digits) and heard
        return self._send(bytes((_ON | _BRIGHT,))) and heard

    def _send(self, data):
        clk, dio, wait = self._clk, self._dio, self._wait
        dio.value(0)  # begin: the clock rests high
        wait()
        heard = True
        for byte in data:
            for bit in range(8):
                clk.value(0)
                dio.value(byte >> bit & 1)
                wait()
                clk.value(1)
                wait()
            clk.value(0)
            dio.value(1)  # let go: now the chip has the wire
            wait()
            clk.value(1)
            wait()
            heard = dio.value() == 0 and heard
        clk.value(0)
        dio.value(0)
        wait()
        clk.value(1)
        wait()
        dio.value(1)  # end
        wait()
        return heard
