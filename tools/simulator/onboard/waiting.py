"""Stands in for `select`: a poll that also wakes for the board's interrupts, timers and stand-in streams."""

import select as _native
import time as _time

from onboard import link as _link

POLLIN = _native.POLLIN
POLLOUT = _native.POLLOUT
POLLERR = _native.POLLERR
POLLHUP = _native.POLLHUP
_IOCTL_POLL = 3  # MP_STREAM_POLL

_board = _link.link
_now_ms = _time.ticks_ms


class poll:
    def __init__(self):
        self._native = _native.poll()
        self._native.register(_board.socket, POLLIN)
        self._soft = {}  # streams written in Python: the UART, asyncio's ThreadSafeFlag

    def register(self, stream, events=POLLIN | POLLOUT):
        if hasattr(stream, "fileno"):
            self._native.register(stream, events)
        else:
            self._soft[id(stream)] = (stream, events)

    def modify(self, stream, events):
        if hasattr(stream, "fileno"):
            self._native.modify(stream, events)
        else:
            self._soft[id(stream)] = (stream, events)

    def unregister(self, stream):
        if hasattr(stream, "fileno"):
            self._native.unregister(stream)
        else:
            self._soft.pop(id(stream), None)

    def poll(self, timeout_ms=-1):
        end = None if timeout_ms is None or timeout_ms < 0 else _now_ms() + timeout_ms
        while True:
            _board.serve()
            ready = []
            nap_ms = -1 if end is None else max(0, end - _now_ms())
            for stream, events in self._soft.values():
                got = stream.ioctl(_IOCTL_POLL, events)
                if got:
                    ready.append((stream, got))
                elif events & POLLOUT and hasattr(stream, "room_in_ms"):
                    room_ms = stream.room_in_ms()
                    if nap_ms < 0 or room_ms < nap_ms:
                        nap_ms = room_ms
            nap_ms = 0 if ready else _board.nap_ms(nap_ms)
            for stream, got in self._native.ipoll(nap_ms):
                if stream is _board.socket:
                    _board.drain()
                else:
                    ready.append((stream, got))
            if ready or (end is not None and _now_ms() >= end):
                return ready

    def ipoll(self, timeout_ms=-1, flags=0):
        return iter(self.poll(timeout_ms))
