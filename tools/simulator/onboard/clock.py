"""Stands in for `time`: ticks that wrap at 2^30 as on boards (the unix port's don't), a clock nobody has set."""

import time as _native

from onboard import link as _link

_PERIOD = 1 << 30
_MASK = _PERIOD - 1
_HALF = _PERIOD >> 1
# What a board without a battery shows after power-on: 2021-01-01 00:00:00, as rp2 does.
_UNSET_S = 1609459200

_board = _link.link
_ms = _native.ticks_ms
_us = _native.ticks_us
_start_ms = _board.config["start_ticks_ms"]
_offset_ms = _start_ms - _ms()
_offset_us = _start_ms * 1000 - _us()
_base_s = _UNSET_S
_base_ms = _ms()


def ticks_ms():
    return (_ms() + _offset_ms) & _MASK


def ticks_us():
    return (_us() + _offset_us) & _MASK


ticks_cpu = ticks_us


def ticks_add(ticks, delta):
    return (ticks + delta) & _MASK


def ticks_diff(end, start):
    return ((end - start + _HALF) & _MASK) - _HALF


def sleep(seconds):
    _board.wait_ms(int(seconds * 1000))


def sleep_ms(duration_ms):
    _board.wait_ms(duration_ms)


def sleep_us(duration_us):
    if duration_us < 2000:
        _native.sleep_us(max(0, duration_us))
    else:
        _board.wait_ms(duration_us // 1000)


def time():
    return _base_s + (_ms() - _base_ms) // 1000


def time_ns():
    return _base_s * 1000000000 + (_ms() - _base_ms) * 1000000


def gmtime(seconds=None):
    return _native.gmtime(time() if seconds is None else seconds)


localtime = gmtime  # a board knows no time zones


def mktime(fields):
    """Seconds since 1970 of a UTC time (the unix port's own would use the host's zone)."""
    year, month, day, hour, minute, second = fields[:6]
    if month < 3:
        year -= 1
        month += 12
    days = 365 * year + year // 4 - year // 100 + year // 400 + (153 * (month - 3) + 2) // 5 + day - 719469
    return ((days * 24 + hour) * 60 + minute) * 60 + second


def set_clock(seconds):
    """For `machine.RTC`."""
    global _base_s, _base_ms  # noqa: PLW0603 - the clock is this module
    _base_s = seconds
    _base_ms = _ms()
