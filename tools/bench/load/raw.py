"""Raw SQLite as the limit: the rows of a hub's journal again, with its settings and nothing else.

`python -m tools.bench.load.raw --journal hub/journal.sqlite3 --commit 1000 --rows 100000`; prints `{"per_s", "rows"}`.
"""

import argparse
import json
import sqlite3
import time
from contextlib import closing
from itertools import islice
from pathlib import Path


def run(journal: Path, commit: int, rows: int) -> dict[str, float]:
    """Writes the rows into a fresh file beside the journal, so many in a commit."""
    with closing(sqlite3.connect(f"{journal.as_uri()}?mode=ro", uri=True)) as source:
        found = source.execute("SELECT sequence, data, chain FROM events ORDER BY sequence LIMIT ?", (rows,)).fetchall()
    beside = journal.with_name("raw.sqlite3")
    for name in (beside, beside.with_name("raw.sqlite3-wal"), beside.with_name("raw.sqlite3-shm")):
        name.unlink(missing_ok=True)
    with closing(sqlite3.connect(beside, isolation_level=None)) as raw:
        raw.execute("PRAGMA journal_mode = WAL").fetchone()
        raw.execute("PRAGMA synchronous = FULL")
        raw.execute(
            "CREATE TABLE events (sequence INTEGER PRIMARY KEY, data BLOB NOT NULL, chain BLOB NOT NULL) STRICT"
        )
        batches = iter(found)
        began_s = time.monotonic()
        while batch := list(islice(batches, commit)):
            raw.execute("BEGIN IMMEDIATE")
            raw.executemany("INSERT INTO events VALUES (?, ?, ?)", batch)
            raw.execute("COMMIT")
        seconds = time.monotonic() - began_s
    return {"per_s": len(found) / seconds, "rows": len(found)}


def main() -> None:
    """The process."""
    parser = argparse.ArgumentParser(prog="raw")
    parser.add_argument("--journal", type=Path, required=True, help="whose rows")
    parser.add_argument("--commit", type=int, required=True, help="rows a commit")
    parser.add_argument("--rows", type=int, required=True, help="at most so many rows")
    options = parser.parse_args()
    print(json.dumps(run(options.journal.absolute(), options.commit, options.rows)))


if __name__ == "__main__":
    main()
