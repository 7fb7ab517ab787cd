"""The journal's slow work, a little at a time beside everything else: letting old events go, and checking the rest.

What may go: events recorded longer ago than the set time, that the center has (by the cursor that the uplink keeps)
and that a kept state stands behind; never the last one. The chain goes on from the last one let go. What damage left
behind goes after the same time (`leftovers`).
"""

import asyncio
import logging
from collections.abc import Callable

from hub.journal.errors import JournalCorrupt, JournalError
from hub.journal.journal import Journal
from hub.journal.leftovers import Leftovers
from hub.journal.rows import Stored, read
from hub.queueing.events import Now

_log = logging.getLogger(__name__)

DAY_MS = 86_400_000
CURSOR = "center"
# One transaction's rows: some 250 KB, a few milliseconds of the writer, so that no press waits for it.
RETIRE_ROWS = 500
# Between two transactions: the writer is everybody else's nine tenths of the time; still 5,000 events a second go,
# more than a hall makes.
RETIRE_PAUSE_S = 0.1
# A year's events change slowly: looking four times an hour is plenty.
PASS_S = 900.0
# A million events are checked in a quarter of an hour. A hundred at a time: a thousand left 11 MB with the process.
CHECK_ROWS = 100
CHECK_PAUSE_S = 0.1
# Each mark is a sync; between two of them a kill costs the check of this many events again.
MARK_EVERY = 20_000


class Upkeep:
    """One task (`run`)."""

    def __init__(self, journal: Journal, keep_days: int, clock: Callable[[], Now]) -> None:
        self._journal = journal
        self._keep_ms = keep_days * DAY_MS
        self._clock = clock
        self.retired = 0
        self.damaged = ""
        self._leftovers = Leftovers(journal)
        # Where states stand, and which of them were found whole when they were looked at.
        self._looked_at: list[int] = []
        self._whole: list[int] = []

    async def run(self) -> None:
        """Until cancelled; damage is said and left to the next start, which sets it aside."""
        while True:
            try:
                await self._retire_all()
                await self.tidy()
                await self.check()
            except JournalCorrupt as error:
                if str(error) != self.damaged:
                    self.damaged = str(error)
                    _log.error("%s", error)
            except JournalError as error:
                _log.warning("upkeep of the journal waits: %s", error)
            await asyncio.sleep(PASS_S)

    async def _retire_all(self) -> None:
        while await self.retire_some():  # noqa: ASYNC110 - it is not waited for something, but left alone in between
            await asyncio.sleep(RETIRE_PAUSE_S)

    async def retire_some(self) -> int:
        """One small transaction; returns how many events went."""
        now = self._clock()
        # A clock that was never set must not decide that a year is over.
        if not now.sure:
            return 0
        after = self._journal.kept_after
        bound = min(int(self._journal.cursor(CURSOR) or 0), self._journal.durable - 1)
        if bound <= after:
            return 0
        rows = [row for row in await asyncio.to_thread(self._journal.read, after, RETIRE_ROWS) if row.sequence <= bound]
        through = _last_before(rows, now.ms - self._keep_ms)
        if through:
            # Both that are kept: should the newest be damaged, a start still goes on from the other.
            states = await asyncio.to_thread(self._states)
            through = min(through, *states) if states else 0
        if through <= after:
            return 0
        await self._journal.retire(through)
        self.retired += through - after
        return through - after

    def _states(self) -> list[int]:
        """Where states are kept that can be used; unpacked once, not for each portion: it holds up everybody else."""
        there = self._journal.snapshot_sequences()
        if there != self._looked_at:
            self._whole = [kept.sequence for kept in self._journal.snapshots()]
            self._looked_at = there
        return self._whole

    async def tidy(self) -> None:
        """Lets go of what damage left behind, where its time is over."""
        now = self._clock()
        while now.sure and await self._leftovers.forget_some(now.ms - self._keep_ms):  # noqa: ASYNC110 - as above
            await asyncio.sleep(RETIRE_PAUSE_S)
        await self._leftovers.delete_files()

    async def check(self) -> None:
        """Reads what no check has seen yet, slowly; raises `JournalCorrupt` (and the next start checks everything)."""
        journal = self._journal
        marked = position = max(journal.verified, journal.kept_after)
        while position < journal.durable:
            position += len(await asyncio.to_thread(journal.read, position, CHECK_ROWS))
            if position - marked >= MARK_EVERY or position >= journal.durable:
                await journal.mark_verified(position)
                marked = position
            await asyncio.sleep(CHECK_PAUSE_S)


def _last_before(rows: list[Stored], horizon_ms: int) -> int:
    """The last of the rows that was recorded before then; 0 for none. Recorded times never fall."""
    low, high = 0, len(rows)
    while low < high:
        middle = (low + high) // 2
        if read(rows[middle]).recorded_ms < horizon_ms:
            low = middle + 1
        else:
            high = middle
    return rows[low - 1].sequence if low else 0
