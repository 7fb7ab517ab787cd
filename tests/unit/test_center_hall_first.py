"""A store of the eighth schema, made by the center of then, is brought to rollups hall by hall and spans that run."""

import asyncio
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from center.store import counted
from center.store.migrations import MIGRATIONS, migrate
from center.store.sqlite import FILE_NAME, SqliteStore, connect
from tests.center_support import OFFSET_MINUTES, ROOT

OLD = Path(__file__).with_name("center_store_8.sql")
YEAR = ("2026-01-01", "2026-12-31")
# The migration as it is shipped, and the process gone before it ends.
KILLED = """
import os, signal, sys
from pathlib import Path
from center.store.migrations import MIGRATIONS, migrate
from center.store.sqlite import connect
connection = connect(Path(sys.argv[1]))
connection.create_function("die", 0, lambda: os.kill(os.getpid(), signal.SIGKILL))
migrate(connection, [*MIGRATIONS[:8], (*MIGRATIONS[8], "SELECT die()")])
"""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / FILE_NAME
    with closing(sqlite3.connect(path)) as connection:
        connection.executescript(OLD.read_text("utf-8"))
        assert connection.execute("PRAGMA user_version").fetchone() == (8,)
    return path


def months(path: Path, *, dimension: str = "window") -> list[tuple[str | int, ...]]:
    """What the rows of months say."""
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(
            """SELECT span, hall, key, served, grade_1, grade_2, grade_3, grade_4, grade_5, aside FROM ratings_rollup
            WHERE grain = 'month' AND dimension = ? ORDER BY span, hall, key""",
            (dimension,),
        ).fetchall()


async def test_an_old_store_answers_as_it_did_and_as_its_events_do(path: Path) -> None:
    before = months(path)
    assert {(span, hall) for span, hall, *_ in before} == {
        ("2026-09", "qingxi"),
        ("2026-10", "qingxi"),
        ("2026-10", "liuhe"),
        ("2026-11", "qingxi"),
        ("2026-10", "beiwan"),
        ("2026-11", "beiwan"),
    }
    with closing(connect(path)) as connection:
        assert migrate(connection) == len(MIGRATIONS)
        # Not counted anew: it was counted by the same rules.
        assert not counted.needed(connection)
        brought = counted.digests(connection)
        connection.execute("BEGIN")
        counted.recount(connection, lambda hall: OFFSET_MINUTES)
        assert counted.digests(connection) == brought
        connection.execute("ROLLBACK")
        assert dict(connection.execute("SELECT hall, five FROM running").fetchall()) == {
            "qingxi": "2026-11-21",
            "liuhe": "2026-10-26",
            "beiwan": "",  # runs alone, which may move
            "dongqiao": "2026-11-01",  # a ticket of October that was called in November
            "nanshi": "2026-11-01",  # a window that was open then, and no ticket
        }
        # What is over there is told by no run.
        over = connection.execute(
            "SELECT hall, span FROM times_rollup WHERE grain <> 'day' AND dimension = 'hall' AND hall IN (?, ?, ?)",
            ("beiwan", "dongqiao", "nanshi"),
        ).fetchall()
        assert sorted(over) == [(hall, span) for hall in ("dongqiao", "nanshi") for span in ("2026-10", "2026-10-26")]
    assert months(path) == [row for row in before if (row[0], row[1]) in {("2026-09", "qingxi"), ("2026-10", "qingxi")}]
    store = SqliteStore(path, asyncio.get_running_loop())
    try:
        asked = []
        for month, last in (("2026-09", 30), ("2026-10", 31), ("2026-11", 30)):
            for tally in await store.tallies("window", f"{month}-01", f"{month}-{last}", None):
                hall, key = tally.key
                asked.append((month, hall, key or "", tally.served, *tally.grades, tally.aside))
        assert sorted(asked) == before
        assert [tally.served for tally in await store.tallies("month", *YEAR, None)] == [4, 9, 5]
        of_hall = {one.key: one.times for one in await store.times("hall", *YEAR, None)}
        assert {key[0]: times.waiting.count for key, times in of_hall.items()} == {
            "liuhe": 4,
            "qingxi": 12,
            "beiwan": 0,
            "dongqiao": 1,
            "nanshi": 0,
        }
        (liuhe,) = await store.times("hall", *YEAR, ["liuhe"])
        assert liuhe.times.waiting.sum_ms == 2 * (700_000 + 700_001)
    finally:
        await store.close()


@pytest.mark.parametrize("dimension", ["staff", "quarter"])
async def test_a_store_with_a_damaged_row_of_times_is_counted_anew(path: Path, dimension: str) -> None:
    with closing(connect(path)) as connection:
        damaged = "UPDATE times_rollup SET counts = x'C1' WHERE grain = 'day' AND dimension = ? AND span = '2026-10-27'"
        assert connection.execute(damaged, (dimension,)).rowcount == 1
    await SqliteStore(path, asyncio.get_running_loop()).close()
    with closing(connect(path)) as connection:
        assert not counted.needed(connection)
        made = counted.digests(connection)
        connection.execute("BEGIN")
        counted.recount(connection, lambda hall: OFFSET_MINUTES)
        assert counted.digests(connection) == made
        connection.execute("ROLLBACK")
        assert connection.execute("SELECT count(*) FROM times_rollup WHERE length(counts) < 2").fetchone() == (0,)


def test_a_store_whose_process_is_killed_while_it_is_brought_up_is_as_it_was(path: Path) -> None:
    before = months(path)
    done = subprocess.run([sys.executable, "-c", KILLED, str(path)], cwd=ROOT, check=False, capture_output=True)
    assert done.returncode == -signal.SIGKILL, done.stderr
    assert months(path) == before
    with closing(connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (8,)
        assert migrate(connection) == len(MIGRATIONS)
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
