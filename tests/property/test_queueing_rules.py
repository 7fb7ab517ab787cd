"""Any commands in any order: the hall's invariants hold, and a replay gives the same state."""

from collections import Counter

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from hub.queueing import views
from hub.queueing.commands import (
    AcceptFact,
    DeviceOffline,
    DeviceOnline,
    HubStarted,
    InvitationAccepted,
    InvitationFailed,
    IssueTicket,
)
from hub.queueing.errors import Refusal
from hub.queueing.events import Now
from hub.queueing.state import own_line
from hub.queueing.tables import TicketState, WindowState
from hub.queueing.window_commands import WINDOW_VERBS, SignIn
from tests.support_hub_core import EPOCH, LAYOUT, Hall

WINDOWS = st.sampled_from([window.id for window in LAYOUT.windows] + ["9"])
SERVICES = st.sampled_from([service.id for service in LAYOUT.services] + ["Z"])
DEVICES = st.sampled_from(["box-1", "box-2"])
FACT_KINDS = st.sampled_from(["rated", "unrated", "ignored", "booted", "unheard-of"])
# From a moment to most of a day: midnight is met often.
PAUSES_MS = st.sampled_from([0, 1, 900, 61_000, 20 * 3_600_000])


class Rules(RuleBasedStateMachine):
    """One hall under whatever people, boxes and clocks do to it."""

    def __init__(self) -> None:
        super().__init__()
        self.hall = Hall()
        self.numbers: Counter[tuple[str, str]] = Counter()
        self.called: Counter[str] = Counter()
        self.waits_again: Counter[str] = Counter()
        self.finished: Counter[str] = Counter()
        self.submitted: Counter[str] = Counter()
        self.facts: Counter[tuple[str, int]] = Counter()
        self.runs: list[str] = ["feedfeedfeedfeed"]

    def do(self, command: object) -> None:
        before = repr(self.hall.state)
        try:
            made = self.hall.do(command)
        except Refusal:
            assert repr(self.hall.state) == before
            return
        for event in made:
            if event.type == "hall.ticket.issued":
                self.numbers[event.data["business_date"], event.data["number"]] += 1
            elif event.type == "hall.ticket.called":
                self.called[event.data["ticket"]] += 1
            elif event.type in ("hall.ticket.restored", "hall.ticket.transferred"):
                self.waits_again[event.data["ticket"]] += 1
            elif event.type == "hall.ticket.finished":
                self.runs.append(event.data["run"])
                self.finished[event.data["run"]] += 1
            elif event.type == "hall.ticket.undone" and "run" in event.data:
                self.finished[event.data["run"]] -= 1
            elif event.type == "hall.rating.submitted":
                self.submitted[event.data["run"]] += 1
            if event.type != "hall.rating.submitted":
                assert "grade" not in event.data
            if "fact" in event.data:
                self.facts[event.data["device"], event.data["fact"]] += 1

    @rule(service=SERVICES, channel=st.sampled_from(["kiosk", "desk", "pigeon"]))
    def issue(self, service: str, channel: str) -> None:
        self.do(IssueTicket(service, channel))

    @rule(window=WINDOWS, verb=st.sampled_from(sorted(set(WINDOW_VERBS) - {"sign_in"})))
    def press(self, window: str, verb: str) -> None:
        self.do(WINDOW_VERBS[verb](window, **({"number": "A001"} if verb in ("call", "restore", "resume") else {})))

    @rule(window=WINDOWS, staff=st.sampled_from(["li", "wang"]), role=st.sampled_from("AB"))
    def sign_in(self, window: str, staff: str, role: str) -> None:
        self.do(SignIn(window, staff, role))

    @rule(data=st.data(), device=DEVICES, fact=st.integers(1, 30), kind=FACT_KINDS, grade=st.integers(0, 6))
    def fact(self, data: st.DataObject, device: str, fact: int, kind: str, grade: int) -> None:
        run = data.draw(st.sampled_from(self.runs))
        fields = {"run": run, "grade": grade, "reason": "timeout", "why": "repeated"}
        before = self.hall.state.stored_through(device, EPOCH)
        made = len(self.hall.events)
        self.do(AcceptFact(device, EPOCH, fact, kind, "1", self.hall.now.ms, None, None, fields))
        assert len(self.hall.events) - made == (1 if fact > before else 0)
        assert self.hall.state.stored_through(device, EPOCH) == max(before, fact)

    @rule(data=st.data(), accepted=st.booleans(), device=DEVICES)
    def invite(self, data: st.DataObject, accepted: bool, device: str) -> None:
        run = data.draw(st.sampled_from(self.runs))
        self.do(InvitationAccepted(run, device) if accepted else InvitationFailed(run, None))

    @rule(device=DEVICES, up=st.booleans())
    def link(self, device: str, up: bool) -> None:
        self.do(DeviceOnline(device, "evaluator") if up else DeviceOffline(device, "evaluator"))

    @rule()
    def restart(self) -> None:
        self.do(HubStarted("0.1"))

    @rule(ms=PAUSES_MS, sure=st.booleans())
    def time_passes(self, ms: int, sure: bool) -> None:
        self.hall.now = Now(self.hall.now.ms + ms, sure)

    @invariant()
    def nobody_is_called_twice_for_one_wait(self) -> None:
        assert all(self.called[ticket] <= 1 + self.waits_again[ticket] for ticket in self.called)

    @invariant()
    def numbers_are_unique_on_their_day(self) -> None:
        assert set(self.numbers.values()) <= {1}

    @invariant()
    def no_run_is_rated_twice_and_no_fact_stored_twice(self) -> None:
        assert set(self.submitted.values()) <= {1}
        assert set(self.finished.values()) <= {0, 1}
        assert set(self.facts.values()) <= {1}

    @invariant()
    def every_ticket_is_in_one_place(self) -> None:
        state = self.hall.state
        lines = [*state.queues.items(), *((own_line(window), line) for window, line in state.own.items())]
        queued = [ticket.id for _, line in lines for ticket in line]
        held = [ticket.id for ticket in state.tickets.values() if ticket.state is TicketState.HELD]
        at_windows = [window.ticket for window in state.windows.values() if window.ticket is not None]
        assert sorted(queued + held + at_windows) == sorted(state.tickets)
        assert not state.missed.keys() & state.tickets.keys()
        assert all(ticket.state is TicketState.MISSED for ticket in state.missed.values())
        for name, line in lines:
            assert all(ticket.state is TicketState.WAITING and ticket.line == name for ticket in line)
            assert [ticket.order for ticket in line] == sorted(ticket.order for ticket in line)
        for window in state.windows.values():
            assert (window.ticket is not None) == (window.state in (WindowState.CALLING, WindowState.SERVING))
            assert (window.staff is None) == (window.state is WindowState.CLOSED)

    def teardown(self) -> None:
        replayed = self.hall.replayed()
        assert replayed == self.hall.state
        assert views.queue(replayed, self.hall.now) == views.queue(self.hall.state, self.hall.now)


TestRules = Rules.TestCase
TestRules.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
