"""The task that opens cases and reminds of them: soon after a batch of a hall, at start, and every ten minutes.

Contacts are looked at daily.
"""

import asyncio
import contextlib
import logging
from collections.abc import Sequence

from center.casework.desk import Desk
from center.config import Hall
from center.errors import CenterError

AGAIN_S = 5.0  # a store that can't take anything now may in a moment; a batch's own sender tries in a second
PAUSE_S = 0.5  # between two looks: each is a commit, and a hall that was away for a week sends many batches a second
REMIND_EVERY_S = 600.0  # a day begins at another time in each place; ten minutes into it is early enough
CONTACTS_EVERY_S = 24 * 3600.0

log = logging.getLogger("center")


class Watch:
    """Owns one task; `note` is cheap and may be called for every batch."""

    def __init__(self, desk: Desk, halls: Sequence[Hall]) -> None:
        self._desk = desk
        self._halls = {hall.id: hall for hall in halls}
        self._waiting: set[str] = set(self._halls)
        self._wake = asyncio.Event()
        self._wake.set()
        self._tasks: list[asyncio.Task[None]] = []

    def note(self, hall: str) -> None:
        """Something new is stored of a hall."""
        if hall in self._halls:
            self._waiting.add(hall)
            self._wake.set()

    def start(self) -> None:
        """Begins its tasks."""
        self._tasks = [
            asyncio.create_task(self._follow()),
            asyncio.create_task(self._forget()),
            asyncio.create_task(self._again()),
        ]

    async def close(self) -> None:
        """Ends them."""
        for task in self._tasks:
            task.cancel()
        for task in self._tasks:
            with contextlib.suppress(asyncio.CancelledError):
                await task

    async def _follow(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            for hall in sorted(self._waiting):
                # Off the list before the look, so that what comes during it is looked at again.
                self._waiting.discard(hall)
                try:
                    opened = await self._desk.open_new(self._halls[hall])
                    reminded = await self._desk.remind(self._halls[hall])
                except CenterError as error:
                    self._waiting.add(hall)
                    log.error("cases of %s: %s", hall, error, extra={"event": "center.cases_failed"})
                    asyncio.get_running_loop().call_later(AGAIN_S, self._wake.set)
                    continue
                if opened:
                    log.info("%d cases opened in %s", opened, hall, extra={"event": "center.cases_opened"})
                if reminded:
                    log.info("%d reminders in %s", reminded, hall, extra={"event": "center.cases_reminded"})
            await asyncio.sleep(PAUSE_S)

    async def _again(self) -> None:
        """Deadlines come near without anything happening."""
        while True:
            await asyncio.sleep(REMIND_EVERY_S)
            self._waiting |= self._halls.keys()
            self._wake.set()

    async def _forget(self) -> None:
        orphans: frozenset[str] = frozenset()
        while True:
            gone, orphans = self._desk.forget_old_contacts(orphans)
            if gone:
                log.info("%d contacts destroyed", gone, extra={"event": "center.contacts_destroyed"})
            await asyncio.sleep(CONTACTS_EVERY_S)
