"""What a worn-out disk does to a journal: pages of zeroes where events stood, and rows that are others, or none."""

import sqlite3
from pathlib import Path

PAGE = 4096
CHECKPOINTS = 6  # each waits 5 s for the user, as SQLite does unless told otherwise


def spoil(path: Path, sequence: int) -> None:
    """Zeroes the page that holds this event."""
    database = sqlite3.connect(path)
    database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    (data,) = database.execute("SELECT data FROM events WHERE sequence = ?", (sequence,)).fetchone()
    database.close()
    at = path.read_bytes().find(data) // PAGE
    assert at > 0
    zero(path, at)


def spoil_under_its_user(path: Path) -> None:
    """Zeroes the root of all events while somebody has the journal open, who meets it with the next commit."""
    database = sqlite3.connect(path)
    for _ in range(CHECKPOINTS):
        busy, _pages, _moved = database.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if not busy:
            break
    assert not busy, "the log could not be emptied: its user is reading or writing"
    (root,) = database.execute("SELECT rootpage FROM sqlite_master WHERE name = 'events'").fetchone()
    database.close()
    zero(path, root - 1)
    # A connection's own cache is thrown away when somebody else has written.
    other = sqlite3.connect(path)
    with other:
        other.execute("INSERT OR REPLACE INTO cursors VALUES ('any', '1')")
    other.close()


def changed(path: Path, *statements: str) -> None:
    """Does this to a database behind its user's back."""
    database = sqlite3.connect(path)
    with database:
        for statement in statements:
            database.execute(statement)
    database.close()


def zero(path: Path, page: int) -> None:
    """Zeroes one page."""
    with path.open("r+b") as file:
        file.seek(page * PAGE)
        file.write(bytes(PAGE))
