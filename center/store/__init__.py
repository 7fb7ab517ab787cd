"""What the center asks of a store, whatever engine is behind it."""

from asyncio import Future
from collections.abc import Sequence
from typing import Protocol

from center.errors import CenterError
from center.folded import FoldedBatch
from center.ingest import Batch
from center.rollups.entities import Run, Ticket
from center.store.answers import (
    Behind,
    Cursor,
    DeviceState,
    HallDay,
    JournalState,
    KeyTest,
    Month,
    Part,
    Stored,
    StoredEvent,
    Tally,
    TimesTally,
    Waits,
)
from center.store.following import IgnoredRow, RatedRow, RunRow, TicketRow


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


class Store(Protocol):
    """Everything is durable when its answer is there. Reading never waits for writing."""

    def submit(self, batch: Batch | FoldedBatch, received_ms: int) -> "Future[Stored]":
        """Takes a batch; the future ends after the commit, or with `Refused` or `StoreError`."""

    async def cursor(self, hall: str, journal: str) -> Cursor:
        """How far a journal is stored; raises `Refused` when it is another hall's."""

    async def events(self, hall: str, journal: str, part: Part) -> list[bytes]:
        """Stored events, byte for byte; at least one if there is any."""

    async def journals(self) -> list[JournalState]:
        """All journals."""

    async def tallies(
        self, by: str, first: str, last: str, halls: Sequence[str] | None, *, windows: frozenset[str] | None = None
    ) -> list[Tally]:
        """Runs of the service dates first to last, grouped; `by` is one of `GROUPS`.

        windows: of the one hall of `halls`, these windows alone.
        """

    async def times(
        self, by: str, first: str, last: str, halls: Sequence[str] | None, *, windows: frozenset[str] | None = None
    ) -> list[TimesTally]:
        """Tickets, waiting and serving of the dates first to last, grouped likewise."""

    async def runs(self, behind: Behind) -> list[Run]:
        """The runs behind a figure, hall by hall and day by day."""

    async def tickets(self, behind: Behind) -> list[Ticket]:
        """The tickets behind a figure, in the same order."""

    async def run(self, hall: str, name: str) -> tuple[Run, Ticket | None] | None:
        """One run and its ticket, if it is known; None where there is no such run."""

    async def ticket(self, hall: str, name: str) -> Ticket | None:
        """One ticket, or None."""

    async def events_at(self, positions: Sequence[int]) -> list[StoredEvent]:
        """The events at these positions, in the order of arrival."""

    async def devices(self, halls: Sequence[str]) -> list[DeviceState]:
        """Every box of these halls."""

    async def key_tests(self, first: str, last: str, halls: Sequence[str]) -> list[KeyTest]:
        """The key tests of the dates first to last."""

    async def month(self, halls: Sequence[str], months: Sequence[tuple[str, str]]) -> Month:
        """All that a month's notice rests on, read at one moment; first and last dates, newest month first."""

    async def hall_day(self, dates: dict[str, str]) -> list[HallDay]:
        """Waiting and devices of each hall, on the hall's own date."""

    async def waits(self, dates: dict[str, str], windows: frozenset[str] | None = None) -> Waits:
        """Waiting times over these halls, each on its own date; `windows`: of the one hall, these alone."""

    async def quarantine(self, hall: str, limit: int) -> list[tuple[str, int, str]]:
        """The last events in quarantine: journal, sequence, reason."""

    async def ticket_of_token(self, token_sha256: str) -> TicketRow | None:
        """The ticket of a token."""

    async def runs_of_ticket(self, hall: str, name: str) -> list[RunRow]:
        """The services rendered on a ticket, in their order."""

    async def rated_run(self, hall: str, name: str) -> RatedRow | None:
        """One run that stands."""

    async def to_follow(self, hall: str, limit: int) -> list[RatedRow]:
        """Bad ratings that no case follows yet, the oldest first."""

    async def records(self, hall: str, days: tuple[str, str], after: tuple[str, str], limit: int) -> list[RatedRow]:
        """Runs of service dates days[0] to days[1] by date and id, after the one that has this date and id."""

    async def unrated(self, hall: str, date: str, windows: frozenset[str] | None, limit: int) -> list[RunRow]:
        """Runs of a service date that nobody has rated, as they were finished; `windows`: of these alone."""

    async def ignored(self, hall: str, days: tuple[str, str]) -> list[IgnoredRow]:
        """Presses of the dates days[0] to days[1] that nobody was asked for."""

    async def rated(self, hall: str, days: tuple[str, str]) -> list[RatedRow]:
        """All rated runs of service dates days[0] to days[1], in the order of their ratings."""

    def failure(self) -> str | None:
        """Why nothing can be stored now, or None."""

    async def close(self) -> None:
        """Ends after what was taken is durable."""
