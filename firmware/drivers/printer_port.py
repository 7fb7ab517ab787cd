"""The UART that the ticket printer is on."""

import machine

from protocol.compat import const

_RX_BYTES = const(64)  # ten answers; more is noise
_TX_BYTES = const(256)


def open_port(board):
    """Never waits."""
    tx, rx = machine.Pin(board.PRINTER_TX_PIN), machine.Pin(board.PRINTER_RX_PIN)
    return machine.UART(
        board.PRINTER_UART_ID,
        baudrate=board.PRINTER_BAUD,
        tx=tx,
        rx=rx,
        rxbuf=_RX_BYTES,
        txbuf=_TX_BYTES,
        timeout=0,
    )
