"""The working state: a projection of the journal, owned and mutated by `apply` alone."""

from collections import deque
from copy import deepcopy
from dataclasses import dataclass, field, replace
from typing import Any

from hub.queueing.layout import Layout
from hub.queueing.tables import RunState, TicketState, WindowState

# Runs remembered, oldest forgotten first: two days of the largest hall, about 5 MB. A forgotten run loses no
# rating: a later submission is taken as one for an unknown run, and the center joins it by the run's id.
RUNS_KEPT = 20_000

# The code of a box that nothing is heard of.
SILENT = "silent"

# No-shows remembered for a restore, oldest forgotten first: a day of the largest hall.
MISSED_KEPT = 10_000

# Business days whose numbers are remembered, so that a date set by hand never repeats a number: a week.
DAYS_KEPT = 7

# Service times remembered for each service: enough for quartiles, and recent.
SERVED_KEPT = 50

# Calls in turn counted since a line's last call out of turn: the largest `one_in` that the settings allow.
JUMP_MEMORY = 100

# Finishes of one window and day whose time is kept for its clerk's median: two days' worth at two minutes each.
DAY_SERVED_KEPT = 480

# A board shows the last 6 calls of its zone (domain, "Board"); kept for a hall of 10 zones.
CALLS_SHOWN = 6
CALLS_KEPT = 10 * CALLS_SHOWN


@dataclass(slots=True)
class Ticket:
    """A ticket that is open, missed, or just finished.

    order: its place in a line, by which lines are sorted: the order of issue, or of whom it stands behind since.
    to_window: the one window that may call it next. legs: where the visit goes on after this service, as (service,
    window or None). run: of a finish that was undone, for the next finish. note, moved_at_ms: why and when it was last
    held, transferred, missed or restored. verified_by: who saw that its priority is due. matter: what its holder came
    for, of the hall's list. token_digest: of the token by which its holder follows it.
    """

    id: str
    number: str
    service: str
    priority: str | None
    channel: str
    order: int
    issued_at_ms: int
    state: TicketState
    window: str | None = None
    called_at_ms: int | None = None
    arrived_at_ms: int | None = None
    to_window: str | None = None
    waiting_since_ms: int | None = None
    recalls: int = 0
    restored: bool = False
    due_at_ms: int | None = None
    matter: str | None = None
    token_digest: str | None = None
    # Given by a dispenser while the hub was away: the lease that its number is of.
    lease: str | None = None
    printer: str | None = None
    legs: tuple[tuple[str, str | None], ...] = ()
    run: str | None = None
    note: str | None = None
    moved_at_ms: int | None = None
    verified_by: str | None = None

    @property
    def line(self) -> str:
        """The name of the line that it stands in when it waits."""
        return self.service if self.to_window is None else own_line(self.to_window)


# Of a token's SHA-256 the state keeps 128 bits, as many as the token has: it is chance, which nothing packs smaller.
TOKEN_DIGITS = 32


def own_line(window: str) -> str:
    """The name of the line of those whom one window alone may call."""
    return f"window/{window}"


@dataclass(slots=True)
class LastAct:
    """A finish or no-show that its window may still undo; finished: the ticket, which is in no other place."""

    kind: str
    ticket: str
    at_ms: int
    finished: Ticket | None = None
    run: str | None = None


@dataclass(slots=True)
class DayFigures:
    """What a window did on this business day; served: (run, served_ms) of its last finishes."""

    finished: int = 0
    no_shows: int = 0
    served: deque[tuple[str, int]] = field(default_factory=lambda: deque(maxlen=DAY_SERVED_KEPT))


@dataclass(slots=True)
class WindowNow:
    """What stands at a window."""

    id: str
    state: WindowState = WindowState.CLOSED
    staff: str | None = None
    role: str | None = None
    # When somebody last came or went here: what is told later of before changes nothing.
    staff_at_ms: int | None = None
    ticket: str | None = None
    pause_reason: str | None = None
    walked_up_at_ms: int | None = None
    last: LastAct | None = None
    # Said to stand empty while people wait for it, and not covered since.
    empty: bool = False
    day: DayFigures = field(default_factory=DayFigures)


@dataclass(slots=True)
class Run:
    """A service rendered, and how far its rating is; unknown runs (an old journal's) have no ticket."""

    id: str
    ticket: str | None
    window: str | None
    staff: str | None
    service: str | None
    state: RunState


