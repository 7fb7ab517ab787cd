"""All figures of a store made again from its events, and which tables were others before."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from center import config
from center.config import CenterSettings
from center.store import counted
from center.store.counted import Recount
from center.store.migrations import MIGRATIONS
from center.store.sqlite import CHINA_MINUTES, FILE_NAME, connect
from tools.center.errors import CenterToolError

CACHE_KIB = 256 * 1024  # a recount writes all over the tables in one transaction
TOLD_EVERY = 100_000  # events between two lines: one in some seconds


def offsets(settings: CenterSettings) -> counted.Offsets:
    """The offset of each hall of the settings."""
    known = {hall.id: hall.offset_minutes for hall in settings.halls}
    return lambda hall: known.get(hall, CHINA_MINUTES)


def store_path(file: Path, settings: CenterSettings) -> Path:
    """Where the store of a settings file is."""
    return file.resolve().parent / settings.paths.data / FILE_NAME


def open_store(path: Path) -> sqlite3.Connection:
    """A store of this program's schema; raises `CenterToolError`."""
    if not path.exists():
        raise CenterToolError(f"{path}: there is no store here; is it this center's --config?")
    try:
        connection = connect(path)
        connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        found = connection.execute("PRAGMA user_version").fetchone()[0]
    except sqlite3.Error as error:
        raise CenterToolError(f"{path}: the store can't be opened: {error}") from error
    if found != len(MIGRATIONS):
        raise CenterToolError(
            f"{path}: its schema is {found}, this program's {len(MIGRATIONS)}; start the center once with this version"
        )
    return connection


def recompute(file: Path, check: bool, tell: Callable[[int], None] = lambda events: None) -> Recount:
    """Counts anew in one transaction, which is taken back when only `check` is wanted."""
    settings = config.load(file)
    path = store_path(file, settings)
    with closing(open_store(path)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
            before = counted.digests(connection)
            events = counted.recount(
                connection, offsets(settings), lambda done: tell(done) if done % TOLD_EVERY == 0 else None
            )
            after = counted.digests(connection)
            connection.execute("ROLLBACK" if check else "COMMIT")
        except sqlite3.Error as error:
            raise CenterToolError(
                f"{path}: {error}. Nothing was changed; try again when nothing else works on it"
            ) from error
    return Recount(events, tuple(table for table in before if before[table] != after[table]))
