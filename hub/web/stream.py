"""The live stream: one `change` for each journal event that a view shows, as server-sent events.

The last changes are kept, so that a board that was away gets exactly what it missed; one that was away longer gets one
`snapshot`. A reader that doesn't keep up is let go: it comes back with its last id and misses nothing.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Any, NamedTuple

import msgspec

from common.metrics import Values

RING = 2000  # changes kept; ten minutes of the busiest hall
RING_BYTES = 8 * 1024 * 1024  # 300 windows have 25 KB a change: over three minutes; older boards get a snapshot
CLIENT_QUEUE = 256  # changes a reader may be behind; a board draws each in milliseconds


class StreamFull(Exception):  # noqa: N818 - a state, not a mistake
    """As many readers as allowed are here already."""


class Change(NamedTuple):
    """One change as it goes out."""

    sequence: int | None
    frame: bytes


class Reader:
    """One board or page."""

    def __init__(self, live: bool = False) -> None:
        """live: also wants what isn't in the journal (`tick`, `say`)."""
        self.live = live
        self.queue: asyncio.Queue[Change | None] = asyncio.Queue(CLIENT_QUEUE + 1)
        self.lagging = False

    def put(self, change: Change) -> None:
        """Queues a change; past the limit the reader is let go."""
        if self.lagging:
            return
        if self.queue.qsize() >= CLIENT_QUEUE:
            self.lagging = True
            self.queue.put_nowait(None)
            return
        self.queue.put_nowait(change)


class Stream:
    """Publishes changes to readers."""

    def __init__(
        self,
        journal: str,
        last: int,
        readers: int,
        snapshot: Callable[[], dict[str, Any]],
        shown: int | None = None,
        *,
        tick: Callable[[], dict[str, Any]] = dict,
    ) -> None:
        """last: the journal's last sequence now; everything shown later is kept here, up to RING.

        shown: the last one up to there that a board was told of; who has seen that one has missed nothing.
        tick: what is told to who asks for a sign of life while nothing changes.
        """
        self._journal = journal
        self._limit = readers
        self._snapshot = snapshot
        self.tick = tick
        self._ring: deque[tuple[int, bytes]] = deque()
        self._ring_bytes = 0
        self._floor = last if shown is None else shown
        self._last = last
        self._readers: set[Reader] = set()
        self.let_go = 0
        self._closed = False

    @property
    def readers(self) -> int:
        """How many are listening."""
        return len(self._readers)

    def metrics(self) -> Values:
        """For Prometheus."""
        return {"tingting_stream_readers": {(): self.readers}, "tingting_stream_let_go_total": {(): self.let_go}}

    def publish(self, sequence: int, parts: dict[str, Any]) -> None:
        """A committed event; parts: what it changed of what is shown, nothing if nothing."""
        self._last = sequence
        if not parts:
            return
        change = Change(sequence, self._frame("change", sequence, parts))
        self._ring.append((sequence, change.frame))
        self._ring_bytes += len(change.frame)
        while len(self._ring) > RING or self._ring_bytes > RING_BYTES:
            self._floor, frame = self._ring.popleft()
            self._ring_bytes -= len(frame)
        for reader in self._readers:
            reader.put(change)

    def tell(self, name: str, data: dict[str, Any]) -> None:
        """Something of this moment, for who listens now; it has no id and isn't kept."""
        frame = b"event: %s\ndata: %s\n\n" % (name.encode(), msgspec.json.encode(data))
        for reader in self._readers:
            if reader.live:
                reader.put(Change(None, frame))

    def close(self) -> None:
        """The house closes: every reader is let go."""
        self._closed = True
        for reader in self._readers:
            reader.lagging = True
            while not reader.queue.empty():
                reader.queue.get_nowait()
            reader.queue.put_nowait(None)

    def join(self, last_event_id: str | None, live: bool = False) -> tuple[Reader, list[bytes]]:
        """A reader and what it missed; raises `StreamFull`. Nothing can be published between the two."""
        if len(self._readers) >= self._limit or self._closed:
            raise StreamFull
        reader = Reader(live)
        self._readers.add(reader)
        sequence = self._sequence(last_event_id)
        if sequence is None or not self._floor <= sequence <= self._last:
            return reader, [self._frame("snapshot", self._last, self._snapshot())]
        return reader, [frame for at, frame in self._ring if at > sequence]

    @property
    def last_id(self) -> str:
        """The id that a page drawn now listens on from."""
        return f"{self._journal}/{self._last}"

    def tick_frame(self) -> bytes:
        """A sign of life; it has no id, for nothing has changed."""
        return b"event: tick\ndata: %s\n\n" % msgspec.json.encode(self.tick())

    def leave(self, reader: Reader) -> None:
        """The reader is gone; doing it twice is free."""
        if reader in self._readers:
            self._readers.discard(reader)
            self.let_go += reader.lagging

    def _sequence(self, last_event_id: str | None) -> int | None:
        journal, _, sequence = (last_event_id or "").rpartition("/")
        if journal != self._journal or not (sequence.isascii() and sequence.isdigit() and len(sequence) < 16):
            return None
        return int(sequence)

    def _frame(self, name: str, sequence: int, data: dict[str, Any]) -> bytes:
        return b"event: %s\nid: %s/%d\ndata: %s\n\n" % (
            name.encode(),
            self._journal.encode(),
            sequence,
            msgspec.json.encode(data),
        )
