"""The air: Bumble's link between virtual controllers, made as slow and as unsure as radio is.

A link has connection events every `interval_ms`; each moves at most `packets` packets a way. A packet that is lost
takes its slot and is sent again in the next one, as the link layer does (Bluetooth Core 5.4, vol. 6, part B, 4.5), so
loss is delay, until `supervision_ms` without success ends the link on both sides.
"""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass

from bumble import core, hci, ll
from bumble.controller import Connection, Controller
from bumble.link import LocalLink

_VALUE_AT = 7  # L2CAP header 4, ATT opcode 1, handle 2: behind them stands what an application sent
_CARRIES_VALUE = frozenset({0x12, 0x1B, 0x52})  # write request, notification, write command
_NOTIFICATION = 0x1B
_OPCODE_AT = 4
DEFAULT_RSSI = -60
PACKET_S = 0.0004  # 27 bytes and their acknowledgement at 1 Mbit/s
LEAST_INTERVAL_MS = 7.5
UNANSWERED_EVENTS = 6  # after so many connection events without an answer a new link is given up (4.5.2)


@dataclass(slots=True)
class Conditions:
    """How the air is; may be changed at any time."""

    interval_ms: float = 7.5  # what BlueZ offers is 30 to 50; the shortest there is makes quick tests
    packets: int = 6  # a connection event and way; what phones and dongles of today do
    loss: float = 0.0  # probability that a packet has to be sent again
    garble: float = 0.0  # probability that a value arrives with a byte changed, which real radio's CRC prevents
    supervision_ms: float = 420.0  # BlueZ's default
    adapter_links: int = 7
    # Of a whole connect, services included: least, median, most; None: as quick as the packets are.
    connect_ms: tuple[float, float, float] | None = None
    mtu: int = 517  # what the adapters ask for
    board_links: int = 3  # NimBLE's default on ESP32; MicroPython's build for the Pico W has 1


