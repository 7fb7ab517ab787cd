"""Tones from a PWM, played a step at a time by whoever calls `step`."""

from protocol.compat import const

# Name → (Hz, ms) one after the other; 0 Hz is a pause. The same thanks for every grade.
TUNES = {
    "prompt": ((1319, 120), (0, 60), (1760, 180)),
    "thanks": ((1568, 140),),
    "beep": ((1760, 80),),
}
_FULL_VOLUME = const(10)
_HALF = const(32768)  # of 65535: a square wave is loudest at half duty
_RESTING_MS = const(1000)


class Buzzer:
    """`pwm`: an object with `freq(hz)` and `duty_u16(duty)`, as machine.PWM."""

    def __init__(self, pwm):
        self._pwm = pwm
        self._tune = ()
        self._at = 0
        self._until_ms = 0
        self._volume = _FULL_VOLUME
        pwm.duty_u16(0)

    def set_volume(self, volume):
        """0 to 10; None is the loudest."""
        self._volume = _FULL_VOLUME if volume is None else volume

    def play(self, name):
        """Begin this tune with the next `step`; one that is under way is cut off."""
        self._tune = TUNES[name]
        self._at = 0
        self._until_ms = 0

    def step(self, now_ms):
        """Plays on; returns after how many ms to call again."""
        if now_ms < self._until_ms:
            return self._until_ms - now_ms
        if self._at == len(self._tune):
            if self._tune:
                self._pwm.duty_u16(0)
                self._tune = ()
                self._at = 0
            return _RESTING_MS
        tone_hz, length_ms = self._tune[self._at]
        self._at += 1
        self._until_ms = now_ms + length_ms
        duty = _HALF * self._volume // _FULL_VOLUME if tone_hz else 0
        if duty:
            self._pwm.freq(tone_hz)
        self._pwm.duty_u16(duty)
        return length_ms
