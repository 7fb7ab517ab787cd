"""What a damaged journal still holds: read around unreadable pages, trusted only as far as the chain vouches for it."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

from common import chain, envelope
from common.envelope import EnvelopeError
from hub.journal import snapshots
from hub.journal.database import READ_ERRORS, START, START_CHAIN, VERIFIED, connect, follows
from hub.journal.rows import Stored

# Rows at a time; around a damaged page they come one by one.
AT_ONCE = 500
# No journal of a hall is longer: searching behind damage ends here.
FARTHEST = 2**41
CURSOR = "center"


@dataclass(slots=True)
class Found:
    """A damaged file's remains.

    good: ranges of events that their predecessors vouch for, in order. The first event behind a damaged part is in
    none: nothing is left that vouches for it; but its link does vouch for the next.
    """

    journal: str | None = None
    start: int = 0
    good: list[tuple[int, int]] = field(default_factory=list)
    # The last event that there was, as far as anything tells; torn: there may have been more.
    end: int = 0
    torn: bool = False
    # What the center has, as far as the uplink noted it.
    delivered: int = 0
    snapshots: list[int] = field(default_factory=list)

    @property
    def lost(self) -> list[tuple[int, int]]:
        """The ranges between the good ones."""
        edges = [(self.start, self.start), *self.good, (self.end + 1, self.end + 1)]
        return [(a + 1, b - 1) for (_, a), (b, _) in pairwise(edges) if a + 1 < b]

    @property
    def deliverable(self) -> tuple[int, int]:
        """(after, through) of what the center lacks and can take under the old journal's id; empty where equal."""
        for first, last in self.good:
            if first <= self.delivered + 1 <= last:
                return self.delivered, last
        return self.delivered, self.delivered

    @property
    def goes_on_after(self) -> int | None:
        """Where this journal can go on: the center has all that is lost before, and a state stands behind it."""
        if self.journal is None or self.torn or not self.good or self.good[-1][1] != self.end:
            return None
        after = self.good[-1][0] - 1
        # The whole journal needs no state: it is replayed.
        stands = after == 0 or any(after <= each <= self.end for each in self.snapshots)
        return after if after <= self.delivered and stands else None


