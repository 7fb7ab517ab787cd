"""What every simulated box has: the shipped box of its role with its log and endpoint, on simulated flash and time."""

from collections.abc import Callable, Iterator
from random import Random
from typing import Any

from firmware.drivers.keys import PRESSED
from firmware.eventlog import EventLog
from firmware.trial import Trial
from protocol import messages
from protocol.device import DeviceEndpoint
from tools.simulation.bounds import Grown, of_box
from tools.simulation.flash import Flash, PowerCutError
from tools.simulation.loop import Turn
from tools.simulation.slots import CRASHES, DEAF, GOOD, ResetError, Slots, take_turn
from tools.simulation.volume import Volume
from tools.simulation.world import World

BOOT_MS = 900  # from power to the first line of the application
OFF_MS = (500, 8_000)  # how long a cut lasts
_ABOUT = {"reset_cause": "power", "interpreter": "simulation", "firmware": "0", "board": "simulated"}
Took = Callable[[int, dict[str, Any], int | None], None]
Trimmed = Callable[[range], None]


class Keys:
    """The fingers: presses wait here for the next look."""

    def __init__(self) -> None:
        self.stuck_ms = 0
        self._pressed: list[tuple[str, int | str]] = []

    def push(self, key: int | str) -> None:
        """A finger comes down."""
        self._pressed.append((PRESSED, key))

    def scan(self, _now_ms: int, _blind: bool) -> list[tuple[str, int | str]]:
        """What happened since the last look; a finger here stays until it is seen."""
        pressed, self._pressed = self._pressed, []
        return pressed


class Front:
    """Light and sound of a box, which nobody sees or hears here."""

    def play(self, name: str) -> None:
        """A sound."""

    def set_volume(self, volume: int | None) -> None:
        """How loud it would be."""

    def fault(self, on: bool) -> None:
        """The power light."""

    def identify(self, until_ms: int) -> None:
        """The power light."""


class WatchedLog(EventLog):  # type: ignore[misc]  # the boxes' code has no types
    """The shipped log; `took` hears of each fact with its number, None where the power went while it was written.

    `trimmed` hears of the numbers that it is about to let go.
    """

    def __init__(self, flash: Flash, took: Took, trimmed: Trimmed) -> None:
        self._took = took
        self._trimmed = trimmed
        super().__init__(flash)

    def trim(self, through: int) -> None:
        """As the shipped one."""
        self._trimmed(range(self.oldest, through + 1))
        super().trim(through)

    def append(self, kind: int, uptime_ms: int, **fields: Any) -> int:
        """As the shipped one."""
        try:
            number: int = super().append(kind, uptime_ms, **fields)
        except PowerCutError:
            self._took(kind, fields, None)
            raise
        self._took(kind, fields, number)
        return number


