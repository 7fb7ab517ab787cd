"""All devices of the hall: who is where, who is online, who is asked for a grade, what each shows."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from common.metrics import Values
from hub.devices import callers, fleet_view
from hub.devices.air import Air
from hub.devices.around import Attendant, Hall, Log, Surroundings
from hub.devices.asking import Answerer
from hub.devices.care import Care, todo
from hub.devices.drift import Drift
from hub.devices.enrolling import Aside, Enrolling
from hub.devices.faults import FaultBook
from hub.devices.fetching import Fetching
from hub.devices.homes import Homes
from hub.devices.inviting import Inviting
from hub.devices.keeping import Keeping
from hub.devices.missing import Missing
from hub.devices.radio_session import RadioSession
from hub.devices.reaching import Answer, Reaching
from hub.devices.registry import Device, Registry
from hub.devices.rivals import Doubts, Rivals, Verdict
from hub.devices.sessions import DeviceSession
from hub.devices.showing import NEAR, SHOWN_BY, Showing
from hub.queueing import events as ev
from hub.queueing.commands import DeviceFaultSeen, DeviceOffline, DeviceOnline
from hub.queueing.events import Event

GRACE_S = 3.0  # a line that is back sooner was a nudged plug or a box that restarted, not an outage
TICK_S = 1.0
SWAPPED = "swapped"


class Fleet:
    """The devices. `run` is its task; `committed` is told every commit, in order."""

    def __init__(
        self,
        registry: Registry,
        hall: Hall,
        random: Callable[[int], bytes],
        log: Log,
        *,
        invitation_s: int,
        answer_s: float,
        send_window: int,
        stars: Callable[[str], int | None] = lambda staff: None,
        aside: Aside = asyncio.to_thread,
    ) -> None:
        self.registry = registry
        self.faults = FaultBook()
        self.lines: list[DeviceSession] = []
        self.attendants: dict[str, Attendant] = {}  # role → who looks after its devices
        self.answerers: dict[str, Answerer] = {}  # role → who answers what its devices ask
        self._hall = hall
        self._log = log
        # How long a citizen may press; the hall's configuration may change it.
        self.invitation_s = invitation_s
        self._online: dict[str, DeviceSession] = {}
        self._told_online: dict[str, tuple[str, int]] = {}  # device → epoch and boot, as the journal has them
        self.care = Care(hall.rising_ms, hall.state.layout.offset_minutes)
        self.fetching = Fetching(registry, hall.rising_ms, self._durable_through)
        self.drifts: dict[str, Drift] = {}
        self._homes = Homes(registry)
        self._rivals: Rivals[DeviceSession] = Rivals(hall.rising_ms)
        self._doubts = Doubts()
        self._durable = dict(hall.state.facts)
        self._around = Surroundings(
            registry=registry,
            faults=self.faults,
            submit_facts=hall.submit_facts,
            stored_through=self._stored_through,
            durable_through=self._durable_through,
            moment=hall.moment,
            rising_ms=hall.rising_ms,
            random=random,
            answerers=self.answerers,
            send_window=send_window,
            log=log,
        )
        self.air = Air(registry, self._radio_session, self._durable_through, self._on_cable, hall.rising_ms)
        self.reaching = Reaching(self._online.get, self.air, answer_s)
        self.keeping = Keeping(hall, log)
        self._enrolling = Enrolling(registry, self._homes, hall, self.keeping, log, aside=aside)
        self._showing = Showing(registry, hall, stars, self.find)
        self._missing = Missing(registry, hall, self.keeping, log, care=self.care, is_online=self.is_online)
        self.inviting = Inviting(
            registry,
            hall,
            self.keeping,
            log,
            ask=self.ask,
            is_online=self.is_online,
            wait_s=lambda: self.invitation_s,
        )

    def _radio_session(self, name: str, url: str) -> RadioSession:
        return RadioSession(name, url, self._around, self)

    def _on_cable(self, device: str) -> bool:
        session = self._online.get(device)
        return session is not None and not session.on_radio

    def _stored_through(self, device: str, epoch: str) -> int:
        return self._hall.state.stored_through(device, epoch)  # asked anew: a failed commit replaces the state

    def _durable_through(self, device: str, epoch: str) -> int:
        return self._durable.get((device, epoch), 0)

    def on_line(self, device: str) -> DeviceSession | None:
        """The line of a device that is proven now."""
        return self._online.get(device)

    def find(self, device: str) -> DeviceSession | None:
        """The session of a device: proven now, or where the radio last had it."""
        return self._online.get(device) or self.air.session(device)

    def session(self, name: str, url: str) -> DeviceSession:
        """The user for a line."""
        session = DeviceSession(name, url, self._around, self)
        self.lines.append(session)
        return session

    async def drop(self, session: DeviceSession) -> None:
        """The line is no longer the hall's."""
        self.lines.remove(session)
        await session.close()

    def is_online(self, device: str) -> bool:
        """Proven now; on the radio, proven and heard since."""
        return device in self._online or self.air.in_reach(device)

    @property
    def online(self) -> int:
        """How many devices are."""
        return sum(self.is_online(device.device) for device in self.registry.standing())

    async def run(self) -> None:
        """Until cancelled."""
        try:
            self.inviting.settle_all()
            self._enrolling.tell_replaced()
            while True:
                await asyncio.sleep(TICK_S)
                now = self._hall.moment()
                for session in (*self.lines, *self.air.sessions.values()):
                    session.tick(now)
                await self._enrolling.keep_homes()
                self._end_fetching()
                self._missing.look()
                for device in self.air.gone():
                    self.keeping.spawn(self._say_offline(device, "nothing is heard of it on the radio", 0.0))
                for attendant in self.attendants.values():
                    for work in attendant.due():
                        self.keeping.spawn(work())
        finally:
            await self.keeping.close(*(session.close() for session in (*self.lines, *self.air.sessions.values())))

    def committed(self, events: Sequence[Event]) -> None:
        """After a commit: what boxes show, and whom they ask."""
        changed: set[str] = set()
        near: set[str] = set()
        for event in events:
            data = event.data
            if event.type == ev.HALL_CHANGED and data["layout"] is not None:
                changed |= {known.window for known in self.registry.all() if known.window is not None}
            self.care.committed(event)
            if data.get("fact") is not None:
                key = (data["device"], data["epoch"])
                self._durable[key] = max(self._durable.get(key, 0), data["fact"])
            if event.type in SHOWN_BY and data["window"] is not None:
                changed.add(data["window"])
                if event.type in NEAR:
                    near.add(data["window"])
            if event.type == ev.TICKET_FINISHED:
                self.keeping.spawn(self.inviting.invite(data["run"], data["window"]))
        for window in sorted(changed):
            self._showing.at(window)
            for device in self.registry.at(window):
                self.air.window(device.device, serving=self._showing.is_near(window), near=window in near)
        if callers.lines_moved(events):
            self._showing.count_anew()

    # --- told by the sessions -----------------------------------------------------------------------------------

    def admits(self, session: DeviceSession) -> bool:
        """A device that is online on another line may have been moved from there; or these are two boxes."""
        device = session.device
        first = None if device is None else self._online.get(device.device)
        if device is None or first is None or first is session:
            return True
        verdict = self._rivals.judge(first, session, lambda: self._showing.show(first, device))
        if verdict is Verdict.SHARED:
            self._doubts.share(device.device)
            self.care.trouble(session, "identity_shared")
            if self.faults.seen(device.device, "identity_shared", self._hall.rising_ms()):
                self.fault(session, "identity_shared", {"other_line": first.name, "other_url": first.url})
        return verdict is Verdict.MOVED

    def doubts(self, session: DeviceSession) -> bool:
        """Its log was lost, or another box tells facts under the same numbers."""
        device, status = session.device, session.status
        if device is None or status is None:
            return False
        return self._doubts.came(device.device, session.epoch, status["boot"], status["uptime_ms"])

    def arrived(self, session: DeviceSession) -> None:
        """A device is let in; the newer line wins."""
        device = session.device
        if device is None:
            return
        self._rivals.over(session)
        other = self._online.get(device.device)
        self._online[device.device] = session
        if other is not None and other is not session:
            other.end("the device is on another line now")
        self.care.arrived(session, device.device)
        boot = None if session.status is None else session.status["boot"]
        told = (session.epoch, boot or 0)
        # On the radio every visit is a session: what the hall knows already is not told again.
        if not session.on_radio or self._told_online.get(device.device) != told:
            self._told_online[device.device] = told
            self._log("device.online", device=device.device, line=session.name)
            self.keeping.keep(DeviceOnline(device.device, device.role, {"boot": boot, "epoch": session.epoch}))
        if isinstance(session, RadioSession):
            self.air.arrived(session, device.device)
        elif (other_box := self._homes.arrived(device, session.url)) is not None:
            self._swapped(session, device, other_box)
        self._showing.show(session, device)
        if device.role in self.attendants:
            self.attendants[device.role].arrived(session, device)

    def _swapped(self, session: DeviceSession, device: Device, other: Device) -> None:
        """Two boxes hang at each other's windows; both lines say so, a person is told once a period."""
        second = self._online.get(other.device)
        if second is not None:
            self.care.trouble(second, SWAPPED)
        self.care.trouble(session, SWAPPED)
        if self.faults.seen(device.device, SWAPPED, self._hall.rising_ms()):
            named = {"window": device.window, "other": other.device, "other_window": other.window}
            self.fault(session, SWAPPED, named)

    def _end_fetching(self) -> None:
        """Who has told all that it held, or whose time is over, is shut out again."""
        for device in self.fetching.over(self._online.get):
            session = self.find(device)
            if session is not None:
                session.end("what it held is fetched")
            self.air.forget(device)
            self._log("device.fetched", device=device, **(self.fetching.view(device) or {}))

    def stars_changed(self) -> None:
        """The hall's configuration changed: displays of clerks whose stars did follow."""
        self._showing.stars_changed()
        self.air.look()

    def announce(self) -> None:
        """Says again who is online: a start that was journalled late has put everybody offline."""
        for session in self._online.values():
            if session.device is not None:
                self.keeping.keep(DeviceOnline(session.device.device, session.device.role, {"epoch": session.epoch}))

    def told(self, session: DeviceSession, status: dict[str, Any]) -> None:
        """A box that has an open question has accepted it, whatever became of its answer."""
        device = session.device
        if device is None:
            return
        self.care.present(device.device)
        all_new = status["oldest"] > self._durable_through(device.device, session.epoch)
        self._doubts.told(device.device, session.epoch, status["boot"], status["uptime_ms"], all_new=all_new)
        if status["open_run"] is not None:
            self.inviting.told(device.device, status["open_run"])

    def healthy(self, device: str, boot: int, uptime_ms: int) -> None:
        """How its clock runs against ours."""
        self.drifts.setdefault(device, Drift()).heard(boot, uptime_ms, self._hall.rising_ms())

    def left(self, session: DeviceSession, device: str, why: str, *, line_lost: bool) -> None:
        """Its session is over; said after the grace, unless it is back."""
        if self._rivals.over(session):
            self.care.over(session, device)
        if self._online.get(device) is not session:
            return
        del self._online[device]
        self._homes.left(device)
        self.care.present(device)
        if not session.on_radio:  # a visit that is over says nothing; `gone` tells who is heard no more
            self.keeping.spawn(self._say_offline(device, why, GRACE_S if line_lost else 0.0))
        for waiting in self._rivals.behind(session):
            waiting.tick(self._hall.moment())

    def fault(self, session: DeviceSession, code: str, detail: dict[str, Any]) -> None:
        """Into the journal and the log, once a period."""
        device = session.device
        self.care.trouble(session, code)
        name, role = (session.name, "line") if device is None else (device.device, device.role)
        shown = detail | {"line": session.name, "url": session.url}
        self._log("device.fault", device=name, code=code, what=todo(code), **shown)
        self.keeping.keep(DeviceFaultSeen(name, role, code, shown))

    # --- the doors ----------------------------------------------------------------------------------------------

    def shown(self) -> list[dict[str, Any]]:
        """Every registered device without its secret, with how it is."""
        return fleet_view.devices(self, self._hall.state)

    def care_view(self) -> dict[str, Any]:
        """Lines, devices and the last fault, for `/readyz`."""
        return fleet_view.care(self)

    def metrics(self) -> Values:
        """For Prometheus."""
        return fleet_view.metrics(self)

    async def register(
        self,
        name: str,
        role: str,
        window: str | None,
        *,
        epoch: str,
        secret: str,
        board: str,
        replaces: str | None = None,
    ) -> list[str]:
        """Registers a device; it, and who stood there (returned), prove themselves anew. Raises `RegistryError`.

        replaces: a device whose key opens nothing from now on.
        """
        device = Device(
            device=name,
            role=role,
            window=window,
            epoch=epoch,
            secret=secret,
            board=board,
            registered_at=self._enrolling.now(),
        )
        displaced = await self._enrolling.register(device, replaces)
        anew = {device.device, *displaced, *([] if replaces is None else [replaces])}
        self.fetching.forget(name)
        self._homes.put_right(anew)
        self._doubts.forget(device.device)
        for known in sorted(anew):
            self.air.forget(known)
            self._told_online.pop(known, None)
        for session in (*self.lines, *self.air.sessions.values()):
            if session.device is not None and session.device.device in anew:
                session.end("it was registered anew")
        self._log("device.registered", device=device.device, role=device.role, window=device.window)
        if replaces is not None:
            self._log("device.replaced", device=replaces, by=device.device, window=device.window)
            self._enrolling.tell_replaced()
        return displaced

    async def place(self, places: Mapping[str, str | None]) -> list[str]:
        """Gives known devices other windows; the moved ones prove themselves anew. Raises `RegistryError`."""
        moved = await self._enrolling.place(places)
        self._homes.put_right(set(moved))
        for session in self.lines:
            if session.device is not None and session.device.device in moved:
                session.end("it was given another window")
        for name in moved:
            self._log("device.placed", device=name, window=places[name])
        return moved

    async def ask(self, device: str, command: int, question: dict[str, Any]) -> Answer:
        """What a box answers, None where no answer came."""
        return await self.reaching.ask(device, command, question)

    # --- work of its own ----------------------------------------------------------------------------------------

    async def _say_offline(self, device: str, why: str, grace_s: float) -> None:
        await asyncio.sleep(grace_s)
        if self.is_online(device):
            return
        self._told_online.pop(device, None)
        known = self.registry.find(device)
        self._log("device.offline", device=device, why=why)
        await self.keeping.persist(DeviceOffline(device, known.role if known else "unknown", {"why": why}))
