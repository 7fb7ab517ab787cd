"""The journal: the append-only event store that is the hub's truth (SQLite, one writer, group commit)."""

from hub.journal.errors import (
    JournalBusy,
    JournalCorrupt,
    JournalError,
    JournalFailed,
    JournalFull,
    JournalLocked,
    JournalMismatch,
    JournalRetired,
)
from hub.journal.inline import InlineExecutor
from hub.journal.journal import Journal
from hub.journal.limits import JournalLimits
from hub.journal.renewal import ORIGINAL
from hub.journal.rows import Committed, Stored
from hub.journal.snapshots import Snapshot

__all__ = [
    "ORIGINAL",
    "Committed",
    "InlineExecutor",
    "Journal",
    "JournalBusy",
    "JournalCorrupt",
    "JournalError",
    "JournalFailed",
    "JournalFull",
    "JournalLimits",
    "JournalLocked",
    "JournalMismatch",
    "JournalRetired",
    "Snapshot",
    "Stored",
]
