"""Stands in for `micropython`: the port's own, with a ^C that can be switched off without ending the process."""

import termios

from micropython import *  # noqa: F403 - everything else is the port's own

_LFLAGS = 3
_ISIG = 1


def kbd_intr(character):
    """Off (-1) makes byte 3 data, as an application that uses the USB line for its own bytes needs."""
    mode = termios.tcgetattr(0)
    mode[_LFLAGS] = mode[_LFLAGS] & ~_ISIG if character < 0 else mode[_LFLAGS] | _ISIG
    termios.tcsetattr(0, 0, mode)
