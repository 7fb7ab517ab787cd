"""What a damaged journal left to be delivered, in the shape in which the uplink reads a journal."""

import asyncio
from collections.abc import Callable

from hub.journal.reader import Reader
from hub.journal.rows import Stored


class OldJournal:
    """A closed journal under its own id: nothing is added to it, and it is done when the center has its last event."""

    def __init__(
        self, reader: Reader, journal: str, through: int, move: Callable[[str, int], "asyncio.Future[None]"]
    ) -> None:
        self.id = journal
        self.durable = through
        self.done = asyncio.Event()
        self._reader = reader
        self._move = move

    def read(self, after: int, limit: int) -> list[Stored]:
        """Up to `limit` of its events after a sequence."""
        return self._reader.old_rows(self.id, after, self.durable, limit)

    def chain_at(self, sequence: int) -> bytes | None:
        """Its link there, or None where nothing of it is kept."""
        return self._reader.old_link(self.id, sequence)

    def cursor(self, name: str) -> str | None:
        """How far the center was said to have it; `name` is the uplink's."""
        return self._reader.old_delivered(self.id)

    def set_cursor(self, name: str, value: str) -> "asyncio.Future[None]":
        """The center has it through this event; `name` is the uplink's."""
        moved = self._move(self.id, int(value))
        if int(value) >= self.durable:
            moved.add_done_callback(lambda _: self.done.set())
        return moved
