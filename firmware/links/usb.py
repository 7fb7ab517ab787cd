"""Bytes over the board's USB serial port, which is also its terminal: from here on ^C is a byte like any other."""

import select
import sys

import micropython

from protocol.compat import const

_NO_INTERRUPT = const(-1)


class UsbLink:
    """`source`: what `poll` waits for; `read(size)`: what has come, or None; `write(data)`: how much the port took."""

    def __init__(self):
        micropython.kbd_intr(_NO_INTERRUPT)
        self.source = sys.stdin.buffer
        self.write = sys.stdout.buffer.write
        self._more = select.poll()
        self._more.register(self.source, select.POLLIN)

    def read(self, size):
        """The terminal's own read(n) waits for all n, so they are taken one by one."""
        data = bytearray()
        while len(data) < size and self._more.poll(0):
            data += self.source.read(1)
        return bytes(data) if data else None


def open_link(board, name):
    """The one USB port that there is."""
    return UsbLink()
