"""The database behind the journal. Every call but `open` is made by the one writer; reading has its own connection."""

import contextlib
import fcntl
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from common import chain
from hub.journal.errors import JournalCorrupt, JournalError, JournalFailed, JournalFull, JournalLocked, JournalMismatch
from hub.journal.limits import JournalLimits
from hub.journal.rows import Stored

SCHEMA = 1
_TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID;
CREATE TABLE events (sequence INTEGER PRIMARY KEY, data BLOB NOT NULL, chain BLOB NOT NULL) STRICT;
CREATE TABLE replies (number INTEGER PRIMARY KEY, request TEXT NOT NULL UNIQUE, reply BLOB NOT NULL) STRICT;
CREATE TABLE cursors (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
"""
# A write this large must succeed before a journal that was full takes events again.
_PROBE_BYTES = 64 * 1024
# Old replies are dropped this many at a time, so that not every commit pays for it.
_PRUNE_EVERY = 1_000


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

    def open(self, hall: str, new_id: Callable[[], str]) -> str:
        """Opens the file, or makes it; returns the journal's id. Closes itself on failure."""
        try:
            with self._translated("open"):
                self._connect()
                return self._identify(hall, new_id)
        except BaseException:
            self.close()
            raise

    def reopen(self) -> None:
        """After a failed commit: what is on disk counts, not what this connection believes."""
        with self._translated("reopen"):
            if self._connection is not None:
                self._connection.close()
                self._connection = None
            self._connect()

    def close(self) -> None:
        """Gives file and lock back."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def head(self) -> Stored | None:
        """The last row."""
        with self._translated("read"):
            row = self._db.execute("SELECT sequence, data, chain FROM events ORDER BY sequence DESC LIMIT 1").fetchone()
        return None if row is None else Stored(*row)

    def verify(self, journal: str) -> None:
        """Checks the chain from the last mark to the end, and moves the mark; raises `JournalCorrupt`."""
        with self._translated("verify"):
            found = self._db.execute("SELECT value FROM meta WHERE name = 'verified'").fetchone()
            mark = 0 if found is None else found[0]
            last = verify_rows(self.path, journal, mark, self.scan(mark - 1 if mark else 0))
            if last < mark:
                raise JournalCorrupt(corrupt(self.path, f"it ends at {last}, but {mark} was there already"))
            if last != mark:
                with self._db:
                    self._db.execute("BEGIN IMMEDIATE")
                    self._db.execute("INSERT OR REPLACE INTO meta VALUES ('verified', ?)", (last,))

    def scan(self, after: int) -> Iterator[Stored]:
        """The rows after a sequence, in order, a bounded number at a time."""
        while True:
            rows = self._db.execute(
                "SELECT sequence, data, chain FROM events WHERE sequence > ? ORDER BY sequence LIMIT ?",
                (after, self.limits.replay_rows),
            ).fetchall()
            for row in rows:
                yield Stored(*row)
            if len(rows) < self.limits.replay_rows:
                return
            after = rows[-1][0]

    def commit(self, batch: Batch) -> None:
        """Writes it all or nothing, durably; raises `JournalFull` or `JournalFailed`."""
        with self._translated("commit"):
            connection = self._db
            connection.execute("BEGIN IMMEDIATE")
            try:
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
                connection.execute("COMMIT")
            except BaseException:
                # SQLite has rolled back by itself on some errors; the connection is thrown away on the others.
                with contextlib.suppress(sqlite3.Error):
                    connection.execute("ROLLBACK")
                raise

    def probe(self) -> Room:
        """Tries a real write; raises as `commit` does."""
        with self._translated("write"), self._db:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.execute("INSERT OR REPLACE INTO meta VALUES ('probe', randomblob(?))", (_PROBE_BYTES,))
        return self.room()

    def room(self) -> Room:
        """How large the database is and how much the disk has left."""
        with self._translated("measure"):
            pages = self._db.execute("PRAGMA page_count").fetchone()[0]
            unused = self._db.execute("PRAGMA freelist_count").fetchone()[0]
            size = self._db.execute("PRAGMA page_size").fetchone()[0]
        try:
            return Room((pages - unused) * size, self._free_bytes(self.path.parent))
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
        self.path.parent.mkdir(parents=True, exist_ok=True)
        lock = os.open(self.path.with_name(self.path.name + ".lock"), os.O_RDWR | os.O_CREAT, 0o600)
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

    def _identify(self, hall: str, new_id: Callable[[], str]) -> str:
        db = self._db
        tables = db.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if tables == 0:
            journal = new_id()
            with db:
                db.execute("BEGIN IMMEDIATE")
                for statement in _TABLES.strip().split(";")[:-1]:
                    db.execute(statement)
                db.executemany(
                    "INSERT INTO meta VALUES (?, ?)", [("schema", SCHEMA), ("journal", journal), ("hall", hall)]
                )
            # Into the file itself at once: a torn WAL must not cost the journal its id.
            db.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            # The replies hold citizens' tokens.
            self.path.chmod(0o600)
            return journal
        meta = dict(db.execute("SELECT name, value FROM meta WHERE name IN ('schema', 'journal', 'hall')").fetchall())
        if meta.get("schema") != SCHEMA:
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
    def _translated(self, doing: str) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise translate(self.path, doing, error) from error


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """A connection without Python's own transactions; which thread uses it is its owner's business."""
    mode = "ro" if read_only else "rwc"
    address = f"{path.absolute().as_uri()}?mode={mode}"
    # The lock keeps other processes out; the only wait is for our own reader's checkpoint.
    return sqlite3.connect(address, uri=True, timeout=5.0, isolation_level=None, check_same_thread=False)


def verify_rows(path: Path, journal: str, mark: int, rows: Iterator[Stored]) -> int:
    """Checks sequence and chain of rows that begin with row `mark` (0: with the first); returns the last sequence."""
    last, link = 0, chain.start(journal)
    for row in rows:
        if mark and last == 0:
            # The row of the mark itself was checked when the mark was set.
            last, link = row.sequence, row.chain
            if last != mark:
                raise JournalCorrupt(corrupt(path, f"event {mark} is missing"))
            continue
        verify_row(path, row, last, link)
        last, link = row.sequence, row.chain
    return last


def verify_row(path: Path, row: Stored, last: int, link: bytes) -> None:
    """Checks that a row follows the one with this sequence and link; raises `JournalCorrupt`."""
    if row.sequence != last + 1:
        raise JournalCorrupt(corrupt(path, f"event {last + 1} is missing"))
    # A damaged page can hand out a value of another type.
    if type(row.data) is not bytes or chain.link(link, row.data) != row.chain:
        raise JournalCorrupt(corrupt(path, f"event {row.sequence} is not what was written (chain differs)"))


def corrupt(path: Path, what: str) -> str:
    """The text of a `JournalCorrupt`: where, what, and what to do."""
    return (
        f"{path}: the journal is damaged: {what}. Nothing was changed. Keep the files {path.name}* for examination; "
        "restore them from a backup, or move them away to begin a new journal (what the center has stays counted)."
    )


def translate(path: Path, doing: str, error: sqlite3.Error) -> JournalError:
    """Our error for one of SQLite's."""
    name = getattr(error, "sqlite_errorname", None) or type(error).__name__
    if name == "SQLITE_FULL":
        return JournalFull(f"{path}: no room to {doing} ({error}). Make room on this disk; it goes on by itself.")
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB")):
        return JournalCorrupt(corrupt(path, f"{error} ({name})"))
    return JournalFailed(f"{path}: could not {doing}: {error} ({name}). Check the disk and the rights of its folder.")
