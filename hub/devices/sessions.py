"""One device on one line: the wire's endpoint on one side, the hall's commands on the other.

Facts are submitted as they come and acknowledged when they are durable, in order. A fact that couldn't be kept ends
the session (not the line): the device comes again and says it again.
"""

import asyncio
from typing import Any

from hub.devices import wire
from hub.devices.around import Keeper, Surroundings
from hub.devices.asking import Answerer, Asked
from hub.devices.faults import LIMITS
from hub.devices.registry import Device
from hub.devices.rivals import ROOM
from hub.devices.times import Anchor, Moment, resolve
from hub.errors import HubError
from hub.links.link import Link
from hub.queueing.commands import AcceptFact
from protocol import messages
from protocol import session as wire_session
from protocol.errors import MisuseError
from protocol.hub import HubEndpoint

HOLD_OFF_S = 2.0  # after a fact couldn't be kept: the journal gets time, the line stays quiet
ANCHOR_DRIFT_MS = 20  # a clock that moved by more is told to the device; less is finer than its keys' debounce
UNPROVEN_HELLOS = 4  # 7 s of greetings; a line so bad that it loses four handshakes in a row is worth a look, too
ServedBy = tuple[str | None, int | None]  # the number of who serves, and the stars; None: nobody, none
NOBODY: ServedBy = (None, None)
MIN_WAIT_S = 0.005  # of the timer: an endpoint that is due at once was just asked


