"""Stands in for `machine.I2C`, on boards with a display of dots; a write that nobody answers is EIO, as on boards."""

import time

from onboard import kinds
from onboard import link as _link

_EIO = 5
_board = _link.link
_sleep_us = time.sleep_us


class I2C:
    def __init__(self, id=-1, scl=None, sda=None, freq=400000, **options):
        self._byte_us = 9 * 1000000 // freq if _board.config["baud_delay"] else 0

    def scan(self):
        _board.drain()
        return [_board.config["i2c"]] if _board.config["i2c"] else []

    def writeto(self, address, data, stop=True):
        self.writevto(address, (data,))
        return len(data)

    def writevto(self, address, pieces, stop=True):
        _board.drain()
        if address != _board.config["i2c"]:
            raise OSError(_EIO)
        data = b"".join([bytes(piece) for piece in pieces])
        if self._byte_us:
            _sleep_us((len(data) + 1) * self._byte_us)
        _board.send_bytes(kinds.I2C, address, data)
        return len(data)
