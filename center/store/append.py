"""One batch into one journal: gap, fork, repeat, quarantine. Runs inside the writer's transaction."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field

from center.ingest import Batch, Element
from center.rollups.folding import Arrival, Folding, touched
from center.store import FOREIGN, FORKED, GAP, Refused, rows
from center.store.answers import Stored
from common import chain

_FORK_TODO = (
    "Nothing was stored or overwritten. Was the hub's journal put back from an older copy? "
    "Compare the hub's events with those kept here (GET …/events with the auditor's token)."
)


@dataclass(slots=True)
class _Journal:
    number: int | None
    stored_through: int
    link: bytes


@dataclass(slots=True)
class _Fresh:
    """What of a batch is new here."""

    events: list[tuple[int, int, int, bytes, bytes]] = field(default_factory=list)
    quarantine: list[tuple[int, int, str | None, int]] = field(default_factory=list)
    arrivals: list[Arrival] = field(default_factory=list)


def append(connection: sqlite3.Connection, batch: Batch, received_ms: int) -> Stored:
    """Stores what is new of a batch; raises `Refused`, and then the caller takes back what was changed."""
    journal = _open(connection, batch)
    link = _link_at(connection, batch, journal)
    elements = _dense(connection, batch, journal)
    through = max(journal.stored_through, batch.after + len(elements))
    link = _known_again(connection, journal, batch, elements, link)
    new = elements[journal.stored_through - batch.after :] if elements else []
    if new and journal.number is None:
        journal.number = connection.execute(
            """INSERT INTO journals (journal, hall, stored_through, chain, received_ms) VALUES (?, ?, 0, ?, ?)""",
            (batch.journal, batch.hall, chain.start(batch.journal), received_ms),
        ).lastrowid
    if new and journal.number is not None:
        journal.link = link
        _store(connection, batch.hall, journal, new, received_ms)
    quarantined: dict[int, str] = {}
    if journal.number is not None:
        quarantined = dict(
            connection.execute(
                "SELECT sequence, reason FROM quarantine WHERE journal = ? AND sequence BETWEEN ? AND ?",
                (journal.number, batch.after + 1, batch.after + len(elements)),
            ).fetchall()
        )
    told = [element.fact.recorded_ms for element in elements if element.fact is not None]
    return Stored(batch.journal, through, quarantined, len(new), told[-1] if told else None)


def _known_again(
    connection: sqlite3.Connection, journal: _Journal, batch: Batch, elements: Sequence[Element], link: bytes
) -> bytes:
    """The chain at the end of what is stored, gone along the elements that are sent again; they must be the same."""
    repeated = elements[: max(0, journal.stored_through - batch.after)]
    stored = connection.execute(
        "SELECT chain FROM events WHERE journal = ? AND sequence > ? ORDER BY sequence LIMIT ?",
        (journal.number, batch.after, len(repeated)),
    )
    for sequence, (element, row) in enumerate(zip(repeated, stored, strict=True), start=batch.after + 1):
        link = chain.link(link, element.data)
        if row[0] != link:
            raise Refused(
                FORKED,
                journal.stored_through,
                f"event {sequence} is stored with other bytes than these. {_FORK_TODO}",
            )
    return link


def _open(connection: sqlite3.Connection, batch: Batch) -> _Journal:
    row = connection.execute(
        "SELECT number, hall, stored_through, chain FROM journals WHERE journal = ?", (batch.journal,)
    ).fetchone()
    if row is None:
        return _Journal(None, 0, chain.start(batch.journal))
    if row[1] != batch.hall:
        raise Refused(FOREIGN, 0, "this journal came from another hall; a journal belongs to one hall")
    return _Journal(row[0], row[2], row[3])


def _link_at(connection: sqlite3.Connection, batch: Batch, journal: _Journal) -> bytes:
    """Chain(after) as stored; it must be the sender's."""
    if batch.after > journal.stored_through:
        raise Refused(
            GAP,
            journal.stored_through,
            f"events {journal.stored_through + 1} to {batch.after} are missing; send from after="
            f"{journal.stored_through}",
        )
    if batch.after == journal.stored_through:
        link = journal.link
    elif batch.after == 0:
        link = chain.start(batch.journal)
    else:
        link = _stored_link(connection, journal, batch.after)
    if link != batch.chain:
        raise Refused(
            FORKED,
            journal.stored_through,
            f"chain({batch.after}) is {link.hex()} here: what was sent earlier under these numbers was something else. "
            f"{_FORK_TODO}",
        )
    return link


