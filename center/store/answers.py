"""What a store answers: plain values, whatever engine is behind it."""

from dataclasses import dataclass


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


# What runs can be grouped by; region and department are sums over these, by the settings.
GROUPS = {
    "hall": ("hall",),
    "window": ("hall", "window"),
    "staff": ("hall", "staff"),
    "service": ("hall", "service"),
    "day": ("date",),
    "month": ("month",),
}
