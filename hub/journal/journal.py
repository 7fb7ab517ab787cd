"""The journal as its user sees it: append, replay, read, replies and cursors; lives on the event loop's thread."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from common import chain
from hub.journal.database import corrupt
from hub.journal.durable import Durable
from hub.journal.errors import JournalBusy, JournalCorrupt, JournalError, JournalFailed, JournalFull
from hub.journal.limits import JournalLimits
from hub.journal.old import OldJournal
from hub.journal.opening import open_sound
from hub.journal.queue import Entry, full, promise
from hub.journal.reader import Reader
from hub.journal.renewal import Hall
from hub.journal.rows import Committed, Stored, Writer
from hub.journal.storage import Batch, Room, Storage
from hub.queueing.events import Event

_A = TypeVar("_A")
_R = TypeVar("_R")


class Journal(Durable):
    """Events in order, durable before anybody hears of them.

    Sequences and bytes are made here, at once; one writer commits whatever has arrived since its last sync. After a
    failed commit everything queued fails, `on_failed` is called before any of it is told, and the sequence goes on
    from what is on disk.
    """

    def __init__(self, storage: Storage, journal: str, hall: str, offset_minutes: int, executor: Executor) -> None:
        super().__init__(Reader(storage.path, journal, storage.limits.replay_rows))
        self.id = journal
        self.path = storage.path
        self.on_committed: Callable[[list[Committed]], None] = _nobody
        self.on_failed: Callable[[JournalError], None] = _nobody
        self.on_closing: Callable[[], object] = lambda: None
        self._storage = storage
        self._limits = storage.limits
        self._writer = Writer(journal, hall, offset_minutes)
        self._executor = executor
        self._sequence = 0
        self._link = chain.start(journal)
        self._durable = 0
        self._queue: deque[Entry] = deque()
        self._in_flight: list[Entry] = []
        self._queued_rows = 0
        self._woken = False
        self._closing = False
        self._refusal: JournalError | None = None
        self._probing = False
        self._broken: JournalCorrupt | None = None
        self._broke = asyncio.Event()
        self.last_recorded_ms = 0
        self._take_head(storage.head())
        self._note_room(storage.room())

    @classmethod
    def open(
        cls,
        path: Path,
        hall: str,
        offset_minutes: int,
        new_id: Callable[[], str],
        *,
        limits: JournalLimits | None = None,
        executor: Executor | None = None,
        free_bytes: Callable[[Path], int] | None = None,
    ) -> "Journal":
        """Opens or makes the journal and verifies its tail (see `Storage.verify`); renews a damaged one (`renewal`).

        new_id: makes the id of a new journal. executor: who commits; one thread of its own, unless a simulation gives
        one that works at once. Raises `JournalLocked`, `JournalMismatch`, `JournalFull`, `JournalFailed`.
        """
        limits = limits or JournalLimits()
        storage = Storage(path, limits, free_bytes) if free_bytes else Storage(path, limits)
        journal = open_sound(storage, Hall(hall, offset_minutes, new_id))
        try:
            writer = executor or ThreadPoolExecutor(max_workers=1, thread_name_prefix="journal")
            return cls(storage, journal, hall, offset_minutes, writer)
        except BaseException:
            storage.close()
            raise

    @property
    def durable(self) -> int:
        """The last sequence that is on disk."""
        return self._durable

    @property
    def idle(self) -> bool:
        """Nothing is waiting for the disk."""
        return not self._queue and not self._in_flight

    @property
    def queued_rows(self) -> int:
        """How many events wait for the disk."""
        return self._queued_rows

    def admit(self) -> None:
        """Raises `JournalBusy`, `JournalFull` or `JournalFailed` when nothing more can be taken now."""
        if self._closing:
            raise JournalFailed(f"{self.path}: the journal is closed.")
        if self._queued_rows >= self._limits.queued_rows:
            raise JournalBusy(f"{self.path}: {self._queued_rows} events wait for the disk. Try again in a moment.")
        if self._refusal is not None:
            self._probe()
            raise type(self._refusal)(str(self._refusal))

    def append(
        self, events: Sequence[Event], recorded_ms: int, request: str | None = None, reply: bytes | None = None
    ) -> "asyncio.Future[list[Committed]]":
        """Queues events and the reply to the request behind them for one transaction; the future ends after it.

        No events: a barrier, which ends when all that was queued before is durable. Call `admit` first.
        """
        rows = []
        sequence, link = self._sequence, self._link
        for event in events:
            sequence += 1
            data = self._writer.encode(sequence, event, recorded_ms, request)
            link = chain.link(link, data)
            rows.append(Committed(sequence, event, data, link, recorded_ms, request))
        self._sequence, self._link = sequence, link
        self.last_recorded_ms = max(self.last_recorded_ms, recorded_ms)
        return self._enqueue(Entry(promise(), rows, request, reply))

    def settled(self) -> "asyncio.Future[list[Committed]]":
        """Ends when all that is queued now is durable; fails if that fails."""
        done = promise()
        if self.idle:
            done.set_result([])
            return done
        return self._enqueue(Entry(done, []))

    def set_cursor(self, name: str, value: str) -> "asyncio.Future[list[Committed]]":
        """Remembers how far a reader has come; ends when that is durable."""
        return self._enqueue(Entry(promise(), [], cursor=(name, value)))

    def old(self) -> list[OldJournal]:
        """What damaged journals before this one left for the center."""
        return [OldJournal(self._reader, *each, self._old_delivered) for each in self._reader.undelivered()]

    def replay(self, after: int = 0) -> Iterator[Committed]:
        """All that is durable after a sequence, its chain checked; raises `JournalCorrupt`, `JournalRetired`."""
        last = after
        for row in self._reader.replay(after):
            last = row.sequence
            yield row
        if last < self._durable:
            raise JournalCorrupt(corrupt(self.path, f"it ends at {last}, but {self._durable} was written"))

    def keep_snapshot(self, version: str, state: object) -> "asyncio.Future[int]":
        """Keeps a state, which is that after all that was appended until now; ends when it is durable.

        state: plain data that nobody changes any more; it is packed in the writer's thread.
        """
        return self._do(partial(self._storage.snapshot, self._sequence, self._link, version, state))

    def retire(self, through: int) -> "asyncio.Future[None]":
        """Lets the events through this one go; what may go is `Upkeep`'s to know."""
        return self._do(partial(self._storage.retire, through))

    def forget_old(self, journal: str, most: int) -> "asyncio.Future[int]":
        """Lets rows of a journal before this one go; which may is `Leftovers`' to know."""
        return self._do(partial(self._storage.forget_old, journal, most))

    def note_asides(self, there: dict[str, int]) -> "asyncio.Future[None]":
        """Notes the set-aside files."""
        return self._do(partial(self._storage.note_asides, there))

    def mark_verified(self, through: int) -> "asyncio.Future[None]":
        """Remembers how far the background check has come."""
        return self._do(partial(self._storage.mark_verified, through))

    def queued(self) -> list[Committed]:
        """What is queued and not known to be durable, in order."""
        return [row for entries in (self._in_flight, self._queue) for entry in entries for row in entry.rows]

    async def watch(self) -> None:
        """Raises when a commit met damage: only a new start, which sets the damage aside, helps."""
        await self._broke.wait()
        assert self._broken is not None
        raise self._broken

    async def close(self) -> None:
        """Commits what is queued, then lets the file go."""
        if self._closing:
            return
        self._closing = True
        try:
            self.on_closing()
            while not self.idle:
                await asyncio.wait([(self._queue or self._in_flight)[-1].done])
        finally:
            self._executor.shutdown(wait=True)
            self._reader.close()
            self._storage.close()

    def _take_head(self, head: Stored | None) -> None:
        if head is None:
            self._sequence, self._link = 0, chain.start(self.id)
        else:
            self._sequence, self._link = head.sequence, head.chain
            self.last_recorded_ms = max(self.last_recorded_ms, self._reader.decoded(head).recorded_ms)
        self._durable = self._sequence

    def _old_delivered(self, journal: str, through: int) -> "asyncio.Future[None]":
        return self._do(partial(self._storage.old_delivered, journal, through))

    def _do(self, job: Callable[[], Any]) -> "asyncio.Future[Any]":
        return self._enqueue(Entry(promise(), [], job=job))

    def _enqueue(self, entry: Entry) -> "asyncio.Future[Any]":
        self._queue.append(entry)
        self._queued_rows += len(entry.rows)
        self._wake()
        return entry.done

    def _wake(self) -> None:
        """Hands the queue to the writer, when it is free, after this turn of the loop: its appends go together."""
        if not self._woken and not self._in_flight and self._queue:
            self._woken = True
            asyncio.get_running_loop().call_soon(self._start)

    def _start(self) -> None:
        self._woken = False
        if self._in_flight or not self._queue:
            return
        entries: list[Entry] = []
        batch = Batch()
        while self._queue:
            entry = self._queue[0]
            if entry.job is not None:
                break
            if entries and len(batch.rows) + len(entry.rows) > self._limits.commit_rows:
                break
            entries.append(self._queue.popleft())
            batch.rows.extend(Stored(row.sequence, row.data, row.chain) for row in entry.rows)
            if entry.request is not None and entry.reply is not None:
                batch.replies.append((entry.request, entry.reply))
            if entry.cursor is not None:
                batch.cursors[entry.cursor[0]] = entry.cursor[1]
        if entries:
            self._in_flight = entries
            self._run(self._commit, batch, self._ended)
        elif entry.job is not None:
            self._in_flight = [self._queue.popleft()]
            self._run(lambda job: job(), entry.job, partial(self._job_ended, entry))

    def _job_ended(self, entry: Entry, finished: "Future[object]") -> None:
        self._in_flight = []
        error = finished.exception()
        if not entry.done.done():
            if error is None:
                entry.done.set_result(finished.result())
            else:
                entry.done.set_exception(error)
        self._start()

    def _commit(self, batch: Batch) -> Room | JournalError | None:
        """In the writer's thread."""
        if not batch.rows and not batch.replies and not batch.cursors:
            return None
        self._storage.commit(batch)
        try:
            return self._storage.room()
        except JournalError as error:
            # It is committed all the same; only what comes next is refused.
            return error

    def _run(self, job: Callable[[_A], _R], argument: _A, ended: Callable[["Future[_R]"], None]) -> None:
        loop = asyncio.get_running_loop()
        future = self._executor.submit(job, argument)
        future.add_done_callback(lambda finished: loop.call_soon_threadsafe(ended, finished))

    def _ended(self, finished: "Future[Room | JournalError | None]") -> None:
        error = finished.exception()
        if error is not None:
            self._recover(error if isinstance(error, JournalError) else JournalFailed(f"{self.path}: {error!r}"))
            return
        entries, self._in_flight = self._in_flight, []
        rows = [row for entry in entries for row in entry.rows]
        if rows:
            self._durable = rows[-1].sequence
            self._queued_rows -= len(rows)
        room = finished.result()
        if isinstance(room, JournalError):
            self._refusal = room
        elif room is not None:
            self._note_room(room)
        self._start()
        self._tell(entries)

    def _tell(self, entries: list[Entry]) -> None:
        """What is durable: first to the listener, all of a commit at once, then to those who wait for it."""
        rows = [row for entry in entries for row in entry.rows]
        try:
            if rows:
                self.on_committed(rows)
        finally:
            for entry in entries:
                if not entry.done.done():
                    entry.done.set_result(entry.rows)

    def _recover(self, error: JournalError) -> None:
        """The writer looks at what is on disk; until then `_in_flight` keeps new appends waiting behind it."""
        self._refusal = error
        if isinstance(error, JournalCorrupt):
            self._broken = error
            self._broke.set()
        self._run(self._look, None, lambda finished: self._failed(error, finished))

    def _look(self, _: None) -> Stored | None:
        """In the writer's thread."""
        self._storage.reopen()
        return self._storage.head()

    def _failed(self, error: JournalError, finished: "Future[Stored | None]") -> None:
        entries = [*self._in_flight, *self._queue]
        self._in_flight, self._queue, self._queued_rows = [], deque(), 0
        try:
            if finished.exception() is None:
                self._go_on(finished.result(), error)
            else:
                # What is on disk will be asked again before anything is taken.
                self.on_failed(error)
        finally:
            for entry in entries:
                if entry.done.done():
                    continue  # who waited for it has left
                if entry.rows and entry.rows[-1].sequence <= self._durable and self._is_on_disk(entry.rows[-1]):
                    entry.done.set_result(entry.rows)
                else:
                    entry.done.set_exception(type(error)(str(error)))

    def _go_on(self, head: Stored | None, error: JournalError) -> None:
        """From what is on disk; a commit that reached it though it was said to have failed is told now."""
        told = self._durable
        self._take_head(head)
        self.on_failed(error)
        if self._durable > told:
            self.on_committed([self._reader.decoded(row) for row in self.read(told, self._durable - told)])

    def _is_on_disk(self, row: Committed) -> bool:
        return self.chain_at(row.sequence) == row.chain

    def _note_room(self, room: Room) -> None:
        """Refuses before the disk does."""
        self._refusal = full(self.path, self._limits, room)

    def _probe(self) -> None:
        """Tries whether there is room again; one try at a time, its result stands at the next `admit`."""
        if self._probing or self._in_flight:
            return
        self._probing = True
        self._run(lambda _: self._try(), None, self._probed)

    def _try(self) -> tuple[Room, Stored | None]:
        """In the writer's thread."""
        storage = self._storage
        if not storage.is_open:
            storage.reopen()
        room = storage.room()
        if room.free_bytes >= self._limits.min_free_bytes and room.database_bytes < self._limits.max_bytes:
            try:
                room = storage.probe()
            except JournalFull:
                raise
            except JournalError:
                # One that was opened while nothing could be written never writes: the next try opens it anew.
                storage.disconnect()
                raise
        return room, storage.head()

    def _probed(self, finished: "Future[tuple[Room, Stored | None]]") -> None:
        self._probing = False
        error = finished.exception()
        if error is None:
            room, head = finished.result()
            on_disk = head.sequence if head else 0
            if self._queued_rows == 0 and (self._sequence, self._durable) != (on_disk, on_disk):
                # Nobody could look when the commit failed.
                self._go_on(head, JournalFailed(f"{self.path}: can be read again; it ends at {on_disk}."))
            self._note_room(room)
        elif isinstance(error, JournalError):
            self._refusal = error


def _nobody(_: object) -> None:
    """Until somebody listens."""