def _stored_link(connection: sqlite3.Connection, journal: _Journal, sequence: int) -> bytes:
    row = connection.execute(
        "SELECT chain FROM events WHERE journal = ? AND sequence = ?", (journal.number, sequence)
    ).fetchone()
    link: bytes = row[0]
    return link


def _dense(connection: sqlite3.Connection, batch: Batch, journal: _Journal) -> list[Element]:
    """The elements one after the other from after + 1 on: what stands before that and is stored is left out.

    An event with a wrong number in the midst of right ones is malformed: it keeps its place and goes to quarantine.
    When the numbers are ahead to the end of the batch, events are missing, and that is a gap.
    """
    elements: list[Element] = []
    ahead = False
    for element in batch.elements:
        expected = batch.after + len(elements) + 1
        ahead = element.declared is not None and element.declared > expected
        if element.declared is None or element.declared == expected:
            elements.append(element)
        elif element.declared <= min(batch.after, journal.stored_through) and _is_stored(connection, journal, element):
            continue
        else:
            reason = f"its sequence is {element.declared}, its place in the journal {expected}"
            elements.append(Element(element.data, element.declared, None, reason))
    if ahead:
        missing = batch.after + len(elements)
        raise Refused(GAP, journal.stored_through, f"the batch has a hole: event {missing} or one before it is missing")
    return elements


def _is_stored(connection: sqlite3.Connection, journal: _Journal, element: Element) -> bool:
    row = connection.execute(
        "SELECT bytes FROM events WHERE journal = ? AND sequence = ?", (journal.number, element.declared)
    ).fetchone()
    return row is not None and row[0] == element.data


def _store(
    connection: sqlite3.Connection,
    hall: str,
    journal: _Journal,
    elements: Sequence[Element],
    received_ms: int,
) -> None:
    """Events, what they changed, and how far the journal stands now."""
    assert journal.number is not None
    position: int = connection.execute("SELECT coalesce(max(position), 0) FROM events").fetchone()[0]
    sequence, link = journal.stored_through, journal.link
    fresh = _Fresh()
    last_ms: int | None = None
    for element in elements:
        position += 1
        sequence += 1
        link = chain.link(link, element.data)
        fresh.events.append((position, journal.number, sequence, element.data, link))
        if element.fact is None:
            fresh.quarantine.append((journal.number, sequence, element.reason, received_ms))
            continue
        last_ms = element.fact.recorded_ms
        if element.fact.data is not None:
            fresh.arrivals.append(Arrival(position, element.fact))
    connection.executemany(
        "INSERT INTO events (position, journal, sequence, bytes, chain) VALUES (?, ?, ?, ?, ?)", fresh.events
    )
    connection.executemany(
        "INSERT INTO quarantine (journal, sequence, reason, received_ms) VALUES (?, ?, ?, ?)", fresh.quarantine
    )
    known = rows.load(connection, hall, touched(fresh.arrivals))
    rows.write(connection, Folding(hall, known).take(fresh.arrivals))
    connection.execute(
        """UPDATE journals SET stored_through = ?, chain = ?, received_ms = ?,
        last_event_ms = coalesce(?, last_event_ms), quarantined = quarantined + ? WHERE number = ?""",
        (sequence, link, received_ms, last_ms, len(fresh.quarantine), journal.number),
    )
