"""Numbered migrations of the SQLite store; each runs in one transaction with its number.

A migration is a module `mNNNN_what_for.py` here with `STATEMENTS`, the SQL that brings a store from NNNN - 1 to NNNN.
One that has been released is never changed: a mistake in it is put right by the next.
"""

import re
import sqlite3
from collections.abc import Sequence
from importlib import import_module
from pathlib import Path

from center.errors import StoreError
from center.store import spans

HERE = Path(__file__).parent
_NAME = re.compile(r"m(\d{4})_[a-z0-9_]+\.py")


def found(folder: Path = HERE) -> list[str]:
    """The names of the migration modules in their order; raises `StoreError` where a number is missing or twice."""
    names = sorted(path.name for path in folder.iterdir() if _NAME.fullmatch(path.name))
    for expected, name in enumerate(names, start=1):
        if int(name[1:5]) != expected:
            raise StoreError(f"{folder / name}: migration {expected:04} should stand here; each number is there once")
    return [name.removesuffix(".py") for name in names]


def statements(name: str) -> tuple[str, ...]:
    """The SQL of one migration."""
    module = import_module(f"{__name__}.{name}")
    sql: tuple[str, ...] = module.STATEMENTS
    return sql


MIGRATIONS: tuple[tuple[str, ...], ...] = tuple(statements(name) for name in found())


def migrate(connection: sqlite3.Connection, migrations: Sequence[Sequence[str]] = MIGRATIONS) -> int:
    """Brings a store to the newest schema; returns its number. A store newer than this program is left alone."""
    spans.teach(connection)  # a migration may ask for it
    current: int = connection.execute("PRAGMA user_version").fetchone()[0]
    for number, sql in enumerate(migrations[current:], start=current + 1):
        connection.execute("BEGIN IMMEDIATE")
        try:
            for statement in sql:
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {number}")
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")
    return max(current, len(migrations))
