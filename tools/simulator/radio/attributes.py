"""A connected device's services and characteristics as org.bluez objects, and what bleak asks of them."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

from bumble.att import ATT_Error
from bumble.core import InvalidStateError
from bumble.device import Peer
from bumble.gatt_client import CharacteristicProxy
from dbus_fast import Message, Variant

from tools.simulator.radio import tree
from tools.simulator.radio.tree import MethodError, Reply, Tree

SERVICE = "org.bluez.GattService1"
CHARACTERISTIC = "org.bluez.GattCharacteristic1"
DESCRIPTOR = "org.bluez.GattDescriptor1"
_FLAGS = {2: "read", 4: "write-without-response", 8: "write", 16: "notify", 32: "indicate"}
_ATT_HEAD = 3
Result = TypeVar("Result")


class Attributes:
    """Of one connection; D-Bus objects below the device's path."""

    def __init__(self, objects: Tree, path: str, peer: Peer) -> None:
        self._objects = objects
        self._path = path
        self._peer = peer
        self._characteristics: dict[str, CharacteristicProxy[Any]] = {}
        self._callbacks: dict[str, Callable[[bytes], None]] = {}
        self._gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def end(self) -> None:
        """The link is gone: whoever waits for an answer is told at once, as BlueZ does."""
        if not self._gone.done():
            self._gone.set_result(None)

    async def discover(self, mtu: int) -> None:
        """Agrees on an MTU, walks through the peer's table, shows what it found; raises `MethodError`."""
        await self._answered(self._discover(mtu))

    async def _discover(self, mtu: int) -> None:
        agreed = await self._peer.request_mtu(mtu)
        await self._peer.discover_services()
        for service in self._peer.services:
            await service.discover_characteristics()
            for characteristic in service.characteristics:
                await characteristic.discover_descriptors()
        for service in self._peer.services:
            above = f"{self._path}/service{service.handle:04x}"
            self._objects.add(
                above,
                {
                    SERVICE: {
                        "UUID": Variant("s", uuid_text(service.uuid)),
                        "Primary": Variant("b", True),
                        "Device": Variant("o", self._path),
                        "Includes": Variant("ao", []),
                    }
                },
            )
            for characteristic in service.characteristics:
                self._show(above, characteristic, agreed)

    def _show(self, above: str, characteristic: CharacteristicProxy[Any], mtu: int) -> None:
        path = f"{above}/char{characteristic.handle - 1:04x}"
        self._characteristics[path] = characteristic
        flags = [name for bit, name in _FLAGS.items() if int(characteristic.properties) & bit]
        self._objects.add(
            path,
            {
                CHARACTERISTIC: {
                    "UUID": Variant("s", uuid_text(characteristic.uuid)),
                    "Service": Variant("o", above),
                    "Value": Variant("ay", b""),
                    "Flags": Variant("as", flags),
                    "Notifying": Variant("b", False),
                    "MTU": Variant("q", mtu),
                }
            },
        )
        for descriptor in characteristic.descriptors:
            self._objects.add(
                f"{path}/desc{descriptor.handle:04x}",
                {
                    DESCRIPTOR: {
                        "UUID": Variant("s", uuid_text(descriptor.type)),
                        "Characteristic": Variant("o", path),
                        "Value": Variant("ay", b""),
                    }
                },
            )

    def has(self, path: str) -> bool:
        """Whether a characteristic with this path is here."""
        return path in self._characteristics

    async def call(self, message: Message) -> Reply:
        """One method of a characteristic; raises `MethodError`."""
        path = message.path or ""
        characteristic = self._characteristics[path]
        try:
            if message.member == "ReadValue":
                return "ay", [bytes(await self._answered(self._peer.gatt_client.read_value(characteristic.handle)))]
            if message.member == "WriteValue":
                await self._answered(self._write(characteristic, bytes(message.body[0]), message.body[1]))
            elif message.member == "StartNotify":
                await self._answered(self._subscribe(path, characteristic))
            elif message.member == "StopNotify":
                self._callbacks.pop(path, None)
                await self._answered(self._peer.gatt_client.unsubscribe(characteristic))
            else:
                raise MethodError(tree.UNKNOWN_METHOD, str(message.member))
        except ATT_Error as error:
            raise MethodError(tree.FAILED, f"Operation failed with ATT error: 0x{error.error_code:02x}") from error
        except (TimeoutError, InvalidStateError) as error:
            raise MethodError(tree.FAILED, repr(error)) from error
        return None

    async def _answered(self, asking: Coroutine[Any, Any, Result]) -> Result:
        """Its result, unless the link ends first."""
        task: asyncio.Future[Any] = asyncio.ensure_future(asking)
        try:
            await asyncio.wait([task, self._gone], return_when=asyncio.FIRST_COMPLETED)
            if not task.done():
                raise MethodError(tree.FAILED, "Not connected")
            result: Result = task.result()
            return result
        finally:
            task.cancel()

    async def _write(self, characteristic: CharacteristicProxy[Any], value: bytes, options: dict[str, Variant]) -> None:
        command = "type" in options and options["type"].value == "command"
        if command and len(value) > self._peer.connection.att_mtu - _ATT_HEAD:
            raise MethodError(tree.FAILED, "Failed to initiate write")
        await self._peer.gatt_client.write_value(characteristic.handle, value, with_response=not command)

    async def _subscribe(self, path: str, characteristic: CharacteristicProxy[Any]) -> None:
        def came(value: bytes) -> None:
            self._objects.set(path, CHARACTERISTIC, {"Value": Variant("ay", bytes(value))})

        self._callbacks[path] = came
        await self._peer.gatt_client.subscribe(characteristic, came)


def uuid_text(uuid: Any) -> str:
    """A UUID in the long form that BlueZ writes."""
    digits = bytes(uuid.to_bytes(force_128=True))[::-1].hex()
    return f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
