"""The center's own journals, one a hall: what citizens rate by phone, and what is done about bad ratings.

They stand in the store beside the halls' journals, under the same chain and the same counting; an auditor reads and
checks them by the same door. `journal` is `center:<center>:<hall>`, `source` is `/centers/<center>`.
"""

import asyncio
from collections.abc import Callable
from typing import Any

from center.config import Hall
from center.errors import StoreError
from center.ingest import Batch, own_journal, read_element, source
from center.store import Refused, Store
from common import envelope
from common.envelope import Envelope, format_time

TRIES = 3  # another batch of ours can't be before us: the lock sees to that; a failed commit can leave us behind


class OwnJournals:
    """Appends to them, one event at a time, each durable when `append` returns."""

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

    async def append(
        self, hall: Hall, kind: str, subject: str, data: dict[str, Any], at_ms: int | None = None
    ) -> tuple[int, bytes]:
        """Stores one event; call it under the hall's lock. Returns its sequence and bytes; raises `StoreError`."""
        assert self.lock(hall.id).locked()
        journal = self.name(hall.id)
        refused: Refused | None = None
        for _ in range(TRIES):
            cursor = await self._store.cursor(hall.id, journal)
            recorded_ms = self._now_ms()
            sequence = cursor.stored_through + 1
            event = envelope.encode(
                Envelope(
                    specversion=envelope.SPEC_VERSION,
                    id=f"{journal}/{sequence}",
                    source=source(hall.id, journal),
                    type=kind,
                    time=format_time(recorded_ms if at_ms is None else at_ms, hall.offset_minutes),
                    recordedtime=format_time(recorded_ms, hall.offset_minutes),
                    subject=subject,
                    sequence=str(sequence),
                    journal=journal,
                    clock="sure",
                    data=data,
                )
            )
            element = read_element(event, hall.id, journal, hall.offset_minutes)
            if element.reason is not None:
                raise StoreError(f"{kind}: {element.reason}")
            batch = Batch(hall.id, journal, cursor.stored_through, cursor.chain, (element,))
            try:
                await self._store.submit(batch, recorded_ms)
            except Refused as error:
                refused = error
                continue
            return sequence, event
        raise StoreError(f"{journal}: {refused}; another process writes to this store")
