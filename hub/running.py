"""The parts of a running hub, and what its doors and devices ask of them together."""

import asyncio
from collections.abc import Coroutine, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from common.metrics import Values
from common.pages import Pages
from common.problem import Problem
from common.sessions import Sessions
from common.tokens import Holder, Tokens
from hub import key_tests
from hub.config import Config
from hub.devices.dispensers import Dispensers
from hub.devices.fleet import Fleet
from hub.devices.registry import Registry
from hub.devices.times import Moment
from hub.devices.updates import Updates
from hub.hall.changing import Changing
from hub.hall.rows import MatterRow, Rows, ServiceRow
from hub.hall.store import HallStore
from hub.hall_doors import HallDesk, journal_problem
from hub.journal import Committed, Journal, JournalError, JournalRetired
from hub.journal.renewal import set_aside
from hub.leds.modules import Leds
from hub.lines import Lines
from hub.paperwork import Paperwork
from hub.printing.printers import Printers
from hub.queueing.commands import AcceptFact, Command
from hub.queueing.events import Now
from hub.queueing.state import State
from hub.queueing.times import rfc3339
from hub.service import HallService
from hub.staff.desk import StaffDesk
from hub.uplink.uplink import Uplink, UplinkState
from hub.voice.announcer import Announcer
from hub.voice.errors import VoiceError
from hub.web import opening
from hub.web.admin_now import Facts
from hub.web.guide import Guide
from hub.web.hall_schema import public_rows
from hub.web.initials import Initials
from hub.web.shown import Shown
from hub.web.stream import Stream


class Clocks(Protocol):
    """The machine's clocks; the composition root owns them."""

    def __call__(self) -> Now:
        """A moment."""

    def rising_ms(self) -> int:
        """A clock that never steps."""


# What a clerk's page tells of a matter.
TOLD = ("name", "name_en", "promised_time", "promised_time_en", "fee", "fee_en", "papers", "papers_en")


