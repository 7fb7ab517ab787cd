"""The five lamps, which know only together, and the power LED with its patterns."""

from protocol.compat import const

STEADY = "steady"
SLOW = "slow"  # a fault
QUICK = "quick"  # "here I am": the technician asked

_HALF_MS = {SLOW: 800, QUICK: 120}
_STEADY_MS = const(1000)


class Lamps:
    """`pins`: objects with `value(level)`, one a key."""

    def __init__(self, pins):
        self._pins = pins
        self.set(False)

    def set(self, on):
        """All of them, always."""
        for pin in self._pins:
            pin.value(1 if on else 0)


class PowerLed:
    """On while all is well, blinking when not. Time comes in with `step`."""

    def __init__(self, pin):
        self._pin = pin
        self._fault = False
        self._identify_until_ms = 0
        pin.value(1)

    def fault(self, on):
        """Blink slowly for as long as this is set."""
        self._fault = on

    def identify(self, until_ms):
        """Blink quickly until then."""
        self._identify_until_ms = until_ms

    def step(self, now_ms):
        """Sets the LED; returns after how many ms to call again."""
        pattern = QUICK if now_ms < self._identify_until_ms else SLOW if self._fault else STEADY
        if pattern == STEADY:
            self._pin.value(1)
            return _STEADY_MS
        half_ms = _HALF_MS[pattern]
        self._pin.value(now_ms // half_ms % 2)
        return half_ms - now_ms % half_ms
