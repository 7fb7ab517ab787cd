"""One batch into one journal: gap, fork, repeat, quarantine. Runs inside the writer's transaction."""

import sqlite3
from dataclasses import dataclass

from center.ingest import Batch, Element
from center.store import FOREIGN, FORKED, GAP, Refused
from center.store.answers import Stored
from center.store.rows import Place, count
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


def append(connection: sqlite3.Connection, batch: Batch, received_ms: int) -> Stored:
    """Stores what is new of a batch; raises `Refused`, and then the caller takes back what was changed."""
    journal = _open(connection, batch)
    link = _link_at(connection, batch, journal)
    elements = _dense(connection, batch, journal)
    quarantined: dict[int, str] = {}
    added = 0
    last_recorded_ms: int | None = None
    sequence = batch.after
    for element in elements:
        sequence += 1
        link = chain.link(link, element.data)
        if element.event is not None and element.fact is not None:
            last_recorded_ms = element.fact.recorded_ms
        if sequence <= journal.stored_through:
            if _stored_link(connection, journal, sequence) != link:
                raise Refused(
                    FORKED,
                    journal.stored_through,
                    f"event {sequence} is stored with other bytes than these. {_FORK_TODO}",
                )
            continue
        if journal.number is None:
            journal.number = connection.execute(
                """INSERT INTO journals (journal, hall, stored_through, chain, received_ms) VALUES (?, ?, 0, ?, ?)""",
                (batch.journal, batch.hall, chain.start(batch.journal), received_ms),
            ).lastrowid
            assert journal.number is not None
        _store(connection, Place(batch.hall, journal.number, sequence, received_ms), element, link)
        added += 1
    if added and journal.number is not None:
        connection.execute(
            """UPDATE journals SET stored_through = ?, chain = ?, received_ms = ?,
            last_event_ms = coalesce(?, last_event_ms),
            quarantined = (SELECT count(*) FROM quarantine WHERE journal = number) WHERE number = ?""",
            (sequence, link, received_ms, last_recorded_ms, journal.number),
        )
    if journal.number is not None:
        quarantined = dict(
            connection.execute(
                "SELECT sequence, reason FROM quarantine WHERE journal = ? AND sequence BETWEEN ? AND ?",
                (journal.number, batch.after + 1, sequence),
            ).fetchall()
        )
    through = max(journal.stored_through, sequence)
    return Stored(batch.journal, through, quarantined, added, last_recorded_ms)


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
            elements.append(Element(element.data, element.declared, None, None, reason))
    if ahead:
        missing = batch.after + len(elements)
        raise Refused(GAP, journal.stored_through, f"the batch has a hole: event {missing} or one before it is missing")
    return elements


def _is_stored(connection: sqlite3.Connection, journal: _Journal, element: Element) -> bool:
    row = connection.execute(
        "SELECT bytes FROM events WHERE journal = ? AND sequence = ?", (journal.number, element.declared)
    ).fetchone()
    return row is not None and row[0] == element.data


def _store(connection: sqlite3.Connection, place: Place, element: Element, link: bytes) -> None:
    connection.execute(
        "INSERT INTO events (journal, sequence, bytes, chain) VALUES (?, ?, ?, ?)",
        (place.journal, place.sequence, element.data, link),
    )
    if element.fact is not None:
        count(connection, place, element.fact)
    else:
        connection.execute(
            "INSERT INTO quarantine (journal, sequence, reason, received_ms) VALUES (?, ?, ?, ?)",
            (place.journal, place.sequence, element.reason, place.received_ms),
        )
