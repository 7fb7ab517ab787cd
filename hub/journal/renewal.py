"""From a damaged journal to one that serves: the damaged file is set aside whole, a new file takes its place.

What follows when (docs/decisions/damaged-journal.md): where the center has all that is lost, the journal goes on under
its own id, behind the damage. Otherwise a new journal begins with `hall.journal.gap`; what stands before the damage is
delivered under the old id, what stands behind it comes again in the new one, marked by its `original` id.
"""

import logging
import os
import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from common import chain
from common.envelope import EnvelopeError
from hub.journal import snapshots
from hub.journal.database import (
    READ_ERRORS,
    SCHEMA,
    START,
    START_CHAIN,
    TABLES,
    TABLES_2,
    connect,
    create,
    suspect_mark,
    translate,
)
from hub.journal.errors import JournalFailed
from hub.journal.rows import Committed, Stored, Writer, read
from hub.journal.salvage import CURSOR, Found, Wreck
from hub.queueing.events import Event

_log = logging.getLogger(__name__)

GAP = "hall.journal.gap"
ORIGINAL = "original"
# How a file that was set aside is called.
DAMAGED = "damaged"


@dataclass(frozen=True, slots=True)
class Hall:
    """Whose journal it is."""

    id: str
    offset_minutes: int
    new_id: Callable[[], str]


def renew(path: Path, hall: Hall, why: str) -> None:
    """Sets the damaged file aside and makes the one to go on with; the caller holds the lock, nothing is open."""
    try:
        building, what = _build(path, path, hall, None)
        aside = put_in_place(path, building)
    except (*READ_ERRORS, OSError) as error:
        raise translate(path, "build a sound journal beside the damaged one", error) from error
    _log.error("%s The damaged file is kept as %s; delete it when it was examined. %s", why, aside, what)


def begin_anew(source: Path, path: Path, hall: Hall, restored: Event) -> Path:
    """Builds, beside `path`, the journal that goes on after a whole one from a backup; `restored` is its first event.

    `source` keeps the state after its last event. The caller holds the lock and puts what is returned in place.
    """
    try:
        return _build(source, path, hall, restored)[0]
    except (*READ_ERRORS, OSError) as error:
        raise translate(path, "build the journal that goes on after the restored one", error) from error


def put_in_place(path: Path, building: Path, aside_as: str = DAMAGED) -> Path | None:
    """What was built becomes the journal; returns where the one before it was set aside."""
    building.chmod(0o600)
    building.replace(_finished(path))
    return finish(path, aside_as)


def _build(source: Path, path: Path, hall: Hall, restored: Event | None) -> tuple[Path, str]:
    building = path.with_name(path.name + ".building")
    building.unlink(missing_ok=True)
    wreck = Wreck(source)
    try:
        found = wreck.look()
        db = connect(building)
        try:
            db.execute("PRAGMA synchronous = FULL")
            db.execute("BEGIN")
            create(db, TABLES + TABLES_2)
            what = _Builder(db, wreck, found, hall, restored).build()
            db.execute("COMMIT")
        finally:
            db.close()
    finally:
        wreck.close()
    return building, what


def set_aside(path: Path) -> list[str]:
    """The names of the damaged files beside a journal, which wait for somebody to examine and delete them."""
    found = path.parent.glob(f"{path.name}.{DAMAGED}-*")
    return sorted(each.name for each in found if each.name.rpartition("-")[2].isdigit())


def finish(path: Path, aside_as: str = DAMAGED) -> Path | None:
    """Puts a finished file in the damaged one's place, also after a power cut in between; returns where that one is."""
    new = _finished(path)
    if not new.exists():
        return None
    number = 1
    while (aside := path.with_name(f"{path.name}.{aside_as}-{number}")).exists():
        number += 1
    if path.exists():
        # The log first: with its file gone aside alone, this would be done again, under the next number.
        for ending in ("-wal", "-shm"):
            beside = path.with_name(path.name + ending)
            if beside.exists():
                beside.replace(aside.with_name(aside.name + ending))
        path.replace(aside)
    new.replace(path)
    suspect_mark(path).unlink(missing_ok=True)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return aside


def _finished(path: Path) -> Path:
    return path.with_name(path.name + ".new")


