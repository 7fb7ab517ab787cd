"""The database behind the journal. Every call but `open` is made by the one writer; reading has its own connection."""

import contextlib
import fcntl
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from hub.journal import snapshots
from hub.journal.database import (
    ASIDE,
    READ_ERRORS,
    SCHEMA,
    SMALL_CACHE,
    START,
    START_CHAIN,
    TABLES,
    TABLES_2,
    VERIFIED,
    connect,
    corrupt,
    create,
    names,
    scan,
    start_of,
    suspect,
    suspect_mark,
    translate,
    verify_row,
)
from hub.journal.errors import JournalCorrupt, JournalFailed, JournalLocked, JournalMismatch
from hub.journal.limits import JournalLimits
from hub.journal.rows import Stored

# A write this large must succeed before a journal that was full takes events again.
_PROBE_BYTES = 64 * 1024
# Old replies are dropped this many at a time, so that not every commit pays for it.
_PRUNE_EVERY = 1_000


# The link before the event of a snapshot, if the event's own is the snapshot's.
_BEFORE_SNAPSHOT = """
SELECT before.chain FROM snapshots s JOIN events e USING (sequence) JOIN events before
ON before.sequence = s.sequence - 1 WHERE s.sequence = ? AND s.chain = e.chain
"""


@dataclass(slots=True)
class Batch:
    """What one commit writes."""

    rows: list[Stored] = field(default_factory=list)
    replies: list[tuple[str, bytes]] = field(default_factory=list)
    cursors: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Room:
    """What is left, after a commit."""

    database_bytes: int
    free_bytes: int


def _free_bytes(folder: Path) -> int:
    return shutil.disk_usage(folder).free


