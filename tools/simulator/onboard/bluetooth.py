"""Stands in for `bluetooth` (peripheral role, GATT server): what MicroPython's module does on ESP32 and Pico W.

Attribute values are kept here, as the real module keeps them; the link, ATT and its MTU live in the radio process.
What is as on boards, and trips programs: an attribute holds 20 bytes until `gatts_set_buffer`, and more is cut off
silently; `gatts_notify` raises ENOMEM while the buffers are full; a connection ends advertising.
"""

import errno
import struct
from binascii import unhexlify

from onboard import airkinds, kinds
from onboard import link as _link

FLAG_READ = 0x0002
FLAG_WRITE_NO_RESPONSE = 0x0004
FLAG_WRITE = 0x0008
FLAG_NOTIFY = 0x0010
FLAG_INDICATE = 0x0020

_IRQ_CENTRAL_CONNECT = 1
_IRQ_CENTRAL_DISCONNECT = 2
_IRQ_GATTS_WRITE = 3
_IRQ_MTU_EXCHANGED = 21
_DEFAULT_BYTES = 20
_DEFAULT_MTU = 256
_LONGEST_ADVERTISEMENT = 31
_TX_BUFFERS = 12  # NimBLE's default pool of message buffers on ESP32

_board = _link.link


class UUID(bytes):
    """Little-endian bytes, as the real one's buffer has them."""

    def __init__(self, value):
        if isinstance(value, int):
            raw = struct.pack("<H", value)
        elif isinstance(value, str):
            digits = unhexlify(value.replace("-", ""))
            raw = bytes(digits[at] for at in range(len(digits) - 1, -1, -1))
        else:
            raw = bytes(value)
        super().__init__(raw)