@dataclass(slots=True)
class Device:
    """What the journal knows of a device."""

    id: str
    role: str | None
    online: bool = False
    # As it said when it last started.
    firmware: str | None = None
    # How often it started, and how it came to the last few times; the last few faults (of its own, or seen by the hub).
    starts: int = 0
    resets: list[dict[str, Any]] = field(default_factory=list)
    faults: list[dict[str, Any]] = field(default_factory=list)
    # When its keys were last tested.
    key_tested_at_ms: int | None = None
    # What that test found, as it was told.
    key_test: dict[str, Any] | None = None
    # The box that stands where this one stood, and the epoch of the key that is dead since.
    replaced_by: str | None = None
    replaced_epoch: str | None = None
    # A person was told that nothing is heard of it, and not yet that it is back.
    silent: bool = False


@dataclass(slots=True)
class Lease:
    """Numbers that a dispenser may give while the hub is away.

    ranges: service → (first, last); used: numbers that it has told of, printed or not.
    """

    id: str
    device: str
    business_date: str
    lasts_ms: int
    ranges: dict[str, tuple[int, int]]
    used: list[str] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Call:
    """One call, for the board."""

    number: str
    window: str
    called_at_ms: int
    service: str = ""
    # The first call of a number at a window, its second, …
    times: int = 1


