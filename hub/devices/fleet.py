"""All devices of the hall: who is where, who is online, who is asked for a grade, what each shows."""

import asyncio
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

from common import envelope
from common.metrics import Values
from hub.devices import callers
from hub.devices.air import Air
from hub.devices.around import Attendant, Hall, Log, Surroundings
from hub.devices.asking import Answerer
from hub.devices.care import SILENT_MS, Care, todo
from hub.devices.drift import Drift
from hub.devices.errors import RegistryError
from hub.devices.faults import FaultBook
from hub.devices.fetching import Fetching
from hub.devices.homes import Homes
from hub.devices.radio_session import RadioSession
from hub.devices.registry import EVALUATOR, Device, Registry
from hub.devices.rivals import Doubts, Rivals, Verdict
from hub.devices.sessions import DeviceSession, ServedBy
from hub.devices.wire import APP_STATES, WINDOW_STATES
from hub.errors import HubError
from hub.queueing import events as ev
from hub.queueing.commands import (
    Command,
    DeviceFaultSeen,
    DeviceHeardAgain,
    DeviceOffline,
    DeviceOnline,
    DeviceReplaced,
    InvitationAccepted,
    InvitationFailed,
)
from hub.queueing.errors import Refusal
from hub.queueing.events import Event
from hub.queueing.state import SILENT
from hub.queueing.tables import RunState, WindowState
from protocol import messages

GRACE_S = 3.0  # a line that is back sooner was a nudged plug or a box that restarted, not an outage
SETTLE_S = 15.0  # boxes greet again within 10 s: who hasn't told of an open question by then doesn't have it
TICK_S = 1.0
SWAPPED = "swapped"
AT_WINDOWS = frozenset({EVALUATOR, callers.ROLE})
FETCH_S = 10.0  # for a box on the radio to be connected; who was served has gone by then
AGAIN_S = 1.0  # a command that the journal couldn't take is tried again
MAX_WAITING = 2000  # commands waiting for the journal; more is an hour of outage in the largest hall, then we say so

_SHOWN_BY = frozenset(
    {
        ev.TICKET_CALLED,
        ev.TICKET_ARRIVED,
        ev.TICKET_NO_SHOW,
        ev.TICKET_HELD,
        ev.TICKET_RESUMED,
        ev.TICKET_TRANSFERRED,
        ev.TICKET_CANCELLED,
        ev.TICKET_UNDONE,
        ev.TICKET_FINISHED,
        ev.STAFF_SIGNED_IN,
        ev.STAFF_SIGNED_OUT,
        ev.WINDOW_PAUSED,
        ev.WINDOW_UNPAUSED,
    }
)


_NEAR = frozenset({ev.TICKET_CALLED, ev.TICKET_ARRIVED})


