"""The model's rules for numbers: given at once, given with their paper, and given while the hub was away."""

from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import rule

from hub.queueing.commands import AcceptFact, CloseLease, GrantLease, IssueTicket
from hub.queueing.events import Event
from tests.property.queueing_places import PRIORITIES, SERVICES, Chance, HallModel, Person, choose
from tests.support_hub_core import EPOCH


class Papers(HallModel):
    """Who comes into the hall, and on which way."""

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
