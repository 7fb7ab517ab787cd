"""A small hall for the tests of queueing, journal and service: layout, clock, ids and a journal in a folder."""

import json
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from hub.journal import Committed, Journal
from hub.queueing import snapshot, views
from hub.queueing import state as queueing_state
from hub.queueing.apply import apply
from hub.queueing.commands import AcceptFact, Command, IssueTicket
from hub.queueing.decide import decide
from hub.queueing.errors import Refusal
from hub.queueing.events import Event, Now
from hub.queueing.layout import Layout, Service, Window
from hub.queueing.state import State
from hub.queueing.window_commands import SignIn
from hub.service import HallService

# 2026-11-23 09:00 in the hall.
MORNING_MS = 1_795_395_600_000
DAY_MS = 86_400_000
MINUTE_MS = 60_000
EPOCH = "00112233aabbccdd"

LAYOUT = Layout(
    hall="county",
    offset_minutes=480,
    services=(Service("A", "A", "社保", "Social insurance"), Service("B", "B", "税务", "Tax")),
    windows=(Window("1", "1号窗口", ("A", "B")), Window("2", "2号窗口", ("A",)), Window("3", "3号窗口", ("B",))),
    name="县政务服务中心",
    name_en="County service hall",
)


class CountingIds:
    """Ids that tell their order; no chance."""

    def __init__(self) -> None:
        self.made = 0

    def _hex(self, kind: str) -> str:
        self.made += 1
        return sha256(f"{kind}{self.made}".encode()).hexdigest()[:16]

    def ticket(self) -> str:
        return self._hex("ticket")

    def run(self) -> str:
        return self._hex("run")

    def token(self) -> str:
        return self._hex("token")


class Clock:
    """A clock that moves when told to; the wall can be set, the monotonic one only goes on."""

    def __init__(self, ms: int = MORNING_MS, sure: bool = True) -> None:
        self.ms = ms
        self.sure = sure
        self.monotonic_ms = 5_000

    def __call__(self) -> Now:
        return Now(self.ms, self.sure, monotonic_ms=self.monotonic_ms)

    def pass_ms(self, ms: int) -> None:
        self.ms += ms
        self.monotonic_ms += ms


@dataclass
class Hall:
    """The pure core with its clock and all its events so far."""

    state: State = field(default_factory=lambda: queueing_state.new(LAYOUT))
    now: Now = field(default_factory=lambda: Now(MORNING_MS))
    ids: CountingIds = field(default_factory=CountingIds)
    events: list[Event] = field(default_factory=list)

    def do(self, command: Command) -> list[Event]:
        made = decide(self.state, command, self.now, self.ids)
        for event in made:
            apply(self.state, event)
        self.events += made
        return made

    def one(self, command: Command) -> Event:
        (event,) = self.do(command)
        return event

    def refusal(self, command: Command) -> Refusal:
        """Why it is refused, by which nothing has changed."""
        before = json.dumps(snapshot.dump(self.state))
        with pytest.raises(Refusal) as caught:
            self.do(command)
        assert json.dumps(snapshot.dump(self.state)) == before
        return caught.value

    def refused(self, command: Command) -> tuple[str, str, str]:
        """What a refusal says: its kind, the state and the command."""
        refusal = self.refusal(command)
        return refusal.kind, refusal.state, refusal.command

    def issue(self, services: str = "A", **more: Any) -> list[str]:
        """Numbers for so many services."""
        return [self.one(IssueTicket(service, "kiosk", **more)).data["number"] for service in services]

    def moved(self, window: str, number: str, **more: Any) -> dict[str, Any]:
        """The contract's fields of a ticket's move."""
        ticket = next(event.data["ticket"] for event in self.events if event.data.get("number") == number)
        empty = {"to_service": None, "to_window": None, "reason": None}
        return {"ticket": ticket, "number": number, "window": window, "staff": f"staff-{window}"} | empty | more

    def reply(self, command: Command) -> dict[str, Any]:
        return views.reply(self.state, command, self.do(command))

    def pass_ms(self, ms: int) -> None:
        self.now = Now(self.now.ms + ms)

    def replayed(self, layout: Layout = LAYOUT) -> State:
        """The state that its events make of an empty hall."""
        made = queueing_state.new(layout)
        for event in self.events:
            apply(made, event)
        return made


def manned(windows: str = "123") -> Hall:
    """A hall with clerks at these windows: 1 serves A and B, 2 serves A, 3 serves B."""
    made = Hall()
    for window in windows:
        made.do(SignIn(window, f"staff-{window}"))
    return made


def fact(number: int, kind: str, window: str | None = "1", device: str = "box-1", **data: Any) -> AcceptFact:
    """A fact with a known time."""
    return AcceptFact(device, EPOCH, number, kind, window, MORNING_MS + number, None, None, data)


def open_journal(folder: Path, **options: Any) -> Journal:
    return Journal.open(folder / "journal.db", LAYOUT.hall, LAYOUT.offset_minutes, lambda: "journal-1", **options)


def service(journal: Journal, clock: Clock | None = None) -> tuple[HallService, list[Committed]]:
    """A service and the list of what it publishes."""
    made = HallService(journal, LAYOUT, clock or Clock(), CountingIds())
    published: list[Committed] = []
    made.subscribe(published.extend)
    return made, published
