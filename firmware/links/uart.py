"""Bytes over a UART."""

import machine

from protocol.compat import const

_RX_BYTES = const(1024)  # two frames: what comes while a flash block is erased (45 ms) is 520 bytes at 115,200 baud


class UartLink:
    """`source`: what `poll` waits for; `read(size)`: what has come, or None; `write(data)`: how much the port took."""

    def __init__(self, port):
        self.source = port
        self.read = port.read
        self.write = port.write


def open_link(board, name):
    """The UART that this board's pins name; it never waits."""
    tx, rx = machine.Pin(board.UART_TX_PIN), machine.Pin(board.UART_RX_PIN)
    return UartLink(machine.UART(board.UART_ID, baudrate=board.BAUD, tx=tx, rx=rx, rxbuf=_RX_BYTES, timeout=0))
