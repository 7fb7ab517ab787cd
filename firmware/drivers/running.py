"""What of the board's own parts a box calls as long as it runs: watchdog, reset, the pace of a display."""

import time

import machine

from protocol.compat import const

# The longest an RP2040's watchdog can wait is 8,388 ms; moving a full tail takes under one second.
_WATCHDOG_MS = const(8_000)


def half_clock():
    """Half a clock of a TM1637: 250 kHz at most."""
    time.sleep_us(2)


def watchdog():
    """Started now, and never to be stopped: feed it or be reset."""
    return machine.WDT(timeout=_WATCHDOG_MS)


def reset():
    """Start again, as after switching on."""
    machine.reset()
