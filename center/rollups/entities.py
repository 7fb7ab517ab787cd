"""What the center remembers of a run, a ticket and a window's day, and how a fact changes it. Pure.

A run stands when it was finished and not taken back. An undone finish that has a rating stands all the same: a rating
always hangs on a run (docs/decisions/undone-finish.md). `*_at` is the position of the event in the store.
"""

from dataclasses import dataclass

from center.counting import WALK_UP, Called, Fact, Finished, Issued, Submitted, Undone
from center.rollups.histogram import LONGEST_MS


@dataclass(slots=True)
class Run:
    """One service rendered; it has a row from its finish or its rating on, whichever comes first."""

    hall: str
    run: str
    ticket: str | None = None
    date: str | None = None
    at_ms: int | None = None
    quarter: int | None = None
    window: str | None = None
    staff: str | None = None
    service: str | None = None
    served_ms: int | None = None
    undone: int = 0
    grade: int | None = None
    rated_ms: int | None = None
    unrated: str | None = None
    aside: int = 0
    finished_at: int | None = None
    rated_at: int | None = None
    undone_at: int | None = None
    cased: int = 0
    aside_at: int | None = None

    @property
    def stands(self) -> bool:
        """Whether it counts as served."""
        return self.date is not None and (not self.undone or self.grade is not None)

    def finish(self, fact: Fact, data: Finished, position: int) -> None:
        """A finish of a run that stands already changes nothing."""
        if self.stands:
            return
        self.ticket, self.date, self.at_ms, self.quarter = data.ticket, fact.date, fact.at_ms, fact.quarter
        self.window, self.staff, self.service = data.window, data.staff, data.service
        self.served_ms = believable(data.served_ms)
        self.undone, self.finished_at = 0, position

    def undo(self, position: int) -> None:
        """The finish was taken back."""
        self.undone, self.undone_at = 1, position

    def submit(self, fact: Fact, data: Submitted, position: int) -> None:
        """The first rating counts; it is the run's, however late it comes."""
        if self.grade is None:
            self.grade, self.rated_ms, self.rated_at = data.grade, fact.at_ms, position

    def follow(self) -> None:
        """A bad rating is followed once."""
        self.cased = 1

    def set_aside(self, position: int) -> None:
        """Its rating was mistaken or false, as decided; the rating itself stays."""
        self.aside, self.aside_at = 1, position


@dataclass(slots=True)
class Ticket:
    """A number, from its issue to its first call. A walk-up stands in no line."""

    hall: str
    ticket: str
    date: str | None = None
    issued_ms: int | None = None
    quarter: int | None = None
    service: str | None = None
    channel: str | None = None
    called_date: str | None = None
    called_ms: int | None = None
    called_quarter: int | None = None
    window: str | None = None
    staff: str | None = None
    waited_ms: int | None = None
    missed: int = 0
    restored: int = 0
    left: int = 0
    issued_at: int | None = None
    called_at: int | None = None
    token_sha256: str | None = None  # of the token on the paper, by which its holder finds it
    missed_at: int | None = None
    left_at: int | None = None

    @property
    def counts(self) -> bool:
        """Whether somebody stood in line with it."""
        return self.channel != WALK_UP and (self.date is not None or self.called_date is not None)

    @property
    def wait_ms(self) -> int | None:
        """From issue to first call: as the hub said, or else by the two events."""
        if self.called_ms is None:
            return None
        if self.waited_ms is None and self.issued_ms is not None:
            return believable(max(0, self.called_ms - self.issued_ms))
        return believable(self.waited_ms)

    def issue(self, fact: Fact, data: Issued, position: int) -> None:
        """It was given."""
        if self.date is None:
            self.date, self.issued_ms, self.quarter = fact.date, fact.at_ms, fact.quarter
            self.service, self.channel, self.issued_at = data.service, data.channel, position
            self.token_sha256 = data.token_sha256

    def call(self, fact: Fact, data: Called, position: int) -> None:
        """The first call ends the waiting."""
        if self.called_date is None:
            self.called_date, self.called_ms, self.called_quarter = fact.date, fact.at_ms, fact.quarter
            self.window, self.staff, self.waited_ms, self.called_at = data.window, data.staff, data.waited_ms, position

    def miss(self, position: int) -> None:
        """Nobody came."""
        self.missed += 1
        self.missed_at = position

    def restore(self) -> None:
        """In line again."""
        self.restored += 1

    def leave(self, position: int) -> None:
        """Void."""
        self.left, self.left_at = 1, position

    def undo(self, data: Undone) -> None:
        """A no-show that was taken back was none."""
        if data.run is None and self.missed:
            self.missed -= 1


@dataclass(slots=True)
class WindowDay:
    """How long a window was open on a day: from the first sign of a clerk to the last, less its pauses.

    Nothing is counted beyond the last event of the day: a clerk who forgot to sign out is not at work at night.
    """

    hall: str
    window: str
    date: str
    staffed: int = 0
    paused: int = 0
    last_ms: int = 0
    open_ms: int = 0

    def pass_to(self, at_ms: int) -> None:
        """Time went by; an event told late turns no clock back."""
        if at_ms > self.last_ms:
            if self.staffed and not self.paused:
                self.open_ms += at_ms - self.last_ms
            self.last_ms = at_ms

    def serve(self, at_ms: int) -> None:
        """Somebody was called or finished here, so somebody was there."""
        self.pass_to(at_ms)
        self.staffed, self.paused = 1, 0

    def move(self, kind: str, at_ms: int) -> None:
        """The clerk came, left, paused or went on."""
        self.pass_to(at_ms)
        if kind == "hall.staff.signed_in":
            self.staffed, self.paused = 1, 0
        elif kind == "hall.staff.signed_out":
            self.staffed = 0
        else:
            self.paused = int(kind == "hall.window.paused")


def believable(ms: int | None) -> int | None:
    """A length of time that can be a sample; None is none."""
    return ms if ms is None or ms <= LONGEST_MS else None
