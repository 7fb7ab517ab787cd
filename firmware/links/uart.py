"""Bytes over a UART."""

import asyncio

import machine

from protocol.compat import const

_RX_BYTES = const(1024)  # two frames: what comes while a flash block is erased (45 ms) is 520 bytes at 115,200 baud
_READ_BYTES = const(256)


class UartLink:
    """`await read()` gives what has come, `await write(data)` returns when the port has taken it."""

    def __init__(self, unit, tx_pin, rx_pin, baud):
        port = machine.UART(
            unit, baudrate=baud, tx=machine.Pin(tx_pin), rx=machine.Pin(rx_pin), rxbuf=_RX_BYTES, timeout=0
        )
        self._in = asyncio.StreamReader(port)
        self._out = asyncio.StreamWriter(port)

    async def read(self):
        """At least one byte."""
        while True:
            data = await self._in.read(_READ_BYTES)
            if data:
                return data

    async def write(self, data):
        """All of it."""
        self._out.write(data)
        await self._out.drain()


def open_link(board):
    """The UART that this board's pins name."""
    return UartLink(board.UART_ID, board.UART_TX_PIN, board.UART_RX_PIN, board.BAUD)