class Storage:
    """One file, locked to one process."""

    def __init__(self, path: Path, limits: JournalLimits, free_bytes: Callable[[Path], int] = _free_bytes) -> None:
        self.path = path
        self.limits = limits
        self._free_bytes = free_bytes
        self._lock = self._take_lock()
        self._connection: sqlite3.Connection | None = None
        self._reply_number = 0
        self._page_bytes = 0

    def open(self, hall: str, new_id: Callable[[], str]) -> str:
        """Opens the file, or makes it; returns the journal's id."""
        with self._translated("open"):
            self._connect()
            return self._identify(hall, new_id)

    def reopen(self) -> None:
        """After a failed commit: what is on disk counts, not what this connection believes."""
        with self._translated("reopen"):
            self.disconnect()
            self._connect()

    def disconnect(self) -> None:
        """Gives the file back, not the lock."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def close(self) -> None:
        """Gives file and lock back."""
        self.disconnect()
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def head(self) -> Stored | None:
        """The last row."""
        with self._translated("read"):
            row = self._db.execute("SELECT sequence, data, chain FROM events ORDER BY sequence DESC LIMIT 1").fetchone()
        return None if row is None else Stored(*row)

    def verify(self, journal: str) -> None:
        """Checks the chain from the newest snapshot to the end; raises `JournalCorrupt`.

        What lies before is checked when it is read (replay, uplink, auditor) and by the slow pass of `Upkeep`, which
        moves the mark `verified`. After damage was met, or where no snapshot fits, everything is checked here.
        """
        mark = suspect_mark(self.path)
        with self._translated("verify"):
            db = self._db
            for table in ("cursors", "old_journals"):
                db.execute(f"SELECT * FROM {table}").fetchall()  # noqa: S608 - our own names
            if mark.exists():
                (sound,) = db.execute("PRAGMA quick_check(1)").fetchone()
                if sound != "ok":
                    raise JournalCorrupt(corrupt(self.path, sound))
            last, link = start_of(db, journal)
            found = db.execute("SELECT value FROM meta WHERE name = ?", (VERIFIED,)).fetchone()
            through = 0 if found is None else found[0]
            for sequence in snapshots.sequences(db):
                through = max(through, sequence)
                if mark.exists() or sequence <= last + 1:
                    continue
                found = db.execute(_BEFORE_SNAPSHOT, (sequence,)).fetchone()
                if found is not None:
                    last, link = sequence - 1, found[0]
            for event in scan(db, last, self.limits.replay_rows):
                verify_row(self.path, event, last, link)
                last, link = event.sequence, event.chain
            if last < through:
                raise JournalCorrupt(corrupt(self.path, f"it ends at {last}, but {through} was there already"))
        mark.unlink(missing_ok=True)

    def snapshot(self, sequence: int, link: bytes, version: str, state: object) -> int:
        """Keeps the state after an event that is durable; returns the bytes it takes."""
        packed = snapshots.pack(state)
        with self._transaction("keep a snapshot") as db:
            snapshots.keep(db, sequence, link, version, packed)
        return len(packed)

    def retire(self, through: int) -> None:
        """Lets the events through this one go. Their pages are used again by what comes; the file doesn't shrink."""
        with self._transaction("let old events go") as db:
            link = db.execute("SELECT chain FROM events WHERE sequence = ?", (through,)).fetchone()[0]
            db.execute("DELETE FROM events WHERE sequence <= ?", (through,))
            db.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", [(START, through), (START_CHAIN, link)])

    def old_delivered(self, journal: str, through: int) -> None:
        """The center has an old journal through this event."""
        with self._transaction("keep a cursor") as db:
            db.execute(
                "UPDATE old_journals SET delivered = ?2, chain = "
                "coalesce((SELECT chain FROM old WHERE journal = ?1 AND sequence = ?2), chain) WHERE journal = ?1",
                (journal, through),
            )

    def forget_old(self, journal: str, most: int) -> int:
        """Lets the first rows of an old journal go, and with the last of them its name; returns how many went."""
        with self._transaction("let an old journal go") as db:
            gone = db.execute(
                "DELETE FROM old WHERE journal = ?1 AND sequence IN "
                "(SELECT sequence FROM old WHERE journal = ?1 ORDER BY sequence LIMIT ?2)",
                (journal, most),
            ).rowcount
            if gone < most:
                db.execute("DELETE FROM old_journals WHERE journal = ?", (journal,))
        return gone

    def note_asides(self, there: dict[str, int]) -> None:
        """Notes exactly these set-aside files, each with the last event that was there when it was first seen."""
        with self._transaction("note a set-aside file") as db:
            db.execute("DELETE FROM meta WHERE name GLOB ?", (ASIDE + "*",))
            db.executemany("INSERT INTO meta VALUES (?, ?)", [(ASIDE + name, last) for name, last in there.items()])

    def mark_verified(self, through: int) -> None:
        """The background check has come this far."""
        with self._transaction("keep a mark") as db:
            db.execute("INSERT OR REPLACE INTO meta VALUES (?, ?)", (VERIFIED, through))

    def commit(self, batch: Batch) -> None:
        """Writes it all or nothing, durably; raises `JournalFull` or `JournalFailed`."""
        with self._transaction("commit") as connection:
            connection.executemany(
                "INSERT INTO events VALUES (?, ?, ?)", [(row.sequence, row.data, row.chain) for row in batch.rows]
            )
            for request, reply in batch.replies:
                self._reply_number += 1
                connection.execute("INSERT INTO replies VALUES (?, ?, ?)", (self._reply_number, request, reply))
                if self._reply_number % _PRUNE_EVERY == 0:
                    oldest = self._reply_number - self.limits.replies_kept
                    connection.execute("DELETE FROM replies WHERE number <= ?", (oldest,))
            connection.executemany("INSERT OR REPLACE INTO cursors VALUES (?, ?)", list(batch.cursors.items()))

    def probe(self) -> Room:
        """Tries a real write; raises as `commit` does."""
        with self._transaction("write") as db:
            db.execute("INSERT OR REPLACE INTO meta VALUES ('probe', randomblob(?))", (_PROBE_BYTES,))
        return self.room()

    def room(self) -> Room:
        """How large the database is and how much the disk has left."""
        with self._translated("measure"):
            pages = self._db.execute("PRAGMA page_count").fetchone()[0]
            unused = self._db.execute("PRAGMA freelist_count").fetchone()[0]
        try:
            return Room((pages - unused) * self._page_bytes, self._free_bytes(self.path.parent))
        except OSError as error:
            raise JournalFailed(
                f"{self.path}: can't ask the disk for its room ({error}). Check that it is there."
            ) from error

    @property
    def is_open(self) -> bool:
        """There is a connection; after a failed `reopen` there is none."""
        return self._connection is not None

    @property
    def _db(self) -> sqlite3.Connection:
        if self._connection is None:
            raise JournalFailed(f"{self.path}: the journal is closed.")
        return self._connection

    def _take_lock(self) -> int | None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            lock = os.open(self.path.with_name(self.path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        except OSError as error:
            raise translate(self.path, "open", error) from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(lock)
            raise JournalLocked(
                f"{self.path}: another process has this journal open. End the other hub, or give this one its own data."
            ) from error
        return lock

    def _connect(self) -> None:
        self._connection = connect(self.path)
        self._connection.execute("PRAGMA journal_mode = WAL").fetchone()
        # FULL syncs the WAL at every commit: acknowledged means durable.
        self._connection.execute("PRAGMA synchronous = FULL")
        self._connection.execute(SMALL_CACHE)
        self._page_bytes = self._connection.execute("PRAGMA page_size").fetchone()[0]

    def _identify(self, hall: str, new_id: Callable[[], str]) -> str:
        db = self._db
        tables = db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if tables == 0:
            journal = new_id()
            with db:
                db.execute("BEGIN IMMEDIATE")
                create(db, TABLES + TABLES_2)
                db.executemany(
                    "INSERT INTO meta VALUES (?, ?)", [("schema", SCHEMA), ("journal", journal), ("hall", hall)]
                )
            # Into the file itself at once: a torn WAL must not cost the journal its id.
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            # The replies hold citizens' tokens.
            self.path.chmod(0o600)
            return journal
        meta = dict(db.execute("SELECT name, value FROM meta WHERE name IN ('schema', 'journal', 'hall')").fetchall())
        first = db.execute("SELECT data FROM events ORDER BY sequence LIMIT 1").fetchone()
        if first is not None and not names(first[0], meta.get("journal"), hall) and names(first[0], None, hall):
            raise JournalCorrupt(corrupt(self.path, "its name is not that of its events"))
        if meta.get("schema") is None or type(meta.get("journal")) is not str:
            raise JournalCorrupt(corrupt(self.path, "its name is gone"))
        if meta.get("hall") != hall and first is not None and names(first[0], None, hall):
            raise JournalCorrupt(corrupt(self.path, f"it says hall {meta.get('hall')!r}, its events {hall!r}"))
        if meta.get("schema") == 1:
            with self._transaction("bring the tables up to date"):
                create(db, TABLES_2)
                db.execute("UPDATE meta SET value = ? WHERE name = 'schema'", (SCHEMA,))
        elif meta.get("schema") != SCHEMA:
            raise JournalMismatch(
                f"{self.path}: written with schema {meta.get('schema')}, this program knows {SCHEMA}. "
                "Start the version that wrote it."
            )
        if meta.get("hall") != hall:
            raise JournalMismatch(
                f"{self.path}: this is the journal of hall {meta.get('hall')!r}, the configuration says {hall!r}. "
                "Correct [hall] id or [paths] data."
            )
        self._reply_number = db.execute("SELECT coalesce(max(number), 0) FROM replies").fetchone()[0]
        return str(meta["journal"])

    @contextlib.contextmanager
    def _transaction(self, doing: str) -> Iterator[sqlite3.Connection]:
        with self._translated(doing):
            connection = self._db
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                # SQLite has rolled back by itself on some errors; the connection is thrown away on the others.
                with contextlib.suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
                raise

    @contextlib.contextmanager
    def _translated(self, doing: str) -> Iterator[None]:
        try:
            yield
        except READ_ERRORS as error:
            translated = translate(self.path, doing, error)
            if isinstance(translated, JournalCorrupt):
                suspect(self.path)
            raise translated from error
