"""Stands in for `machine`: what the unix port's own lacks."""

import time

from onboard import clock, kinds
from onboard import link as _link
from onboard.kinds import DEEPSLEEP_RESET, HARD_RESET, PWRON_RESET, SOFT_RESET, WDT_RESET  # noqa: F401 - part of machine
from onboard.uart import UART  # noqa: F401 - part of machine

_board = _link.link
_now_ms = time.ticks_ms  # native: this module is imported before `time` is replaced
_frequency_hz = 125000000


def unique_id():
    return bytes.fromhex(_board.config["unique_id"])


def reset_cause():
    return _board.config["reset_cause"]


def reset():
    _board.send(kinds.RESET, "B", HARD_RESET)
    _board.stand_still()


def soft_reset():
    raise SystemExit


def freq(hz=None):
    global _frequency_hz  # noqa: PLW0603 - the processor's one clock
    if hz is None:
        return _frequency_hz
    _frequency_hz = hz
    return None


def idle():
    _board.wait_ms(1)


def lightsleep(duration_ms=0):
    _board.wait_ms(duration_ms)


def disable_irq():
    return True


def enable_irq(state=True):
    pass


class Pin:
    IN = 0
    OUT = 1
    OPEN_DRAIN = 2
    PULL_UP = 1
    PULL_DOWN = 2
    IRQ_RISING = 1
    IRQ_FALLING = 2

    _pads = {}  # noqa: RUF012 - one object a pin, however often it is made

    def __new__(cls, id, *args, **kwargs):
        if isinstance(id, Pin):
            return id
        number = _board.config["pin_names"].get(id, id)
        if not isinstance(number, int) or not 0 <= number <= 48:
            raise ValueError("invalid pin")
        pad = cls._pads.get(number)
        if pad is None:
            pad = super().__new__(cls)
            pad._number = number
            pad._mode = cls.IN
            pad._pull = None
            pad._level = 0
            pad._shown = 0
            pad._handler = None
            pad._trigger = 0
            cls._pads[number] = pad
        return pad

    def __init__(self, id, mode=-1, pull=-1, value=None, drive=0, alt=-1):
        self.init(mode, pull, value)

    def init(self, mode=-1, pull=-1, value=None, drive=0, alt=-1):
        if pull != -1:
            self._pull = pull
        if value is not None:
            self._level = 1 if value else 0
        if mode is not None and mode != -1:
            self._mode = mode
        self._show()

    def _show(self):
        level = self._level if self._mode != Pin.IN else 0
        if level != self._shown:
            self._shown = level
            _board.send(kinds.PIN, "QBB", _board.at_us(), self._number, level)

    def _seen(self, driven):
        if driven != kinds.RELEASED:
            return driven
        return 1 if self._pull == Pin.PULL_UP else 0

    def value(self, level=None):
        if level is None:
            if self._mode == Pin.OUT or (self._mode == Pin.OPEN_DRAIN and not self._level):
                return self._level
            _board.serve()
            return self._seen(_board.drives.get(self._number, kinds.RELEASED))
        self._level = 1 if level else 0
        self._show()
        return None

    __call__ = value

    def on(self):
        self.value(1)

    high = on

    def off(self):
        self.value(0)

    low = off

    def toggle(self):
        self.value(1 - self._level)

    def irq(self, handler=None, trigger=3, priority=1, wake=None, hard=False):
        self._handler = handler
        self._trigger = trigger
        if handler is None:
            _board.watchers.pop(self._number, None)
        else:
            _board.watchers[self._number] = self._changed
        return self

    def _changed(self, old, new):
        before, after = self._seen(old), self._seen(new)
        edge = Pin.IRQ_RISING if after > before else Pin.IRQ_FALLING if after < before else 0
        if edge & self._trigger:
            _board.interrupt(self._handler, self)

    def __repr__(self):
        return "Pin({})".format(self._number)


class Signal:
    """A pin with its polarity."""

    def __init__(self, pin, invert=False):
        self._pin = pin
        self._invert = invert

    def value(self, level=None):
        if level is None:
            return self._pin.value() ^ self._invert
        self._pin.value(bool(level) != self._invert)
        return None

    __call__ = value

    def on(self):
        self.value(1)

    def off(self):
        self.value(0)


class PWM:
    def __init__(self, pin, freq=0, duty_u16=0, duty_ns=None):
        self._pin = pin
        self._freq = 0
        self._duty = 0
        self.init(freq, duty_u16, duty_ns)

    def init(self, freq=None, duty_u16=None, duty_ns=None):
        if freq is not None:
            self._freq = freq
        if duty_u16 is not None:
            self._duty = duty_u16
        if duty_ns is not None:
            self._duty = min(65535, duty_ns * self._freq * 65535 // 1000000000)
        self._tell()

    def _tell(self):
        _board.send(kinds.PWM, "QBIH", _board.at_us(), self._pin._number, self._freq, self._duty)

    def freq(self, hz=None):
        if hz is None:
            return self._freq
        self._freq = hz
        self._tell()
        return None

    def duty_u16(self, duty=None):
        if duty is None:
            return self._duty
        self._duty = duty
        self._tell()
        return None

    def duty_ns(self, duration_ns=None):
        if duration_ns is None:
            return self._duty * 1000000000 // (65535 * self._freq) if self._freq else 0
        self.init(duty_ns=duration_ns)
        return None

    def deinit(self):
        self._freq = 0
        self._duty = 0
        self._tell()


class Timer:
    ONE_SHOT = 0
    PERIODIC = 1

    def __init__(self, id=-1, **options):
        self.due_ms = 0
        self._period_ms = 0
        if options:
            self.init(**options)

    def init(self, mode=PERIODIC, freq=-1, period=-1, callback=None, tick_hz=1000, hard=False):
        self.deinit()
        self._period_ms = int(1000 / freq) if freq > 0 else period * 1000 // tick_hz
        self._once = mode == Timer.ONE_SHOT
        self._callback = callback
        self.due_ms = _now_ms() + self._period_ms
        _board.timers.append(self)

    def deinit(self):
        if self in _board.timers:
            _board.timers.remove(self)

    def serve(self, now_ms):
        """Runs the callback if it is due."""
        if now_ms < self.due_ms or self not in _board.timers:
            return
        if self._once:
            self.deinit()
        else:
            self.due_ms += max(1, self._period_ms)
            if self.due_ms < now_ms:
                self.due_ms = now_ms + self._period_ms
        if self._callback:
            self._callback(self)


class WDT:
    """Cannot be stopped once started; starved, it resets the board (the supervisor keeps its time)."""

    MAX_MS = 8388  # the RP2040's counter

    def __init__(self, id=0, timeout=5000):
        if not 1 <= timeout <= self.MAX_MS:
            raise ValueError("timeout too long")
        self._timeout_ms = timeout
        self.feed()

    def feed(self):
        _board.send(kinds.WDT, "I", self._timeout_ms)


class RTC:
    def __init__(self, id=0):
        pass

    def datetime(self, fields=None):
        if fields is None:
            year, month, day, hour, minute, second, weekday, _ = clock.gmtime()[:8]
            return (year, month, day, weekday, hour, minute, second, 0)
        year, month, day, _, hour, minute, second = fields[:7]
        clock.set_clock(clock.mktime((year, month, day, hour, minute, second)))
        return None


class ADC:
    """Reads what stands on no pin at all: half the scale."""

    def __init__(self, pin):
        self._pin = pin

    def read_u16(self):
        return 32768


class _Memory:
    def __getitem__(self, address):
        raise NotImplementedError("no registers behind 0x{:x}".format(address))


mem8 = mem16 = mem32 = _Memory()
