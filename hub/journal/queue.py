"""What waits for the journal's writer, and when nothing more may."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hub.journal.errors import JournalFull
from hub.journal.limits import JournalLimits
from hub.journal.rows import Committed
from hub.journal.storage import Room


@dataclass(slots=True)
class Entry:
    """What one append (or cursor, barrier, or job) put into the queue."""

    done: asyncio.Future[Any]
    rows: list[Committed]
    request: str | None = None
    reply: bytes | None = None
    cursor: tuple[str, str] | None = None
    # Upkeep, alone in its turn: its failure is its caller's and nobody else's.
    job: Callable[[], object] | None = None


def promise() -> asyncio.Future[Any]:
    """A future whose failure may go unasked: a caller that was cancelled no longer asks."""
    done: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
    done.add_done_callback(_noticed)
    return done


def full(path: Path, limits: JournalLimits, room: Room) -> JournalFull | None:
    """Why nothing more is taken, if so."""
    if room.database_bytes >= limits.max_bytes:
        return JournalFull(
            f"{path}: holds {room.database_bytes} bytes, its limit is {limits.max_bytes}. Raise the limit."
        )
    if room.free_bytes < limits.min_free_bytes:
        return JournalFull(
            f"{path}: the disk has {room.free_bytes} bytes left, {limits.min_free_bytes} must stay free. "
            "Make room on this disk; it goes on by itself."
        )
    return None


def _noticed(done: asyncio.Future[Any]) -> None:
    if not done.cancelled():
        done.exception()
