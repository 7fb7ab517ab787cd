"""One batch into one journal: gap, fork, repeat, quarantine. Runs inside the writer's transaction."""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice

from center.counting import DeviceFact, Fact, Touched
from center.errors import StoreError
from center.folded import FoldedBatch
from center.ingest import Batch, Element
from center.rollups.ahead import Ahead, again
from center.rollups.folding import Arrival, Folding
from center.store import FOREIGN, FORKED, GAP, Refused, kept, rows
from center.store.answers import Stored
from center.store.kept import Body, Kept
from common import chain

_FORK_TODO = (
    "Nothing was stored or overwritten. Was the hub's journal put back from an older copy? "
    "Compare the hub's events with those kept here (GET …/events with the auditor's token)."
)

# journal, sequence, reason, received_ms
_Aside = tuple[int, int, str | None, int]


@dataclass(slots=True)
class _Journal:
    number: int | None
    stored_through: int
    link: bytes


def append(connection: sqlite3.Connection, batch: Batch | FoldedBatch, received_ms: int) -> Stored:
    """Stores what is new of a batch; raises `Refused`, and then the caller takes back what was changed."""
    journal = _open(connection, batch)
    _check_link(connection, batch, journal)
    if isinstance(batch, FoldedBatch) and batch.after == journal.stored_through and batch.events:
        return _append_folded(connection, batch, journal, received_ms)
    if isinstance(batch, FoldedBatch):
        batch = batch.unfolded()
    elements, links = _dense(connection, batch, journal), batch.links
    if len(elements) != len(links):
        links = list(chain.links(batch.chain, (element.data for element in elements)))
    through = max(journal.stored_through, batch.after + len(elements))
    known = journal.stored_through - batch.after
    _check_known(connection, batch, journal, links[:known])
    new = elements[known:]
    if new:
        _store(connection, batch, journal, new, links[known:], received_ms)
    quarantined: dict[int, str] = {}
    if journal.number is not None:
        quarantined = dict(
            connection.execute(
                "SELECT sequence, reason FROM quarantine WHERE journal = ? AND sequence BETWEEN ? AND ?",
                (journal.number, batch.after + 1, batch.after + len(elements)),
            ).fetchall()
        )
    return Stored(batch.journal, through, quarantined, len(new), _last_recorded_ms(elements))


def _last_recorded_ms(elements: Sequence[Element]) -> int | None:
    """When the last event that can be read was taken by its journal."""
    return next((element.fact.recorded_ms for element in reversed(elements) if element.fact is not None), None)


def _check_known(connection: sqlite3.Connection, batch: Batch, journal: _Journal, links: Sequence[bytes]) -> None:
    """What is sent again must be what is stored."""
    if journal.number is None or not links:
        return
    stored = islice(kept.of_journal(connection, journal.number, batch.after), len(links))
    known = batch.chain
    for sequence, link in enumerate(links, start=batch.after + 1):
        one = next(stored, None)
        if one is None or one.sequence != sequence:
            raise _lacking(batch, sequence, journal)
        known = chain.link(known, one.data)
        if known != link:
            raise Refused(
                FORKED,
                journal.stored_through,
                f"event {sequence} is stored with other bytes than these. {_FORK_TODO}",
            )


def _open(connection: sqlite3.Connection, batch: Batch | FoldedBatch) -> _Journal:
    row = connection.execute(
        "SELECT number, hall, stored_through, chain FROM journals WHERE journal = ?", (batch.journal,)
    ).fetchone()
    if row is None:
        return _Journal(None, 0, chain.start(batch.journal))
    if row[1] != batch.hall:
        raise Refused(FOREIGN, 0, "this journal came from another hall; a journal belongs to one hall")
    return _Journal(row[0], row[2], row[3])


def _check_link(connection: sqlite3.Connection, batch: Batch | FoldedBatch, journal: _Journal) -> None:
    """Chain(after) as stored must be the sender's."""
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
        assert journal.number is not None
        stored = kept.link(connection, journal.number, batch.after)
        if stored is None:
            raise _lacking(batch, batch.after, journal)
        link = stored
    if link != batch.chain:
        raise Refused(
            FORKED,
            journal.stored_through,
            f"chain({batch.after}) is {link.hex()} here: what was sent earlier under these numbers was something else. "
            f"{_FORK_TODO}",
        )


def _lacking(batch: Batch | FoldedBatch, sequence: int, journal: _Journal) -> StoreError:
    return StoreError(
        f"event {sequence} of journal {batch.journal} of hall {batch.hall} is not in the store though it was stored "
        f"through {journal.stored_through}: the file is damaged; restore a backup of the store"
    )


def _dense(connection: sqlite3.Connection, batch: Batch, journal: _Journal) -> list[Element]:
    """The elements one after the other from after + 1 on: what stands before that and is stored is left out.

    An event with a wrong number in the midst of right ones is malformed: it keeps its place and goes to quarantine.
    When the numbers are ahead to the end of the batch, events are missing, and that is a gap.
    """
    elements: list[Element] = []
    before = _stored_before(connection, batch, journal)
    ahead = False
    for element in batch.elements:
        expected = batch.after + len(elements) + 1
        ahead = element.declared is not None and element.declared > expected
        if element.declared is None or element.declared == expected:
            elements.append(element)
        elif (element.declared, element.data) in before:
            continue
        else:
            reason = element.reason or f"its sequence is {element.declared}, its place in the journal {expected}"
            elements.append(Element(element.data, element.declared, None, reason))
    if ahead:
        missing = batch.after + len(elements)
        raise Refused(GAP, journal.stored_through, f"the batch has a hole: event {missing} or one before it is missing")
    return elements


