"""Facts folded over what is known of the runs, tickets and windows that they touch. Pure; knows no engine.

A store says what it knows of what they touch, folds, and writes what `Folding` then holds, all in the transaction that
stores the events. `recompute` and the export's check fold the same facts in the same order and get the same digits.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from center.counting import (
    Called,
    CaseOpened,
    Data,
    DeviceFact,
    DeviceSeen,
    Fact,
    Finished,
    Ignored,
    Issued,
    Moved,
    SetAside,
    Staffed,
    Submitted,
    Undone,
    Unrated,
    device_fact,
)
from center.rollups.cells import Changes
from center.rollups.entities import Run, Ticket, WindowDay

VERSION = 6  # of these rules: a store counted by others counts anew when it is opened


Arrival = tuple[int, Fact]  # a fact, after the position of its event in the store


@dataclass(slots=True)
class Known:
    """What a store holds of one hall's `Touched`; what it lacks is new."""

    runs: dict[str, Run] = field(default_factory=dict)
    tickets: dict[str, Ticket] = field(default_factory=dict)
    window_days: dict[tuple[str, str], WindowDay] = field(default_factory=dict)
    facts: set[DeviceFact] = field(default_factory=set)


class Folding:
    """The facts of one hall, one after the other."""

    def __init__(self, hall: str, known: Known) -> None:
        self.hall = hall
        self.known = known
        self.changes = Changes()
        self.runs: dict[str, Run] = {}
        self.tickets: dict[str, Ticket] = {}
        self.window_days: dict[tuple[str, str], WindowDay] = {}
        self.facts: dict[DeviceFact, int] = {}
        self.devices: list[Arrival] = []
        self.ignores: list[Arrival] = []
        self.at = 0  # the position of the event that is being folded

    def take(self, arrivals: Iterable[Arrival]) -> "Folding":
        """Folds them, and adds up what changed."""
        for position, fact in arrivals:
            if fact.data is not None:
                self.at = position
                _TAKERS[type(fact.data)](self, position, fact, fact.data)
        for run in self.runs.values():
            self.changes.run(run, 1)
        for ticket in self.tickets.values():
            self.changes.ticket(ticket, 1)
        for day in self.window_days.values():
            self.changes.window_day(day, 1)
        return self

    def _run(self, name: str) -> Run:
        run = self.runs.get(name)
        if run is None:
            known = self.known.runs.get(name)
            if known is None:
                run = Run(self.hall, name)
            else:
                run = known
                self.changes.run(run, -1)
            self.runs[name] = run
        return run

    def _ticket(self, name: str) -> Ticket:
        ticket = self.tickets.get(name)
        if ticket is None:
            known = self.known.tickets.get(name)
            if known is None:
                ticket = Ticket(self.hall, name)
            else:
                ticket = known
                self.changes.ticket(ticket, -1)
            self.tickets[name] = ticket
        return ticket

    def _window(self, window: str | None, fact: Fact) -> WindowDay | None:
        if window is None:
            return None
        key = (window, fact.date)
        day = self.window_days.get(key)
        if day is None:
            day = self.window_days[key] = self.known.window_days.get(key) or WindowDay(self.hall, *key)
            self.changes.window_day(day, -1)
        return day

    def _first(self, position: int, data: Submitted | Unrated | Ignored) -> bool:
        """Takes the fact number; False when an event already has it. An event without one is always first."""
        number = device_fact(data)
        if number is None:
            return True
        if number in self.known.facts or number in self.facts:
            return False
        self.facts[number] = position
        return True

    def issued(self, position: int, fact: Fact, data: Issued) -> None:
        self._ticket(data.ticket).issue(fact, data, position)

    def called(self, position: int, fact: Fact, data: Called) -> None:
        self._ticket(data.ticket).call(fact, data, position)
        day = self._window(data.window, fact)
        if day is not None:
            day.serve(fact.at_ms)

    def moved(self, position: int, fact: Fact, data: Moved) -> None:
        ticket = self._ticket(data.ticket)
        if fact.type == "hall.ticket.no_show":
            ticket.miss(position)
        elif fact.type == "hall.ticket.restored":
            ticket.restore()
        else:
            ticket.leave(position)

    def undone(self, position: int, _fact: Fact, data: Undone) -> None:
        if data.run is None:
            self._ticket(data.ticket).undo(data)
        else:
            self._run(data.run).undo(position)

    def finished(self, position: int, fact: Fact, data: Finished) -> None:
        self._run(data.run).finish(fact, data, position)
        day = self._window(data.window, fact)
        if day is not None:
            day.serve(fact.at_ms)

    def submitted(self, position: int, fact: Fact, data: Submitted) -> None:
        if self._first(position, data):
            self._run(data.run).submit(fact, data, position)

    def case_opened(self, _position: int, _fact: Fact, data: CaseOpened) -> None:
        self._run(data.run).follow()

    def set_aside(self, position: int, _fact: Fact, data: SetAside) -> None:
        self._run(data.run).set_aside(position)

    def unrated(self, position: int, _fact: Fact, data: Unrated) -> None:
        self._first(position, data)
        self._run(data.run).unrated = data.reason

    def ignored(self, position: int, fact: Fact, data: Ignored) -> None:
        # Whoever tries the keys on purpose is no sign of anything.
        if self._first(position, data) and data.why != "key_test" and data.device is not None:
            self.ignores.append((position, fact))

    def staffed(self, _position: int, fact: Fact, data: Staffed) -> None:
        day = self._window(data.window, fact)
        if day is not None:
            day.move(fact.type, fact.at_ms)

    def device(self, position: int, fact: Fact, _data: DeviceSeen) -> None:
        self.devices.append((position, fact))


_TAKERS: dict[type[Data], Callable[..., None]] = {
    Issued: Folding.issued,
    Called: Folding.called,
    Moved: Folding.moved,
    Undone: Folding.undone,
    Finished: Folding.finished,
    Submitted: Folding.submitted,
    CaseOpened: Folding.case_opened,
    SetAside: Folding.set_aside,
    Unrated: Folding.unrated,
    Ignored: Folding.ignored,
    Staffed: Folding.staffed,
    DeviceSeen: Folding.device,
}