class BLE:
    _only = None

    def __new__(cls):
        if cls._only is None:
            cls._only = object.__new__(cls)
            cls._only._prepare()
        return cls._only

    def _prepare(self):
        self._on = False
        self._handler = None
        self._mtu = _DEFAULT_MTU
        self._name = b"MPY"
        self._forget()

    def _forget(self):
        self._values = {}
        self._sizes = {}
        self._appends = set()
        self._next = 16
        self._free = self._room = _TX_BUFFERS
        self._connections = set()
        self._waiting = []
        self._advertisement = self._response = b""

    # -- its life

    def active(self, on=None):
        if on is not None and bool(on) != self._on:
            self._on = bool(on)
            self._forget()
            _board.most = kinds.MAX_TO_RADIO_BOARD if on else kinds.MAX_TO_BOARD
            _board.radio = self._take if on else None
            self._send(airkinds.ACTIVE, "BH", self._on, self._mtu)
        return self._on

    def config(self, *names, **values):
        if names:
            if names[0] == "mac":
                return 1, unhexlify(_board.config["radio_address"])
            return {"mtu": self._mtu, "gap_name": self._name, "rxbuf": 0}[names[0]]
        if "gap_name" in values:
            self._name = values["gap_name"]
        if "mtu" in values:
            self._mtu = values["mtu"]
            if self._on:
                self._send(airkinds.ACTIVE, "BH", True, self._mtu)
        return None

    def irq(self, handler):
        self._handler = handler

    # -- what arrives

    def _take(self, message):
        """Called whenever the board takes packets in; the handler runs at the next moment at which it may."""
        if message[0] == airkinds.SENT:
            self._free += message[1]
        elif message[0] == airkinds.ROOM:
            self._free += message[1] - self._room
            self._room = message[1]
        else:
            self._waiting.append(message)
            if len(self._waiting) == 1:
                _board.interrupt(self._serve, None)

    def _serve(self, _):
        waiting, self._waiting = self._waiting, []
        for message in waiting:
            self._happen(message)

    def _happen(self, message):
        kind = message[0]
        if kind == airkinds.WROTE:
            connection, handle = struct.unpack_from("<HH", message, 1)
            size = self._sizes.get(handle, 0)
            before = self._values[handle] if handle in self._appends else b""
            self._values[handle] = (before + message[5:])[:size]
            self._tell(_IRQ_GATTS_WRITE, (connection, handle))
        elif kind == airkinds.MTU:
            self._tell(_IRQ_MTU_EXCHANGED, struct.unpack_from("<HH", message, 1))
        elif kind == airkinds.CONNECTED:
            connection, kind_of_address = struct.unpack_from("<HB", message, 1)
            self._connections.add(connection)
            self._tell(_IRQ_CENTRAL_CONNECT, (connection, kind_of_address, message[4:]))
        elif kind == airkinds.DISCONNECTED:
            connection, kind_of_address = struct.unpack_from("<HB", message, 1)
            self._connections.discard(connection)
            self._tell(_IRQ_CENTRAL_DISCONNECT, (connection, kind_of_address, message[4:]))

    def _tell(self, event, data):
        if self._handler:
            self._handler(event, data)

    # -- advertising and connections

    def gap_advertise(self, interval_us, adv_data=None, *, resp_data=None, connectable=True):
        if not self._on:
            raise OSError(errno.ENODEV)
        for data in (adv_data, resp_data):
            if data is not None and len(data) > _LONGEST_ADVERTISEMENT:
                raise OSError(errno.EINVAL)
        if adv_data is not None:
            self._advertisement = bytes(adv_data)
        if resp_data is not None:
            self._response = bytes(resp_data)
        head = struct.pack("<IBB", interval_us or 0, connectable, len(self._advertisement))
        _board.send_bytes(kinds.TO_AIR, airkinds.ADVERTISE, head + self._advertisement + self._response)

    def gap_disconnect(self, connection):
        self._send(airkinds.DISCONNECT, "H", connection)
        return connection in self._connections

    # -- the attributes

    def gatts_register_services(self, services):
        table, handles = bytearray((len(services),)), []
        for uuid, characteristics in services:
            raw = bytes(uuid)
            table += struct.pack("<B16sB", len(raw), raw, len(characteristics))
            mine = []
            for characteristic in characteristics:
                self._next += 2  # the declaration, and the value itself
                handle = self._next
                mine.append(handle)
                self._values[handle] = b""
                self._sizes[handle] = _DEFAULT_BYTES
                raw, flags = bytes(characteristic[0]), characteristic[1]
                table += struct.pack("<B16sHH", len(raw), raw, flags & 0xFFFF, handle)
                if flags & (FLAG_NOTIFY | FLAG_INDICATE):
                    self._next += 1  # the client's own switch
            handles.append(tuple(mine))
        _board.send_bytes(kinds.TO_AIR, airkinds.SERVICES, table)
        return tuple(handles)

    def gatts_set_buffer(self, handle, size, append=False):
        self._sizes[handle] = size
        if append:
            self._appends.add(handle)
        else:
            self._appends.discard(handle)

    def gatts_read(self, handle):
        value = self._values[handle]
        if handle in self._appends:
            self._values[handle] = b""
        return value

    def gatts_write(self, handle, data, send_update=False):
        self._values[handle] = bytes(data)
        self._sizes[handle] = max(self._sizes[handle], len(data))
        self._send(airkinds.VALUE, "H%ds" % len(data), handle, bytes(data))
        if send_update:
            for connection in self._connections:
                self.gatts_notify(connection, handle)

    def gatts_notify(self, connection, handle, data=None):
        if connection not in self._connections:
            raise OSError(errno.ENOTCONN)
        if self._free < 1:
            raise OSError(errno.ENOMEM)
        self._free -= 1
        value = self._values[handle] if data is None else data
        self._send(airkinds.NOTIFY, "HH%ds" % len(value), connection, handle, bytes(value))

    @staticmethod
    def _send(kind, layout, *fields):
        _board.send_bytes(kinds.TO_AIR, kind, struct.pack("<" + layout, *fields))
