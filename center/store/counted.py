"""All that is counted, made again from the stored events: after an update of the rules, and to prove the figures."""

import sqlite3
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from itertools import islice

from center.counting import DeviceFact, Touched, touched
from center.ingest import read_element
from center.rollups.folding import VERSION, Arrival, Folding
from center.store import kept, rows

# All that follows from the events, with the columns that do.
DERIVED = {
    "runs": "*",
    "tickets": "*",
    "facts": "*",
    "window_days": "*",
    "devices": "*",
    "key_tests": "*",
    "ignored": "*",
    "running": "*",
    "ratings_rollup": "*",
    "times_rollup": "*",
    "quarantine": "journal, sequence, reason",
}
CHUNK = 1000  # events folded at a time: memory stays flat however many there are

Offsets = Callable[[str], int]
Told = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Recount:
    """What came of counting anew: how many events, and the tables whose rows were others before."""

    events: int
    changed: tuple[str, ...]


def needed(connection: sqlite3.Connection) -> bool:
    """Whether the rows were counted by other rules than this program's, or never."""
    row = connection.execute("SELECT rules FROM counted").fetchone()
    return row is None or row[0] != VERSION


def recount(connection: sqlite3.Connection, offsets: Offsets, tell: Told = lambda events: None) -> int:
    """Empties what is derived and folds every event again, inside the caller's transaction; how many there were."""
    # When something came aside is no matter of the events.
    connection.execute("DROP TABLE IF EXISTS temp.aside")
    connection.execute("CREATE TEMP TABLE aside AS SELECT journal, sequence, received_ms FROM quarantine")
    connection.execute("CREATE INDEX temp.aside_by_event ON aside (journal, sequence)")
    rows.forget(connection, [*DERIVED, "counted"])
    events = 0
    for chunk in _chunks(connection):
        events += len(chunk)
        for group in _groups(chunk, offsets):
            _fold(connection, group)
        tell(events)
    connection.execute("UPDATE journals SET quarantined = (SELECT count(*) FROM quarantine WHERE journal = number)")
    connection.execute("DROP TABLE temp.aside")
    connection.execute("INSERT INTO counted (rules) VALUES (?)", (VERSION,))
    return events


def digests(connection: sqlite3.Connection) -> dict[str, str]:
    """A digest of each derived table, rows in the order of their keys."""
    found = {}
    for table, columns in DERIVED.items():
        digest = sha256()
        keys = connection.execute("SELECT name FROM pragma_table_info(?) WHERE pk ORDER BY pk", (table,))
        order = ", ".join(row[0] for row in keys)
        for row in connection.execute(f"SELECT {columns} FROM {table} ORDER BY {order}"):  # noqa: S608 - our names
            digest.update(repr(row).encode())
        found[table] = digest.hexdigest()
    return found


@dataclass(frozen=True, slots=True)
class _Row:
    position: int
    hall: str
    journal: str
    number: int
    sequence: int
    data: bytes


def _chunks(connection: sqlite3.Connection) -> Iterator[list[_Row]]:
    journals = {
        number: (hall, journal)
        for number, hall, journal in connection.execute("SELECT number, hall, journal FROM journals")
    }
    found = kept.by_position(connection, 0)
    while chunk := list(islice(found, CHUNK)):
        yield [_Row(one.position, *journals[one.journal], one.journal, one.sequence, one.data) for one in chunk]


@dataclass(slots=True)
class _Group:
    """What one hall sent, in the order of arrival."""

    hall: str
    arrivals: list[Arrival] = field(default_factory=list)
    quarantine: list[tuple[int, int, str]] = field(default_factory=list)

    def read(self, row: _Row, offset_minutes: int) -> None:
        """One event more."""
        element = read_element(row.data, row.hall, row.journal, offset_minutes)
        reason = element.reason
        if reason is None and element.declared != row.sequence:
            reason = f"its sequence is {element.declared}, its place in the journal {row.sequence}"
        if reason is not None:
            self.quarantine.append((row.number, row.sequence, reason))
        elif element.fact is not None and element.fact.data is not None:
            self.arrivals.append((row.position, element.fact))

    def touched(self) -> Touched:
        """What its facts may change."""
        return touched(fact for _, fact in self.arrivals)


def _groups(chunk: list[_Row], offsets: Offsets) -> list[_Group]:
    """A chunk hall by hall: halls share nothing but, if a box moved, a fact's number. Then order of arrival rules."""
    halls: dict[str, _Group] = {}
    for row in chunk:
        halls.setdefault(row.hall, _Group(row.hall)).read(row, offsets(row.hall))
    groups = list(halls.values())
    taken: set[DeviceFact] = set()
    for group in groups:
        facts = group.touched().facts
        if taken & facts:
            break
        taken |= facts
    else:
        return groups
    groups = []
    for row in chunk:
        if not groups or groups[-1].hall != row.hall:
            groups.append(_Group(row.hall))
        groups[-1].read(row, offsets(row.hall))
    return groups


def _fold(connection: sqlite3.Connection, group: _Group) -> None:
    connection.executemany(
        """INSERT INTO quarantine (journal, sequence, reason, received_ms)
        VALUES (?1, ?2, ?3, coalesce((SELECT received_ms FROM aside WHERE journal = ?1 AND sequence = ?2), 0))""",
        group.quarantine,
    )
    known = rows.load(connection, group.hall, group.touched())
    rows.write(connection, Folding(group.hall, known).take(group.arrivals))
