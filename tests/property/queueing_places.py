"""Where a small model of the hall has everybody: lines are lists of numbers, windows have somebody or nobody."""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant

from hub.queueing import snapshot
from hub.queueing.apply import apply
from hub.queueing.errors import Refusal
from hub.queueing.events import Event
from hub.queueing.priority import CLASSES
from hub.queueing.window_commands import SignIn
from tests.support_hub_core import LAYOUT, Hall

SERVES = {"1": ["A", "B"], "2": ["A"], "3": ["B"]}
ONE_IN = 3
WINDOWS = st.sampled_from(sorted(SERVES))
SERVICES = st.sampled_from("AB")
PRIORITIES = st.sampled_from([None, None, None, *CLASSES])


# What hypothesis draws and shrinks, or a seeded walk that goes further than it would.
Chance = st.DataObject | random.Random


def choose(chance: Chance, among: Sequence[Any]) -> Any:
    return chance.choice(among) if isinstance(chance, random.Random) else chance.draw(st.sampled_from(among))


@dataclass
class Person:
    """A ticket's holder, as the model sees it."""

    service: str
    rank: int
    came_ms: int = 0
    only: str | None = None
    plan: list[tuple[str, str | None]] = field(default_factory=list)
    recalls: int = 0
    restored: bool = False
    held_by: str | None = None
    # Since joining its line: who stood in front, and who was called instead.
    front: int = 0
    jumped: int = 0
    overtaken: int = 0

    @property
    def line(self) -> str:
        return self.service if self.only is None else f"window {self.only}"


@dataclass
class Desk:
    """A window: closed, paused, free, or with somebody called or served."""

    mode: str = "closed"
    who: str | None = None
    arrived: bool = False
    undo: tuple[str, str, int] | None = None
    walked_ms: int = -(10**9)


class HallModel(RuleBasedStateMachine):
    """One hall, where the model has everybody, and what must always be so."""

    def __init__(self) -> None:
        super().__init__()
        self.hall = Hall()
        self.people: dict[str, Person] = {}
        self.lines: dict[str, list[str]] = {"A": [], "B": []}
        self.held: set[str] = set()
        self.missed: set[str] = set()
        # Numbers whose paper isn't confirmed, and leased numbers that nobody has yet.
        self.printing: set[str] = set()
        self.leases: dict[str, dict[str, list[int]]] = {}
        self.facts = 0
        self.desks = {window: Desk() for window in SERVES}
        # Per line: calls in turn since the last one out of turn.
        self.steady: dict[str, int] = {}
        self.issued = 0
        self.kept: tuple[bytes, int] | None = None
        for window in SERVES:
            self.do(SignIn(window, "li"), True)
            self.desks[window].mode = "free"

    def do(self, command: Any, possible: bool) -> list[Event]:
        if possible:
            return self.hall.do(command)
        with pytest.raises(Refusal) as caught:
            self.hall.do(command)
        assert caught.value.state
        assert caught.value.command
        return []

    def numbers(self) -> list[str]:
        return sorted(self.people) or ["A001"]

    def join(self, number: str, least: int = 0) -> None:
        """Behind everybody of a lower rank, and behind at least so many."""
        person = self.people[number]
        line = self.lines.setdefault(person.line, [])
        place = max(sum(self.people[other].rank <= person.rank for other in line), min(least, len(line)))
        if place:
            person.rank = max(person.rank, self.people[line[place - 1]].rank)
        for other in line[place:]:
            self.people[other].front += 1
        person.front, person.jumped, person.overtaken = place, 0, 0
        line.insert(place, number)

    def join_by_time(self, number: str) -> None:
        """In front of the first who came later, as if of that one's rank."""
        person = self.people[number]
        line = self.lines.setdefault(person.line, [])
        later = [place for place, other in enumerate(line) if self.people[other].came_ms > person.came_ms]
        if not later:
            self.join(number)
            return
        person.rank = min(person.rank, self.people[line[later[0]]].rank)
        for other in line[later[0] :]:
            self.people[other].front += 1
        person.front = later[0]
        line.insert(later[0], number)

    def gone(self, number: str) -> None:
        for line in self.lines.values():
            if number in line:
                line.remove(number)
        self.held.discard(number)
        self.missed.discard(number)
        self.printing.discard(number)

    def at_desk(self, window: str, number: str, arrived: bool) -> None:
        self.gone(number)
        desk = self.desks[window]
        desk.mode, desk.who, desk.arrived, desk.undo = "busy", number, arrived, None

    def leave_desk(self, window: str) -> str:
        desk = self.desks[window]
        number, desk.mode, desk.who, desk.undo = desk.who, "free", None, None
        assert number is not None
        return number

    def free(self, window: str) -> bool:
        return self.desks[window].mode == "free"

    def busy(self, window: str) -> bool:
        return self.desks[window].mode == "busy"

    def called(self, window: str) -> bool:
        return self.busy(window) and not self.desks[window].arrived

    def manned(self, window: str) -> bool:
        return self.desks[window].mode != "closed"

    def waits(self, number: str) -> bool:
        return any(number in line for line in self.lines.values())

    def can_call(self, window: str, number: str) -> bool:
        return self.people[number].service in SERVES[window] or self.people[number].only == window

    def undoable(self, window: str) -> bool:
        return self.free(window) and self.desks[window].undo is not None

    def pick(self, data: Chance, fits: Callable[[str], bool]) -> str:
        """A window, mostly one where the command makes sense: what is refused teaches little."""
        fitting = [window for window in SERVES if fits(window)]
        wrong = not fitting or choose(data, range(10)) == 0
        return str(choose(data, sorted(SERVES) if wrong else fitting))

    @invariant()
    def everybody_is_where_the_model_has_them(self) -> None:
        state = self.hall.state
        lines = {name: [ticket.number for ticket in line] for name, line in state.queues.items()}
        lines |= {f"window {name}": [ticket.number for ticket in line] for name, line in state.own.items()}
        assert lines == {name: line for name, line in self.lines.items() if line or name in "AB"}
        assert {ticket.number for ticket in state.missed.values()} == self.missed
        at_desks = {
            window: None if now.ticket is None else state.tickets[now.ticket].number
            for window, now in state.windows.items()
        }
        assert at_desks == {window: desk.who for window, desk in self.desks.items()}
        modes = {"calling": "busy", "serving": "busy"}
        for window, now in state.windows.items():
            assert modes.get(now.state, now.state.value) == self.desks[window].mode

    @invariant()
    def no_ticket_is_lost_or_in_two_places(self) -> None:
        here = [number for line in self.lines.values() for number in line]
        here += [desk.who for desk in self.desks.values() if desk.who is not None]
        here += [*self.held, *self.printing]
        assert len(here) == len(set(here))
        assert sorted(here) == sorted(ticket.number for ticket in self.hall.state.tickets.values())

    @invariant()
    def nobody_is_passed_over_more_than_the_bound(self) -> None:
        for line in self.lines.values():
            for number in line:
                person = self.people[number]
                assert person.jumped <= 1 + person.front // (ONE_IN - 1)
                assert person.overtaken <= ONE_IN - 1

    def teardown(self) -> None:
        assert self.hall.replayed() == self.hall.state
        if self.kept is not None:
            again = snapshot.load(LAYOUT, msgspec.msgpack.decode(self.kept[0]))
            for event in self.hall.events[self.kept[1] :]:
                apply(again, event)
            assert again == self.hall.state
