"""What a store answers: plain values, whatever engine is behind it."""

from collections.abc import Sequence
from dataclasses import dataclass

from center.rollups.cells import Times


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
    """Runs under one key: how many, how many of each grade (1 to 5), and how many of those ratings are set aside."""

    key: tuple[str | None, ...]
    served: int
    grades: tuple[int, int, int, int, int]
    aside: int = 0

    @property
    def rated(self) -> int:
        """Runs with a counted rating."""
        return sum(self.grades)


@dataclass(frozen=True, slots=True)
class HallDay:
    """What besides ratings the overview shows of a hall: tickets not yet called (None: unknown), devices up and all."""

    hall: str
    waiting: int | None
    oldest_ms: int | None
    devices_up: int
    devices: int


@dataclass(frozen=True, slots=True)
class Waits:
    """Waiting times of the tickets first called in a day."""

    called: int
    median_ms: int | None
    p90_ms: int | None


@dataclass(frozen=True, slots=True)
class TimesTally:
    """Tickets and times under one key."""

    key: tuple[str | None, ...]
    times: Times


@dataclass(frozen=True, slots=True)
class Question:
    """Figures of the service dates first to last (both included) of some halls, or of all; `by` is one of `GROUPS`."""

    by: str
    first: str
    last: str
    halls: Sequence[str] | None = None
    # Of the one hall that `halls` names, these windows alone.
    windows: frozenset[str] | None = None


ANY = object()  # where None means: those without one


@dataclass(frozen=True, slots=True)
class Windows:
    """Some windows; or with `others` all the others, and what has no window."""

    names: frozenset[str]
    others: bool = False


@dataclass(frozen=True, slots=True)
class Behind:
    """The runs or tickets behind a figure: `figure` names it; window, staff and service are `ANY` where all are meant.

    quarter: 0 to 95, of the day; among: only those of windows that are in each of these.
    after: hall, date and name of the last one that is known already; limit: at most so many.
    """

    figure: str
    first: str
    last: str
    halls: Sequence[str]
    window: object = ANY
    staff: object = ANY
    service: object = ANY
    quarter: object = ANY
    among: tuple[Windows, ...] = ()
    after: tuple[str, str, str] | None = None
    limit: int = 100


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """One event as it stands in the store, and its chain."""

    position: int
    hall: str
    journal: str
    sequence: int
    data: bytes
    chain: bytes


@dataclass(frozen=True, slots=True)
class DeviceState:
    """What is known of one box; `booted`, `fault` and `tested` are JSON of what it said."""

    hall: str
    device: str
    role: str | None
    window: str | None
    up: int
    seen_ms: int
    booted_ms: int | None
    booted: str | None
    fault_ms: int | None
    fault: str | None
    tested_ms: int | None
    tested: str | None


@dataclass(frozen=True, slots=True)
class KeyTest:
    """One test of a box's keys; `detail` is JSON of what it said."""

    hall: str
    device: str
    date: str
    detail: str


@dataclass(frozen=True, slots=True)
class JournalEnd:
    """How far a journal is stored, and its chain there."""

    hall: str
    journal: str
    stored_through: int
    chain: bytes


@dataclass(frozen=True, slots=True)
class Month:
    """All that a month's notice rests on, read at one moment; `windows_before` are the two months before it."""

    halls: list[Tally]
    windows: list[Tally]
    days: list[Tally]
    windows_before: list[list[Tally]]
    times: list[TimesTally]
    devices: list[DeviceState]
    key_tests: list[KeyTest]
    journals: list[JournalEnd]


# What figures can be grouped by; region and department are sums over these, by the settings.
GROUPS = {
    "hall": ("hall",),
    "window": ("hall", "key"),
    "staff": ("hall", "key"),
    "service": ("hall", "key"),
    "quarter": ("key",),
    "day": ("date",),
    "month": ("month",),
}
# The rollup that holds each.
DIMENSION = {by: by if by in ("window", "staff", "service", "quarter") else "hall" for by in GROUPS}


# What is kept by window, and so adds up for some windows of a hall.
BY_WINDOW = ("hall", "window", "day", "month")
