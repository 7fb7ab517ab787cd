"""The center's own journals, one a hall: what citizens rate by phone, and what is done about bad ratings.

They stand in the store beside the halls' journals, under the same chain and the same counting; an auditor reads and
checks them by the same door. `journal` is `center:<center>:<hall>`, `source` is `/centers/<center>`.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from center.config import Hall
from center.errors import StoreError
from center.ingest import Element, Heading, batch, own_journal, read_element, source
from center.store import Refused, Store
from common import envelope
from common.envelope import Envelope, format_time

TRIES = 3  # another batch of ours can't be before us: the lock sees to that; a failed commit can leave us behind


@dataclass(frozen=True, slots=True)
class Happened:
    """An event that is to be appended: its type, what it is about, and its data."""

    kind: str
    subject: str
    data: dict[str, Any]


class OwnJournals:
    """Appends to them; what was appended is durable when `append` returns."""

    def __init__(self, store: Store, center: str, now_ms: Callable[[], int]) -> None:
        self._store = store
        self._center = center
        self._now_ms = now_ms
        self._locks: dict[str, asyncio.Lock] = {}

    def name(self, hall: str) -> str:
        """The id of a hall's."""
        return own_journal(self._center, hall)

    def lock(self, hall: str) -> asyncio.Lock:
        """Held by whoever decides on what is stored of a hall and then appends."""
        return self._locks.setdefault(hall, asyncio.Lock())

    async def append(self, hall: Hall, *happened: Happened) -> list[bytes]:
        """Stores events in one transaction; call it under the hall's lock. Raises `StoreError`."""
        assert self.lock(hall.id).locked()
        refused: Refused | None = None
        for _ in range(TRIES):
            cursor = await self._store.cursor(hall.id, self.name(hall.id))
            recorded_ms = self._now_ms()
            elements = [
                self._element(hall, cursor.stored_through + number, each, recorded_ms)
                for number, each in enumerate(happened, start=1)
            ]
            heading = Heading(hall.id, cursor.journal, cursor.stored_through, cursor.chain, hall.offset_minutes)
            try:
                await self._store.submit(batch(heading, elements), recorded_ms)
            except Refused as error:
                refused = error
                continue
            return [element.data for element in elements]
        raise StoreError(f"{self.name(hall.id)}: {refused}; another process writes to this store")

    def _element(self, hall: Hall, sequence: int, each: Happened, recorded_ms: int) -> Element:
        journal = self.name(hall.id)
        now = format_time(recorded_ms, hall.offset_minutes)
        event = envelope.encode(
            Envelope(
                specversion=envelope.SPEC_VERSION,
                id=f"{journal}/{sequence}",
                source=source(hall.id, journal),
                type=each.kind,
                time=now,
                recordedtime=now,
                subject=each.subject,
                sequence=str(sequence),
                journal=journal,
                clock="sure",
                data=each.data,
            )
        )
        element = read_element(event, hall.id, journal, hall.offset_minutes)
        if element.reason is not None:
            raise StoreError(f"{each.kind}: {element.reason}")
        return element
