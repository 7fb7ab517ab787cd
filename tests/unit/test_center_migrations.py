"""Migrations: one transaction each, in order, each number once."""

import sqlite3
from pathlib import Path

import pytest

from center.errors import StoreError
from center.store.migrations import MIGRATIONS, found, migrate


def test_a_migration_that_fails_leaves_the_store_at_the_one_before() -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    good, bad = ("CREATE TABLE one (a)",), ("CREATE TABLE two (a)", "INSERT INTO nowhere VALUES (1)")
    with pytest.raises(sqlite3.OperationalError, match="nowhere"):
        migrate(connection, [good, bad])
    assert connection.execute("PRAGMA user_version").fetchone() == (1,)
    assert [row[0] for row in connection.execute("SELECT name FROM sqlite_master")] == ["one"]
    assert migrate(connection, [good, ("CREATE TABLE two (a)",)]) == 2
    assert connection.execute("PRAGMA user_version").fetchone() == (2,)


def test_the_shipped_migrations_run_from_nothing_and_twice_is_free() -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    assert migrate(connection) == len(MIGRATIONS)
    assert migrate(connection) == len(MIGRATIONS)


@pytest.mark.parametrize("names", [["m0002_b.py"], ["m0001_a.py", "m0001_b.py"], ["m0001_a.py", "m0003_c.py"]])
def test_a_number_that_is_missing_or_twice_is_named(tmp_path: Path, names: list[str]) -> None:
    for name in names:
        (tmp_path / name).write_text("")
    with pytest.raises(StoreError, match="should stand here"):
        found(tmp_path)
