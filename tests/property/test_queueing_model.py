"""The rules against a small model of their own: the same commands, the same refusals, everybody in the same place.

The model knows lines as lists of numbers and says of each command whether it may be; whom `next` calls it doesn't say,
but holds every call to the cap and to the bound on being passed over.
"""

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec
import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from hub.queueing import snapshot
from hub.queueing import state as queueing_state
from hub.queueing.apply import apply
from hub.queueing.commands import AcceptFact, CloseLease, GrantLease, IssueTicket, Sweep
from hub.queueing.errors import Refusal
from hub.queueing.events import Event
from hub.queueing.priority import CLASSES
from hub.queueing.window_commands import (
    Call,
    CallNext,
    Cancel,
    Finish,
    Hold,
    MarkArrived,
    NoShow,
    Pause,
    Recall,
    Restore,
    Resume,
    SignIn,
    SignOut,
    Transfer,
    Undo,
    Unpause,
    WalkUp,
)
from tests.support_hub_core import EPOCH, LAYOUT, Hall

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


class Model(RuleBasedStateMachine):
    """One hall and its model."""

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

    # --- doing and comparing --------------------------------------------------------------------------------------

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

    # --- what people do -------------------------------------------------------------------------------------------

    @rule(wanted=st.lists(st.tuples(SERVICES, PRIORITIES), min_size=1, max_size=4))
    def issue_some(self, wanted: list[tuple[str, str | None]]) -> None:
        for service, priority in wanted:
            self.issue(service, priority, [])

    @rule(service=SERVICES, priority=PRIORITIES, also=st.lists(SERVICES, max_size=2))
    def issue(self, service: str, priority: str | None, also: list[str]) -> None:
        (event,) = self.do(IssueTicket(service, "desk", priority, "li", also=tuple(also)), True)
        self.issued += 1
        number = event.data["number"]
        assert number not in self.people
        self.people[number] = Person(service, self.issued, self.hall.now.ms, plan=[(each, None) for each in also])
        self.join(number)

    def tell(self, kind: str, at_ms: int | None = None, **data: Any) -> list[Event]:
        """A dispenser's fact."""
        self.facts += 1
        when_ms = self.hall.now.ms if at_ms is None else at_ms
        return self.do(AcceptFact("printer", EPOCH, self.facts, kind, None, when_ms, None, None, data), True)

    @rule(service=SERVICES, priority=PRIORITIES)
    def issue_for_paper(self, service: str, priority: str | None) -> None:
        """A number whose paper is on its way: in no line."""
        (event,) = self.do(IssueTicket(service, "dispenser", priority, "li", printer="printer"), True)
        self.issued += 1
        number = event.data["number"]
        assert number not in self.people
        self.people[number] = Person(service, self.issued, self.hall.now.ms)
        self.printing.add(number)

    @rule(data=st.data(), comes=st.booleans())
    def paper(self, data: Chance, comes: bool) -> None:
        """It comes out or it doesn't; of a ticket that is no longer waited for, either changes nothing."""
        number = choose(data, sorted(self.printing) or self.numbers())
        ticket = self.hall.state.find(number)
        if ticket is None:
            return
        expected, waits = number in self.printing, self.waits(number)
        if comes:
            self.tell("printed", ticket=ticket.id)
            if expected:
                self.printing.discard(number)
                self.join(number)
            return
        events = self.tell("print_failed", ticket=ticket.id, reason="paper_out")
        assert len(events) == (2 if expected or waits else 1)
        if expected or waits:
            self.gone(number)

    @rule(count=st.integers(1, 3))
    def lend(self, count: int) -> None:
        """Numbers for when the hub is away, apart from everybody's."""
        events = self.do(GrantLease("printer", ("A", "B"), count, 60_000), len(self.leases) < 2)
        for event in events:
            ranges = {each["service"]: list(range(each["first"], each["last"] + 1)) for each in event.data["ranges"]}
            assert not {f"{name}{number:03d}" for name in ranges for number in ranges[name]} & set(self.people)
            self.leases[event.data["lease"]] = ranges

    @rule(data=st.data(), service=SERVICES, ago_ms=st.sampled_from([0, 1, 30_000, 300_000]), comes=st.booleans())
    def given_while_away(self, data: Chance, service: str, ago_ms: int, comes: bool) -> None:
        """A leased number comes in: by its time, behind all who are called."""
        open_ones = [name for name, ranges in self.leases.items() if ranges.get(service)]
        if not open_ones:
            return
        lease = choose(data, open_ones)
        number = self.leases[lease][service].pop(0)
        text, at_ms = f"{service}{number:03d}", self.hall.now.ms - ago_ms
        ticket = f"{self.facts:016x}"
        said = {"lease": lease, "ticket": ticket, "service": service, "number": number, "token_sha256": "0" * 64}
        events = self.tell("away", at_ms, **said, reason=None if comes else "paper_out")
        assert text not in self.people
        assert sum("fact" in event.data for event in events) == 1
        self.issued += 1
        self.people[text] = Person(service, self.issued, at_ms)
        if comes:
            self.join_by_time(text)

    @rule(data=st.data())
    def close_a_lease(self, data: Chance) -> None:
        """What nobody was given is void, and never given."""
        if self.leases:
            lease = choose(data, sorted(self.leases))
            (event,) = self.do(CloseLease(lease), True)
            left = self.leases.pop(lease)
            voided = {each["service"]: each["numbers"] for each in event.data["voided"]}
            assert voided == {name: [f"{name}{n:03d}" for n in numbers] for name, numbers in left.items()}

    @rule(data=st.data())
    def next(self, data: Chance) -> None:
        window = self.pick(data, self.free)
        self.call_next(window)

    def call_next(self, window: str) -> None:
        mine = [f"window {window}", *SERVES[window]]
        events = self.do(CallNext(window), self.free(window) and any(self.lines.get(name) for name in mine))
        if not events:
            return
        number = events[0].data["number"]
        caller = self.people[number]
        assert caller.line in mine
        line = self.lines[caller.line]
        assert number in line
        self.hold_to_the_cap(caller.line, line.index(number))
        for name in mine:
            for other in self.lines.get(name, []):
                if name != caller.line:
                    self.people[other].overtaken += self.people[other].rank < caller.rank
        for other in line:
            self.people[other].jumped += line.index(other) < line.index(number)
            self.people[other].overtaken = 0
        self.at_desk(window, number, arrived=False)
        caller.recalls = 0

    def hold_to_the_cap(self, line: str, place: int) -> None:
        if place == 0:
            self.steady[line] = self.steady.get(line, ONE_IN) + 1
        else:
            assert self.steady.get(line, ONE_IN) >= ONE_IN - 1
            self.steady[line] = 0

    @rule(data=st.data())
    def call(self, data: Chance) -> None:
        window = self.pick(data, self.free)
        number = choose(data, self.numbers())
        there = self.waits(number) or number in self.printing
        possible = self.free(window) and there and self.can_call(window, number)
        if self.do(Call(window, number), possible):
            self.at_desk(window, number, arrived=False)
            self.people[number].recalls = 0

    @rule(data=st.data())
    def recall(self, data: Chance) -> None:
        window = self.pick(data, self.called)
        who = self.desks[window].who
        if self.do(Recall(window), self.called(window) and who is not None and self.people[who].recalls < 3):
            assert who is not None
            self.people[who].recalls += 1
            self.desks[window].undo = None

    @rule(data=st.data())
    def arrive(self, data: Chance) -> None:
        window = self.pick(data, self.called)
        if self.do(MarkArrived(window), self.called(window)):
            self.desks[window].arrived = True

    @rule(data=st.data())
    def no_show(self, data: Chance) -> None:
        window = self.pick(data, self.called)
        self.no_show_at(window)

    def no_show_at(self, window: str) -> None:
        if self.do(NoShow(window), self.called(window)):
            number = self.leave_desk(window)
            self.missed.add(number)
            self.desks[window].undo = ("no_show", number, self.hall.now.ms)

    @rule(data=st.data())
    def restore(self, data: Chance) -> None:
        window = self.pick(data, self.manned)
        number = choose(data, sorted(self.missed) or self.numbers())
        possible = self.manned(window) and number in self.missed and not self.people[number].restored
        if self.do(Restore(window, number), possible):
            self.gone(number)
            self.people[number].restored = True
            self.join(number, least=2)
            self.desks[window].undo = None

    @rule(data=st.data())
    def hold(self, data: Chance) -> None:
        window = self.pick(data, self.busy)
        if self.do(Hold(window), self.busy(window)):
            number = self.leave_desk(window)
            self.held.add(number)
            self.people[number].held_by = window

    @rule(data=st.data())
    def resume(self, data: Chance) -> None:
        window = self.pick(data, self.free)
        number = choose(data, sorted(self.held) or self.numbers())
        mine = number in self.held and (self.people[number].held_by == window or self.can_call(window, number))
        if self.do(Resume(window, number), self.free(window) and mine):
            self.at_desk(window, number, arrived=True)

    @rule(
        data=st.data(),
        service=st.none() | SERVICES,
        to=st.none() | WINDOWS,
        back=st.booleans(),
        reason=st.sampled_from([None, "visit", "return"]),
    )
    def transfer(self, data: Chance, service: str | None, to: str | None, back: bool, reason: str | None) -> None:
        window = self.pick(data, self.busy)
        possible = self.busy(window) and (service is not None or to is not None)
        if self.do(Transfer(window, service, to, back, reason), possible):
            number = self.leave_desk(window)
            person = self.people[number]
            if back:
                person.plan.insert(0, (person.service, window))
            person.service, person.only = service or person.service, to
            self.join(number)

    @rule(data=st.data())
    def cancel_here(self, data: Chance) -> None:
        window = self.pick(data, self.busy)
        if self.do(Cancel(window), self.busy(window)):
            self.leave_desk(window)

    @rule(data=st.data())
    def cancel_other(self, data: Chance) -> None:
        window = self.pick(data, self.manned)
        number = choose(data, self.numbers())
        here = self.desks[window].who == number
        elsewhere = self.waits(number) or number in self.held | self.missed | self.printing
        if self.do(Cancel(window, number), self.manned(window) and (here or elsewhere)):
            if here:
                self.leave_desk(window)
            self.gone(number)
            self.desks[window].undo = None

    @rule(data=st.data(), then=st.none() | SERVICES)
    def finish(self, data: Chance, then: str | None) -> None:
        window = self.pick(data, self.busy)
        self.finish_at(window, then)

    def finish_at(self, window: str, then: str | None) -> None:
        events = self.do(Finish(window, then=then), self.busy(window))
        if not events:
            return
        number = self.leave_desk(window)
        person = self.people[number]
        if then is None and not person.plan:
            self.desks[window].undo = ("finish", number, self.hall.now.ms)
            return
        leg = (then, None) if then is not None else person.plan[0]
        if person.plan and person.plan[0] == leg:
            person.plan.pop(0)
        service, only = leg
        assert service is not None
        person.service = service
        if only == window or (only is None and service in SERVES[window]):
            self.at_desk(window, number, arrived=True)
            return
        person.only = only
        self.join(number)

    @rule(data=st.data())
    def undo(self, data: Chance) -> None:
        window = self.pick(data, self.undoable)
        self.undo_at(window)

    def undo_at(self, window: str) -> None:
        desk = self.desks[window]
        last = desk.undo
        possible = self.free(window) and last is not None and self.hall.now.ms - last[2] <= 60_000
        if last is not None and last[0] == "no_show":
            possible = possible and last[1] in self.missed
        events = self.do(Undo(window), possible)
        if events:
            assert last is not None
            self.at_desk(window, last[1], arrived=last[0] == "finish")

    @rule(window=WINDOWS, staff=st.sampled_from(["li", "wang"]))
    def sign_in(self, window: str, staff: str) -> None:
        current = self.hall.state.windows[window].staff
        if self.do(SignIn(window, staff), not self.busy(window) and staff != current):
            self.desks[window].mode = "free"
            self.desks[window].undo = None

    @rule(data=st.data(), times=st.integers(2, 4))
    def serve(self, data: Chance, times: int) -> None:
        """Several citizens one after the other: what only many calls can show."""
        window = self.pick(data, self.free)
        if self.free(window):
            for _ in range(times):
                self.call_next(window)
                if self.busy(window):
                    self.finish_at(window, None)

    @rule(seed=st.integers(0, 2**32))
    def bustle(self, seed: int) -> None:
        """An hour of a busy hall, in any order."""
        chance = random.Random(seed)
        for _ in range(60):
            if chance.random() < 0.4:
                self.issue(chance.choice("AAB"), chance.choice([None, None, *CLASSES]), chance.choice([[], [], ["B"]]))
            self.bustle_with_paper(chance)
            self.hall.pass_ms(chance.randrange(40_000))
            chance.choice(
                [
                    *[lambda: self.serve(chance, 1)] * 8,
                    *[lambda: self.next(chance)] * 2,
                    *(lambda: self.call(chance), lambda: self.recall(chance), lambda: self.arrive(chance)),
                    *(lambda: self.no_show(chance), lambda: self.restore(chance), lambda: self.hold(chance)),
                    *(lambda: self.resume(chance), lambda: self.cancel_other(chance), lambda: self.undo(chance)),
                    lambda: self.finish(chance, chance.choice([None, None, "A", "B"])),
                    lambda: self.transfer(
                        chance, chance.choice([None, "A", "B"]), chance.choice([None, "2"]), chance.random() < 0.5, None
                    ),
                    lambda: self.attend(chance.choice("123"), chance.choice(["sign_out", "pause", "unpause"])),
                    *[lambda: self.sign_in(chance.choice("123"), chance.choice(["li", "wang"]))] * 2,
                ]
            )()
            self.everybody_is_where_the_model_has_them()
            self.no_ticket_is_lost_or_in_two_places()
            self.nobody_is_passed_over_more_than_the_bound()

    def bustle_with_paper(self, chance: random.Random) -> None:
        if chance.random() < 0.2:
            self.issue_for_paper(chance.choice("AB"), chance.choice([None, None, *CLASSES]))
        if chance.random() < 0.2:
            self.paper(chance, chance.random() < 0.8)
        if chance.random() < 0.05:
            self.lend(chance.randint(1, 5))
        if chance.random() < 0.1:
            self.given_while_away(chance, chance.choice("AB"), chance.choice([0, 60_000]), chance.random() < 0.9)
        if chance.random() < 0.02:
            self.close_a_lease(chance)

    @rule(data=st.data())
    def slip(self, data: Chance) -> None:
        """What is done wrongly and seen at once."""
        window = self.pick(data, self.called)
        self.no_show_at(window)
        self.undo_at(window)

    @rule(window=WINDOWS, what=st.sampled_from(["sign_out", "pause", "unpause"]))
    def attend(self, window: str, what: str) -> None:
        desk = self.desks[window]
        possible, mode = {
            "sign_out": (desk.mode in ("free", "paused"), "closed"),
            "pause": (desk.mode == "free", "paused"),
            "unpause": (desk.mode == "paused", "free"),
        }[what]
        command = {"sign_out": SignOut, "pause": Pause, "unpause": Unpause}[what](window)
        if self.do(command, possible):
            desk.mode, desk.undo = mode, None

    @rule(window=WINDOWS)
    def walk_up(self, window: str) -> None:
        desk = self.desks[window]
        if self.do(WalkUp(window), self.free(window) and self.hall.now.ms - desk.walked_ms >= 60_000):
            desk.walked_ms, desk.undo = self.hall.now.ms, None
            self.issued += 1

    @rule(really=st.integers(0, 9))
    def sweep(self, really: int) -> None:
        if really:
            return
        events = self.do(Sweep(now=True, staff="manager"), True)
        open_ones = self.held | self.printing | {number for line in self.lines.values() for number in line}
        open_ones |= {desk.who for desk in self.desks.values() if desk.who is not None}
        assert {event.data["number"] for event in events} == open_ones
        for window in SERVES:
            if self.busy(window):
                self.leave_desk(window)
        self.lines = {"A": [], "B": []}
        self.held.clear()
        self.printing.clear()

    @rule(ms=st.sampled_from([1, 900, 20_000, 61_000, 700_000]))
    def time_passes(self, ms: int) -> None:
        self.hall.pass_ms(ms)

    @rule()
    def keep(self) -> None:
        """A snapshot, from which the rest is followed at the end."""
        self.kept = (msgspec.msgpack.encode(snapshot.dump(self.hall.state)), len(self.hall.events))

    # --- what must always be so -----------------------------------------------------------------------------------

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
        replayed = queueing_state.new(LAYOUT)
        for event in self.hall.events:
            apply(replayed, event)
        assert replayed == self.hall.state
        if self.kept is not None:
            again = snapshot.load(LAYOUT, msgspec.msgpack.decode(self.kept[0]))
            for event in self.hall.events[self.kept[1] :]:
                apply(again, event)
            assert again == self.hall.state


TestModel = Model.TestCase
TestModel.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
