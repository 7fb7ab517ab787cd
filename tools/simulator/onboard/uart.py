"""Stands in for `machine.UART`: buffers of the size asked for, and the time that the baud rate takes."""

import io
import time

from onboard import kinds
from onboard import link as _link

_board = _link.link
_now_ms = time.ticks_ms  # native: this module is imported before `time` is replaced
_now_us = time.ticks_us


class UART(io.IOBase):
    INV_TX = 1
    INV_RX = 2
    IRQ_RXIDLE = 64

    def __init__(self, id, baudrate=9600, bits=8, parity=None, stop=1, **options):
        self._id = id
        self._in = b""
        self._free_us = _now_us()  # when the last byte handed over will have left
        self._timeout_ms = 0
        self._char_ms = 0
        self._room = self._rx_room = 256
        self.init(baudrate, bits, parity, stop, **options)

    def init(
        self,
        baudrate=9600,
        bits=8,
        parity=None,
        stop=1,
        tx=None,
        rx=None,
        rxbuf=256,
        txbuf=256,
        timeout=0,
        timeout_char=0,
        **other,
    ):
        self._room = txbuf
        self._rx_room = rxbuf
        self._timeout_ms = timeout
        self._char_ms = timeout_char
        self._in = b""
        bit_count = 1 + bits + (parity is not None) + stop
        self._byte_us = bit_count * 1000000 / baudrate if _board.config["baud_delay"] else 0
        _board.uarts[self._id] = self._receive
        _board.send(kinds.UART_INIT, "BIH", self._id, baudrate, rxbuf)

    def deinit(self):
        _board.uarts.pop(self._id, None)
        _board.send(kinds.UART_INIT, "BIH", self._id, 0, 0)

    def _receive(self, data):
        self._in += data

    def any(self):
        _board.serve()
        return len(self._in)

    def _wait_for(self, wanted):
        """As on boards: waits `timeout` for the first byte, then `timeout_char` for each further one."""
        have = self.any()
        limit_ms = self._timeout_ms
        while have < wanted:
            end = _now_ms() + limit_ms
            while self.any() == have and _now_ms() < end:
                _board.wait_ms(1)
            if len(self._in) == have:
                return
            have = len(self._in)
            limit_ms = self._char_ms

    def _take(self, count):
        data = self._in[:count]
        self._in = self._in[count:]
        if data:
            _board.send(kinds.UART_TAKEN, "BH", self._id, len(data))
        return data or None

    def read(self, count=None):
        if count is None or count < 0:
            self._wait_for(1)
            return self._take(len(self._in))
        self._wait_for(count)
        return self._take(count)

    def readinto(self, buffer, count=None):
        data = self.read(len(buffer) if count is None else min(count, len(buffer)))
        if data is None:
            return None
        buffer[: len(data)] = data
        return len(data)

    def readline(self):
        self._wait_for(1)
        at = self._in.find(b"\n")
        return self._take(at + 1 if at >= 0 else len(self._in))

    def _waiting_bytes(self):
        left_us = self._free_us - _now_us()
        return 0 if left_us <= 0 or not self._byte_us else int(left_us / self._byte_us) + 1

    def room_in_ms(self):
        """When the transmit buffer takes a byte again (asked by our `select`)."""
        return int((self._waiting_bytes() - self._room + 1) * self._byte_us / 1000) + 1

    def write(self, data):
        view = memoryview(data)
        done = 0
        end = _now_ms() + self._timeout_ms
        while done < len(view):
            room = self._room - self._waiting_bytes()
            if room <= 0:
                if _now_ms() >= end:
                    break
                _board.wait_ms(1)
                continue
            piece = bytes(view[done : done + min(room, 1024)])
            self._free_us = max(self._free_us, _now_us()) + int(len(piece) * self._byte_us)
            _board.send_bytes(kinds.UART_TX, self._id, piece)
            done += len(piece)
        return done or None

    def txdone(self):
        return self._waiting_bytes() == 0

    def flush(self):
        while not self.txdone():
            _board.wait_ms(1)

    def ioctl(self, request, argument):
        if request != 3:  # MP_STREAM_POLL
            return 0
        ready = 0
        if argument & 1 and self._in:
            ready |= 1
        if argument & 4 and self._waiting_bytes() < self._room:
            ready |= 4
        return ready