@dataclass(slots=True)
class State:
    """The hall now. Bounded by open tickets, windows, devices and `RUNS_KEPT`, never by the length of the journal."""

    layout: Layout
    business_date: str = ""
    counters: dict[str, int] = field(default_factory=dict)
    issued: int = 0
    tickets: dict[str, Ticket] = field(default_factory=dict)
    queues: dict[str, deque[Ticket]] = field(default_factory=dict)
    windows: dict[str, WindowNow] = field(default_factory=dict)
    runs: dict[str, Run] = field(default_factory=dict)
    run_order: deque[str] = field(default_factory=deque)
    facts: dict[tuple[str, str], int] = field(default_factory=dict)
    devices: dict[str, Device] = field(default_factory=dict)
    calls: deque[Call] = field(default_factory=lambda: deque(maxlen=CALLS_KEPT))
    runs_kept: int = RUNS_KEPT
    # No-shows of this business day, by ticket.
    missed: dict[str, Ticket] = field(default_factory=dict)
    # Lines of single windows, by window; only those where somebody waits.
    own: dict[str, deque[Ticket]] = field(default_factory=dict)
    # How often each line's head was passed over by another line since the last call from it.
    overtaken: dict[str, int] = field(default_factory=dict)
    # Calls in turn from each line since its last one out of turn; a line that isn't here has had none.
    since_jump: dict[str, int] = field(default_factory=dict)
    # Numbers given on former business days, for a date that is set by hand.
    days: dict[str, dict[str, int]] = field(default_factory=dict)
    # Days between an unsure clock's date and the one that somebody set.
    day_shift: int = 0
    # Numbers of a business day that were passed over for every service, because a lost part of it may have given them.
    skipped: dict[str, int] = field(default_factory=dict)
    # The hall's revision, and whether its layout came from an event (else from whoever opened the journal).
    revision: int = 0
    laid_out: bool = False
    # The hall is practising; the parts of the real work are put away meanwhile (training.py).
    training: bool = False
    real: dict[str, Any] = field(default_factory=dict)
    # Runs that were practice, as long as they are remembered.
    practice: dict[str, bool] = field(default_factory=dict)
    # Numbers given or leased on a business date by services that have left, or have other numbers since: (service, or
    # empty for leased ones, prefix, first, last). Who has the prefix now goes round them.
    left: dict[str, list[tuple[str, str, int, int]]] = field(default_factory=dict)
    # (finished_at_ms, served_ms) of each service's last finishes.
    served: dict[str, deque[tuple[int, int]]] = field(default_factory=dict)

    # Numbers given whose paper isn't confirmed yet, by ticket.
    printing: dict[str, Ticket] = field(default_factory=dict)
    # Leases whose use isn't told to the end, by id.
    leases: dict[str, Lease] = field(default_factory=dict)
    # The lowest number leased of each service, by business date: leases go down from the end of a service's numbers.
    leased: dict[str, dict[str, int]] = field(default_factory=dict)

    def window(self, window: str) -> WindowNow:
        """What stands at a window; one that nothing has happened at yet is closed."""
        found = self.windows.get(window)
        if found is None:
            found = self.windows[window] = WindowNow(window)
        return found

    def stored_through(self, device: str, epoch: str) -> int:
        """The highest fact number stored for a device's epoch; 0 for none."""
        return self.facts.get((device, epoch), 0)

    def unanswered(self) -> list[Run]:
        """Runs that no evaluator has answered for yet, oldest first: what a restart leaves to the devices room."""
        return [run for run in self.runs.values() if run.state is RunState.OPEN]

    def waiting(self, service: str) -> int:
        """How many wait for a service, those for one window among them."""
        own = sum(ticket.service == service for line in self.own.values() for ticket in line)
        return len(self.queues.get(service, ())) + own

    def in_line(self, line: str) -> deque[Ticket]:
        """Who waits in a line, first first; not to be changed."""
        kind, _, window = line.partition("/")
        return (self.own.get(window) if kind == "window" and window else self.queues.get(line)) or deque()

    def find(self, text: str) -> Ticket | None:
        """An open or missed ticket by its number or id."""
        found = self.tickets.get(text) or self.missed.get(text)
        if found is not None:
            return found
        for place in (self.tickets, self.missed):
            for ticket in place.values():
                if ticket.number == text:
                    return ticket
        return None

    def join(self, ticket: Ticket) -> None:
        """Into its line at the place that its order gives it."""
        line = self._line(ticket)
        place = len(line)
        while place and line[place - 1].order > ticket.order:
            place -= 1
        line.insert(place, ticket)

    def join_behind(self, ticket: Ticket, first: int) -> None:
        """Into its line behind the first so many, or further back where its order is later."""
        line = self._line(ticket)
        before = min(first, len(line))
        if before == 0 or line[before - 1].order < ticket.order:
            self.join(ticket)
            return
        ticket.order = line[before - 1].order
        line.insert(before, ticket)

    def join_by_time(self, ticket: Ticket) -> None:
        """Into its line in front of the first who came later, with that one's order: who is called stays called."""
        line = self._line(ticket)
        later = [place for place, other in enumerate(line) if other.issued_at_ms > ticket.issued_at_ms]
        if later:
            ticket.order = min(ticket.order, line[later[0]].order)
            line.insert(later[0], ticket)
        else:
            self.join(ticket)

    def leave(self, ticket: Ticket) -> None:
        """Out of its line."""
        line = self.in_line(ticket.line)
        for place, other in enumerate(line):
            if other is ticket:
                del line[place]
                break
        if ticket.to_window is not None and not line:
            self.own.pop(ticket.to_window, None)

    def _line(self, ticket: Ticket) -> deque[Ticket]:
        # A service that is no longer in the layout: its tickets still wait.
        if ticket.to_window is None:
            return self.queues.setdefault(ticket.service, deque())
        return self.own.setdefault(ticket.to_window, deque())

    def lay_out(self, layout: Layout) -> None:
        """Another hall from here on. What stands open where something was taken away stays, and can be found."""
        for service in self.layout.services:
            if service.id not in layout.service_by_id and not self.queues.get(service.id):
                for kept in (self.queues, self.overtaken, self.since_jump, self.served):
                    kept.pop(service.id, None)
        for service in layout.services:
            self.queues.setdefault(service.id, deque())
        for window in self.layout.windows:
            if window.id not in layout.window_by_id and self.windows[window.id].ticket is None:
                del self.windows[window.id]
        for window in layout.windows:
            self.windows.setdefault(window.id, WindowNow(window.id))
        self.layout = layout
        self.laid_out = True

    def begin_day(self, date: str) -> None:
        """Another business date; its numbers begin anew, or go on where tickets are open or it was left before."""
        if self.business_date:
            self.days[self.business_date] = self.counters
            while len(self.days) > DAYS_KEPT:
                del self.days[next(iter(self.days))]
            for gone in self.left.keys() - self.days.keys() - self.leased.keys():
                del self.left[gone]
        for window in self.windows.values():
            window.day = DayFigures()
        counters = dict(self.days.pop(date, {}))
        if self.tickets:
            for service, count in self.counters.items():
                counters[service] = max(count, counters.get(service, 0))
        else:
            self.missed.clear()
            for window in self.windows.values():
                window.last = None
        self.business_date = date
        self.counters = counters


def new(layout: Layout) -> State:
    """The state before the first event."""
    state = State(layout)
    for service in layout.services:
        state.queues[service.id] = deque()
    for window in layout.windows:
        state.windows[window.id] = WindowNow(window.id)
    return state


def for_showing(state: State) -> State:
    """A copy to be kept beside it for views, without the runs, which no view shows. Made once a start."""
    bare = replace(state, runs={}, run_order=deque(), runs_kept=0)
    return deepcopy(bare, {id(state.layout): state.layout})
