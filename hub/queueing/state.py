"""The working state: a projection of the journal, owned and mutated by `apply` alone."""

from collections import deque
from copy import deepcopy
from dataclasses import dataclass, field, replace

from hub.queueing.layout import Layout
from hub.queueing.tables import RunState, TicketState, WindowState

# Runs remembered, oldest forgotten first: two days of the largest hall, about 5 MB. A forgotten run loses no
# rating: a later submission is taken as one for an unknown run, and the center joins it by the run's id.
RUNS_KEPT = 20_000

# The board shows the last 6 calls (domain, "Board").
CALLS_KEPT = 6


@dataclass(slots=True)
class Ticket:
    """An open ticket."""

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


@dataclass(slots=True)
class WindowNow:
    """What stands at a window."""

    id: str
    state: WindowState = WindowState.CLOSED
    staff: str | None = None
    role: str | None = None
    ticket: str | None = None
    pause_reason: str | None = None
    walked_up_at_ms: int | None = None


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


@dataclass(frozen=True, slots=True)
class Call:
    """One call, for the board."""

    number: str
    window: str
    called_at_ms: int


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
        """How many wait for a service."""
        queue = self.queues.get(service)
        return len(queue) if queue else 0


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
