"""One board's radio: a Bumble device in the peripheral role, told by the board's stand-in for `bluetooth`."""

import asyncio
import os
import socket
import struct
from collections.abc import Callable
from typing import Any

from bumble.controller import Controller
from bumble.core import UUID
from bumble.device import Connection, Device, DeviceConfiguration
from bumble.gatt import Characteristic, CharacteristicValue, Service
from bumble.hci import Address, OwnAddressType
from bumble.host import Host
from bumble.transport.common import AsyncPipeSink

from tools.simulator.onboard import airkinds, kinds
from tools.simulator.radio.air import Air

_LONGEST_PDU = 251  # data length extension: an ATT value of 244 bytes travels in one packet
Controller.le_acl_data_packet_length = _LONGEST_PDU  # as its `Host` asks for it


def device(name: str, address: str, air: Air) -> tuple[Device, Controller]:
    """A Bumble device with its controller on the air."""
    controller = Controller(name, link=air, public_address=address)
    configuration = DeviceConfiguration(name=name, address=Address(address), irk=os.urandom(16))
    return Device(config=configuration, host=Host(controller, AsyncPipeSink(controller))), controller


class Peripheral:
    """Lives as long as the board's connection to the radio process."""

    def __init__(self, air: Air, board: socket.socket) -> None:
        self.address = ""
        self.advertisement = self.scan_response = b""
        self.on_hello: Callable[[], object] = lambda: None
        self._air = air
        self._board = board
        self._device: Device | None = None
        self._controller: Controller | None = None
        self._characteristics: dict[int, Characteristic[Any]] = {}
        self._values: dict[int, bytes] = {}
        self._connections: dict[int, Connection] = {}
        self._mtu = 0
        self._services: list[Service] = []

    async def run(self) -> None:
        """Until the board is gone, which its peers notice by silence."""
        loop = asyncio.get_running_loop()
        try:
            while message := await loop.sock_recv(self._board, kinds.MAX_PACKET):
                await self._take(message)
        except ConnectionError:
            pass  # its board lost power
        finally:
            self._board.close()
            await self._vanish()

    def room(self, notifications: int) -> None:
        """So many notifications fit into the board's buffers from now on."""
        self._tell(airkinds.ROOM, "B", notifications)

    async def _vanish(self) -> None:
        if self._device is None or self._controller is None:
            return
        self._air.out_of_reach(self.address, True)
        if self._connections:
            await asyncio.sleep(self._air.conditions.supervision_ms / 1000)
            self._air.drop(self.address)
        self._air.on_sent.pop(self._controller, None)
        await self._device.stop_advertising()
        self._air.remove_controller(self._controller)
        self._air.out_of_reach(self.address, False)

    async def _take(self, message: bytes) -> None:
        kind, body = message[0], message[1:]
        if kind == airkinds.HELLO:
            self.address = ":".join(f"{byte:02X}" for byte in body)
            self.on_hello()
        elif kind == airkinds.ACTIVE:
            await self._activate(*struct.unpack("<BH", body))
        elif kind == airkinds.SERVICES:
            self._register(body)
        elif kind == airkinds.ADVERTISE:
            await self._advertise(body)
        elif kind == airkinds.NOTIFY:
            number, handle = struct.unpack_from("<HH", body)
            await self._notify(number, handle, body[4:])
        elif kind == airkinds.DISCONNECT:
            connection = self._connections.get(struct.unpack("<H", body)[0])
            if connection is not None:
                await connection.disconnect()
        elif kind == airkinds.VALUE:
            self._values[struct.unpack_from("<H", body)[0]] = body[2:]

    def _tell(self, kind: int, layout: str, *fields: int | bytes) -> None:
        try:
            self._board.send(bytes((kind,)) + struct.pack("<" + layout, *fields))
        except (BlockingIOError, ConnectionError, OSError):
            return  # a board that reads nothing any more is about to be ended; `run` sees that

    async def _activate(self, on: int, mtu: int) -> None:
        self._mtu = mtu
        if self._device is not None:
            self._device.gatt_server.max_mtu = mtu
            if not on:
                await self._device.stop_advertising()
            return
        if on:
            self._device, self._controller = device("box", self.address, self._air)
            self._device.gatt_server.max_mtu = mtu
            self._air.on_sent[self._controller] = lambda: self._tell(airkinds.SENT, "B", 1)
            self._device.on("connection", self._connected)
            await self._device.power_on()

    # -- attributes

    def _register(self, table: bytes) -> None:
        assert self._device is not None
        at = 1
        for _ in range(table[0]):
            service, count = _uuid(table, at), table[at + 17]
            at += 18
            characteristics = []
            for _ in range(count):
                uuid = _uuid(table, at)
                flags, handle = struct.unpack_from("<HH", table, at + 17)
                at += 21
                made = Characteristic(
                    uuid, Characteristic.Properties(flags & 0xFF), _permissions(flags), self._value(handle)
                )
                self._characteristics[handle] = made
                characteristics.append(made)
            self._device.add_service(Service(service, characteristics))

    def _value(self, handle: int) -> CharacteristicValue[Any]:
        def written(connection: Any, value: bytes) -> None:
            number = next((number for number, known in self._connections.items() if known is connection), None)
            if number is not None:
                self._tell(airkinds.WROTE, f"HH{len(value)}s", number, handle, bytes(value))

        return CharacteristicValue(read=lambda _: self._values.get(handle, b""), write=written)

    async def _notify(self, number: int, handle: int, value: bytes) -> None:
        connection = self._connections.get(number)
        characteristic = self._characteristics.get(handle)
        if connection is None or characteristic is None or self._device is None:
            self._tell(airkinds.SENT, "B", 1)
            return
        # As MicroPython does: whether the client has subscribed is the client's business.
        await self._device.gatt_server.notify_subscriber(connection, characteristic, value, force=True)

    # -- links

    async def _advertise(self, body: bytes) -> None:
        assert self._device is not None
        interval_us, _, length = struct.unpack_from("<IBB", body)
        self.advertisement, self.scan_response = body[6 : 6 + length], body[6 + length :]
        if not interval_us or len(self._connections) >= self._air.conditions.board_links:
            await self._device.stop_advertising()
            return
        await self._device.start_advertising(
            own_address_type=OwnAddressType.RANDOM,
            advertising_data=self.advertisement,
            scan_response_data=self.scan_response,
            advertising_interval_min=interval_us / 1000,
            advertising_interval_max=interval_us / 1000,
        )

    def _connected(self, connection: Connection) -> None:
        number = next(number for number in range(64) if number not in self._connections)
        self._connections[number] = connection
        peer = (int(connection.peer_address.address_type), bytes(connection.peer_address)[::-1])
        self._tell(airkinds.CONNECTED, "HB6s", number, *peer)

        def ended(_: int) -> None:
            if self._connections.pop(number, None) is not None:
                self._tell(airkinds.DISCONNECTED, "HB6s", number, *peer)

        connection.on("connection_att_mtu_update", lambda: self._tell(airkinds.MTU, "HH", number, connection.att_mtu))
        connection.on("disconnection", ended)


def _uuid(table: bytes, at: int) -> UUID:
    return UUID.from_bytes(table[at + 1 : at + 1 + table[at]])


def _permissions(flags: int) -> Characteristic.Permissions:
    readable = Characteristic.Permissions.READABLE if flags & 0x02 else Characteristic.Permissions(0)
    writeable = Characteristic.Permissions.WRITEABLE if flags & 0x0C else Characteristic.Permissions(0)
    return readable | writeable
