"""Objects on a D-Bus: properties, the object manager, methods. What bluetoothd's own library does for it."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from dbus_fast import BusType, Message, MessageType, NameFlag, RequestNameReply, Variant
from dbus_fast.aio import MessageBus

from tools.simulator.errors import SimulatorError

MANAGER = "org.freedesktop.DBus.ObjectManager"
PROPERTIES = "org.freedesktop.DBus.Properties"
UNKNOWN_OBJECT = "org.freedesktop.DBus.Error.UnknownObject"
UNKNOWN_METHOD = "org.freedesktop.DBus.Error.UnknownMethod"
FAILED = "org.bluez.Error.Failed"
NAME_TRIES, NAME_AGAIN_S = 100, 0.1  # the one who had the name may still be going

Objects = dict[str, dict[str, dict[str, Variant]]]
Reply = tuple[str, list[Any]] | None


class MethodError(Exception):
    """A D-Bus error reply."""

    def __init__(self, name: str, text: str = "") -> None:
        super().__init__(f"{name}: {text}")
        self.name = name
        self.text = text


class _PatientSocket:
    """dbus-fast 5.2 takes a full socket for the end of the bus: waiting until it is writable is all that is needed."""

    def __init__(self, sock: Any) -> None:
        self._sock = sock

    def send(self, data: bytes) -> int:
        """As much as fits; 0 when nothing does."""
        try:
            return int(self._sock.send(data))
        except BlockingIOError:
            return 0

    def sendmsg(self, *arguments: Any) -> int:
        """With file descriptors."""
        return int(self._sock.sendmsg(*arguments))


class Tree:
    """One service's objects. `call(message)` answers every method that isn't about objects or properties."""

    def __init__(self, address: str, name: str, call: Callable[[Message], Awaitable[Reply]]) -> None:
        self.objects: Objects = {}
        self._address = address
        self._name = name
        self._call = call
        self._bus: MessageBus | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def start(self) -> None:
        """On the bus, under its name."""
        bus = MessageBus(bus_address=self._address, bus_type=BusType.SYSTEM)
        await bus.connect()
        assert bus._writer is not None
        bus._writer.sock = _PatientSocket(bus._writer.sock)  # type: ignore[assignment]
        bus.add_message_handler(self._on_message)
        self._bus = bus
        for _ in range(NAME_TRIES):
            if await bus.request_name(self._name, NameFlag.DO_NOT_QUEUE) == RequestNameReply.PRIMARY_OWNER:
                return
            await asyncio.sleep(NAME_AGAIN_S)
        raise SimulatorError(f"{self._name} is taken on {self._address}")

    def stop(self) -> None:
        """Leaves the bus as a process that died: nothing is said."""
        for task in self._tasks:
            task.cancel()
        if self._bus is not None:
            self._bus.disconnect()
            self._bus = None
        self.objects.clear()

    @property
    def connected(self) -> bool:
        """On a bus that is there."""
        return self._bus is not None and self._bus.connected

    # -- what others see

    def add(self, path: str, interfaces: dict[str, dict[str, Variant]]) -> None:
        """A new object."""
        self.objects[path] = interfaces
        self._emit("/", MANAGER, "InterfacesAdded", "oa{sa{sv}}", [path, interfaces])

    def remove(self, path: str) -> None:
        """An object and all below it."""
        for below in sorted((known for known in self.objects if known.startswith(path + "/")), reverse=True):
            self._remove_one(below)
        self._remove_one(path)

    def set(self, path: str, interface: str, properties: dict[str, Variant]) -> None:
        """Properties changed (or a value came again: a notification is told every time)."""
        if path in self.objects:
            self.objects[path][interface].update(properties)
            self._emit(path, PROPERTIES, "PropertiesChanged", "sa{sv}as", [interface, properties, []])

    def _remove_one(self, path: str) -> None:
        interfaces = self.objects.pop(path, None)
        if interfaces is not None:
            self._emit("/", MANAGER, "InterfacesRemoved", "oas", [path, list(interfaces)])

    def _emit(self, path: str, interface: str, member: str, signature: str, body: list[Any]) -> None:
        self._send(Message.new_signal(path, interface, member, signature, body))

    def _send(self, message: Message) -> None:
        if self._bus is not None and self._bus.connected:
            self._bus.send(message)

    # -- what others ask

    def _on_message(self, message: Message) -> bool | None:
        if message.message_type is not MessageType.METHOD_CALL or message.interface == "org.freedesktop.DBus.Peer":
            return None
        task = asyncio.get_running_loop().create_task(self._answer(message))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return True

    async def _answer(self, message: Message) -> None:
        try:
            reply = (
                self._of_objects(message) if message.interface in (MANAGER, PROPERTIES) else await self._call(message)
            )
            signature, body = reply or ("", [])
            answer = Message.new_method_return(message, signature, body)
        except MethodError as error:
            answer = Message.new_error(message, error.name, error.text)
        self._send(answer)

    def _of_objects(self, message: Message) -> Reply:
        if message.interface == MANAGER:
            return "a{oa{sa{sv}}}", [self.objects]
        try:
            properties = self.objects[message.path or ""][message.body[0]]
            if message.member == "GetAll":
                return "a{sv}", [properties]
            if message.member == "Get":
                return "v", [properties[message.body[1]]]
        except KeyError as error:
            raise MethodError(UNKNOWN_OBJECT, f"{message.path}: {error}") from error
        raise MethodError(UNKNOWN_METHOD, str(message.member))
