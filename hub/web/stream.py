"""The live stream: one `change` for each journal event that a view shows, as server-sent events.

Each event is rendered once; all readers are written the same bytes, a commit at a time. The last changes are kept, so
that a board that was away gets exactly what it missed; one that was away longer gets one `snapshot`. A reader that
doesn't keep up is let go: it comes back with its last id and misses nothing.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterable
from typing import Any, Protocol

import msgspec

from common.metrics import Values

RING = 2000  # changes kept; ten minutes of the busiest hall
RING_BYTES = 8 * 1024 * 1024  # 300 windows have 25 KB a change: over three minutes; older boards get a snapshot
# What waits in the hub for one reader, beside what the kernel holds: 20 changes of the largest hall, which a board
# draws in half a second; 200 readers that hang cost 100 MB, until they are let go.
BEHIND_BYTES = 512 * 1024
BEHIND_BEATS = 30  # a reader that leaves something waiting for so long is let go; it comes back with its last id
PIECE_BYTES = 64 * 1024  # of what a reader missed, at once: as much as a connection takes without a pause
BEAT_S = 1.0  # how late a calm reader may hear of what is no call
TICK_BEATS = 2  # for who asks for ticks: a board marks what is older than 5 s, so one lost tick is no mark
KEEP_ALIVE_BEATS = 15  # a comment on a quiet stream: proxies and boards drop lines that are silent for 30 s or more
_URGENT = ("call", "hall")  # parts that nobody waits for


class StreamFull(Exception):  # noqa: N818 - a state, not a mistake
    """As many readers as allowed are here already."""


class Connection(Protocol):
    """What is written to; an asyncio.Transport is one."""

    def write(self, data: bytes) -> None:
        """Takes all, at once or by and by."""

    def is_closing(self) -> bool:
        """The other end is gone, or will be."""

    def get_write_buffer_size(self) -> int:
        """Bytes that the kernel has not taken yet."""

    def abort(self) -> None:
        """Ends it at once; what waits is dropped."""


class Reader:
    """One board or page."""

    def __init__(self, *, live: bool = False, calm: bool = False, chunked: bool = False) -> None:
        """live: also wants what isn't in the journal (`tick`, `say`). calm: what is no call may come a beat later.

        chunked: its connection speaks HTTP/1.1, where each piece of an endless answer says how long it is.
        """
        self.live = live
        self.calm = calm
        self.chunked = chunked
        self.gone = asyncio.Event()
        self.lagging = False
        self.behind_beats = 0
        self.out: Connection | None = None


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
        # What was published and not written yet: to those who want it at once, and to the calm.
        self._due: list[bytes] = []
        self._due_calm: list[bytes] = []
        self._urgent = False
        # Beats since anything was written, to who wants ticks and to who does not.
        self._quiet = {True: 0, False: 0}
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
        """A committed event; parts: what it changed of what is shown, nothing if nothing. `flush` writes it."""
        self._last = sequence
        if not parts:
            return
        frame = self._frame("change", sequence, parts)
        self._ring.append((sequence, frame))
        self._ring_bytes += len(frame)
        while len(self._ring) > RING or self._ring_bytes > RING_BYTES:
            self._floor, old = self._ring.popleft()
            self._ring_bytes -= len(old)
        self._due.append(frame)
        self._due_calm.append(frame)
        self._urgent = self._urgent or any(part in parts for part in _URGENT)

    def flush(self) -> None:
        """The end of a commit: one write for each reader. The calm wait for a call or for the next beat."""
        if self._due:
            self._write(b"".join(self._due), (reader for reader in self._readers if not reader.calm))
            self._due.clear()
        if self._urgent:
            self._flush_calm()

    def _flush_calm(self) -> None:
        self._urgent = False
        if self._due_calm:
            self._write(b"".join(self._due_calm), (reader for reader in self._readers if reader.calm))
            self._due_calm.clear()

    def tell(self, name: str, data: dict[str, Any]) -> None:
        """Something of this moment, for who listens now; it has no id and isn't kept."""
        frame = b"event: %s\ndata: %s\n\n" % (name.encode(), msgspec.json.encode(data))
        self._write(frame, (reader for reader in self._readers if reader.live))

    async def run(self) -> None:
        """The beat: signs of life on quiet lines, and an end to those that take nothing."""
        while True:
            await asyncio.sleep(BEAT_S)
            self.beat()

    def beat(self) -> None:
        """One beat."""
        self.flush()
        self._flush_calm()
        for live, most, frame in ((True, TICK_BEATS, self.tick_frame), (False, KEEP_ALIVE_BEATS, _still_here)):
            self._quiet[live] += 1
            if self._quiet[live] >= most:
                self._write(frame(), (reader for reader in self._readers if reader.live == live))
                self._quiet[live] = 0
        for reader in self._readers:
            if reader.out is None:
                continue
            if reader.out.is_closing():
                reader.gone.set()
                continue
            reader.behind_beats = reader.behind_beats + 1 if reader.out.get_write_buffer_size() else 0
            if reader.behind_beats >= BEHIND_BEATS:
                self._let_go(reader)

    def _write(self, frames: bytes, readers: Iterable[Reader]) -> None:
        """The same bytes to all of these."""
        chunk = b"%x\r\n%b\r\n" % (len(frames), frames)
        for reader in readers:
            out = reader.out
            if out is None or out.is_closing():
                continue
            out.write(chunk if reader.chunked else frames)
            if out.get_write_buffer_size() > BEHIND_BYTES:
                self._let_go(reader)
            self._quiet[reader.live] = 0

    def _let_go(self, reader: Reader) -> None:
        reader.lagging = True
        reader.gone.set()
        if reader.out is not None:
            reader.out.abort()

    def close(self) -> None:
        """The house closes: every reader is let go."""
        self._closed = True
        for reader in self._readers:
            reader.out = None
            reader.gone.set()

    def enter(self, reader: Reader) -> None:
        """Keeps a place for it; raises `StreamFull`. `leave` must follow."""
        if len(self._readers) >= self._limit or self._closed:
            raise StreamFull
        self._readers.add(reader)

    def missed(self, last_event_id: str | None) -> tuple[list[bytes], str]:
        """What a reader of this last id lacks, in pieces, and the id it has then; no pieces: it lacks nothing."""
        sequence = self._sequence(last_event_id)
        if sequence is None or not self._floor <= sequence <= self._last:
            return [self._frame("snapshot", self._last, self._snapshot())], self.last_id
        pieces: list[bytes] = []
        size = PIECE_BYTES
        for at, frame in self._ring:
            if at > sequence:
                if size + len(frame) > PIECE_BYTES:
                    pieces.append(b"")
                    size = 0
                pieces[-1] += frame
                size += len(frame)
        return pieces, self.last_id

    def listen(self, reader: Reader, out: Connection) -> None:
        """From now on it is written what comes; nothing may be published between its last `missed` and this."""
        self.flush()
        if reader.calm:
            self._flush_calm()
        if not self._closed:
            reader.out = out

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


def _still_here() -> bytes:
    return b": still here\n\n"
