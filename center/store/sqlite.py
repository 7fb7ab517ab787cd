"""The store on SQLite: WAL, synchronous=FULL, one writer thread with group commit, a few readers beside it."""

import asyncio
import queue
import sqlite3
import threading
from asyncio import Future
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from center.errors import StoreBusyError, StoreError, StoreFullError
from center.folded import FoldedBatch
from center.ingest import Batch
from center.rollups.entities import Run, Ticket
from center.store import FOREIGN, Refused, counted, opening, reading, spans
from center.store.answers import (
    Behind,
    Cursor,
    DeviceState,
    HallDay,
    JournalState,
    KeyTest,
    Month,
    Part,
    Question,
    Stored,
    StoredEvent,
    Tally,
    TimesTally,
    Waits,
)
from center.store.append import append
from center.store.following import Following
from center.store.migrations import MIGRATIONS, migrate
from common import chain
from common.files import OWNER_ONLY

T = TypeVar("T")

FILE_NAME = "center.sqlite"
MAX_QUEUED = 32  # batches waiting for the disk: 128 MiB at their largest, and seconds of work, not minutes
MAX_IN_COMMIT = 32  # more would make the first of a commit wait for the last
READERS = 2  # a report must not hold up a cursor; more would only share the same two cores
BUSY_TIMEOUT_S = 5.0  # a reader never waits for the writer under WAL; this is for a checkpoint
CACHE_KIB = 32 * 1024
CHINA_MINUTES = 480  # the offset of a hall that the settings no longer name

# What SQLite says of a batch's rows; all else is of the disk, and so of everybody's batches.
_OF_ITS_ROWS = (sqlite3.IntegrityError, sqlite3.DataError)

_Job = tuple[Batch | FoldedBatch, int, "Future[Stored]"]
_Outcome = tuple["Future[Stored]", Stored | Exception]


