"""Reading the journal, from any thread, over a connection of its own: only what is durable, nothing unverified.

What leaves the journal here (replay, uplink, auditor) is checked against the chain as it is read. Damage that is met
leaves a mark, so that the next start checks everything.
"""

import logging
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from common import chain
from common.envelope import EnvelopeError
from hub.journal import snapshots
from hub.journal.database import (
    ASIDE,
    READ_ERRORS,
    SMALL_CACHE,
    VERIFIED,
    connect,
    corrupt,
    start_of,
    suspect,
    translate,
    verify_row,
)
from hub.journal.errors import JournalCorrupt, JournalError, JournalRetired
from hub.journal.rows import Committed, Stored, read
from hub.journal.snapshots import Snapshot, SnapshotUnfit

_log = logging.getLogger(__name__)

# Behind every sequence.
FOREVER = 2**62


class Reader:
    """One connection, shared under a lock."""

    def __init__(self, path: Path, journal: str, at_once: int) -> None:
        self.path = path
        self._journal = journal
        self._at_once = at_once
        self._lock = threading.Lock()
        self._db = connect(path, read_only=True)
        with self._reading() as db:
            db.execute(SMALL_CACHE)

    def close(self) -> None:
        """Gives the connection back, once who reads in another thread is done: SQLite's would be gone under them."""
        with self._lock:
            self._db.close()

    def start(self) -> tuple[int, bytes]:
        """Sequence and link of the event before the first that is kept."""
        with self._reading() as db:
            return start_of(db, self._journal)

    def cursor(self, name: str) -> str | None:
        """A cursor that is durable."""
        with self._reading() as db:
            row = db.execute("SELECT value FROM cursors WHERE name = ?", (name,)).fetchone()
        return None if row is None else str(row[0])

    def reply(self, request: str) -> bytes | None:
        """A reply that is durable."""
        with self._reading() as db:
            row = db.execute("SELECT reply FROM replies WHERE request = ?", (request,)).fetchone()
        return None if row is None else bytes(row[0])

    def verified(self) -> int:
        """How far the background check has come."""
        with self._reading() as db:
            row = db.execute("SELECT value FROM meta WHERE name = ?", (VERIFIED,)).fetchone()
        return 0 if row is None else int(row[0])

    def read(self, after: int, limit: int) -> list[Stored]:
        """Up to `limit` rows after a sequence, verified; raises `JournalRetired`, `JournalCorrupt`."""
        with self._reading() as db:
            rows = [
                Stored(*row)
                for row in db.execute(
                    "SELECT sequence, data, chain FROM events WHERE sequence >= ? ORDER BY sequence LIMIT ?",
                    (after, limit + 1),
                )
            ]
            if rows and rows[0].sequence == after:
                link = rows.pop(0).chain
            else:  # the first that is kept is behind it, or nothing is
                kept_after, link = start_of(db, self._journal)
                if after < kept_after:
                    raise JournalRetired(self.path, after, kept_after)
                if after > kept_after and rows:
                    raise JournalCorrupt(corrupt(self.path, f"event {after} is missing"))
                del rows[limit:]
            last = after
            for row in rows:
                verify_row(self.path, row, last, link)
                last, link = row.sequence, row.chain
            return rows

    def chain_at(self, sequence: int) -> bytes | None:
        """Chain(sequence), or None where the journal doesn't reach (any more)."""
        with self._reading() as db:
            return self._link(db, sequence)

    def replay(self, after: int) -> Iterator[Committed]:
        """All that is durable after a sequence."""
        while rows := self.read(after, self._at_once):
            for row in rows:
                yield self.decoded(row)
            after = rows[-1].sequence

    def snapshot_sequences(self) -> list[int]:
        """Where snapshots stand, newest first."""
        with self._reading() as db:
            return snapshots.sequences(db)

    def snapshots(self) -> Iterator[Snapshot]:
        """Those that fit the journal, newest first; the others are named in the log."""
        for sequence in self.snapshot_sequences():
            try:
                with self._reading() as db:
                    snapshot = snapshots.fetch(db, sequence, self._link(db, sequence))
            except (SnapshotUnfit, JournalError) as error:
                _log.warning("%s: snapshot of event %d is not used: %s", self.path, sequence, error)
            else:
                yield snapshot

    def inherited(self) -> Iterator[Committed]:
        """The events of a damaged journal that lead to the state that this one began with."""
        with self._reading() as db:
            found = db.execute("SELECT journal, state_after FROM old_journals WHERE state_after >= 0").fetchall()
        for journal, after in found:
            position = after
            while rows := self.old_rows(journal, position, FOREVER, self._at_once):
                for row in rows:
                    yield self.decoded(row)
                position = rows[-1].sequence

    def inherits(self) -> bool:
        """This journal began with the state of a damaged one."""
        with self._reading() as db:
            return db.execute("SELECT 1 FROM old_journals WHERE state_after >= 0").fetchone() is not None

    def undelivered(self) -> list[tuple[str, int]]:
        """Old journals that the center lacks the end of, and their last event."""
        with self._reading() as db:
            return db.execute("SELECT journal, through FROM old_journals WHERE delivered < through").fetchall()

    def olds(self) -> list[tuple[str, int, int]]:
        """Every journal before this one that left something here: its id, how far the center has it, its end."""
        with self._reading() as db:
            return db.execute("SELECT journal, delivered, through FROM old_journals ORDER BY journal").fetchall()

    def old_last(self, journal: str) -> Stored | None:
        """The last event of an old journal that is kept here."""
        with self._reading() as db:
            row = db.execute(
                "SELECT sequence, data, chain FROM old WHERE journal = ? ORDER BY sequence DESC LIMIT 1", (journal,)
            ).fetchone()
        return None if row is None else Stored(*row)

    def asides(self) -> dict[str, int]:
        """The set-aside files that are noted, each with the last event that was there when it was."""
        with self._reading() as db:
            found = db.execute("SELECT name, value FROM meta WHERE name GLOB ?", (ASIDE + "*",)).fetchall()
        return {name.removeprefix(ASIDE): int(value) for name, value in found}

    def old_delivered(self, journal: str) -> str | None:
        """How far the center has an old journal."""
        with self._reading() as db:
            row = db.execute("SELECT delivered FROM old_journals WHERE journal = ?", (journal,)).fetchone()
        return None if row is None else str(row[0])

    def old_rows(self, journal: str, after: int, through: int, limit: int) -> list[Stored]:
        """Events of an old journal between two sequences."""
        with self._reading() as db:
            rows = db.execute(
                "SELECT sequence, data, chain FROM old WHERE journal = ? AND sequence > ? AND sequence <= ? "
                "ORDER BY sequence LIMIT ?",
                (journal, after, through, limit),
            ).fetchall()
        return [Stored(*row) for row in rows]

    def old_link(self, journal: str, sequence: int) -> bytes | None:
        """An old journal's link, where it is kept."""
        if sequence == 0:
            return chain.start(journal)
        with self._reading() as db:
            row = db.execute(
                "SELECT chain FROM old WHERE journal = ?1 AND sequence = ?2 UNION "
                "SELECT chain FROM old_journals WHERE journal = ?1 AND delivered = ?2",
                (journal, sequence),
            ).fetchone()
        return None if row is None else bytes(row[0])

    def decoded(self, row: Stored) -> Committed:
        """The event of a row."""
        try:
            return read(row)
        except EnvelopeError as error:
            suspect(self.path)
            raise JournalCorrupt(corrupt(self.path, f"event {row.sequence} can't be read ({error})")) from error

    def _link(self, db: sqlite3.Connection, sequence: int) -> bytes | None:
        kept_after, link = start_of(db, self._journal)
        if sequence == kept_after:
            return link
        row = db.execute("SELECT chain FROM events WHERE sequence = ?", (sequence,)).fetchone()
        return None if row is None else bytes(row[0])

    def _reading(self) -> "_Reading":
        return _Reading(self.path, self._lock, self._db)


class _Reading:
    """The connection for one look at one moment of the journal, its errors in our words."""

    def __init__(self, path: Path, lock: threading.Lock, db: sqlite3.Connection) -> None:
        self._path = path
        self._lock = lock
        self._db = db

    def __enter__(self) -> sqlite3.Connection:
        self._lock.acquire()
        try:
            self._db.execute("BEGIN")
        except READ_ERRORS as error:
            self._lock.release()
            raise translate(self._path, "read", error) from error
        return self._db

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        try:
            self._db.rollback()
        finally:
            self._lock.release()
        if isinstance(error, READ_ERRORS):
            translated = translate(self._path, "read", error)
            if isinstance(translated, JournalCorrupt):
                suspect(self._path)
            raise translated from error
        if isinstance(error, JournalCorrupt):
            suspect(self._path)
