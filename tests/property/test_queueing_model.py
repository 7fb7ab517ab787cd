"""The rules against a small model of their own: the same commands, the same refusals, everybody in the same place.

The model knows lines as lists of numbers and says of each command whether it may be; whom `next` calls it doesn't say,
but holds every call to the cap and to the bound on being passed over.
"""

import random

import msgspec
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import rule

from hub.queueing import snapshot
from hub.queueing.commands import Sweep
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
from tests.property.queueing_papers import Papers
from tests.property.queueing_places import ONE_IN, SERVES, SERVICES, WINDOWS, Chance, choose


class Model(Papers):
    """What is done at the windows."""

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


TestModel = Model.TestCase
TestModel.settings = settings(max_examples=60, stateful_step_count=30, deadline=None)