def _stored_before(connection: sqlite3.Connection, batch: Batch, journal: _Journal) -> set[tuple[int, bytes]]:
    """Those of a batch that are stored where it begins or before, as (sequence, bytes)."""
    through = min(batch.after, journal.stored_through)
    sent = {(one.declared, one.data) for one in batch.elements if one.declared is not None and one.declared <= through}
    if not sent or journal.number is None:
        return set()
    stored = kept.numbered(connection, journal.number, (sequence for sequence, _ in sent))
    return {one for one in ((found.sequence, found.data) for found in stored) if one in sent}


def _store(  # noqa: PLR0917 - what is new of a batch, and where it goes
    connection: sqlite3.Connection,
    batch: Batch,
    journal: _Journal,
    elements: Sequence[Element],
    links: Sequence[bytes],
    received_ms: int,
) -> None:
    """Events, what they changed, and how far the journal stands now."""
    number, before = _place(connection, batch, journal, received_ms)
    first = Kept(before + 1, number, journal.stored_through + 1, b"")
    kept.keep(connection, first, [element.data for element in elements], links)
    quarantine: list[_Aside] = []
    arrivals: list[Arrival] = []
    for place, element in enumerate(elements, start=1):
        fact = element.fact
        if fact is None:
            quarantine.append((number, journal.stored_through + place, element.reason, received_ms))
        elif fact.data is not None:
            arrivals.append((before + place, fact))
    known = rows.load(connection, batch.hall, batch.touched)
    rows.write(connection, Folding(batch.hall, known).take(arrivals))
    _close(connection, number, (len(elements), links[-1], received_ms, _last_recorded_ms(elements)), quarantine)


def _append_folded(connection: sqlite3.Connection, batch: FoldedBatch, journal: _Journal, received_ms: int) -> Stored:
    """The whole of a batch that goes on where the journal stands."""
    number, before = _place(connection, batch, journal, received_ms)
    first = before + 1, number, batch.after + 1
    kept.keep_body(connection, Body(*first, batch.events, batch.chain, batch.encoding, batch.body))
    known = rows.load(connection, batch.hall, _touched(batch.ahead))
    if known.facts:
        # A rating that counted already changes what was folded; then all is folded over what is known.
        found = [(before + place, batch.fact(place)) for place in range(1, batch.events + 1)]
        known = rows.load(connection, batch.hall, batch.touched)
        arrivals = [(position, fact) for position, fact in found if fact is not None]
        rows.write(connection, Folding(batch.hall, known).take(arrivals))
    else:

        def fact_at(place: int) -> Fact:
            fact = batch.fact(place)
            assert fact is not None
            return fact

        more = again(batch.hall, known, batch.ahead, fact_at, before)
        rows.write_ahead(connection, batch.ahead, more, before, fact_at)
    quarantined = {journal.stored_through + place: reason for place, reason in batch.reasons.items()}
    quarantine = [(number, sequence, reason, received_ms) for sequence, reason in quarantined.items()]
    _close(connection, number, (batch.events, batch.link, received_ms, batch.recorded_ms), quarantine)
    return Stored(batch.journal, batch.after + batch.events, quarantined, batch.events, batch.recorded_ms)


def _touched(ahead: Ahead) -> Touched:
    return Touched(
        {row[0] for _, row in ahead.runs},
        {row[0] for _, row in ahead.tickets},
        {(row[0], row[1]) for _, row in ahead.window_days},
        {DeviceFact(device, epoch, fact) for device, epoch, fact, _ in ahead.facts},
    )


def _place(
    connection: sqlite3.Connection, batch: Batch | FoldedBatch, journal: _Journal, received_ms: int
) -> tuple[int, int]:
    """The number of a journal, which may be a new one, and the position before what comes now."""
    if journal.number is None:
        journal.number = connection.execute(
            """INSERT INTO journals (journal, hall, stored_through, chain, received_ms) VALUES (?, ?, 0, ?, ?)
            RETURNING number""",
            (batch.journal, batch.hall, chain.start(batch.journal), received_ms),
        ).fetchone()[0]
    assert journal.number is not None
    return journal.number, kept.last_position(connection)


def _close(
    connection: sqlite3.Connection, number: int, end: tuple[int, bytes, int, int | None], quarantine: Sequence[_Aside]
) -> None:
    """What came aside, and how far the journal stands now: events more, chain, received, last recorded."""
    connection.executemany(
        "INSERT INTO quarantine (journal, sequence, reason, received_ms) VALUES (?, ?, ?, ?)", quarantine
    )
    connection.execute(
        """UPDATE journals SET stored_through = stored_through + ?, chain = ?, received_ms = ?,
        last_event_ms = coalesce(?, last_event_ms), quarantined = quarantined + ? WHERE number = ?""",
        (*end, len(quarantine), number),
    )
