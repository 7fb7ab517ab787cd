"""What the center asks of a store, whatever engine is behind it."""

from asyncio import Future
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from center.errors import CenterError
from center.ingest import Batch


class Refused(CenterError):  # noqa: N818 - the answer, not a failure of ours
    """A batch that doesn't fit what is stored; nothing of it was stored."""

    def __init__(self, kind: str, stored_through: int, detail: str) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind = kind
        self.stored_through = stored_through
        self.detail = detail


GAP = "gap"
FORKED = "forked"
FOREIGN = "journal-of-another-hall"


@dataclass(frozen=True, slots=True)
class Stored:
    """A batch that is durable: how far its journal is stored, and which of its events stand in quarantine and why."""

    journal: str
    stored_through: int
    quarantined: dict[int, str]
    added: int
    last_recorded_ms: int | None


@dataclass(frozen=True, slots=True)
class Cursor:
    """Where a hub goes on."""

    journal: str
    stored_through: int
    chain: bytes


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a journal: what stands after `after`, at most `limit` events of about `max_bytes` together."""

    after: int
    limit: int
    max_bytes: int


@dataclass(frozen=True, slots=True)
class JournalState:
    """One journal as stored."""

    hall: str
    journal: str
    stored_through: int
    last_event_ms: int | None
    received_ms: int
    quarantined: int


@dataclass(frozen=True, slots=True)
class Tally:
    """Runs under one key: how many, and how many of each grade (1 to 5)."""

    key: tuple[str | None, ...]
    served: int
    grades: tuple[int, int, int, int, int]

    @property
    def rated(self) -> int:
        """Runs with a counted rating."""
        return sum(self.grades)


@dataclass(frozen=True, slots=True)
class HallDay:
    """What besides ratings the overview shows of a hall: tickets not yet called, devices up and all."""

    hall: str
    waiting: int
    oldest_ms: int | None
    devices_up: int
    devices: int


@dataclass(frozen=True, slots=True)
class Waits:
    """Waiting times of the tickets first called in a day."""

    called: int
    median_ms: int | None
    p90_ms: int | None


class Store(Protocol):
    """Everything is durable when its answer is there. Reading never waits for writing."""

    def submit(self, batch: Batch, received_ms: int) -> "Future[Stored]":
        """Takes a batch; the future ends after the commit, or with `Refused` or `StoreError`."""

    async def cursor(self, hall: str, journal: str) -> Cursor:
        """How far a journal is stored; raises `Refused` when it is another hall's."""

    async def events(self, hall: str, journal: str, part: Part) -> list[bytes]:
        """Stored events, byte for byte; at least one if there is any."""

    async def journals(self) -> list[JournalState]:
        """All journals."""

    async def tallies(self, by: str, first: str, last: str, halls: Sequence[str] | None) -> list[Tally]:
        """Runs of the service dates first to last, grouped; `by` is one of `GROUPS`."""

    async def hall_day(self, dates: dict[str, str]) -> list[HallDay]:
        """Waiting and devices of each hall, on the hall's own date."""

    async def waits(self, dates: dict[str, str]) -> Waits:
        """Waiting times over all halls, each on its own date."""

    async def quarantine(self, hall: str, limit: int) -> list[tuple[str, int, str]]:
        """The last events in quarantine: journal, sequence, reason."""

    def failure(self) -> str | None:
        """Why nothing can be stored now, or None."""

    async def close(self) -> None:
        """Ends after what was taken is durable."""


# What runs can be grouped by; region and department are sums over these, by the settings.
GROUPS = {
    "hall": ("hall",),
    "window": ("hall", "window"),
    "staff": ("hall", "staff"),
    "service": ("hall", "service"),
    "day": ("date",),
    "month": ("month",),
}
