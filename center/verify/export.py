"""An export: the journals' exact events in their order of arrival, their chains, and the notices to be proved.

One gzip file of JSON lines. First a head (`Head`), then a line an event: `[journal, "the event's exact text"]`, where
journal counts in the head's list, last an end (`End`). The text is JSON in a JSON string, so nothing of it is lost.
"""

import gzip
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any, BinaryIO

import msgspec

from center.bulletin import figures
from center.bulletin.figures import PutRight
from center.bulletin.put_right import summary
from center.casework.cases import Case, fold
from center.config import Hall
from center.errors import CenterError
from center.ingest import OWN
from center.store import kept, reading
from common import envelope
from common.envelope import parse_time

FORMAT = "tingting-export/1"
LEVEL = 6  # of gzip: events repeat their field names, so little more is gained above


class ExportError(CenterError):
    """This is no export, or one that was cut off."""


class JournalHead(msgspec.Struct, frozen=True):
    """One journal of an export: through which event, and the chain there."""

    hall: str
    journal: str
    through: int
    chain: str


class Head(msgspec.Struct, frozen=True):
    """The first line."""

    format: str
    made: str
    hall: str | None
    halls: tuple[Hall, ...]
    journals: tuple[JournalHead, ...]


class End(msgspec.Struct, frozen=True):
    """The last line: how many events there were, and the notices' figures by month."""

    events: int
    notices: dict[str, dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an export is to hold: one hall or all, the notices of these months; `made` is the moment, in words."""

    halls: tuple[Hall, ...]
    hall: str | None
    months: Sequence[str]
    made: str


def write(
    connection: sqlite3.Connection, asked: Wanted, path: Path, tell: Callable[[int], None] = lambda events: None
) -> int:
    """Writes an export of one moment; how many events. Raises `MonthError`, `ExportError`."""
    hall = asked.hall
    halls = tuple(one for one in asked.halls if hall in (None, one.id))
    if not halls:
        raise ExportError(f"there is no hall {hall!r} in the settings")
    ids = [one.id for one in halls]
    wanted = {month: figures.months_wanted(month) for month in asked.months}
    connection.execute("BEGIN")  # everything below is of one moment
    try:
        ends = reading.month(connection, ids, [("2000-01-01", "2000-01-01")]).journals
        notices = {}
        for month, dates in wanted.items():
            rows = reading.month(connection, ids, dates)
            own = halls[0] if hall is not None else None
            came = put_right_of(connection, ids, dates[0])
            notices[month] = figures.as_json(figures.build(month, halls, own, rows, came))
        journals = tuple(JournalHead(end.hall, end.journal, end.stored_through, end.chain.hex()) for end in ends)
        events = 0
        with _fresh(path) as file:
            file.write(msgspec.json.encode(Head(FORMAT, asked.made, hall, halls, journals)) + b"\n")
            numbers = {head.journal: number for number, head in enumerate(journals)}
            for journal, data in _events(connection, ids):
                file.write(msgspec.json.encode((numbers[journal], data.decode())) + b"\n")
                events += 1
                tell(events)
            file.write(msgspec.json.encode(End(events, notices)) + b"\n")
    finally:
        connection.execute("ROLLBACK")
    return events


def put_right_of(connection: sqlite3.Connection, halls: Sequence[str], days: tuple[str, str]) -> PutRight:
    """What came of the bad ratings of these dates, from the center's own journals."""
    cases: dict[str, Case] = {}
    for hall in halls:
        rows = connection.execute(
            "SELECT number FROM journals WHERE hall = ? AND journal LIKE ? ORDER BY number", (hall, f"{OWN}%")
        ).fetchall()
        for one in chain.from_iterable(kept.of_journal(connection, number, 0) for (number,) in rows):
            event = envelope.decode(one.data)
            fold(cases, event.type, event.data, parse_time(event.time))
    return summary(case for case in cases.values() if days[0] <= case.rating.date <= days[1])


@contextmanager
def _fresh(path: Path) -> Iterator[Any]:
    """A file that has its name only when it is whole."""
    part = path.with_name(path.name + ".part")
    with part.open("wb") as raw, gzip.GzipFile("", "wb", LEVEL, raw, mtime=0) as packed:
        yield packed
    part.replace(path)


def _events(connection: sqlite3.Connection, halls: Sequence[str]) -> Iterator[tuple[str, bytes]]:
    wanted = set(halls)
    rows = connection.execute("SELECT number, hall, journal FROM journals")
    journals = {number: journal for number, hall, journal in rows if hall in wanted}
    for one in kept.by_position(connection, 0):
        if one.journal in journals:
            yield journals[one.journal], one.data


class Export:
    """An export being read: its head at once, then its events, then its end."""

    def __init__(self, file: BinaryIO) -> None:
        self._lines = gzip.GzipFile(fileobj=file)
        try:
            self.head = msgspec.json.decode(self._lines.readline(), type=Head)
        except (OSError, EOFError, msgspec.DecodeError) as error:
            raise ExportError(f"this is no export of a center: {error}") from error
        if self.head.format != FORMAT:
            raise ExportError(f"its format is {self.head.format!r}; this program reads {FORMAT!r}")
        self.end: End | None = None

    def events(self) -> Iterator[tuple[JournalHead, bytes]]:
        """Each event with its journal, in the order of arrival; afterwards `end` is there. Raises `ExportError`."""
        count = 0
        try:
            for line in self._lines:
                if line.startswith(b"["):
                    number, text = msgspec.json.decode(line, type=tuple[int, str])
                    yield self.head.journals[number], text.encode()
                    count += 1
                else:
                    self.end = msgspec.json.decode(line, type=End)
        except (OSError, EOFError, msgspec.DecodeError, IndexError) as error:
            raise ExportError(f"after {count} events: {error}") from error
        if self.end is None:
            raise ExportError(f"it ends after {count} events, without its last line: was it cut off?")
        if self.end.events != count:
            raise ExportError(f"it has {count} events and says {self.end.events}")