@dataclass(slots=True)
class Hub:
    """The parts of a running hub, in the order in which they are made."""

    config: Config
    journal: Journal
    clock: Clocks
    service: HallService
    published: Shown
    registry: Registry
    tokens: Tokens
    sessions: Sessions
    stream: Stream
    hall: HallStore
    version: str
    pages: Pages = field(init=False)
    initials: Initials = field(init=False)
    guide: Guide = field(init=False)
    # None where the hall has no voice.
    announcer: Announcer | None = None
    fleet: Fleet = field(init=False)
    updates: Updates = field(init=False)
    staff: StaffDesk = field(init=False)
    lines: Lines = field(init=False)
    changing: Changing = field(init=False)
    hall_desk: HallDesk = field(init=False)
    printers: Printers = field(init=False)
    paperwork: Paperwork = field(init=False)
    leds: Leds = field(init=False)
    dispensers: Dispensers = field(init=False)
    # Made when it serves; None where the hall reports to nobody.
    uplink: Uplink | None = None
    # Delivers what damaged journals before this one left.
    old_journals: Coroutine[Any, Any, None] | None = None

    @property
    def state(self) -> State:
        """The working state."""
        return self.service.state

    @property
    def shown(self) -> State:
        """The durable state."""
        return self.published.state

    def submit(self, command: Command) -> Coroutine[Any, Any, dict[str, Any]]:
        """Without a request id: facts have their own numbers."""
        return self.service.submit(command)

    def submit_once(self, command: Command, request: str) -> Coroutine[Any, Any, dict[str, Any]]:
        """Under an id of its own: the same again changes nothing."""
        return self.service.submit(command, request)

    def submit_facts(self, facts: Sequence[AcceptFact]) -> Coroutine[Any, Any, None]:
        """What one line brought."""
        return self.service.submit_facts(facts)

    def moment(self) -> Moment:
        """The clocks of now."""
        now = self.service.now()
        return Moment(now.ms, now.sure, self.clock.rising_ms())

    def rising_ms(self) -> int:
        """A clock that never steps."""
        return self.clock.rising_ms()

    def shown_anew(self, row: Committed) -> None:
        """The durable state took this one in."""
        parts = self.published.take(row.event, row.recorded_ms)
        self.stream.publish(row.sequence, parts)
        if "window" in parts:
            self.leds.show(**parts["window"])

    def committed(self, rows: list[Committed]) -> None:
        """What the views made of it goes out first, then boxes, voice and the center hear of it."""
        self.stream.flush()
        events = [row.event for row in rows]
        if self.announcer is not None:
            self.announcer.committed(events)
        self.fleet.committed(events)
        self.updates.committed(events)
        if self.uplink is not None:
            self.uplink.notify()

    async def submit_request(self, command: Command, request: str) -> dict[str, Any]:
        """A door's command; a journal that can't take it becomes a problem that says so."""
        try:
            return await self.service.submit(command, request)
        except JournalError as error:
            raise journal_problem(error) from error

    async def read_events(self, after: int, limit: int) -> list[bytes]:
        """The journal's exact bytes."""
        try:
            return [row.data for row in await asyncio.to_thread(self.journal.read, after, limit)]
        except JournalRetired as error:
            raise Problem(410, "retired", f"The first event kept here is {error.first}", str(error)) from error

    def hall_view(self) -> dict[str, Any]:
        """The hall, with what the rules need not know."""
        hall = self.published.hall()
        tests = key_tests.by_window(self.registry, self.shown.devices, self.config.hall.offset_minutes)
        never = {"keys_tested_at": None, "keys_dead": None}
        windows = [each | tests.get(each["window"], never) for each in hall["windows"]]
        return hall | {"windows": windows} | public_rows(self.hall.rows)

    async def follow_rows(self, rows: Rows) -> dict[str, str]:
        """Lines, tokens and boxes as the rows say; new tokens by their holder."""
        self.lines.follow(rows.links)
        self.printers.follow(rows.printers)
        self.leds.follow(rows.leds)
        self.fleet.invitation_s = rows.hall.invitation_s
        self.fleet.stars_changed()
        self.guide.matters()  # new names need their initials
        wanted = [Holder("clerk", f"window/{row.id}") for row in rows.windows]
        made = await asyncio.to_thread(self.tokens.make, wanted)
        return {f"{holder.role} {holder.place}": token for holder, token in made.items()}

    def queue_view(self) -> dict[str, Any]:
        """Who waits and who is served."""
        return self.published.queue(self.service.now())

    def desk_view(self, window: str) -> dict[str, Any]:
        """A window for its clerk, with what only the configuration knows of the matters there."""
        view = self.published.desk(window, self.service.now())
        tickets = [*view["waiting"]["rows"], *([view["ticket"]] if view["ticket"] else [])]
        here = {each["matter"] for each in tickets} | {each["service"] for each in tickets}
        rows: list[ServiceRow | MatterRow] = [*self.hall.rows.services, *self.hall.rows.matters]
        told = {row.id: {name: getattr(row, name) for name in TOLD} for row in rows if row.id in here}
        return view | {"matters": told}

    async def aloud(self, lang: str, text: str) -> dict[str, Any]:
        """A page's text as a clip."""
        if self.announcer is None:
            raise Problem(503, "no-voice", "This hall has no voice", 'Set [voice] output to other than "off".')
        try:
            clip = await self.announcer.aloud(lang, text)
        except (VoiceError, OSError) as error:
            raise Problem(503, "no-voice", "The voice does not work", str(error)) from error
        return {"clip": clip.key, "length_ms": clip.length_ms}

    def tick(self) -> dict[str, Any]:
        """What a page that hears nothing else must know: the time, and whether what it was drawn from still holds."""
        now = self.service.now()
        return {
            "as_of": rfc3339(now.ms, self.service.layout.offset_minutes),
            "release": self.pages.release,
            "revision": self.guide.revision,
            "giving": not now.sure or opening.giving(self.service.layout, now.ms),
            "voice": self.announcer is not None and self.announcer.engine_fault is None,
        }

    def why_not(self) -> list[str]:
        """Every reason why this hub isn't ready."""
        refuses = self._journal_refuses()
        why = [] if refuses is None else [refuses]
        if self.uplink is not None and self.uplink.state in (UplinkState.FORKED, UplinkState.REFUSED):
            why.append(f"uplink {self.uplink.state}: {self.uplink.why}")
        return why

    def _journal_refuses(self) -> str | None:
        """Why the journal takes nothing now."""
        try:
            self.journal.admit()
        except JournalError as error:
            return str(error)
        return None

    def ready(self) -> dict[str, Any]:
        """Journal open and devices served; every reason why not, and how lines and devices are."""
        why, care = self.why_not(), self.fleet.care_view()
        return {
            "ready": not why,
            "why": why,
            "hall": self.config.hall.id,
            "version": self.version,
            "journal": {
                "id": self.journal.id,
                "durable": self.journal.durable,
                "queued": self.journal.queued_rows,
                "refuses": self._journal_refuses(),
                "set_aside": set_aside(self.journal.path),
            },
            "uplink": None if self.uplink is None else self.uplink.status(),
            "devices": {
                "registered": len(self.registry.standing()),
                "online": self.fleet.online,
                "lines": len(self.fleet.lines),
                "lines_open": sum(line.is_open for line in self.fleet.lines),
            },
            "secrets": self.registry.sealing(),
            "voice": None if self.announcer is None else self.announcer.status(),
            "radios": self.fleet.air.views(),
            "clock_sure": self.service.now().sure,
            **care,
            "each_device": key_tests.told(
                care["each_device"],
                self.fleet.shown(),
                self.shown.devices,
                self.service.now(),
                self.config.hall.offset_minutes,
            ),
        }

    def admin_facts(self) -> Facts:
        """What the manager's page is made from."""
        offset_minutes = self.config.hall.offset_minutes
        tests = {
            device.id: rfc3339(device.key_tested_at_ms, offset_minutes)
            for device in self.service.shown.devices.values()
            if device.key_tested_at_ms is not None
        }
        return Facts(
            ready=self.ready(),
            devices=self.fleet.shown(),
            printers=self.printers.state(),
            leds=self.leds.state(),
            config=self.hall_desk.config_view(),
            key_tests=tests,
            histories=key_tests.histories(self.service.shown.devices, offset_minutes),
            as_of=rfc3339(self.service.now().ms, offset_minutes),
        )

    def metrics(self) -> Values:
        """All numbers for Prometheus; their meaning stands in hub/web/metrics.py."""
        waiting = self.queue_view()["waiting"]
        return {
            "tingting_up": {(self.version,): 1},
            "tingting_ready": {(): float(not self.why_not())},
            "tingting_clock_sure": {(): float(self.service.now().sure)},
            "tingting_journal_durable": {(): self.journal.durable},
            "tingting_journal_queued": {(): self.journal.queued_rows},
            "tingting_queue_waiting": {(service,): count for service, count in waiting.items()},
            **self.stream.metrics(),
            **({} if self.announcer is None else self.announcer.metrics()),
            **self.fleet.metrics(),
            **self.updates.metrics(),
            **self.printers.metrics(),
            **self.leds.metrics(),
            **({} if self.uplink is None else self.uplink.metrics()),
        }
