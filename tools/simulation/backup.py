"""A hub that goes on from a backup: the shipped copy, rebuilding and taking place, as `tingting restore` does them."""

import shutil
from pathlib import Path

from hub.journal import InlineExecutor, Journal, JournalLimits
from hub.journal.backup import Tail, check, copy
from hub.journal.renewal import Hall, begin_anew, put_in_place
from hub.journal.storage import Storage
from hub.queueing.events import JOURNAL_RESTORED, Event, Now
from hub.queueing.layout import Layout
from hub.service import HallService
from tools.operations.restoring import AN_HOUR, ASIDE, AT_MOST, HOUR_MS, check_clock
from tools.simulation.hall import JOURNAL, Ids


def make(folder: Path, target: Path) -> Tail:
    """While the hub writes; returns what the copy holds."""
    copy(folder / JOURNAL, target, lambda done, of: None)
    return check(target, lambda done, of: None)


async def restore(backup: Path, folder: Path, layout: Layout, ids: Ids, *, made_at_ms: int, now: Now) -> int:
    """Puts it in the place of the journal in `folder`, which no hub has open; returns the backup's last event.

    Raises `OperationsError` where the command refuses it.
    """
    check_clock(now.ms, made_at_ms)
    path = folder / JOURNAL
    tail = check(backup, lambda done, of: None)
    whole = path.with_name(path.name + ".restoring")
    shutil.copyfile(backup, whole)
    hall = layout.hall, layout.offset_minutes, ids.run
    journal = Journal.open(whole, *hall, executor=InlineExecutor())
    HallService(journal, layout, lambda: Now(0), ids)
    await journal.close()
    to_ms = max(now.ms, tail.recorded_ms)
    skipped = min(AT_MOST, AN_HOUR * ((to_ms - made_at_ms) // HOUR_MS + 1))
    data = {
        "journal": tail.journal,
        "through": tail.sequence,
        "from_ms": made_at_ms,
        "to_ms": to_ms,
        "numbers_skipped": skipped,
        "what": "restored from a backup; what was acknowledged from from_ms to to_ms is possibly lost",
    }
    event = Event(
        JOURNAL_RESTORED, f"journal/{tail.journal}", data, to_ms, None if now.sure else made_at_ms, sure=now.sure
    )
    storage = Storage(path, JournalLimits())
    try:
        put_in_place(path, begin_anew(whole, path, Hall(*hall), event), ASIDE)
    finally:
        storage.close()
    return tail.sequence
