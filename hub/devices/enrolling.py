"""Changes of the registry's file, one at a time, and what the journal must know of them."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from common import envelope
from hub.devices.around import Hall, Log
from hub.devices.errors import RegistryError
from hub.devices.homes import Homes
from hub.devices.keeping import Keeping
from hub.devices.registry import Device, Registry
from hub.queueing.commands import DeviceReplaced

# As `asyncio.to_thread`.
Aside = Callable[..., Coroutine[Any, Any, Any]]


class Enrolling:
    """aside: where the registry's file is written: not in the loop, but where time is simulated."""

    def __init__(
        self, registry: Registry, homes: Homes, hall: Hall, keeping: Keeping, log: Log, *, aside: Aside
    ) -> None:
        self._registry = registry
        self._homes = homes
        self._hall = hall
        self._keeping = keeping
        self._log = log
        self._aside = aside
        self._one_at_a_time = asyncio.Lock()  # the file is read, changed and replaced as one

    def now(self) -> str:
        """The moment of a registration."""
        return envelope.format_time(self._hall.moment().unix_ms, self._hall.state.layout.offset_minutes)

    async def register(self, wanted: Device, replaces: str | None) -> list[str]:
        """Returns who stood there before. Raises `RegistryError`."""
        async with self._one_at_a_time:
            displaced: list[Device] = await self._aside(self._registry.register, wanted, replaces)
        return [other.device for other in displaced]

    async def place(self, places: Mapping[str, str | None]) -> list[str]:
        """Returns who was moved. Raises `RegistryError`."""
        async with self._one_at_a_time:
            moved: list[str] = await self._aside(self._registry.place, places)
        return moved

    async def keep_homes(self) -> None:
        """At most once a tick: a hall that starts hears hundreds at once."""
        if not self._homes.unkept:
            return
        lines, self._homes.unkept = self._homes.unkept, {}
        try:
            async with self._one_at_a_time:
                await self._aside(self._registry.keep_lines, lines)
        except RegistryError as error:
            self._log("devices.lines_not_kept", why=str(error))

    def tell_replaced(self) -> None:
        """Into the journal what the registry has: also after a power cut between the two."""
        for known in self._registry.all():
            told = self._hall.state.devices.get(known.device)
            if known.replaced_by is None:
                continue
            if told is None or (told.replaced_by, told.replaced_epoch) != (known.replaced_by, known.epoch):
                place = self._registry.find(known.replaced_by)
                window = None if place is None else place.window
                self._keeping.keep(DeviceReplaced(known.device, known.role, known.replaced_by, window, known.epoch))
