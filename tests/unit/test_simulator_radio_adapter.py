"""An attempt that is called off, at every moment of its making, leaves nothing behind at the virtual controllers."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from bumble.core import AdvertisingData
from bumble.hci import OwnAddressType

from tools.simulator.radio.adapter import Adapter
from tools.simulator.radio.air import Air, Conditions
from tools.simulator.radio.peripheral import device
from tools.simulator.radio.tree import MethodError

BOX = "C0:00:00:00:00:01"
TURNS = range(1, 41)  # of the loop; a connect takes some twenty
LIMIT_S = 120.0


class Objects:
    """The D-Bus objects of an adapter, without the D-Bus."""

    def __init__(self) -> None:
        self.objects: dict[str, Any] = {}

    def add(self, path: str, interfaces: Any) -> None:
        self.objects[path] = interfaces

    def set(self, path: str, interface: str, values: Any) -> None: ...

    def remove(self, path: str) -> None:
        self.objects.pop(path, None)


@pytest.mark.parametrize("phase", ["searching", "advertised"])
async def test_a_connect_that_is_called_off_at_any_moment_does_not_stop_the_next_one(phase: str) -> None:
    air = Air(Conditions())
    objects: Any = Objects()
    adapter = Adapter("hci0", "02:00:00:00:00:00", air, objects, {})
    await adapter.open()
    box, controller = device("box", BOX, air)
    await box.power_on()
    await box.start_advertising(
        own_address_type=OwnAddressType.RANDOM,
        auto_restart=True,
        advertising_data=bytes(AdvertisingData([(AdvertisingData.FLAGS, b"\x06")])),
        advertising_interval_min=20,
        advertising_interval_max=20,
    )
    path = f"{adapter.path}/dev_{BOX.replace(':', '_')}"
    objects.add(path, {})

    def call(member: str) -> Any:
        return adapter.call(
            SimpleNamespace(path=path, interface="org.bluez.Device1", member=member)  # type: ignore[arg-type]
        )

    async with asyncio.timeout(LIMIT_S):
        for turns in TURNS:
            attempt = asyncio.ensure_future(call("Connect"))
            if phase == "advertised":  # count from the moment at which the controller makes the link
                while not adapter._controller.le_connections and not attempt.done():
                    await asyncio.sleep(0)
            for _ in range(turns):
                await asyncio.sleep(0)
            await call("Disconnect")
            await asyncio.wait([attempt])
            if attempt.exception() is not None:
                assert isinstance(attempt.exception(), MethodError)
            while adapter._device.connections or controller.le_connections:
                await asyncio.sleep(0.001)
            assert not adapter.links
            assert not adapter._controller.le_connections
            await call("Connect")
            assert adapter.links == [BOX]
            await call("Disconnect")
            while controller.le_connections:
                await asyncio.sleep(0.001)
