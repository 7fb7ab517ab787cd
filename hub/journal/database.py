"""What every user of the journal's file needs: tables, connections, the check of rows, words for SQLite's errors."""

import contextlib
import errno
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path

from common import chain
from hub.journal.errors import JournalCorrupt, JournalError, JournalFailed, JournalFull
from hub.journal.rows import Stored

SCHEMA = 2
# `start` in meta is the last event that was let go: its sequence and link; verification begins there.
TABLES = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value ANY) STRICT, WITHOUT ROWID;
CREATE TABLE events (sequence INTEGER PRIMARY KEY, data BLOB NOT NULL, chain BLOB NOT NULL) STRICT;
CREATE TABLE replies (number INTEGER PRIMARY KEY, request TEXT NOT NULL UNIQUE, reply BLOB NOT NULL) STRICT;
CREATE TABLE cursors (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
"""
# Of schema 2. Snapshots: the state after event `sequence`. Old: the trusted events of damaged journals before this one;
# those after `state_after` (-1: none) lead to the state that this one began with, those after `delivered` and up to
# `through` go to the center; `chain` is the link at `delivered`.
TABLES_2 = """
CREATE TABLE snapshots (
    sequence INTEGER PRIMARY KEY, chain BLOB NOT NULL, version TEXT NOT NULL, state BLOB NOT NULL, digest BLOB NOT NULL
) STRICT;
CREATE TABLE old_journals (
    journal TEXT PRIMARY KEY, state_after INTEGER NOT NULL, delivered INTEGER NOT NULL, through INTEGER NOT NULL,
    chain BLOB NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE old (
    journal TEXT, sequence INTEGER, data BLOB NOT NULL, chain BLOB NOT NULL, PRIMARY KEY (journal, sequence)
) STRICT, WITHOUT ROWID;
"""
# What reading a damaged page can raise: names and messages that went bad are no UTF-8.
READ_ERRORS = (sqlite3.Error, UnicodeDecodeError)
IO_ERROR = "SQLITE_IOERR"
START, START_CHAIN, VERIFIED = "start", "start_chain", "verified"
# Before the name of a set-aside file: the last event that was there when the file was noted.
ASIDE = "aside:"


# A journal is written at its end and read in order: more pages than a commit's are never asked for again.
SMALL_CACHE = "PRAGMA cache_size = -768"


def connect(path: Path, *, read_only: bool = False) -> sqlite3.Connection:
    """A connection without Python's own transactions; which thread uses it is its owner's business."""
    mode = "ro" if read_only else "rwc"
    address = f"{path.absolute().as_uri()}?mode={mode}"
    # The lock keeps other processes out; the only wait is for our own reader's checkpoint.
    return sqlite3.connect(address, uri=True, timeout=5.0, isolation_level=None, check_same_thread=False)


def create(db: sqlite3.Connection, tables: str) -> None:
    """Makes tables, inside the caller's transaction."""
    for statement in tables.strip().split(";")[:-1]:
        db.execute(statement)


def start_of(db: sqlite3.Connection, journal: str) -> tuple[int, bytes]:
    """Sequence and link of the event before the first that is kept; (0, chain(0)) for a whole journal."""
    found = dict(db.execute("SELECT name, value FROM meta WHERE name IN (?, ?)", (START, START_CHAIN)).fetchall())
    return (found[START], found[START_CHAIN]) if found else (0, chain.start(journal))


def suspect_mark(path: Path) -> Path:
    """The file that makes the next start check all of the journal: beside it, for its own pages may be the trouble."""
    return path.with_name(path.name + ".suspect")


def suspect(path: Path) -> None:
    """Damage was met while the journal was in use."""
    # On a disk that takes no file either, the next start meets the damage by itself or not at all.
    with contextlib.suppress(OSError):
        os.close(os.open(suspect_mark(path), os.O_WRONLY | os.O_CREAT, 0o600))


def scan(db: sqlite3.Connection, after: int, at_once: int) -> Iterator[Stored]:
    """The rows after a sequence, in order, a bounded number at a time."""
    while True:
        rows = db.execute(
            "SELECT sequence, data, chain FROM events WHERE sequence > ? ORDER BY sequence LIMIT ?", (after, at_once)
        ).fetchall()
        for row in rows:
            yield Stored(*row)
        if len(rows) < at_once:
            return
        after = rows[-1][0]


def verify_row(path: Path, row: Stored, last: int, link: bytes) -> None:
    """Checks that a row follows the one with this sequence and link; raises `JournalCorrupt`."""
    if row.sequence != last + 1:
        raise JournalCorrupt(corrupt(path, f"event {last + 1} is missing"))
    if not follows(row, link):
        raise JournalCorrupt(corrupt(path, f"event {row.sequence} is not what was written (chain differs)"))


def follows(row: Stored, link: bytes) -> bool:
    """The row's own link is the one that its bytes make of the link before it."""
    # A damaged page can hand out a value of another type.
    return type(row.data) is bytes and chain.link(link, row.data) == row.chain


def names(data: object, journal: object, hall: str) -> bool:
    """An event's bytes name this hall, and this journal unless it is None."""
    if type(data) is not bytes or b'"source":"/halls/%s"' % hall.encode() not in data:
        return False
    return journal is None or b'"journal":"%s"' % str(journal).encode() in data


def corrupt(path: Path, what: str) -> str:
    """The text of a `JournalCorrupt`: where, what, and what to do."""
    return (
        f"{path}: the journal is damaged: {what}. A start sets the damaged file aside and goes on with what can be "
        "read of it. Look at the disk."
    )


def translate(path: Path, doing: str, error: sqlite3.Error | OSError | UnicodeDecodeError) -> JournalError:
    """Our error for one of SQLite's."""
    name = getattr(error, "sqlite_errorname", None) or type(error).__name__
    if name == "SQLITE_FULL":
        return JournalFull(f"{path}: no room to {doing} ({error}). Make room on this disk; it goes on by itself.")
    if name.startswith(("SQLITE_CORRUPT", "SQLITE_NOTADB", "UnicodeDecode")) or "decode to UTF-8" in str(error):
        return JournalCorrupt(corrupt(path, f"{error} ({name})"))
    # A write to a file that was open when its file system became read-only is no READONLY to SQLite, but an I/O error.
    if name.startswith("SQLITE_READONLY") or _is_read_only(error) or (name.startswith(IO_ERROR) and _no_writes(path)):
        return JournalFailed(
            f"{path}: could not {doing}: the file system takes no writes ({error}). Often it is a card at the end "
            "of its life: look into the kernel's log, end the hub, check the file system, mount it writable or replace "
            "it, and start the hub. Where it takes writes again without that, it goes on by itself."
        )
    return JournalFailed(f"{path}: could not {doing}: {error} ({name}). Check the disk and the rights of its folder.")


def _is_read_only(error: Exception) -> bool:
    return getattr(error, "errno", None) == errno.EROFS


def _no_writes(path: Path) -> bool:
    """The folder takes no new file: asked by making one, for what the kernel tells of a broken file system differs."""
    probe = path.with_name(path.name + ".probe")
    try:
        os.close(os.open(probe, os.O_WRONLY | os.O_CREAT, 0o600))
        probe.unlink()
    except OSError as error:
        return _is_read_only(error)
    return False
