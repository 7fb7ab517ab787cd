"""The lines to the devices: each has a link, a session and a task; they come and go with the hall's configuration."""

import asyncio
from collections.abc import Callable, Sequence
from functools import partial

from common.keeping import keep, stop
from hub.devices.fleet import Fleet
from hub.devices.sessions import DeviceSession
from hub.hall.rows import LinkRow
from hub.links.link import Link
from hub.links.port import open_port

TAKEN_OUT = "the line was taken out of the hall's configuration"


class Lines:
    """`run` is the task that owns every line's task; `follow` says which there are to be."""

    def __init__(self, fleet: Fleet, chance: Callable[[], float], wanted: Sequence[LinkRow]) -> None:
        self._fleet = fleet
        self._chance = chance
        self._wanted = tuple(wanted)
        self._changed = asyncio.Event()
        self._made = 0
        self._tasks: dict[LinkRow, tuple[asyncio.Task[None], DeviceSession]] = {}

    def follow(self, wanted: Sequence[LinkRow]) -> None:
        """From now on these lines."""
        self._wanted = tuple(wanted)
        self._changed.set()

    async def run(self) -> None:
        """Until cancelled; raises what a line's task died of."""
        await keep(self._changed, self._match, self._end)

    async def _end(self) -> None:
        await stop(*(task for task, _ in self._tasks.values()))

    async def _match(self) -> list[asyncio.Task[None]]:
        for row in [row for row in self._tasks if row not in self._wanted]:
            task, session = self._tasks.pop(row)
            await stop(task)
            session.lost(TAKEN_OUT)
            await self._fleet.drop(session)
        for row in self._wanted:
            if row not in self._tasks:
                self._tasks[row] = self._begin(row)
        return [task for task, _ in self._tasks.values()]

    def _begin(self, row: LinkRow) -> tuple[asyncio.Task[None], DeviceSession]:
        self._made += 1
        session = self._fleet.session(f"line-{self._made}", row.url)
        link = Link(row.url, partial(open_port, row.url, row.baud), session, self._chance)
        session.attach(link)
        return asyncio.create_task(link.run(), name=f"line {row.url}"), session