class Air(LocalLink):
    """The one link bus; keeps time for every link."""

    def __init__(self, conditions: Conditions, seed: int = 0) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.conditions = conditions
        self.chance = random.Random(seed)
        self.rssi: dict[tuple[str, str], int] = {}  # (adapter or "" for all, address of the box)
        self.frozen: set[str] = set()
        self.on_sent: dict[Controller, Callable[[], None]] = {}
        self.hurried: set[str] = set()  # boxes whose link is being made, where its whole time is drawn: `connect_ms`
        self._out_of_reach: set[str] = set()
        self._losing: dict[str, int] = {}  # address → values that still arrive
        self._held: dict[str, list[Callable[[], None]]] = {}
        self._slots: dict[tuple[Controller, str], tuple[float, int]] = {}  # next event's time, packets left in it

    @staticmethod
    def name(address: hci.Address) -> str:
        """An address as people and D-Bus write it."""
        return str(address).partition("/")[0]

    # -- what Bumble's controllers ask of their link

    def send_advertising_pdu(self, sender_controller: Controller, packet: ll.AdvertisingPdu) -> None:
        """To those that listen: scanners and initiators; a CONNECT_IND to the one it is for."""
        loop = asyncio.get_running_loop()
        if isinstance(packet, ll.ConnectInd):
            loop.call_soon(self._connect, sender_controller, packet)
            return
        if not isinstance(packet, ll.AdvInd | ll.AdvExtInd):
            return
        if self._is_away(packet.advertiser_address) or self.chance.random() < self.conditions.loss:
            return
        listening = [
            controller
            for controller in self.controllers
            if controller is not sender_controller
            and (controller.le_scan_enable or controller.pending_le_connection is not None)
        ]
        self.chance.shuffle(listening)  # of two that want to connect, either may be the first
        for controller in listening:
            loop.call_soon(controller.on_ll_advertising_pdu, packet)

    def send_acl_data(
        self,
        sender_controller: Controller,
        destination_address: hci.Address,
        transport: core.PhysicalTransport,
        data: bytes,
    ) -> None:
        """Queues a packet for its connection event."""
        connection = sender_controller.le_connections.get(destination_address)
        if connection is None:
            return
        loop = asyncio.get_running_loop()
        hurried = bool(self.hurried & {self.name(destination_address), self.name(connection.self_address)})
        at_s = self._slot(sender_controller, destination_address, loop.time(), hurried)
        if at_s is None or self._is_away(destination_address) or self._is_away(connection.self_address):
            loop.call_later(self.conditions.supervision_ms / 1000, self.drop, self.name(destination_address))
            loop.call_later(self.conditions.supervision_ms / 1000, self.drop, self.name(connection.self_address))
            return
        loop.call_at(at_s, self._arrive, sender_controller, connection, self._spoil(data))

    # -- what a test does to it

    def out_of_reach(self, address: str, away: bool) -> None:
        """A device is carried off: silence, and the end of its links by supervision timeout; or brought back."""
        if not away:
            self._out_of_reach.discard(address)
            return
        self._out_of_reach.add(address)
        asyncio.get_running_loop().call_later(self.conditions.supervision_ms / 1000, self._drop_if_away, address)

    def freeze(self, address: str, frozen: bool) -> None:
        """The device's host stops answering while its link layer goes on; or wakes and takes what was held."""
        if frozen:
            self.frozen.add(address)
            return
        self.frozen.discard(address)
        for deliver in self._held.pop(address, ()):
            deliver()

    def lose_after(self, address: str, values: int) -> None:
        """Its links end when so many more values have been carried, whichever way."""
        self._losing[address] = values

    def drop(self, address: str) -> int:
        """Ends all links of an address as a supervision timeout does; returns how many there were."""
        dropped = 0
        for controller in tuple(self.controllers):
            for connection in tuple(controller.le_connections.values()):
                if self.name(connection.self_address) == address:
                    dropped += 1
                    self._end(controller, connection)
        return dropped

    def abandon(self, initiator: Controller, address: hci.Address) -> None:
        """Ends a link of an initiator that its host never took."""
        connection = initiator.le_connections.get(address)
        if connection is not None:
            self._end(initiator, connection)

    # -- inside

    def _connect(self, initiator: Controller, packet: ll.ConnectInd) -> None:
        """Its advertisement may have ended a moment ago: then the link never comes about, and the initiator sees it."""
        if packet.advertiser_address not in initiator.le_connections:
            return  # called off in the same moment
        target = self.find_le_controller(packet.advertiser_address)
        if target is not None:
            target.on_ll_advertising_pdu(packet)
            if packet.initiator_address in target.le_connections:
                return
        asyncio.get_running_loop().call_later(
            UNANSWERED_EVENTS * self.conditions.interval_ms / 1000, self._never_was, initiator, packet
        )

    @staticmethod
    def _never_was(initiator: Controller, packet: ll.ConnectInd) -> None:
        connection = initiator.le_connections.get(packet.advertiser_address)
        if connection is not None:
            initiator.on_le_disconnected(connection, hci.HCI_ErrorCode.CONNECTION_FAILED_TO_BE_ESTABLISHED_ERROR)

    def _is_away(self, address: hci.Address) -> bool:
        return bool(self._out_of_reach) and self.name(address) in self._out_of_reach

    def _drop_if_away(self, address: str) -> None:
        if address in self._out_of_reach:
            self.drop(address)

    def _end(self, controller: Controller, connection: Connection) -> None:
        reason = hci.HCI_ErrorCode.CONNECTION_TIMEOUT_ERROR
        far = self.find_le_controller(connection.peer_address)
        back = None if far is None else far.le_connections.get(connection.self_address)
        controller.on_le_disconnected(connection, reason)
        self._slots.pop((controller, self.name(connection.peer_address)), None)
        if far is not None and back is not None:
            far.on_le_disconnected(back, reason)
            self._slots.pop((far, self.name(connection.self_address)), None)

    def _count_down(self, address: str) -> None:
        left = self._losing.get(address)
        if left is None:
            return
        self._losing[address] = left - 1
        if left <= 1:
            del self._losing[address]
            asyncio.get_running_loop().call_soon(self.drop, address)

    def _slot(self, sender: Controller, destination: hci.Address, now_s: float, hurried: bool) -> float | None:
        """When the next packet of this way arrives; None: not within the supervision timeout."""
        key = (sender, self.name(destination))
        interval_s = (LEAST_INTERVAL_MS if hurried else self.conditions.interval_ms) / 1000
        event_s, left = self._slots.get(key, (0.0, 0))
        if event_s <= now_s:
            event_s, left = (now_s // interval_s + 1) * interval_s, self.conditions.packets
        began_s = event_s
        while True:
            if left == 0:
                event_s, left = event_s + interval_s, self.conditions.packets
            left -= 1
            if self.chance.random() >= self.conditions.loss:
                break
            if event_s - began_s > self.conditions.supervision_ms / 1000:
                return None
        self._slots[key] = (event_s, left)
        return event_s + (self.conditions.packets - left) * PACKET_S  # one behind the other, so they stay in order

    def _spoil(self, data: bytes) -> bytes:
        if (
            not self.conditions.garble
            or len(data) <= _VALUE_AT
            or data[_OPCODE_AT] not in _CARRIES_VALUE
            or self.chance.random() >= self.conditions.garble
        ):
            return data
        spoilt = bytearray(data)
        spoilt[self.chance.randrange(_VALUE_AT, len(data))] ^= self.chance.randrange(1, 256)
        return bytes(spoilt)

    def _arrive(self, sender: Controller, connection: Connection, data: bytes) -> None:
        if sender in self.on_sent and len(data) > _OPCODE_AT and data[_OPCODE_AT] == _NOTIFICATION:
            self.on_sent[sender]()
        target = self.find_le_controller(connection.peer_address)
        back = None if target is None else target.le_connections.get(connection.self_address)
        if target is None or back is None or sender.le_connections.get(connection.peer_address) is not connection:
            return  # the link ended while the packet was in the air

        def deliver() -> None:
            if target.le_connections.get(connection.self_address) is back:
                target.on_link_acl_data(connection.self_address, core.PhysicalTransport.LE, data)

        address = self.name(connection.peer_address)
        if len(data) > _OPCODE_AT and data[_OPCODE_AT] in _CARRIES_VALUE:
            for end in (address, self.name(connection.self_address)):
                self._count_down(end)
        if address in self.frozen:
            self._held.setdefault(address, []).append(deliver)
        else:
            deliver()
