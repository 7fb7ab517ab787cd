"""Bytes over the board's USB serial port, which is also its terminal: from here on ^C is a byte like any other."""

import asyncio
import select
import sys

import micropython

from protocol.compat import const

_READ_BYTES = const(256)
_NO_INTERRUPT = const(-1)


class UsbLink:
    """`await read()` gives what has come, `await write(data)` returns when the port has taken it."""

    def __init__(self):
        micropython.kbd_intr(_NO_INTERRUPT)
        self._port = sys.stdin.buffer
        self._in = asyncio.StreamReader(self._port)
        self._out = asyncio.StreamWriter(sys.stdout.buffer)
        self._more = select.poll()
        self._more.register(self._port, select.POLLIN)

    async def read(self):
        """At least one byte. The terminal's read(n) waits for all n, so they are taken one by one."""
        while True:
            data = await self._in.read(1)
            if data:
                break
        data = bytearray(data)
        while len(data) < _READ_BYTES and self._more.poll(0):
            data += self._port.read(1)
        return bytes(data)

    async def write(self, data):
        """All of it."""
        self._out.write(data)
        await self._out.drain()


def open_link(board):
    """The one USB port that there is."""
    return UsbLink()
