"""Five keys: debounced, and seen when one hangs. Scanned, so that a missed edge costs a moment and no press.

A flash erase can keep a box from looking for longer than a quick finger stays: then the edge that the chip remembered
stands for the press (`fell`, and `scan` with `blind`).
"""

from protocol.compat import const

SETTLE_MS = const(15)  # cheap push buttons bounce for 1 to 10 ms
STUCK_MS = const(30_000)  # a leaning bag or a jammed cap; nobody presses for half a minute

PRESSED = "pressed"
STUCK = "stuck"
FREED = "freed"


class Keys:
    """`pins`: objects with `value()`, 0 when pressed (pull-up); `grades`: what each stands for."""

    deaf = False  # whether an edge of now is our own doing

    def __init__(self, pins, grades, now_ms):
        self._pins = pins
        self._grades = grades
        self.stuck_ms = STUCK_MS
        # A bit for each key: an object for each would take 130 bytes.
        self._raw = 0
        for index in range(len(pins)):
            if not pins[index].value():
                self._raw |= 1 << index
        self._down = self._raw  # as debounced; one that is held while the box starts is no press, but may hang
        self._stuck = 0
        self._raw_ms = [now_ms] * len(pins)
        self._since_ms = [now_ms] * len(pins)
        self.fell = None  # the first pin that went low since the last scan, from its interrupt

    def scan(self, now_ms, blind=False):
        """What happened since the last call: a list of (PRESSED | STUCK | FREED, grade).

        blind: nobody could look since the last call for as long as a press takes to settle. Otherwise what fell and
        is up again was too short for a finger.
        """
        events = []
        for index in range(len(self._pins)):
            pin = self._pins[index]
            key = 1 << index
            raw = 0 if pin.value() else key
            down = self._down & key
            if blind and self.fell is pin and not (raw or down or self._raw & key):
                events.append((PRESSED, self._grades[index]))
            elif raw != self._raw & key:
                self._raw ^= key
                self._raw_ms[index] = now_ms
            elif raw != down and now_ms - self._raw_ms[index] >= SETTLE_MS:
                self._down ^= key
                down = raw
                self._since_ms[index] = now_ms
                if raw:
                    events.append((PRESSED, self._grades[index]))
                elif self._stuck & key:
                    self._stuck ^= key
                    events.append((FREED, self._grades[index]))
            if down and not self._stuck & key and now_ms - self._since_ms[index] >= self.stuck_ms:
                self._stuck |= key
                events.append((STUCK, self._grades[index]))
        self.fell = None
        return events

    def busy(self):
        """Whether a key is down or bouncing, so that the next scan should come soon."""
        return self._down != self._stuck or self._raw != self._down
