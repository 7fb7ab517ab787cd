"""org.bluez on the private D-Bus: the adapters, and what happens to them all when bluetoothd or the bus goes."""

from dbus_fast import Message

from tools.simulator.radio import tree
from tools.simulator.radio.adapter import Adapter
from tools.simulator.radio.air import Air
from tools.simulator.radio.daemon import BusDaemon
from tools.simulator.radio.tree import MethodError, Reply, Tree

NAME = "org.bluez"


class Bluez:
    """`responses`: address → scan response of every board."""

    def __init__(self, daemon: BusDaemon, air: Air, adapters: int, responses: dict[str, bytes]) -> None:
        self._daemon = daemon
        self._tree = Tree(daemon.address, NAME, self._call)
        self.adapters = [
            Adapter(f"hci{number}", f"02:00:00:00:00:{number:02X}", air, self._tree, responses)
            for number in range(adapters)
        ]

    async def start(self) -> None:
        """On the bus, its adapters powered."""
        await self._tree.start()
        for adapter in self.adapters:
            await adapter.open()

    def adapter(self, name: str) -> Adapter:
        """By its name, hciN."""
        return self.adapters[int(name.removeprefix("hci"))]

    async def die(self) -> None:
        """bluetoothd ends without a word; its links end with it."""
        for adapter in self.adapters:
            await adapter.forget()
        self._tree.stop()

    async def rise(self) -> None:
        """bluetoothd starts again."""
        await self._tree.start()
        for adapter in self.adapters:
            if adapter.present:
                adapter.plug()

    async def stop_bus(self) -> None:
        """The D-Bus daemon dies, and bluetoothd with it, as it does."""
        await self._daemon.stop()
        await self.die()

    async def start_bus(self) -> None:
        """Both are back."""
        await self._daemon.start()
        await self.rise()

    async def _call(self, message: Message) -> Reply:
        path = message.path or ""
        for adapter in self.adapters:
            if adapter.present and (path == adapter.path or path.startswith(adapter.path + "/")):
                return await adapter.call(message)
        raise MethodError(tree.UNKNOWN_OBJECT, path)
