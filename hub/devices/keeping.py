"""What the devices room has under way: commands into the journal, however long that takes, and other work."""

import asyncio
from collections.abc import Coroutine
from typing import Any

from hub.devices.around import Hall, Log
from hub.errors import HubError
from hub.queueing.commands import Command
from hub.queueing.errors import Refusal

AGAIN_S = 1.0  # a command that the journal couldn't take is tried again
MAX_WAITING = 2000  # commands waiting for the journal; more is an hour of outage in the largest hall, then we say so


class Keeping:
    """Tasks that end by themselves; `close` ends the rest."""

    def __init__(self, hall: Hall, log: Log) -> None:
        self.not_journalled = 0
        self._hall = hall
        self._log = log
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def waiting(self) -> int:
        """How many are under way."""
        return len(self._tasks)

    @property
    def has_room(self) -> bool:
        """Whether one more is taken."""
        return len(self._tasks) < MAX_WAITING

    def keep(self, command: Command) -> None:
        """Into the journal, beside all else."""
        self.spawn(self.persist(command))

    async def persist(self, command: Command) -> None:
        """Into the journal, however long that takes."""
        while True:
            try:
                await self._hall.submit(command)
            except HubError:
                await asyncio.sleep(AGAIN_S)
                continue
            except Refusal as refusal:
                self._log("device.command_refused", command=refusal.command, why=refusal.detail)
            return

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Begins it; where too much is under way already, says so and leaves it."""
        if not self.has_room:
            self.not_journalled += 1
            self._log("devices.overrun", what="the journal has taken nothing for long; make room on its disk")
            work.close()
            return
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    async def close(self, *closing: Coroutine[Any, Any, None]) -> None:
        """The house closes; closing: what ends together with it."""
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, *closing, return_exceptions=True)

    def _finished(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._log("devices.failed", error=repr(error))
