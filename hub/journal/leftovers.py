"""What damage left behind, and when it goes: events of the journals before this one, and the files that were set aside.

An old journal's events go when the center has the last of them, they are as old as any event that may go, and this
journal's own beginning has gone, so that no start asks for them. A set-aside file goes when this journal has let go of
all that was in it when the file was first seen there: then the center has the `hall.journal.gap` that names what is
lost, and the set time is over, by a rule that asks no clock of the file system. While anything of an old journal waits
to be delivered, every file stays.
"""

import asyncio
import logging

from hub.journal.database import translate
from hub.journal.journal import Journal
from hub.journal.renewal import set_aside

_log = logging.getLogger(__name__)

# One transaction's rows, as for the journal's own (`upkeep.RETIRE_ROWS`).
FORGET_ROWS = 500


class Leftovers:
    """Looks after them for `Upkeep`, whose horizon it gets."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    async def forget_some(self, horizon_ms: int) -> int:
        """One small transaction; returns how many events of old journals went."""
        journal = self._journal
        if not journal.kept_after:
            return 0
        for name, delivered, through in await asyncio.to_thread(journal.olds):
            recorded_ms = await asyncio.to_thread(journal.old_recorded_ms, name)
            if delivered >= through and (recorded_ms is None or recorded_ms < horizon_ms):
                gone = await journal.forget_old(name, FORGET_ROWS)
                if gone:
                    return gone
        return 0

    async def delete_files(self) -> list[str]:
        """Notes new ones, deletes those whose time is over; returns their names. Raises `JournalError`."""
        journal = self._journal
        there = set_aside(journal.path)
        noted = await asyncio.to_thread(journal.asides)
        notes = {name: noted.get(name, journal.durable) for name in there}
        waiting = any(delivered < through for _, delivered, through in await asyncio.to_thread(journal.olds))
        gone = [] if waiting else [name for name in there if name in noted and noted[name] <= journal.kept_after]
        for name in gone:
            await asyncio.to_thread(self._delete, name)
            del notes[name]
            _log.warning(
                "%s is deleted: all that was recorded until it was set aside is at the center, and its time is over.",
                journal.path.with_name(name),
                extra={"event": "journal.aside_deleted"},
            )
        if notes != noted:
            await journal.note_asides(notes)
        return gone

    def _delete(self, name: str) -> None:
        path = self._journal.path.with_name(name)
        try:
            # The file itself last: it is what is looked for, should this be cut short.
            for ending in ("-wal", "-shm", ""):
                path.with_name(name + ending).unlink(missing_ok=True)
        except OSError as error:
            raise translate(path, "delete a damaged file whose time is over", error) from error
