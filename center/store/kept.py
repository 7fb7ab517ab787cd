"""The events as they came, byte for byte: one in a row, or a large batch as the packed body that brought it.

Rows hold what comes a few at a time. A body is stored as it came: a sixth of its events' bytes, and one row for all of
them. Whoever asks for events gets them from both in one order and need not know where they stood.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from functools import lru_cache
from heapq import merge
from itertools import chain as flattened
from itertools import count, islice, repeat
from operator import attrgetter
from typing import Literal, NamedTuple

from center.errors import StoreError
from center.ingest import BatchError, RequestError, TooLargeError, split, unpack
from common import chain

TOGETHER = 100  # events in one statement: what a statement costs by itself is a third of what an event costs alone
# Bodies that stay unpacked for who asks for the next event of the same: usually 0.6 MiB each, at most some 9 MiB (4 MiB
# of events, 20,000 objects around them, and the body as it came).
OPENED = 4
_KEEP = "INSERT INTO events (position, journal, sequence, bytes, chain) VALUES (?, ?, ?, ?, ?)"
_KEEP_MANY = _KEEP + ", (?, ?, ?, ?, ?)" * (TOGETHER - 1)
_BODY = "position, journal, sequence, events, before, encoding, body"


class Kept(NamedTuple):
    """One stored event."""

    position: int
    journal: int
    sequence: int
    data: bytes


class Body(NamedTuple):
    """A batch as it came: where its first event stands, how many there are, and the chain before them."""

    position: int
    journal: int
    sequence: int
    events: int
    before: bytes
    encoding: str
    body: bytes

    @property
    def data(self) -> tuple[bytes, ...]:
        """The exact bytes of its events."""
        try:
            found = _opened(self.body, self.encoding)
        except (BatchError, TooLargeError, RequestError) as error:
            raise self._damaged(str(error)) from error
        if len(found) != self.events:
            raise self._damaged(f"it has {len(found)} events, not {self.events}")
        return found

    def _damaged(self, why: str) -> StoreError:
        return StoreError(
            f"the stored batch of {self.events} events at position {self.position} (journal number {self.journal}, "
            f"from event {self.sequence} on) can't be read: {why}; restore a backup of the store"
        )

    def link(self, sequence: int) -> bytes:
        """The chain after one of its events, or before the first."""
        return chain.extend(self.before, self.data[: sequence - self.sequence + 1])

    def kept(self) -> Iterator[Kept]:
        """Its events, each where it stands."""
        return map(Kept, count(self.position), repeat(self.journal), count(self.sequence), self.data)


@lru_cache(maxsize=OPENED)
def _opened(body: bytes, encoding: str) -> tuple[bytes, ...]:
    return tuple(split(unpack(body, encoding)))


def last_position(connection: sqlite3.Connection) -> int:
    """Where the last event of all journals stands; 0 where there is none."""
    found: int = connection.execute(
        """SELECT max(coalesce((SELECT max(position) FROM events), 0), coalesce(
            (SELECT position + events - 1 FROM bodies ORDER BY position DESC LIMIT 1), 0))"""
    ).fetchone()[0]
    return found


def keep(connection: sqlite3.Connection, first: Kept, data: Sequence[bytes], links: Sequence[bytes]) -> None:
    """Stores events one by one, each with the chain after it; `first` says where the first of them goes."""
    events = zip(count(first.position), repeat(first.journal), count(first.sequence), data, links, strict=False)
    whole = len(data) - len(data) % TOGETHER
    for _ in range(0, whole, TOGETHER):
        connection.execute(_KEEP_MANY, [*flattened.from_iterable(islice(events, TOGETHER))])
    connection.executemany(_KEEP, islice(events, len(data) - whole))


def keep_body(connection: sqlite3.Connection, body: Body) -> None:
    """Stores a whole batch as it came."""
    connection.execute(f"INSERT INTO bodies ({_BODY}) VALUES (?, ?, ?, ?, ?, ?, ?)", body)  # noqa: S608 - our names


def of_journal(connection: sqlite3.Connection, journal: int, after: int) -> Iterator[Kept]:
    """The events of a journal after a sequence, in their order."""
    rows = connection.execute(
        """SELECT position, journal, sequence, bytes FROM events WHERE journal = ? AND sequence > ?
        ORDER BY sequence""",
        (journal, after),
    )
    bodies = connection.execute(
        f"""SELECT {_BODY} FROM bodies WHERE journal = ?1 AND sequence >= coalesce(
            (SELECT max(sequence) FROM bodies WHERE journal = ?1 AND sequence <= ?2 + 1), 0) ORDER BY sequence""",  # noqa: S608 - our names
        (journal, after),
    )
    packed = (kept for row in bodies for kept in Body(*row).kept() if kept.sequence > after)
    return merge(map(Kept._make, rows), packed, key=attrgetter("sequence"))


def by_position(connection: sqlite3.Connection, after: int) -> Iterator[Kept]:
    """The events of all journals after a position, in the order of arrival."""
    rows = connection.execute(
        "SELECT position, journal, sequence, bytes FROM events WHERE position > ? ORDER BY position", (after,)
    )
    bodies = connection.execute(
        f"""SELECT {_BODY} FROM bodies WHERE position >= coalesce(
            (SELECT max(position) FROM bodies WHERE position <= ?1 + 1), 0) ORDER BY position""",  # noqa: S608 - our names
        (after,),
    )
    packed = (kept for row in bodies for kept in Body(*row).kept() if kept.position > after)
    return merge(map(Kept._make, rows), packed, key=attrgetter("position"))


def link(connection: sqlite3.Connection, journal: int, sequence: int) -> bytes | None:
    """The chain after an event of a journal; None where it is not stored."""
    row = connection.execute(
        "SELECT chain FROM events WHERE journal = ? AND sequence = ?", (journal, sequence)
    ).fetchone()
    if row is not None:
        known: bytes = row[0]
        return known
    body = _body(connection, "journal = ? AND sequence <= ? ORDER BY sequence DESC", journal, sequence)
    return body.link(sequence) if body is not None and sequence < body.sequence + body.events else None


def at(connection: sqlite3.Connection, positions: Iterable[int]) -> dict[int, Kept]:
    """The events that stand at these positions, in their order: each body is opened once."""
    return {one.position: one for one in _each(connection, "position", positions)}


def numbered(connection: sqlite3.Connection, journal: int, sequences: Iterable[int]) -> Iterator[Kept]:
    """The events of a journal that have these numbers, in their order: each body is opened once."""
    return _each(connection, "sequence", sequences, journal)


def _each(
    connection: sqlite3.Connection, key: Literal["position", "sequence"], wanted: Iterable[int], *journal: int
) -> Iterator[Kept]:
    where = f"journal = ? AND {key}" if journal else key
    single = f"SELECT position, journal, sequence, bytes FROM events WHERE {where} = ?"  # noqa: S608 - our names
    body: Body | None = None
    for number in sorted(set(wanted)):
        if body is None or number >= getattr(body, key) + body.events:
            row = connection.execute(single, (*journal, number)).fetchone()
            if row is not None:
                yield Kept(*row)
                continue
            body = _body(connection, f"{where} <= ? ORDER BY {key} DESC", *journal, number)
        place = -1 if body is None else number - getattr(body, key)
        if body is not None and place < body.events:
            yield Kept(body.position + place, body.journal, body.sequence + place, body.data[place])


def _body(connection: sqlite3.Connection, where: str, *values: int) -> Body | None:
    row = connection.execute(f"SELECT {_BODY} FROM bodies WHERE {where} LIMIT 1", values).fetchone()  # noqa: S608 - our names
    return Body(*row) if row is not None else None
