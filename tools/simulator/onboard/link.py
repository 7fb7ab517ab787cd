"""The board's end of the socket to its supervisor, and what arrives through it: pin levels, serial bytes, orders."""

import json
import select
import socket
import struct
import time

from onboard import kinds

_AF_UNIX = 1
_SOCK_SEQPACKET = 5
_MAX_PENDING = 32  # interrupts not yet served; more than a hand can cause between two waits

_now_ms = time.ticks_ms
_now_us = time.ticks_us


class Link:
    """One for the whole board, made before anything else runs."""

    def __init__(self, path):
        self.socket = socket.socket(_AF_UNIX, _SOCK_SEQPACKET)
        self.socket.connect(struct.pack("<H108s", _AF_UNIX, path.encode()))
        self.poller = select.poll()
        self.poller.register(self.socket, select.POLLIN)
        self.boot_us = _now_us()
        self.drives = {}  # pin → level from outside
        self.watchers = {}  # pin → function(old level from outside, new one)
        self.uarts = {}  # uart → function(bytes)
        self.timers = []
        self.radio = None  # function(message), once the program uses the radio
        self.most = kinds.MAX_TO_BOARD
        self.cross = None  # function(row, column, held), on a board with a matrix of keys
        self.cut_in = 0  # flash operations until the armed power cut; 0: none armed
        self.cut_tear = 0
        self._pending = []
        self._serving = False
        self._drained_ms = -1
        self.config = json.loads(self.socket.recv(kinds.MAX_PACKET)[1:])
        for pin, level in self.config["drives"]:
            self.drives[pin] = level

    def at_us(self):
        """The board's own time: since this boot, never wrapping."""
        return _now_us() - self.boot_us

    def send(self, kind, layout="", *fields):
        self.socket.send(bytes((kind,)) + struct.pack("<" + layout, *fields))

    def send_bytes(self, kind, unit, data):
        self.socket.send(bytes((kind, unit)) + data)

    def stand_still(self):
        """Waits for the supervisor to end this process: what comes after a reset or a power cut never runs."""
        while True:
            try:
                self.poller.poll(60000)
                self.socket.recv(kinds.MAX_TO_BOARD)
            except KeyboardInterrupt:
                pass

    def drain(self):
        """Takes in what has arrived; calls nobody's handler."""
        self._drained_ms = _now_ms()
        again = True
        while again:
            again = False
            for _ in self.poller.ipoll(0):
                again = True
            if again:
                packet = self.socket.recv(self.most)
                if not packet:
                    raise SystemExit(1)  # the supervisor is gone
                self._take(packet)

    def _take(self, packet):
        kind = packet[0]
        if kind == kinds.DRIVE:
            pin, level = packet[1], packet[2]
            old = self.drives.get(pin, kinds.RELEASED)
            self.drives[pin] = level
            watcher = self.watchers.get(pin)
            if watcher:
                watcher(old, level)
        elif kind == kinds.UART_RX:
            receive = self.uarts.get(packet[1])
            if receive:
                receive(packet[2:])
        elif kind == kinds.FROM_AIR:
            if self.radio:
                self.radio(packet[1:])
        elif kind == kinds.CROSS:
            self.cross(packet[1], packet[2], packet[3])
        elif kind == kinds.I2C_PLUG:
            self.config["i2c"] = packet[1]
        elif kind == kinds.ARM:
            self.cut_in, self.cut_tear = struct.unpack_from("<IH", packet, 1)

    def interrupt(self, handler, argument):
        """Puts a handler down for the next moment at which handlers may run."""
        if len(self._pending) < _MAX_PENDING:
            self._pending.append((handler, argument))

    def serve(self):
        """Takes in what has arrived, then runs interrupt handlers and timers that are due."""
        if self._drained_ms != _now_ms():
            self.drain()
        if self._serving or not (self._pending or self.timers):
            return
        self._serving = True
        try:
            while self._pending:
                handler, argument = self._pending.pop(0)
                handler(argument)
            if self.timers:
                now = _now_ms()
                for timer in list(self.timers):
                    timer.serve(now)
        finally:
            self._serving = False

    def nap_ms(self, limit_ms):
        """How long a wait may last before a timer is due; -1: for ever."""
        if self.timers:
            now = _now_ms()
            for timer in self.timers:
                left = max(0, timer.due_ms - now)
                if limit_ms < 0 or left < limit_ms:
                    limit_ms = left
        return limit_ms

    def wait_ms(self, duration_ms):
        """Sleeps, while interrupts and timers go on as on a board."""
        end = _now_ms() + duration_ms
        while True:
            self.serve()
            left = end - _now_ms()
            if left <= 0:
                return
            for _ in self.poller.ipoll(self.nap_ms(left)):
                self._drained_ms = -1


link = None


def open_link(path):
    global link  # noqa: PLW0603 - a board has exactly one, and its stand-ins are modules
    link = Link(path)
    return link