class SimulatedBox:
    """A box by name; `send` takes what it writes to its line. A role's class gives it ROLE, `_made` and `_took`."""

    ROLE: int

    def __init__(self, world: World, name: str, secret: bytes, epoch: bytes) -> None:
        self.name = name
        self.send: Callable[[bytes], None] = lambda _: None
        self.logged: Callable[[], None] = lambda: None
        self.trimmed: Trimmed = lambda _: None
        self.wrote: Callable[[int], None] = lambda _: None
        self.chance_repeats = False  # its random numbers are the same after every boot
        self.away = False  # taken from its window: no power
        self.flash = Volume(world.chance(f"flash {name}"))
        self.slots: Slots | None = None  # with them it takes updates
        self.told_version: Callable[[int, str], None] = lambda number, version: None
        self._world = world
        self._chance = world.chance(f"box {name}")
        self.secret = secret
        self.epoch = epoch
        self._alarm: Turn | None = None
        self._alarm_ms: int | None = None
        self._boot_at_ms = 0
        self._keys = Keys()
        self._log: WatchedLog | None = None
        self.endpoint: DeviceEndpoint | None = None
        self._box: Any = None  # None: no power, still starting, or a firmware that does nothing
        self._hangs = False

    def power_on(self) -> None:
        """The box starts; its application runs a moment later."""
        self._world.after(BOOT_MS, self._boot)

    def press(self, key: int | str) -> None:
        """A finger on a key; a dark box notices nothing."""
        if self._box is not None:
            self._keys.push(key)
            self._live(lambda: self._box.scan_keys(self.uptime_ms))

    def receive(self, data: bytes) -> None:
        """Bytes from the line."""
        if self._box is not None and not self._deaf:
            self._live(lambda: self._box.receive(data, self.uptime_ms))

    @property
    def uptime_ms(self) -> int:
        """Since this boot."""
        return self._world.now_ms - self._boot_at_ms

    def unacknowledged(self) -> int:
        """Facts that wait in the log."""
        return 0 if self._log is None else int(self._log.next - self._log.oldest)

    def _made(self, log: WatchedLog, end: DeviceEndpoint, shared: dict[str, Any]) -> Any:
        """The shipped box; shared: what every role's is made of."""
        raise NotImplementedError

    def _took(self, kind: int, fields: dict[str, Any], number: int | None) -> None:
        """A fact is in the log, or nobody knows."""

    def take_away(self) -> None:
        """Unplugged at its window; what it holds, it holds."""
        self._world.tell(self.name, f"is taken away with {self.unacknowledged()} facts")
        self.away = True
        self._off()

    def plug_in(self) -> None:
        """Somewhere else."""
        self.away = False
        self.power_on()

    @property
    def live(self) -> bool:
        """Whether a hub is heard."""
        return self._box is not None and self.endpoint is not None and self.endpoint.hub_heard(self.uptime_ms)

    def bounds(self) -> Iterator[Grown]:
        """What grows in it, while it lives."""
        if self._box is not None and self._log is not None and self.endpoint is not None:
            yield from of_box(self.name, self._log, self.endpoint)

    def _wrote(self, kind: int, fields: dict[str, Any], number: int | None) -> None:
        if number is not None:
            self.wrote(number)
            if kind == messages.BOOTED:
                self.told_version(number, fields["firmware"])
        self._took(kind, fields, number)

    def _boot(self) -> None:
        if self.away or self._box is not None or self._hangs:
            return
        self._boot_at_ms = self._world.now_ms
        self._live(self._start)

    def _start(self) -> None:
        about, slots = _ABOUT, self.slots
        if slots is not None:
            slots.start(self._live)
            about = _ABOUT | {"firmware": slots.version}
            self._world.tell(self.name, f"starts {slots.version}, its slot line is {slots.line.decode()}")
            if slots.kind == CRASHES and slots.end is not None:
                slots.end(ValueError("a firmware that fails"))
            if slots.kind not in (GOOD, DEAF):
                self._hangs = True
                return
        self._keys = Keys()
        self._log = log = WatchedLog(self.flash, self._wrote, self._trims)
        self._world.tell(self.name, f"boots ({log.boot}), facts {log.oldest} to {log.next - 1} unsent")
        random = Random(self.name).randbytes if self.chance_repeats else self._chance.randbytes
        self.endpoint = end = DeviceEndpoint(self.name, self.ROLE, self.secret, self.epoch, log.boot, log, random)
        front = Front()
        shared = {"keys": self._keys, "led": front, "buzzer": front, "about": about, "maintain": self._maintain}
        self._box = self._made(log, end, shared)
        self._box.start(self.uptime_ms)
        if slots is not None and slots.end is not None:
            self._box._updater = Trial(self._box)  # as firmware.main

    @property
    def _deaf(self) -> bool:
        """Its firmware has a fault: no byte comes or goes."""
        return self.slots is not None and self.slots.kind == DEAF

    def _trims(self, numbers: range) -> None:
        self.trimmed(numbers)
        if self.slots is not None and numbers:
            self.slots.acknowledged = True

    def _maintain(self, mark: bool) -> None:
        if mark or self.slots is None:
            raise AssertionError(f"{self.name}: nobody asked for maintenance")
        raise ResetError

    def _live(self, job: Callable[[], object]) -> None:
        """Does something and all that follows from it; a power cut or a reset in the middle ends it there."""
        take_turn(self.slots)
        try:
            job()
            self._pump()
        except PowerCutError:
            self._world.tell(self.name, "loses power")
            self._off()
            self._world.after(self._chance.randrange(*OFF_MS), self.power_on)
        except ResetError:
            self._world.tell(self.name, "starts again")
            self._off()
            self.power_on()

    def _off(self) -> None:
        self._box = None
        self._hangs = False
        self._set_alarm(None)
        if self.slots is not None:
            self.slots.off()

    def _pump(self) -> None:
        box = self._box
        if box is None:
            return
        uptime_ms = self.uptime_ms
        box.tick(uptime_ms)
        while data := box.outgoing(uptime_ms):
            if not self._deaf:
                self.send(data)
        # Never at once again: what is due now has just been done.
        self._set_alarm(max(box.deadline_ms(), uptime_ms + 1))

    def _set_alarm(self, at_ms: int | None) -> None:
        """Of its uptime."""
        if at_ms == self._alarm_ms:
            return
        if self._alarm is not None:
            self._alarm.cancel()
        self._alarm_ms = at_ms
        self._alarm = None if at_ms is None else self._world.after(at_ms - self.uptime_ms, self._rings)

    def _rings(self) -> None:
        self._alarm = self._alarm_ms = None
        self._live(self._nothing)

    def _nothing(self) -> None:
        """Only the clock has moved."""