class Wreck:
    """A damaged file, opened for reading alone."""

    def __init__(self, path: Path) -> None:
        self._db = connect(path, read_only=True)

    def close(self) -> None:
        """Gives the file back."""
        self._db.close()

    def look(self) -> Found:
        """What can be read of it; never raises for damage."""
        found = Found()
        meta = dict(self._tolerant("SELECT name, value FROM meta WHERE name != 'probe'"))
        found.journal = meta.get("journal") if isinstance(meta.get("journal"), str) else None
        for row in self.rows(0):
            # The events' own word, should the name have gone bad.
            with contextlib.suppress(EnvelopeError):
                found.journal = envelope.decode(row.data).journal
                break
        if isinstance(meta.get(START), int) and isinstance(meta.get(START_CHAIN), bytes):
            found.start = meta[START]
        for (value,) in self._tolerant("SELECT value FROM cursors WHERE name = 'center'"):
            found.delivered = int(value)
        found.delivered = max(found.delivered, found.start)
        last, link = found.start, meta.get(START_CHAIN)
        if found.start == 0 and found.journal is not None:
            link = chain.start(found.journal)
        for row in self.rows(found.start):
            if row.sequence == last + 1 and isinstance(link, bytes) and follows(row, link):
                if found.good and found.good[-1][1] == last:
                    found.good[-1] = (found.good[-1][0], row.sequence)
                else:
                    found.good.append((row.sequence, row.sequence))
            last, link = row.sequence, row.chain
        found.torn = self._torn
        found.snapshots = [each for each, *_ in self.snapshot_rows()]
        known = meta.get(VERIFIED, 0)
        found.end = max(last, known if isinstance(known, int) else 0, *found.snapshots, found.delivered)
        # Where the end is gone, a state or a mark says that there was more, not how much.
        found.torn = found.torn or last < found.end
        # A page that went bad at the end can hide rows without an error: then nothing vouches for the end.
        if not found.lost and not self._says_ok("PRAGMA quick_check(events)"):
            found.torn = True
        return found

    def rows(self, after: int) -> Iterator[Stored]:
        """Every event behind `after` that can be read, in order, whether its chain fits or not."""
        self._torn = False
        at_once, step = AT_ONCE, 1
        while True:
            try:
                rows = self._after(after, at_once)
            except READ_ERRORS:
                if at_once > 1:
                    at_once = 1
                    continue
                behind = self._behind(after)
                if behind is None:
                    self._torn = True
                    return
                after, at_once = behind, AT_ONCE
                continue
            if not rows:
                return
            before = after
            for row in rows:
                if row.sequence == after + 1 or (row.sequence > after and _says_so(row)):
                    after = row.sequence
                    yield row
            if after == before:
                # Numbers that went bad lead round in a circle: go on further and further behind them.
                after, step = after + step, 2 * step
                if step > FARTHEST:
                    self._torn = True
                    return
            else:
                step = 1

    def good_rows(self, found: Found, after: int) -> Iterator[Stored]:
        """The trusted rows behind `after`."""
        ranges = iter(found.good)
        current = next(ranges, None)
        # The same way as `look` went: begun elsewhere, a search in a damaged tree finds other rows.
        for row in self.rows(found.start):
            while current is not None and row.sequence > current[1]:
                current = next(ranges, None)
            if current is None:
                return
            if row.sequence >= current[0] and row.sequence > after:
                yield row

    def link(self, journal: str, sequence: int) -> bytes | None:
        """The stored link of a row or of the start."""
        meta = dict(self._tolerant("SELECT name, value FROM meta WHERE name != 'probe'"))
        if meta.get(START, 0) == sequence:
            return meta.get(START_CHAIN) or chain.start(journal)
        rows = self._after(sequence - 1, 1)
        return rows[0].chain if rows and rows[0].sequence == sequence else None

    def snapshot_rows(self) -> list[tuple[int, bytes, str, bytes]]:
        """The kept states whose bytes are what was written: sequence, chain, version, state; newest first."""
        found = self._tolerant("SELECT sequence, chain, version, state, digest FROM snapshots ORDER BY sequence DESC")
        return [(row[0], row[1], row[2], row[3]) for row in found if snapshots.is_whole(row)]

    def replies(self) -> list[tuple[str, bytes]]:
        """As many first replies as can be read, oldest first."""
        return self._tolerant("SELECT request, reply FROM replies ORDER BY number")

    def old(self) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
        """What a damaged journal before this one left: its name and bounds, its rows."""
        return self._tolerant("SELECT * FROM old_journals"), self._tolerant("SELECT * FROM old")

    def _after(self, after: int, limit: int) -> list[Stored]:
        rows = self._db.execute(
            "SELECT sequence, data, chain FROM events WHERE sequence > ? ORDER BY sequence LIMIT ?", (after, limit)
        ).fetchall()
        # A damaged page can hand out values of another type.
        return [
            Stored(sequence, *(value if type(value) is bytes else b"" for value in values))
            for sequence, *values in rows
        ]

    def _behind(self, after: int) -> int | None:
        """The smallest number behind damage, which begins at `after`, from which reading goes on."""
        step = 1
        while not self._reads(after + step):
            step *= 2
            if step > FARTHEST:
                return None
        low, high = after + step // 2, after + step
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if self._reads(middle) else (middle, high)
        return high

    def _reads(self, after: int) -> bool:
        try:
            self._after(after, 1)
        except READ_ERRORS:
            return False
        return True

    def _says_ok(self, check: str) -> bool:
        return self._tolerant(check) == [("ok",)]

    def _tolerant(self, query: str) -> list[tuple[Any, ...]]:
        """As many rows as come before an error."""
        rows: list[tuple[Any, ...]] = []
        try:
            for row in self._db.execute(query):
                rows.append(row)  # noqa: PERF402 - what came before the error counts
        except READ_ERRORS:
            return rows
        return rows


def _says_so(row: Stored) -> bool:
    """The event's own bytes hold its number: one that went bad alone must not hide all that come after it."""
    return type(row.data) is bytes and b'"sequence":"%d"' % row.sequence in row.data
