"""A central that is nobody's hub: it connects to a box and holds the link, or writes garbage into it."""

import asyncio
import random

from bumble.core import BaseBumbleError
from bumble.device import Connection, Peer
from bumble.hci import Address, OwnAddressType

from tools.simulator.radio.air import Air
from tools.simulator.radio.peripheral import device

AGAIN_S = 0.05  # a nuisance that connects again as soon as it is dropped


class Stranger:
    """Comes back whenever it is dropped, until `leave`."""

    def __init__(self, air: Air, number: int) -> None:
        self._air = air
        self._address = f"C2:00:00:00:00:{number:02X}"
        self._chance = random.Random(number)
        self._task: asyncio.Task[None] | None = None
        self._again_s = 0.0
        self.connects = 0

    def molest(self, address: str, *, write: bool, new_address: bool, again_s: float) -> None:
        """Begins: `write` garbage besides holding the link; `new_address` each time it comes back, after `again_s`."""
        self._again_s = again_s
        self._task = asyncio.ensure_future(self._again(address, write, new_address))

    async def leave(self) -> None:
        """Ends it."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _again(self, address: str, write: bool, new_address: bool) -> None:
        central, controller = device("stranger", self._address, self._air)
        await central.power_on()
        try:
            while True:
                try:
                    connection = await central.connect(
                        Address(address), own_address_type=OwnAddressType.RANDOM, timeout=1.0
                    )
                except (BaseBumbleError, TimeoutError):
                    controller.pending_le_connection = None
                    await asyncio.sleep(AGAIN_S)
                    continue
                self.connects += 1
                gone = asyncio.Event()
                connection.on("disconnection", lambda _, gone=gone: gone.set())
                writing = asyncio.ensure_future(self._write(connection)) if write else None
                try:
                    await gone.wait()
                finally:
                    if writing is not None:
                        writing.cancel()
                if new_address:
                    tail = ":".join(f"{self._chance.randrange(256):02X}" for _ in range(5))
                    controller.random_address = Address(f"C2:{tail}")
                await asyncio.sleep(self._again_s)
        finally:
            self._air.drop(Air.name(controller.random_address))
            self._air.remove_controller(controller)

    async def _write(self, connection: Connection) -> None:
        try:
            peer = Peer(connection)
            await peer.discover_services()
            for service in peer.services:
                await service.discover_characteristics()
                for characteristic in service.characteristics:
                    if int(characteristic.properties) & 4:
                        while True:
                            await characteristic.write_value(self._chance.randbytes(20))
                            await asyncio.sleep(AGAIN_S)
        except (BaseBumbleError, TimeoutError):
            return  # it was dropped, which is what it deserves