class DeviceSession:
    """The user of a line."""

    on_radio = False

    def __init__(self, name: str, url: str, around: Surroundings, keeper: Keeper) -> None:
        self.name = name
        self.url = url
        self.device: Device | None = None
        self.epoch = ""
        self.health: dict[str, Any] | None = None
        self.status: dict[str, Any] | None = None
        self.facts = 0
        self.why = "it was not opened yet"
        self.heard_ms: int | None = None
        self._around = around
        self._keeper = keeper
        self._link: Link | None = None
        self._endpoint = HubEndpoint(self._secret, around.random)
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_ms: int | None = None
        self._pump_due = False
        self._generation = 0
        self._first_fact = 0
        self._arrived: list[AcceptFact] = []  # of the bytes that are being looked at: they go to the hall together
        self._arrived_at: Moment | None = None
        self._done: dict[int, int] = {}  # durable, not acknowledged yet: first number → last
        self._acknowledged = 0
        self._hold_until = 0.0
        self._anchor: Anchor | None = None
        self._anchored_ms = 0
        self._earliest_ms = 0
        self._frames_seen = 0
        self._packets_seen = 0
        self._hellos = 0
        self._dead = False  # the last greeting was a replaced box's
        self._admitted = False
        self._renumber = False
        self.shown: tuple[int, str, str, int | None] | None = None
        self.served_by = NOBODY
        self._patient: set[int] = set()  # those of them for whose answer nobody waits
        self._asked: dict[int, asyncio.Future[tuple[int, str | None] | None]] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def attach(self, link: Link) -> None:
        """The line whose user this is."""
        self._link = link

    @property
    def is_open(self) -> bool:
        """The line is open."""
        return self._link is not None and self._link.is_open

    @property
    def unstored(self) -> int:
        """Facts that the device told of and that are not acknowledged yet."""
        return 0 if self.status is None or not self.live else max(0, self.status["next"] - 1 - self._acknowledged)

    @property
    def live(self) -> bool:
        """A device is proven and welcomed here."""
        return self._endpoint.welcomed

    @property
    def has_shown(self) -> bool:
        """Its box has reported the last view that was sent as shown."""
        return self._endpoint.has_shown

    @property
    def rejected(self) -> tuple[int, int]:
        """(frames, packets) dropped on this line."""
        return self._endpoint.rejected_frames, self._endpoint.rejected_packets

    # --- what the line says -------------------------------------------------------------------------------------

    def opened(self) -> None:
        """A fresh line."""
        self._frames_seen = self._endpoint.rejected_frames
        self._hellos = 0
        self._endpoint.link_opened(self._rising_ms())
        self._pump()

    def received(self, data: bytes) -> None:
        """Bytes came."""
        self.heard_ms = self._rising_ms()
        self._endpoint.receive(data, self._rising_ms())
        self._take_events()
        rejected = self._endpoint.rejected_frames
        if rejected > self._frames_seen:
            fresh, self._frames_seen = rejected - self._frames_seen, rejected
            if self._around.faults.often(self.name, "babbling", fresh, self._rising_ms()):
                self._keeper.fault(self, "babbling", {"rejected_frames": rejected})
        self._pump_soon()

    def drained(self) -> None:
        """The line takes more."""
        self._pump()

    def lost(self, why: str) -> None:
        """The line is gone."""
        self.why = why
        self._around.log("link.lost", line=self.name, url=self.url, why=why)
        self._endpoint.link_lost()
        self._take_events(why=why, line_lost=True)
        self._cancel_timer()

    def failed(self, error: BaseException) -> None:
        """A mistake of ours met on this line; it costs this line its session and no other anything."""
        self._around.log("line.failed", line=self.name, device=self._device_id(), error=repr(error))
        self._fault("internal", {"error": type(error).__name__})

    # --- what the house says ------------------------------------------------------------------------------------

    def show(
        self, state: int, number: str, window: str, waiting: int | None = None, served_by: ServedBy = NOBODY
    ) -> None:
        """What the box shows."""
        self.shown, self.served_by = (state, number, window, waiting), served_by
        clerk, stars = served_by
        number, window = wire.clipped(number, wire.NUMBER_BYTES), wire.clipped(window, wire.LABEL_BYTES)
        clerk = None if clerk is None else wire.clipped(clerk, wire.CLERK_BYTES)
        self._endpoint.show(state, number, window, waiting, clerk, stars)
        self._pump_soon()

    async def ask(
        self, command: int, arguments: dict[str, Any], within_s: float, *, patient: bool = False
    ) -> tuple[int, str | None] | None:
        """A request's answer (code, detail), or None: it expired, or died with its session."""
        deadline_ms = self._rising_ms() + int(within_s * 1000)
        try:
            number = self._endpoint.request(command, arguments, deadline_ms)
        except MisuseError as error:
            self._around.log("device.not_asked", line=self.name, device=self._device_id(), why=str(error))
            return None
        answer: asyncio.Future[tuple[int, str | None] | None] = self._loop.create_future()
        self._asked[number] = answer
        if patient:
            self._patient.add(number)
        self._pump_soon()
        return await answer

    def tick(self, now: Moment) -> None:
        """Now and then: a device that waits to be let in; the hour, if the clock has moved."""
        self._admit()
        if not self._endpoint.welcomed:
            return
        base_ms = now.unix_ms - now.rising_ms
        if abs(base_ms - self._anchored_ms) > ANCHOR_DRIFT_MS:
            self._anchored_ms = base_ms
            self._endpoint.anchor(now.unix_ms, now.sure, now.rising_ms)
            self._pump_soon()

    def end(self, why: str) -> None:
        """Ends the session; the device comes again with what it has."""
        self._endpoint.end_session()
        self._take_events(why=why)
        self._pump_soon()

    async def close(self) -> None:
        """The house closes."""
        self._cancel_timer()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    # --- the endpoint -------------------------------------------------------------------------------------------

    def _secret(self, device_id: str) -> bytes | None:
        """Asked by the endpoint for each fresh HELLO. A box with another key drops our CHALLENGE and stays silent."""
        device = self._around.registry.find(device_id)
        self._dead = device is not None and not self._around.registry.opens(device)
        if device is None:
            return None
        if self._dead:
            self._fault("replaced", {"said": device_id, "by": device.replaced_by})
            return None
        self._hellos += 1
        if self._hellos >= UNPROVEN_HELLOS:
            self._hellos = 0
            self._fault("wrong_key", {"said": device_id, "reason": f"{UNPROVEN_HELLOS} greetings without a proof"})
        return device.secret_bytes

    def _rising_ms(self) -> int:
        return self._around.rising_ms()

    def _device_id(self) -> str:
        return self.name if self.device is None else self.device.device

    def _pump_soon(self) -> None:
        """Once in this turn of the loop, however many ask: acknowledgements go out together."""
        if not self._pump_due:
            self._pump_due = True
            self._loop.call_soon(self._pump)

    def _pump(self) -> None:
        self._pump_due = False
        link = self._link
        if link is None or not link.is_open:
            self._cancel_timer()
            return
        while link.writable:
            data = self._endpoint.outgoing(self._rising_ms())
            if not data:
                break
            link.write(data)
        self._take_events()
        self._set_timer(self._endpoint.deadline_ms() if link.writable else None)

    def _set_timer(self, deadline_ms: int | None) -> None:
        if self._timer is not None and deadline_ms == self._timer_ms:
            return  # most of what comes and goes changes nothing about when the next thing is due
        self._cancel_timer()
        if deadline_ms is not None:
            wait_s = max(MIN_WAIT_S, (deadline_ms - self._rising_ms()) / 1000)
            self._timer, self._timer_ms = self._loop.call_later(wait_s, self._rings), deadline_ms

    def _rings(self) -> None:
        self._timer = None
        self._pump()

    def _cancel_timer(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _take_events(self, why: str = "nothing heard for 10 s", line_lost: bool = False) -> None:
        while (event := self._endpoint.next_event()) is not None:
            match event:
                case (wire_session.PROVEN, device_id, role):
                    self._on_proven(device_id, role)
                case (wire_session.STATUS, values):
                    self._on_status(values)
                case (wire_session.FACT, _, values):
                    self._on_fact(values)
                case (wire_session.HEALTH, values):
                    self._on_health(values)
                case (wire_session.ANSWER, number, code, detail):
                    self._resolve(number, (code, detail))
                case (wire_session.REQUEST_EXPIRED, number):
                    self._resolve(number, None)
                case (wire_session.REQUEST, number, command, arguments, deadline_ms):
                    self._on_request(number, command, arguments, deadline_ms)
                case (wire_session.REJECTED, reason):
                    self._on_rejected(reason)
                case (wire_session.LOST,):
                    self._on_lost(why, line_lost)
        self._keep_arrived()

    def _on_proven(self, device_id: str, role: int) -> None:
        self._generation += 1
        self._arrived.clear()
        self._hellos = 0
        before, self.device = self.device, None
        if before is not None and before.device != device_id:
            self._keeper.left(self, before.device, "another box is on its line now", line_lost=False)
        self.device = self._around.registry.find(device_id)
        self.status = None
        self._admitted = False
        said = wire.ROLES.get(role, str(role))
        if self.device is not None and said != self.device.role:
            self._fault("wrong_role", {"said": said, "registered": self.device.role})

    def _on_status(self, values: dict[str, Any]) -> None:
        if self.device is None:
            return
        self.status = values
        self._anchor = Anchor(values["boot"], values["uptime_ms"], self._rising_ms())
        self._admit()
        if self._admitted:
            self._keeper.told(self, values)

    def _admit(self) -> None:
        """Lets the device in, if its identity isn't in use on another line."""
        if self._admitted or self.device is None or self.status is None or not self._keeper.admits(self):
            return
        self._admitted = True
        self.epoch = self.status["epoch"].hex()
        self._check_status(self.device, self.status)
        self._welcome()
        self._keeper.arrived(self)

    def _check_status(self, device: Device, values: dict[str, Any]) -> None:
        if self.epoch != device.epoch:
            self._fault("wrong_epoch", {"said": self.epoch, "registered": device.epoch})
        stored = self._around.durable_through(device.device, self.epoch)
        self._renumber = values["oldest"] <= stored and self._keeper.doubts(self)
        if values["next"] <= stored or self._renumber:
            self._fault("numbers_regressed", {"next": values["next"], "stored_through": stored})

    def _welcome(self) -> None:
        """Says where the hub is. That is an acknowledgement too, so only what is durable counts."""
        if self.device is None or self._endpoint.welcomed or self._endpoint.status is None:
            return
        wait_s = self._hold_until - self._loop.time()
        if wait_s > 0:
            self._loop.call_later(wait_s, self._welcome)
            return
        now = self._around.moment()
        expected = self._around.durable_through(self.device.device, self.epoch) + 1
        if self._renumber:  # above all that it has: it gives its facts new numbers and lets go of none
            expected = max(expected, self._endpoint.status["next"] + ROOM)
        self._anchored_ms = now.unix_ms - now.rising_ms
        self._first_fact = self._endpoint.welcome(expected, now.unix_ms, now.sure, {}, self._around.send_window)
        self._acknowledged = self._first_fact - 1
        self._done.clear()
        self._earliest_ms = 0
        self._pump_soon()

    def _on_fact(self, values: dict[str, Any]) -> None:
        device = self.device
        if device is None:
            return
        if not self._arrived or self._arrived_at is None:
            self._arrived_at = self._around.moment()
        when = resolve(
            boot=values.get("boot"),
            uptime_ms=values.get("uptime_ms", 0),
            boot_at_ms=values.get("boot_at_ms"),
            boot_at_sure=bool(values.get("boot_at_sure")),
            anchor=self._anchor,
            earliest_ms=self._earliest_ms,
            now=self._arrived_at,
        )
        if when.time_ms is not None:
            self._earliest_ms = max(self._earliest_ms, when.time_ms)
        self._arrived.append(wire.fact_command(device, self.epoch, values, when))

    def _keep_arrived(self) -> None:
        if not self._arrived:
            return
        facts, self._arrived = self._arrived, []
        task = self._loop.create_task(self._keep(facts, self._generation))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _keep(self, facts: list[AcceptFact], generation: int) -> None:
        """Submits facts, acknowledges them when durable. Up to `submit_facts`' own first wait nothing else runs."""
        if generation != self._generation:
            return
        first, last = facts[0], facts[-1]
        before = self._around.stored_through(first.device, first.epoch)
        if first.fact != self._first_fact and before < first.fact - 1:
            # The one before it was taken back by a failed commit: this one must not overtake it.
            self._not_kept(f"fact {first.fact - 1} is not kept")
            return
        try:
            await self._around.submit_facts(facts)
        except Exception as error:
            # Whatever it was, the fact isn't kept, so it isn't acknowledged; a bug of ours is seen again and again.
            if generation == self._generation:
                self._not_kept(str(error) if isinstance(error, HubError) else repr(error))
            return
        self.facts += len(facts)
        if generation != self._generation or not self._endpoint.welcomed:
            return
        self._done[first.fact] = last.fact
        while (through := self._done.pop(self._acknowledged + 1, None)) is not None:
            self._acknowledged = through
        self._endpoint.acknowledge(self._acknowledged)
        self._pump_soon()

    def _not_kept(self, why: str) -> None:
        self._around.log("device.fact_not_kept", line=self.name, device=self._device_id(), why=why)
        self._hold_until = self._loop.time() + HOLD_OFF_S
        self.end("the journal couldn't keep its fact")

    def _on_health(self, values: dict[str, Any]) -> None:
        # No anchor: a report may have waited behind an outage's facts, and its uptime is that of its making.
        self.health = values
        if self.device is not None and self.status is not None:
            self._keeper.healthy(self.device.device, self.status["boot"], values["uptime_ms"])

    def _on_request(self, number: int, command: int, arguments: dict[str, Any], deadline_ms: int) -> None:
        device, generation = self.device, self._generation
        answerer = None if device is None else self._around.answerers.get(device.role)
        if device is None or answerer is None:
            self._endpoint.answer(number, messages.UNKNOWN_COMMAND)
            return

        def alive() -> bool:
            return generation == self._generation and self._rising_ms() < deadline_ms

        asked = Asked(device, self.epoch, command, arguments, alive, number)
        task = self._loop.create_task(self._answer(number, asked, answerer, generation))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _answer(self, number: int, asked: Asked, answerer: Answerer, generation: int) -> None:
        try:
            answer = await answerer(asked)
        except Exception as error:
            # A device gets its one answer whatever goes wrong here; what it was stands in the log.
            self._around.log("device.not_answered", device=asked.device.device, command=asked.command, why=repr(error))
            answer = (messages.FAILED, None)
        if generation == self._generation:
            self._endpoint.answer(number, *answer)
            self._pump_soon()

    def _resolve(self, number: int, answer: tuple[int, str | None] | None) -> None:
        waiting = self._asked.pop(number, None)
        self._patient.discard(number)
        if waiting is not None and not waiting.done():
            waiting.set_result(answer)

    def _on_rejected(self, reason: str) -> None:
        code = wire.fault_code(reason)
        if code == "unknown_device" and self._dead:
            return  # said with its own name
        dropped = self._endpoint.rejected_packets
        fresh, self._packets_seen = max(1, dropped - self._packets_seen), dropped
        if code is None:
            self._around.faults.counts["stray"] += 1
        elif code in LIMITS:
            if self._around.faults.often(self.name, code, fresh, self._rising_ms()):
                self._keeper.fault(self, code, {"reason": reason})
        else:
            self._fault(code, {"reason": reason})

    def _fault(self, code: str, detail: dict[str, Any]) -> None:
        if self._around.faults.seen(self.name, code, self._rising_ms()):
            self._keeper.fault(self, code, detail)

    def _on_lost(self, why: str, line_lost: bool) -> None:
        self._generation += 1
        self._arrived.clear()
        device, self.device = self.device, None
        self.status = None
        self._anchor = None
        if device is not None:
            self._keeper.left(self, device.device, why, line_lost=line_lost)