def connect(path: Path) -> sqlite3.Connection:
    """A connection as every part of the store uses it; transactions are ours to begin and end."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=BUSY_TIMEOUT_S, check_same_thread=False)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute("PRAGMA foreign_keys = ON")
    connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
    spans.teach(connection)
    return connection


class SqliteStore(Following):
    """`center.store.Store` in one file."""

    def __init__(
        self, path: Path, loop: asyncio.AbstractEventLoop, offsets: counted.Offsets = lambda hall: CHINA_MINUTES
    ) -> None:
        self._path = path
        self._loop = loop
        self._jobs: queue.Queue[_Job | None] = queue.Queue(MAX_QUEUED)
        self._failure: str | None = None
        self._last: Future[Stored] | None = None
        self._closing = False
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # Grades beside names of staff: SQLite's other files take this mode over.
            path.touch(mode=OWNER_ONLY)
            path.chmod(OWNER_ONLY)
            self._connection = connect(path)
            # What a refused batch changed is put back from memory: a batch's pages, where else a file would be written.
            self._connection.execute("PRAGMA temp_store = MEMORY")
            found = migrate(self._connection)
            if found == len(MIGRATIONS) and counted.needed(self._connection):
                self._count_anew(offsets)
        except (OSError, sqlite3.Error) as error:
            raise StoreError(
                f"{path}: the store can't be opened: {error}. Look at the disk and the file's owner; if the file is "
                "damaged, move it away and restore a backup. The halls send again what came after it."
            ) from error
        if found > len(MIGRATIONS):
            raise StoreError(f"{path}: made by a newer version (schema {found}); update this program")
        self._local = threading.local()
        self._opened: list[sqlite3.Connection] = []
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="store-reader")
        self._writer = threading.Thread(target=self._write, name="store-writer", daemon=True)
        self._writer.start()

    def _count_anew(self, offsets: counted.Offsets) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            counted.recount(self._connection, offsets)
        except BaseException:
            self._connection.execute("ROLLBACK")
            raise
        self._connection.execute("COMMIT")

    # --- writing ---

    def submit(self, batch: Batch | FoldedBatch, received_ms: int) -> "Future[Stored]":
        """Takes a batch; the future ends after the commit."""
        future: Future[Stored] = self._loop.create_future()
        if self._closing:
            raise StoreError("the store is closing")
        try:
            self._jobs.put_nowait((batch, received_ms, future))
        except queue.Full as error:
            raise StoreBusyError(f"{MAX_QUEUED} batches are waiting for the disk; send again in a second") from error
        self._last = future
        return future

    async def settled(self) -> None:
        """Ends when the writer has answered for what was taken last."""
        if self._last is not None and not self._last.done():
            await asyncio.wait([self._last])

    def _write(self) -> None:
        ending = False
        while not ending:
            jobs: list[_Job] = []
            first = self._jobs.get()
            while True:
                if first is None:
                    ending = True
                    break
                jobs.append(first)
                if len(jobs) == MAX_IN_COMMIT:
                    break
                try:
                    first = self._jobs.get_nowait()
                except queue.Empty:
                    break
            if jobs:
                self._loop.call_soon_threadsafe(_settle, self._commit(jobs))

    def _commit(self, jobs: list[_Job]) -> list[_Outcome]:
        """One transaction for all jobs; a refused one is taken back alone. Nothing is told before the commit."""
        outcomes: list[_Outcome] = []
        connection = self._connection
        try:
            connection.execute("BEGIN IMMEDIATE")
            for batch, received_ms, future in jobs:
                connection.execute("SAVEPOINT batch")
                try:
                    outcomes.append((future, append(connection, batch, received_ms)))
                except Refused as refused:
                    connection.execute("ROLLBACK TO batch")
                    outcomes.append((future, refused))
                except Exception as error:  # one batch that we can't digest must not stop the other halls
                    if isinstance(error, sqlite3.Error) and not isinstance(error, _OF_ITS_ROWS):
                        raise
                    connection.execute("ROLLBACK TO batch")
                    outcomes.append((future, self._translate(error)))
                connection.execute("RELEASE batch")
            connection.execute("COMMIT")
        except Exception as error:  # whatever it was, every sender must hear that nothing was stored
            if connection.in_transaction:
                connection.execute("ROLLBACK")
            failure = self._translate(error)
            self._failure = str(failure)
            return [(future, failure) for _, _, future in jobs]
        self._failure = None
        return outcomes

    def _translate(self, error: Exception) -> StoreError:
        if isinstance(error, sqlite3.Error) and error.sqlite_errorcode == sqlite3.SQLITE_FULL:
            return StoreFullError(f"{self._path}: the disk is full; make room, the halls send again by themselves")
        words = str(error) if isinstance(error, StoreError) else f"{type(error).__name__}: {error}"
        return StoreError(f"{self._path}: nothing could be stored: {words}")

    def failure(self) -> str | None:
        """Why the last commit failed, or None."""
        return self._failure

    async def close(self) -> None:
        """Ends after what was taken is durable."""
        if self._closing:
            return
        self._closing = True
        await asyncio.to_thread(self._jobs.put, None)
        await asyncio.to_thread(self._writer.join)
        await asyncio.to_thread(self._readers.shutdown)
        for connection in (*self._opened, self._connection):
            connection.close()

    # --- reading ---

    async def _read(self, question: Callable[[sqlite3.Connection], T]) -> T:
        def ask() -> T:
            connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
            if connection is None:
                connection = connect(self._path)
                connection.execute("PRAGMA query_only = ON")
                self._local.connection = connection
                self._opened.append(connection)
            connection.execute("BEGIN")
            try:
                return question(connection)
            finally:
                connection.execute("COMMIT")

        try:
            return await self._loop.run_in_executor(self._readers, ask)
        except sqlite3.Error as error:
            raise StoreError(f"{self._path}: can't be read: {error}") from error

    async def cursor(self, hall: str, journal: str) -> Cursor:
        """How far a journal is stored."""
        row = await self._read(lambda connection: reading.journal_row(connection, journal))
        if row is None:
            return Cursor(journal, 0, chain.start(journal))
        if row.hall != hall:
            raise Refused(FOREIGN, 0, "this journal came from another hall; a journal belongs to one hall")
        return Cursor(journal, row.stored_through, row.chain)

    async def events(self, hall: str, journal: str, part: Part) -> list[bytes]:
        """Stored events, byte for byte."""
        return await self._read(lambda c: reading.events(c, hall, journal, part))

    async def journals(self) -> list[JournalState]:
        """All journals."""
        return await self._read(reading.journals)

    async def tallies(
        self, by: str, first: str, last: str, halls: Sequence[str] | None, *, windows: frozenset[str] | None = None
    ) -> list[Tally]:
        """Runs by group."""
        return await self._read(lambda c: reading.tallies(c, Question(by, first, last, halls, windows)))

    async def times(
        self, by: str, first: str, last: str, halls: Sequence[str] | None, *, windows: frozenset[str] | None = None
    ) -> list[TimesTally]:
        """Tickets and times by group."""
        return await self._read(lambda c: reading.times(c, Question(by, first, last, halls, windows)))

    async def runs(self, behind: Behind) -> list[Run]:
        """The runs behind a figure."""
        return await self._read(lambda c: opening.runs(c, behind))

    async def tickets(self, behind: Behind) -> list[Ticket]:
        """The tickets behind a figure."""
        return await self._read(lambda c: opening.tickets(c, behind))

    async def run(self, hall: str, name: str) -> tuple[Run, Ticket | None] | None:
        """One run and its ticket."""
        return await self._read(lambda c: opening.run(c, hall, name))

    async def ticket(self, hall: str, name: str) -> Ticket | None:
        """One ticket."""
        return await self._read(lambda c: opening.ticket(c, hall, name))

    async def events_at(self, positions: Sequence[int]) -> list[StoredEvent]:
        """Events by their positions."""
        return await self._read(lambda c: opening.events_at(c, positions))

    async def devices(self, halls: Sequence[str]) -> list[DeviceState]:
        """Every box of these halls."""
        return await self._read(lambda c: reading.devices(c, halls))

    async def key_tests(self, first: str, last: str, halls: Sequence[str]) -> list[KeyTest]:
        """The key tests of these dates."""
        return await self._read(lambda c: reading.key_tests(c, first, last, halls))

    async def month(self, halls: Sequence[str], months: Sequence[tuple[str, str]]) -> Month:
        """All that a month's notice rests on, at one moment."""
        return await self._read(lambda c: reading.month(c, halls, months))

    async def hall_day(self, dates: dict[str, str]) -> list[HallDay]:
        """Waiting and devices by hall."""
        return await self._read(lambda c: reading.hall_day(c, dates))

    async def waits(self, dates: dict[str, str], windows: frozenset[str] | None = None) -> Waits:
        """Waiting times."""
        return await self._read(lambda c: reading.waits(c, dates, windows))

    async def quarantine(self, hall: str, limit: int) -> list[tuple[str, int, str]]:
        """The last events in quarantine."""
        return await self._read(lambda c: reading.quarantine(c, hall, limit))


def _settle(outcomes: list[_Outcome]) -> None:
    for future, outcome in outcomes:
        if future.done():  # the sender hung up; what was stored stays stored
            continue
        if isinstance(outcome, Exception):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)
