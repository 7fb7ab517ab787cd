"""One Bluetooth adapter (hciN): scanning, connecting and letting go, shown as org.bluez objects."""

import asyncio
import math
from collections import Counter, deque
from collections.abc import Coroutine
from typing import Any

from bumble.core import AdvertisingData, BaseBumbleError
from bumble.device import Advertisement, Connection, Peer
from bumble.hci import Address, OwnAddressType
from dbus_fast import Message, Variant

from tools.simulator.radio import tree
from tools.simulator.radio.air import DEFAULT_RSSI, Air
from tools.simulator.radio.attributes import Attributes
from tools.simulator.radio.peripheral import device
from tools.simulator.radio.tree import MethodError, Reply, Tree

ADAPTER = "org.bluez.Adapter1"
DEVICE = "org.bluez.Device1"
CONNECT_TIMEOUT_S = 25.0  # BlueZ gives up after about as long
ABANDON_TURNS = 4  # of the loop: a command's way to the controller and its event's way back take one each
CONNECTS_KEPT = 4096  # the last ones, for benchmarks
REPEAT_S = 1.0  # without DuplicateData an unchanged advertisement is told so seldom


class Adapter:
    """`responses`: address → scan response; a scan of BlueZ's is active and gets it beside the advertisement."""

    def __init__(self, name: str, address: str, air: Air, objects: Tree, responses: dict[str, bytes]) -> None:
        self.path = f"/org/bluez/{name}"
        self.present = False
        self.tried: Counter[str] = Counter()  # address → connects since the start
        self.most_links = 0  # at once since the start
        self.connects_ms: deque[float] = deque(maxlen=CONNECTS_KEPT)  # whole connects, services included
        self._name = name
        self._address = address
        self._air = air
        self._objects = objects
        self._responses = responses
        self._scanners: set[str] = set()
        self._filter: dict[str, Variant] = {}
        self._told: dict[str, tuple[bytes, float]] = {}
        self._links: dict[str, Connection] = {}
        self._attributes: dict[str, Attributes] = {}
        self._pending: dict[str, asyncio.Task[None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._turn = asyncio.Lock()  # a controller makes one connection at a time

    async def open(self) -> None:
        """Its controller, powered."""
        self._device, self._controller = device(self._name, self._address, self._air)
        self._device.on("advertisement", self._heard)
        self._device.on("connection", self._connected)
        await self._device.power_on()
        self.plug()

    def plug(self) -> None:
        """It is there."""
        self.present = True
        self._objects.add(
            self.path,
            {
                ADAPTER: {
                    "Address": Variant("s", self._address),
                    "AddressType": Variant("s", "public"),
                    "Name": Variant("s", self._name),
                    "Alias": Variant("s", self._name),
                    "Powered": Variant("b", True),
                    "Discovering": Variant("b", False),
                    "UUIDs": Variant("as", []),
                    "Roles": Variant("as", ["central"]),
                }
            },
        )

    async def unplug(self) -> None:
        """It is pulled: its links end, its objects go."""
        self.present = False
        await self.forget()
        self._objects.remove(self.path)

    async def forget(self) -> None:
        """What ends with bluetoothd or the adapter: scans, links, attempts."""
        self._scanners.clear()
        self._told.clear()
        for attempt in self._pending.values():
            if not attempt.cancelling():
                attempt.cancel()
        for connection in tuple(self._links.values()):
            self._air.drop(Air.name(connection.peer_address))
        await self._device.stop_scanning()

    @property
    def links(self) -> list[str]:
        """Addresses of the devices that it is connected to."""
        return [Air.name(connection.peer_address) for connection in self._links.values()]

    def _path(self, address: Address) -> str:
        return f"{self.path}/dev_{Air.name(address).replace(':', '_')}"

    def _connected(self, connection: Connection) -> None:
        """One that nobody waits for any more came about although its attempt was called off."""
        if self._path(connection.peer_address) not in self._pending:
            self._keep(connection.disconnect())

    def _keep(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # -- scanning

    def _heard(self, advertisement: Advertisement) -> None:
        if not self._scanners or not advertisement.is_connectable:
            return
        address = Air.name(advertisement.address)
        path = self._path(advertisement.address)
        data = advertisement.data_bytes + self._responses.get(address, b"")
        known = path in self._objects.objects
        properties = _shown(data)
        if not known and not self._is_wanted(properties["UUIDs"].value):
            return
        now_s = asyncio.get_running_loop().time()
        before = self._told.get(path)
        duplicates = "DuplicateData" in self._filter and self._filter["DuplicateData"].value
        if known and not duplicates and before is not None and before[0] == data and now_s - before[1] < REPEAT_S:
            return
        self._told[path] = (data, now_s)
        rssi = self._air.rssi
        properties["RSSI"] = Variant("n", rssi.get((self._name, address), rssi.get(("", address), DEFAULT_RSSI)))
        if known:
            self._objects.set(path, DEVICE, properties)
            return
        flags = dict.fromkeys(("Paired", "Bonded", "Trusted", "Blocked", "Connected", "ServicesResolved"))
        self._objects.add(
            path,
            {
                DEVICE: {
                    "Address": Variant("s", address),
                    "AddressType": Variant("s", "random"),
                    "Adapter": Variant("o", self.path),
                    "Alias": Variant("s", address.replace(":", "-")),
                    **{flag: Variant("b", False) for flag in flags},
                    **properties,
                }
            },
        )

    def _is_wanted(self, uuids: list[str]) -> bool:
        wanted = self._filter.get("UUIDs")
        return wanted is None or bool(set(wanted.value) & set(uuids))

    # -- methods

    async def call(self, message: Message) -> Reply:
        """A method of the adapter itself, of one of its devices, or of their characteristics."""
        if message.path == self.path:
            await self._of_adapter(message)
            return None
        path = message.path or ""
        if path not in self._objects.objects:
            raise MethodError(tree.UNKNOWN_OBJECT, path)
        if message.interface == DEVICE:
            await self._of_device(path, str(message.member))
            return None
        attributes = next((each for each in self._attributes.values() if each.has(path)), None)
        if attributes is None:
            raise MethodError(tree.UNKNOWN_OBJECT, path)
        return await attributes.call(message)

    async def _of_adapter(self, message: Message) -> None:
        sender = message.sender or ""
        if message.member == "SetDiscoveryFilter":
            self._filter = message.body[0]
        elif message.member == "StartDiscovery":
            if not self._scanners:
                await self._device.start_scanning(filter_duplicates=False)
            self._scanners.add(sender)
            self._objects.set(self.path, ADAPTER, {"Discovering": Variant("b", True)})
        elif message.member == "StopDiscovery":
            self._scanners.discard(sender)
            if not self._scanners:
                await self._device.stop_scanning()
            self._objects.set(self.path, ADAPTER, {"Discovering": Variant("b", bool(self._scanners))})
        elif message.member == "RemoveDevice":
            await self._let_go(message.body[0])
            self._objects.remove(message.body[0])
        else:
            raise MethodError(tree.UNKNOWN_METHOD, str(message.member))

    async def _of_device(self, path: str, member: str) -> None:
        if member == "Connect":
            attempt = asyncio.ensure_future(self._connect(path))
            self._pending[path] = attempt
            try:
                await attempt
            except asyncio.CancelledError:
                raise MethodError(tree.FAILED, "le-connection-canceled") from None
            finally:
                self._pending.pop(path, None)
        elif member == "Disconnect":
            await self._let_go(path)
        else:
            raise MethodError(tree.UNKNOWN_METHOD, member)

    async def _let_go(self, path: str) -> None:
        attempt = self._pending.get(path)
        if attempt is not None:
            if not attempt.cancelling():
                attempt.cancel()
            await asyncio.wait([attempt])  # it may come about at this very moment, and ends all the same
        connection = self._links.get(path)
        if connection is not None:
            await connection.disconnect()

    # -- connecting

    async def _connect(self, path: str) -> None:
        address = Address(path[-17:].replace("_", ":"))
        self.tried[Air.name(address)] += 1
        if path in self._links:
            return
        began_s = asyncio.get_running_loop().time()
        async with self._turn:
            if len(self._links) >= self._air.conditions.adapter_links:
                raise MethodError(tree.FAILED, "le-connection-concurrent-connection-limit")
            connection = None
            try:
                connection = await self._device.connect(
                    address, own_address_type=OwnAddressType.PUBLIC, timeout=CONNECT_TIMEOUT_S
                )
            except (BaseBumbleError, TimeoutError) as error:
                raise MethodError(tree.FAILED, f"le-connection-timeout ({error!r})") from error
            finally:
                if connection is None:
                    await self._abandon(address)
            if connection.handle not in self._device.connections:
                raise MethodError(tree.FAILED, "le-connection-abort-by-local")  # it ended as it began
        self._links[path] = connection
        self.most_links = max(self.most_links, len(self._links))
        connection.on("disconnection", lambda _: self._gone(path, connection))
        self._objects.set(path, DEVICE, {"Connected": Variant("b", True)})
        self._keep(self._resolve(path, connection, began_s))

    async def _abandon(self, address: Address) -> None:
        """Nobody waits for this link any more, wherever its making was: in a command, on the air, or just told of.

        The virtual controller itself would wait for the next advertisement, and keep a link that its host doesn't take.
        """
        for _ in range(ABANDON_TURNS):
            self._controller.pending_le_connection = None
            self._air.abandon(self._controller, address)
            await asyncio.sleep(0)

    async def _resolve(self, path: str, connection: Connection, began_s: float) -> None:
        """Services, not before the drawn time of a whole connect is over."""
        attributes = self._attributes[path] = Attributes(self._objects, path, Peer(connection))
        address = Air.name(connection.peer_address)
        if self._air.conditions.connect_ms is not None:
            self._air.hurried.add(address)  # what finding the services takes is in the time that is drawn
        try:
            await attributes.discover(self._air.conditions.mtu)
        except (BaseBumbleError, MethodError, TimeoutError):
            return  # the link ended meanwhile; bleak sees that by `Connected`
        finally:
            self._air.hurried.discard(address)
        left_s = began_s + self._connect_s() - asyncio.get_running_loop().time()
        if left_s > 0:
            await asyncio.sleep(left_s)
        if self._links.get(path) is connection:
            self.connects_ms.append((asyncio.get_running_loop().time() - began_s) * 1000)
            self._objects.set(path, DEVICE, {"ServicesResolved": Variant("b", True)})

    def _connect_s(self) -> float:
        """Log-normal about the median, cut off at both ends."""
        if self._air.conditions.connect_ms is None:
            return 0.0
        least, median, most = self._air.conditions.connect_ms
        spread = math.log(most / median) / 2  # two standard deviations to the upper end
        return min(most, max(least, self._air.chance.lognormvariate(math.log(median), spread))) / 1000

    def _gone(self, path: str, connection: Connection) -> None:
        if self._links.get(path) is not connection:
            return
        del self._links[path]
        attributes = self._attributes.pop(path, None)
        if attributes is not None:
            attributes.end()
        self._objects.set(path, DEVICE, {"ServicesResolved": Variant("b", False), "Connected": Variant("b", False)})
        for below in [
            known for known in self._objects.objects if known.startswith(path + "/") and "/char" not in known
        ]:
            self._objects.remove(below)


def _shown(data: bytes) -> dict[str, Variant]:
    """What BlueZ makes of an advertisement's structures."""
    parsed = AdvertisingData.from_bytes(data)
    uuids: list[str] = []
    makers: dict[int, Variant] = {}
    shown: dict[str, Any] = {}
    for kind, value in parsed.ad_structures:
        if kind == AdvertisingData.COMPLETE_LIST_OF_128_BIT_SERVICE_CLASS_UUIDS:
            uuids += [_long_uuid(value[at : at + 16]) for at in range(0, len(value), 16)]
        elif kind == AdvertisingData.MANUFACTURER_SPECIFIC_DATA and len(value) >= 2:
            makers[int.from_bytes(value[:2], "little")] = Variant("ay", bytes(value[2:]))
        elif kind in (AdvertisingData.COMPLETE_LOCAL_NAME, AdvertisingData.SHORTENED_LOCAL_NAME):
            shown["Name"] = shown["Alias"] = Variant("s", value.decode("utf-8", "replace"))
    return {"UUIDs": Variant("as", uuids), "ManufacturerData": Variant("a{qv}", makers), **shown}


def _long_uuid(raw: bytes) -> str:
    digits = raw[::-1].hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
