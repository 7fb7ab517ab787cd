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


class _Key:
    def __init__(self, down, now_ms):
        self.down = down  # as debounced
        self.since_ms = now_ms
        self.raw = down
        self.raw_ms = now_ms
        self.stuck = False


class Keys:
    """`pins`: objects with `value()`, 0 when pressed (pull-up); `grades`: what each stands for."""

    deaf = False  # whether an edge of now is our own doing

    def __init__(self, pins, grades, now_ms):
        self._pins = pins
        self._grades = grades
        self.stuck_ms = STUCK_MS
        # A key that is held while the box starts is no press; it may be one that hangs.
        self._keys = [_Key(not pin.value(), now_ms) for pin in pins]
        self.fell = None  # the first pin that went low since the last scan, from its interrupt

    def scan(self, now_ms, blind=False):
        """What happened since the last call: a list of (PRESSED | STUCK | FREED, grade).

        blind: nobody could look since the last call for as long as a press takes to settle. Otherwise what fell and
        is up again was too short for a finger.
        """
        events = []
        for index in range(len(self._keys)):
            key = self._keys[index]
            pin = self._pins[index]
            raw = not pin.value()
            if blind and self.fell is pin and not (raw or key.raw or key.down):
                events.append((PRESSED, self._grades[index]))
            elif raw != key.raw:
                key.raw = raw
                key.raw_ms = now_ms
            elif raw != key.down and now_ms - key.raw_ms >= SETTLE_MS:
                key.down = raw
                key.since_ms = now_ms
                if raw:
                    events.append((PRESSED, self._grades[index]))
                elif key.stuck:
                    key.stuck = False
                    events.append((FREED, self._grades[index]))
            if key.down and not key.stuck and now_ms - key.since_ms >= self.stuck_ms:
                key.stuck = True
                events.append((STUCK, self._grades[index]))
        self.fell = None
        return events

    def busy(self):
        """Whether a key is down or bouncing, so that the next scan should come soon."""
        return any((key.down and not key.stuck) or key.raw != key.down for key in self._keys)