# As `asyncio.to_thread`.
Aside = Callable[..., Coroutine[Any, Any, Any]]


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
        self._aside = aside  # where the registry's file is written: not in the loop, but where time is simulated
        self.faults = FaultBook()
        self.lines: list[DeviceSession] = []
        self.counts = dict.fromkeys(("invited", "invitations_failed", "not_journalled"), 0)
        self.attendants: dict[str, Attendant] = {}  # role → who looks after its devices
        self.answerers: dict[str, Answerer] = {}  # role → who answers what its devices ask
        self._hall = hall
        self._log = log
        self._stars = stars  # of a clerk, as the hall's configuration has them
        # How long a citizen may press; the hall's configuration may change it.
        self.invitation_s = invitation_s
        self._answer_s = answer_s
        self._online: dict[str, DeviceSession] = {}
        self._told_online: dict[str, tuple[str, int]] = {}  # device → epoch and boot, as the journal has them
        self.care = Care(hall.rising_ms, hall.state.layout.offset_minutes)
        self.fetching = Fetching(registry, hall.rising_ms, self._durable_through)
        self._drifts: dict[str, Drift] = {}
        self._homes = Homes(registry)
        self._returning: set[str] = set()  # whose return is on its way into the journal
        self._rivals: Rivals[DeviceSession] = Rivals(hall.rising_ms)
        self._doubts = Doubts()
        self._tasks: set[asyncio.Task[None]] = set()
        self._registering = asyncio.Lock()
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
        """Until cancelled. Questions that were open when the hub stopped get SETTLE_S to be told of."""
        try:
            for run in self._hall.state.unanswered():
                self._spawn(self._settle(run.id, run.window))
            self._tell_replaced()
            while True:
                await asyncio.sleep(TICK_S)
                for session in (*self.lines, *self.air.sessions.values()):
                    session.tick()
                await self._keep_homes()
                self._end_fetching()
                self._look_for_missing()
                for device in self.air.gone():
                    self._spawn(self._say_offline(device, "nothing is heard of it on the radio", 0.0))
                for attendant in self.attendants.values():
                    for work in attendant.due():
                        self._spawn(work())
        finally:
            for task in tuple(self._tasks):
                task.cancel()
            await asyncio.gather(
                *self._tasks,
                *(session.close() for session in (*self.lines, *self.air.sessions.values())),
                return_exceptions=True,
            )

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
            if event.type in _SHOWN_BY and data["window"] is not None:
                changed.add(data["window"])
                if event.type in _NEAR:
                    near.add(data["window"])
            if event.type == ev.TICKET_FINISHED:
                self._spawn(self._invite(data["run"], data["window"]))
        for window in sorted(changed):
            for device in self.registry.at(window):
                session = self._online.get(device.device) or self.air.session(device.device)
                if session is not None:
                    self._show(session, device)
                self.air.window(device.device, serving=self._is_near(window), near=window in near)
        if callers.lines_moved(events):
            self._count_anew()

    # --- told by the sessions -----------------------------------------------------------------------------------

    def admits(self, session: DeviceSession) -> bool:
        """A device that is online on another line may have been moved from there; or these are two boxes."""
        device = session.device
        first = None if device is None else self._online.get(device.device)
        if device is None or first is None or first is session:
            return True
        verdict = self._rivals.judge(first, session, lambda: self._show(first, device))
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
            self._keep(DeviceOnline(device.device, device.role, {"boot": boot, "epoch": session.epoch}))
        if isinstance(session, RadioSession):
            self.air.arrived(session, device.device)
        elif (other_box := self._homes.arrived(device, session.url)) is not None:
            self._swapped(session, device, other_box)
        self._show(session, device)
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

    def _look_for_missing(self) -> None:
        """Boxes that have a place and say nothing there for ten minutes; each is told once."""
        for device in self.registry.standing():
            self._look_for_return(device)
            if device.window is None and device.role in AT_WINDOWS:
                continue  # a spare one in its drawer
            if self.care.gone_missing(device.device, online=self.is_online(device.device)):
                self._log("device.silent", device=device.device, window=device.window, what=todo(SILENT))
                detail = {"window": device.window, "silent_s": SILENT_MS // 1000}
                self._keep(DeviceFaultSeen(device.device, device.role, SILENT, detail))

    def _look_for_return(self, device: Device) -> None:
        """Who was told as silent and is here, also after a restart; asked for once until that is durable."""
        known = self._hall.state.devices.get(device.device)
        if known is None or not known.silent:
            self._returning.discard(device.device)
        elif device.device not in self._returning and self.is_online(device.device) and len(self._tasks) < MAX_WAITING:
            self._returning.add(device.device)
            self._keep(DeviceHeardAgain(device.device, device.role))

    def _end_fetching(self) -> None:
        """Who has told all that it held, or whose time is over, is shut out again."""
        for device in self.fetching.over(self._online.get):
            session = self._online.get(device) or self.air.session(device)
            if session is not None:
                session.end("what it held is fetched")
            self.air.forget(device)
            self._log("device.fetched", device=device, **(self.fetching.view(device) or {}))

    async def _keep_homes(self) -> None:
        """At most once a tick: a hall that starts hears hundreds at once."""
        if not self._homes.unkept:
            return
        lines, self._homes.unkept = self._homes.unkept, {}
        try:
            async with self._registering:
                await self._aside(self.registry.keep_lines, lines)
        except RegistryError as error:
            self._log("devices.lines_not_kept", why=str(error))

    def stars_changed(self) -> None:
        """The hall's configuration changed: displays of clerks whose stars did follow."""
        for device in self.registry.with_role(EVALUATOR):
            session = self._online.get(device.device) or self.air.session(device.device)
            if session is not None and session.served_by != self._served_by(device):
                self._show(session, device)
        self.air.look()

    def announce(self) -> None:
        """Says again who is online: a start that was journalled late has put everybody offline."""
        for session in self._online.values():
            if session.device is not None:
                self._keep(DeviceOnline(session.device.device, session.device.role, {"epoch": session.epoch}))

    def told(self, session: DeviceSession, status: dict[str, Any]) -> None:
        """A box that has an open question has accepted it, whatever became of its answer."""
        device = session.device
        if device is None:
            return
        self.care.present(device.device)
        all_new = status["oldest"] > self._durable_through(device.device, session.epoch)
        self._doubts.told(device.device, session.epoch, status["boot"], status["uptime_ms"], all_new=all_new)
        if status["open_run"] is None:
            return
        run = self._hall.state.runs.get(status["open_run"].hex())
        if run is not None and run.state in (RunState.OPEN, RunState.AWAY):
            self._keep(InvitationAccepted(run.id, device.device))

    def healthy(self, device: str, boot: int, uptime_ms: int) -> None:
        """How its clock runs against ours."""
        self._drifts.setdefault(device, Drift()).heard(boot, uptime_ms, self._hall.rising_ms())

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
            self._spawn(self._say_offline(device, why, GRACE_S if line_lost else 0.0))
        for waiting in self._rivals.behind(session):
            waiting.tick()

    def fault(self, session: DeviceSession, code: str, detail: dict[str, Any]) -> None:
        """Into the journal and the log, once a period."""
        device = session.device
        self.care.trouble(session, code)
        name, role = (session.name, "line") if device is None else (device.device, device.role)
        shown = detail | {"line": session.name, "url": session.url}
        self._log("device.fault", device=name, code=code, what=todo(code), **shown)
        self._keep(DeviceFaultSeen(name, role, code, shown))

    # --- the doors ----------------------------------------------------------------------------------------------

    def shown(self) -> list[dict[str, Any]]:
        """Every registered device without its secret, with how it is."""
        found = []
        for device in self.registry.all():
            session = self._online.get(device.device) or self.air.session(device.device)
            status = None if session is None else session.status
            online = self.is_online(device.device)
            known = self._hall.state.devices.get(device.device)
            found.append(
                device.public()
                | {
                    "online": online,
                    "silent_s": self.care.heard_s(device.device, session, online=online),
                    "firmware": None if known is None else known.firmware,
                    "app_state": None if status is None else APP_STATES.get(status["app_state"], "unknown"),
                    "health": None if session is None else session.health,
                    "drift_ppm": None if device.device not in self._drifts else self._drifts[device.device].ppm,
                    "line_rejected": None if session is None else sum(session.rejected),
                    "missing": self.care.missing(device.device),
                    "fetching": self.fetching.view(device.device),
                }
            )
        return found

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
            registered_at=envelope.format_time(self._hall.moment().unix_ms, self._hall.state.layout.offset_minutes),
        )
        async with self._registering:  # the file is read, changed and replaced as one
            displaced = await self._aside(self.registry.register, device, replaces)
        anew = {device.device, *(other.device for other in displaced), *([] if replaces is None else [replaces])}
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
            self._tell_replaced()
        return [other.device for other in displaced]

    def _tell_replaced(self) -> None:
        """Into the journal what the registry has: also after a power cut between the two."""
        for known in self.registry.all():
            told = self._hall.state.devices.get(known.device)
            if known.replaced_by is None:
                continue
            if told is None or (told.replaced_by, told.replaced_epoch) != (known.replaced_by, known.epoch):
                place = self.registry.find(known.replaced_by)
                window = None if place is None else place.window
                self._keep(DeviceReplaced(known.device, known.role, known.replaced_by, window, known.epoch))

    async def place(self, places: Mapping[str, str | None]) -> list[str]:
        """Gives known devices other windows; the moved ones prove themselves anew. Raises `RegistryError`."""
        async with self._registering:
            moved: list[str] = await self._aside(self.registry.place, places)
        self._homes.put_right(set(moved))
        for session in self.lines:
            if session.device is not None and session.device.device in moved:
                session.end("it was given another window")
        for name in moved:
            self._log("device.placed", device=name, window=places[name])
        return moved

    async def ask(self, device: str, command: int, question: dict[str, Any]) -> tuple[int, str | None] | None:
        """A technician's request: the box's answer, or None where none came."""
        return await self._ask(device, command, question)

    def care_view(self) -> dict[str, Any]:
        """Lines, devices and the last fault, for `/readyz`."""
        return {
            "lines": [self.care.line(line) for line in self.lines],
            "each_device": [
                self.care.device(known, online=self.is_online(known.device)) | {"radio": self.air.seen(known.device)}
                for known in self.registry.standing()
            ],
            "last_fault": self.care.last_fault,
        }

    def metrics(self) -> Values:
        """For Prometheus."""
        devices = {
            (known.device, known.role, known.window or ""): self.is_online(known.device)
            for known in self.registry.standing()
        }
        silent = {labels: self.care.silent_s(labels[0], online=online) for labels, online in devices.items()}
        return {
            "tingting_lines": {(): len(self.lines)},
            "tingting_lines_open": {(): sum(line.is_open for line in self.lines)},
            "tingting_line_rejected_frames_total": {(): sum(line.rejected[0] for line in self.lines)},
            "tingting_line_rejected_packets_total": {(): sum(line.rejected[1] for line in self.lines)},
            "tingting_devices_registered": {(): len(devices)},
            "tingting_devices_online": {(): self.online},
            "tingting_device_online": {labels: float(online) for labels, online in devices.items()},
            "tingting_device_silent_seconds": {labels: age for labels, age in silent.items() if age is not None},
            "tingting_device_facts_total": {(): sum(line.facts for line in self.lines)},
            "tingting_device_faults_total": {(code,): count for code, count in sorted(self.faults.counts.items())},
            "tingting_invitations_total": {
                ("accepted",): self.counts["invited"],
                ("failed",): self.counts["invitations_failed"],
            },
            **self.air.metrics(),
        }

    # --- work of its own ----------------------------------------------------------------------------------------

    def _is_near(self, window: str) -> bool:
        """Somebody was called there or is served: a question will come."""
        known = self._hall.shown.windows.get(window)
        return known is not None and known.state in (WindowState.CALLING, WindowState.SERVING)

    def _count_anew(self) -> None:
        for device in self.registry.with_role(callers.ROLE):
            session = self._online.get(device.device) or self.air.session(device.device)
            if session is not None and session.shown != callers.view(self._hall.shown, device.window):
                self._show(session, device)

    def _show(self, session: DeviceSession, device: Device) -> None:
        shown = self._hall.shown
        if device.role == callers.ROLE:
            session.show(*callers.view(shown, device.window))
            return
        if device.window is None or device.window not in shown.layout.window_by_id:
            session.show(messages.WINDOW_CLOSED, "", "")
            return
        window = shown.windows[device.window]
        number = "" if window.ticket is None else shown.tickets[window.ticket].number
        label = shown.layout.window_by_id[device.window].name
        session.show(WINDOW_STATES[window.state.value], number, label, served_by=self._served_by(device))

    def _served_by(self, device: Device) -> ServedBy:
        """Who sits at the window of this box, with the stars of now."""
        known = self._hall.shown.windows.get(device.window or "")
        staff = None if known is None else known.staff
        return (staff, None if staff is None else self._stars(staff))

    async def _invite(self, run: str, window: str) -> None:
        """The finished citizen is asked; nobody there, or no answer in time, is told as such."""
        devices = self.registry.evaluators(window)
        device = devices[0].device if devices else None
        if device is None or not self.is_online(device):
            await self._failed(run, device, "no evaluator is connected at this window")
            return
        question = {"run": bytes.fromhex(run), "wait_ms": self.invitation_s * 1000}
        answer = await self._ask(device, messages.INVITE, question)
        if answer is None:
            await self._failed(run, device, "no answer in time")
        elif answer[0] == messages.ACCEPTED:
            self.counts["invited"] += 1
            await self._persist(InvitationAccepted(run, device))
        elif answer[0] != messages.ENDED:  # an ended one has its own fact, which is on its way
            await self._failed(run, device, answer[1] or f"refused with code {answer[0]}")

    async def _ask(self, device: str, command: int, question: dict[str, Any]) -> tuple[int, str | None] | None:
        """Over the line on which it is; on the radio over a link made for it, and over another if that one breaks."""
        session = self._online.get(device)
        if session is not None and not session.on_radio:
            return await session.ask(command, question, self._answer_s)
        loop = asyncio.get_running_loop()
        until_s = loop.time() + FETCH_S
        while (left_s := until_s - loop.time()) > 0:
            session = await self.air.fetch(device, left_s)
            if session is None:
                return None
            answer = await session.ask(command, question, min(self._answer_s, left_s))
            if answer is not None:
                return answer
        return None

    async def _failed(self, run: str, device: str | None, why: str) -> None:
        self.counts["invitations_failed"] += 1
        self._log("invitation.failed", run=run, device=device, why=why)
        await self._persist(InvitationFailed(run, device))

    async def _settle(self, run: str, window: str | None) -> None:
        """A question from before a restart: its box tells of it when it comes, or doesn't have it."""
        await asyncio.sleep(SETTLE_S)
        known = self._hall.state.runs.get(run)
        if known is not None and known.state is RunState.OPEN:
            devices = self.registry.evaluators(window) if window is not None else []
            await self._failed(run, devices[0].device if devices else None, "the hub stopped before it was accepted")

    async def _say_offline(self, device: str, why: str, grace_s: float) -> None:
        await asyncio.sleep(grace_s)
        if self.is_online(device):
            return
        self._told_online.pop(device, None)
        known = self.registry.find(device)
        self._log("device.offline", device=device, why=why)
        await self._persist(DeviceOffline(device, known.role if known else "unknown", {"why": why}))

    def _keep(self, command: Command) -> None:
        self._spawn(self._persist(command))

    async def _persist(self, command: Command) -> None:
        """Into the journal, however long that takes."""
        while True:
            try:
                await self._hall.submit(command)
            except HubError:
                await asyncio.sleep(AGAIN_S)
                continue
            except Refusal as refusal:
                self._log("device.command_refused", command=refusal.command, why=refusal.detail)
            return

    def _spawn(self, work: Coroutine[Any, Any, None]) -> None:
        if len(self._tasks) >= MAX_WAITING:
            self.counts["not_journalled"] += 1
            self._log("devices.overrun", what="the journal has taken nothing for long; make room on its disk")
            work.close()
            return
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: "asyncio.Task[None]") -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._log("devices.failed", error=repr(error))
