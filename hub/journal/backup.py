"""A copy of a journal that is one moment of it, made while its hub goes on writing; and what a copy must prove."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hub.journal.database import READ_ERRORS, SCHEMA, connect, corrupt, scan, start_of, translate, verify_row
from hub.journal.errors import JournalCorrupt, JournalMismatch
from hub.journal.rows import read

# Pages a step (4 MB): often enough to say how far it is, seldom enough to cost nothing.
STEP_PAGES = 1_000
# Rows at a time when checking: bounds memory.
CHECK_ROWS = 1_000

# (done, of)
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Tail:
    """Whose journal it is, and where it ends."""

    hall: str
    journal: str
    sequence: int
    chain: bytes
    recorded_ms: int


def copy(path: Path, target: Path, progress: Progress) -> None:
    """The journal at `path` as it is when this begins, as one file; raises `JournalError`.

    A transaction that only reads holds that moment: the hub's commits go on beside it, and are not in the copy.
    """
    try:
        source = connect(path, read_only=True)
        try:
            source.execute("BEGIN")
            source.execute("SELECT count(*) FROM meta").fetchone()
            # Made here, for it holds tokens; a file system without rights (FAT) refuses to have them changed.
            os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            copied = connect(target)
            try:
                source.backup(copied, pages=STEP_PAGES, progress=lambda _, left, all_: progress(all_ - left, all_))
                # One file that says all, and can be read from a medium that takes no writes.
                copied.execute("PRAGMA journal_mode = DELETE").fetchone()
            finally:
                copied.close()
        finally:
            source.close()
    except (*READ_ERRORS, OSError) as error:
        raise translate(path, f"copy it to {target}", error) from error


def check(path: Path, progress: Progress) -> Tail:
    """Reads every event of a copy against the chain; raises `JournalCorrupt` for one that isn't whole."""
    try:
        db = connect(path, read_only=True)
        try:
            meta = dict(
                db.execute("SELECT name, value FROM meta WHERE name IN ('schema', 'journal', 'hall')").fetchall()
            )
            if meta.get("schema") != SCHEMA:
                raise JournalMismatch(
                    f"{path}: written with schema {meta.get('schema')}, this program knows {SCHEMA}. "
                    "Use the version that made the backup."
                )
            journal = str(meta["journal"])
            (end,) = db.execute("SELECT coalesce(max(sequence), 0) FROM events").fetchone()
            last, link = start_of(db, journal)
            first, recorded_ms = last, 0
            for row in scan(db, last, CHECK_ROWS):
                verify_row(path, row, last, link)
                last, link = row.sequence, row.chain
                if last % CHECK_ROWS == 0:
                    progress(last - first, end - first)
                if last == end:
                    recorded_ms = read(row).recorded_ms
            (sound,) = db.execute("PRAGMA quick_check(1)").fetchone()
            if sound != "ok":
                raise JournalCorrupt(corrupt(path, sound))
        finally:
            db.close()
    except READ_ERRORS as error:
        raise translate(path, "read", error) from error
    return Tail(str(meta["hall"]), journal, last, link, recorded_ms)
