"""Makes an export's chains and notices again, in a store of its own that is thrown away."""

import sqlite3
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec

from center.bulletin import figures
from center.store import counted, reading
from center.store.migrations import migrate
from center.store.sqlite import CHINA_MINUTES, connect
from center.verify.export import Export, ExportError, Head, put_right_of
from common import chain

MAX_DIFFERENCES = 20  # named; more would say the same


@dataclass(slots=True)
class Verdict:
    """What came of it: `wrong` in words, nothing if all is as it says; digests by month as made again."""

    events: int = 0
    journals: int = 0
    wrong: list[str] = field(default_factory=list)
    digests: dict[str, str] = field(default_factory=dict)


def verify(file: Path, notices: list[dict[str, Any]], tell: Callable[[int], None] = lambda events: None) -> Verdict:
    """Checks an export; `notices` are figures from elsewhere (`/bulletin/{month}.json`) to be proved by it, too."""
    verdict = Verdict()
    with file.open("rb") as raw, tempfile.TemporaryDirectory(prefix="tingting-verify-") as folder:
        export = Export(raw)
        connection = connect(Path(folder) / "scratch.sqlite")
        try:
            # It is thrown away in any case.
            connection.execute("PRAGMA synchronous = OFF")
            connection.execute("PRAGMA journal_mode = MEMORY")
            migrate(connection)
            connection.execute("BEGIN")
            _fill(connection, export, verdict, tell)
            counted.recount(connection, _offsets(export.head))
            assert export.end is not None
            for told in export.end.notices.values():
                _compare(connection, export.head, told, verdict)
            for told in notices:
                _compare_then(connection, export.head, told, verdict)
        finally:
            connection.close()
    return verdict


def _offsets(head: Head) -> counted.Offsets:
    known = {hall.id: hall.offset_minutes for hall in head.halls}
    return lambda hall: known.get(hall, CHINA_MINUTES)


class _Told(msgspec.Struct, frozen=True):
    """The end of a journal that a notice rests on."""

    journal: str
    stored_through: int
    chain: str


def _compare_then(connection: sqlite3.Connection, head: Head, told: dict[str, Any], verdict: Verdict) -> None:
    """A notice of an earlier moment, by the events that were there: what came later is put aside for so long."""
    try:
        ends = {end.journal: end for end in msgspec.convert(told.get("rests_on"), list[_Told])}
    except msgspec.ValidationError as error:
        raise ExportError(f"these are no figures of a notice: rests_on: {error}") from error
    journals = connection.execute("SELECT number, journal, stored_through FROM journals").fetchall()
    connection.execute("SAVEPOINT earlier")
    for number, journal, through in journals:
        end = ends.get(journal) or _Told(journal, 0, chain.start(journal).hex())
        if end.stored_through >= through:
            continue
        connection.execute("DELETE FROM events WHERE journal = ? AND sequence > ?", (number, end.stored_through))
        row = connection.execute(
            "SELECT chain FROM events WHERE journal = ? AND sequence = ?", (number, end.stored_through)
        ).fetchone()
        link = chain.start(journal) if row is None else row[0]
        connection.execute(
            "UPDATE journals SET stored_through = ?, chain = ? WHERE number = ?", (end.stored_through, link, number)
        )
        if not end.stored_through:
            connection.execute("DELETE FROM quarantine WHERE journal = ?", (number,))
            connection.execute("DELETE FROM journals WHERE number = ?", (number,))
    counted.recount(connection, _offsets(head))
    _compare(connection, head, told, verdict)
    connection.execute("ROLLBACK TO earlier")
    connection.execute("RELEASE earlier")


def _fill(connection: sqlite3.Connection, export: Export, verdict: Verdict, tell: Callable[[int], None]) -> None:
    """Stores the events, and holds each journal's chain against what the head says."""
    links: dict[str, tuple[int, bytes]] = {}
    numbers: dict[str, int] = {}
    for journal, data in export.events():
        sequence, link = links.get(journal.journal) or (0, chain.start(journal.journal))
        if journal.journal not in numbers:
            numbers[journal.journal] = len(numbers) + 1
            connection.execute(
                """INSERT INTO journals (number, journal, hall, stored_through, chain, received_ms)
                VALUES (?, ?, ?, 0, ?, 0)""",
                (numbers[journal.journal], journal.journal, journal.hall, link),
            )
        sequence, link = sequence + 1, chain.link(link, data)
        links[journal.journal] = (sequence, link)
        connection.execute(
            "INSERT INTO events (journal, sequence, bytes, chain) VALUES (?, ?, ?, ?)",
            (numbers[journal.journal], sequence, data, link),
        )
        verdict.events += 1
        tell(verdict.events)
    verdict.journals = len(export.head.journals)
    for head in export.head.journals:
        sequence, link = links.get(head.journal) or (0, chain.start(head.journal))
        if (sequence, link.hex()) != (head.through, head.chain):
            verdict.wrong.append(
                f"journal {head.journal} of {head.hall}: it says event {head.through} with chain {head.chain}; "
                f"its events end at {sequence} with chain {link.hex()}"
            )
        if head.journal in numbers:
            connection.execute(
                "UPDATE journals SET stored_through = ?, chain = ? WHERE number = ?",
                (sequence, link, numbers[head.journal]),
            )


def _compare(connection: sqlite3.Connection, head: Head, told: dict[str, Any], verdict: Verdict) -> None:
    """A notice as told, and as the events say."""
    told = {name: value for name, value in told.items() if name not in ("digest", "as_of")}
    month = str(told.get("month"))
    hall = told.get("hall")
    halls = tuple(one for one in head.halls if hall in (None, one.id))
    if told.get("halls") != [one.id for one in halls]:
        verdict.wrong.append(f"notice of {month}: it is about {told.get('halls')}, this export about other halls")
        return
    try:
        wanted = figures.months_wanted(month)
    except figures.MonthError as error:
        raise ExportError(str(error)) from error
    rows = reading.month(connection, [one.id for one in halls], wanted)
    own = halls[0] if hall is not None else None
    came = put_right_of(connection, [one.id for one in halls], wanted[0])
    made = figures.as_json(figures.build(month, halls, own, rows, came))
    made = msgspec.json.decode(msgspec.json.encode(made))
    verdict.digests[month] = figures.digest(made)
    if made.get("rests_on") != told.get("rests_on"):
        verdict.wrong.append(
            f"notice of {month}: it rests on ends of journals that this export does not have: is it older than "
            "the notice, or of another center?"
        )
    differences = _differences("", told, made)
    verdict.wrong += [f"notice of {month}: {line}" for line in differences[:MAX_DIFFERENCES]]
    if len(differences) > MAX_DIFFERENCES:
        verdict.wrong.append(f"notice of {month}: and {len(differences) - MAX_DIFFERENCES} more")


def _differences(where: str, told: Any, made: Any) -> list[str]:
    if isinstance(told, dict) and isinstance(made, dict):
        found = []
        for name in sorted(told.keys() | made.keys()):
            found += _differences(f"{where}.{name}".lstrip("."), told.get(name), made.get(name))
        return found
    if isinstance(told, list) and isinstance(made, list) and len(told) == len(made):
        found = []
        for number, (one, other) in enumerate(zip(told, made, strict=True)):
            found += _differences(f"{where}[{number}]", one, other)
        return found
    return [] if told == made else [f"{where}: it says {told!r}, the events say {made!r}"]
