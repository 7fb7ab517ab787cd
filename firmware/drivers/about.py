"""What a boot says of itself: why it came, and what runs on what. Needed once, so loaded once and forgotten."""

import sys

import machine

# The numbers differ between ports, the names don't.
_CAUSES = (
    ("PWRON_RESET", "power on"),
    ("HARD_RESET", "hard"),
    ("WDT_RESET", "watchdog"),
    ("DEEPSLEEP_RESET", "deep sleep"),
    ("SOFT_RESET", "soft"),
)


def about(firmware, board):
    """reset_cause, interpreter, firmware and board, as texts."""
    return {"reset_cause": reset_cause(), "interpreter": interpreter(), "firmware": firmware, "board": board}


def reset_cause():
    """Why the board started, in words."""
    cause = machine.reset_cause()
    for name, words in _CAUSES:
        if getattr(machine, name, None) == cause:
            return words
    return "unknown"


def interpreter():
    """What runs us, from the interpreter's own mouth."""
    version = sys.implementation.version
    numbers = ".".join([str(part) for part in version[:3]])
    if len(version) > 3 and version[3]:
        numbers += "-" + version[3]
    build = sys.version.split("MicroPython ")[-1]
    return "MicroPython %s, %s" % (numbers, build)