class _Builder:
    """Fills the new file."""

    def __init__(self, db: sqlite3.Connection, wreck: Wreck, found: Found, hall: Hall, restored: Event | None) -> None:
        self._db = db
        self._wreck = wreck
        self._found = found
        self._hall = hall
        self._restored = restored
        self._recorded_ms = 0 if restored is None else restored.time_ms
        # A backup's journal may go on where it came from: here it has ended.
        self._goes_on_after = None if restored is not None else found.goes_on_after

    def build(self) -> str:
        """Returns, in words, what goes on how."""
        found, db = self._found, self._db
        if self._restored is not None and found.end and found.end not in found.snapshots:
            raise JournalFailed("the state after the backup's last event could not be kept. Look at the disk.")
        replies = [row for row in self._wreck.replies() if type(row[0]) is str and type(row[1]) is bytes]
        db.executemany("INSERT OR IGNORE INTO replies (request, reply) VALUES (?, ?)", replies)
        journals, rows = self._wreck.old()
        for name, state_after, *rest in journals:
            # What a new journal begins with is the state of this one alone.
            kept = state_after if self._goes_on_after is not None else -1
            db.execute("INSERT OR IGNORE INTO old_journals VALUES (?, ?, ?, ?, ?)", (name, kept, *rest))
        db.executemany("INSERT OR IGNORE INTO old VALUES (?, ?, ?, ?)", rows)
        after = self._goes_on_after
        journal = found.journal if after is not None and found.journal is not None else self._hall.new_id()
        db.executemany(
            "INSERT INTO meta VALUES (?, ?)", [("schema", SCHEMA), ("journal", journal), ("hall", self._hall.id)]
        )
        if after is not None:
            return self._go_on(journal, after)
        return self._begin(journal)

    def _go_on(self, journal: str, after: int) -> str:
        """The same journal, from behind the damage."""
        found, db = self._found, self._db
        link = self._wreck.link(journal, after)
        assert link is not None
        db.executemany("INSERT INTO meta VALUES (?, ?)", [(START, after), (START_CHAIN, link)])
        db.execute("INSERT INTO cursors VALUES (?, ?)", (CURSOR, str(found.delivered)))
        last = Stored(after, b"", link)
        for row in self._wreck.good_rows(found, after):
            db.execute("INSERT INTO events VALUES (?, ?, ?)", (row.sequence, row.data, row.chain))
            last = row
        for sequence, kept_link, version, state in self._wreck.snapshot_rows():
            if after <= sequence:
                snapshots.keep(db, sequence, kept_link, version, state)
        if not found.lost:
            return "Every event is whole, the journal goes on."
        self._recorded_ms = read(last).recorded_ms
        gaps = [
            self._gap(journal, first, end, "damaged on this disk; the center has them") for first, end in found.lost
        ]
        self._append(journal, last.sequence, last.chain, gaps)
        return f"Events {_named(found.lost)} are damaged, but the center has them: the journal goes on."

    def _begin(self, journal: str) -> str:
        """A new journal: the gaps, then what came behind them and the center may lack."""
        found, db = self._found, self._db
        name = found.journal or "unknown"
        deliver_after, deliver_through = found.deliverable
        whole = next(iter(self._wreck.snapshot_rows()), None)
        state_after = whole[0] if whole else found.start
        if whole is not None:
            snapshots.keep(db, 0, chain.start(journal), whole[2], whole[3])
        rejournalled: list[Event] = []
        gaps = [
            self._gap(name, first, last, "damaged" if last > found.delivered else "damaged here; the center has them")
            for first, last in found.lost
        ]
        link = self._wreck.link(name, deliver_after) if deliver_through > deliver_after else b""
        db.execute(
            "INSERT OR REPLACE INTO old_journals VALUES (?, ?, ?, ?, ?)",
            (name, state_after, deliver_after, deliver_through, link or b""),
        )
        for row in self._wreck.good_rows(found, min(state_after, found.delivered)):
            db.execute("INSERT OR REPLACE INTO old VALUES (?, ?, ?, ?)", (name, row.sequence, row.data, row.chain))
            event = _event(row)
            if event is not None:
                self._recorded_ms = max(self._recorded_ms, event.recorded_ms)
                if row.sequence > max(found.delivered, deliver_through):
                    rejournalled.append(_marked(event, f"{name}/{row.sequence}"))
        if self._restored is not None:
            gaps = [self._restored]
        elif found.torn or not gaps:
            gaps.append(self._gap(name, found.end + 1, None, "its end is damaged; what stood there is unknown"))
        self._append(journal, 0, chain.start(journal), [*gaps, *rejournalled])
        return (
            f"Journal {name} ends; events {_named(found.lost) or 'at its end'} are lost. The hall goes on with journal "
            f"{journal}. Delivered under the old id: {deliver_through - deliver_after} events from before the damage; "
            f"in the new one: {len(rejournalled)} from behind it."
        )

    def _gap(self, journal: str, first: int, last: int | None, what: str) -> Event:
        before = self._nearest(first - 1)
        behind = None if last is None else self._nearest(last + 1)
        data = {"journal": journal, "from": first, "to": last, "from_ms": before, "to_ms": behind, "what": what}
        # When the bytes went bad nobody knows: between the events' own time and now.
        return Event(GAP, f"journal/{journal}", data, before or behind or 0, before, None, sure=False)

    def _nearest(self, sequence: int) -> int | None:
        """When the event there was recorded, if it can be read."""
        row = next(self._wreck.rows(sequence - 1), None)
        event = _event(row) if row is not None and row.sequence == sequence else None
        return None if event is None else event.recorded_ms

    def _append(self, journal: str, last: int, link: bytes, events: list[Event]) -> None:
        writer = Writer(journal, self._hall.id, self._hall.offset_minutes)
        for sequence, event in enumerate(events, last + 1):
            data = writer.encode(sequence, event, self._recorded_ms, None)
            link = chain.link(link, data)
            self._db.execute("INSERT INTO events VALUES (?, ?, ?)", (sequence, data, link))


def _event(row: Stored) -> Committed | None:
    try:
        return read(row)
    except EnvelopeError:
        # Its chain is whole, so it was written like this; it stays in the damaged file.
        return None


def _marked(row: Committed, original: str) -> Event:
    event = row.event
    times = (event.time_ms, event.earliest_ms, event.latest_ms)
    return Event(event.type, event.subject, event.data | {ORIGINAL: original}, *times, event.sure)


def _named(ranges: list[tuple[int, int]]) -> str:
    return ", ".join(str(first) if first == last else f"{first} to {last}" for first, last in ranges)
