"""What anybody can do to a board and see of it, whether it lives in this process or in another."""

import asyncio
import base64
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

from tools.simulator import display
from tools.simulator.errors import SimulatorError
from tools.simulator.profile import Key

PRESS_MS = 80  # a quick human key press
Listener = Callable[["Change"], None]


@dataclass(frozen=True, slots=True)
class View:
    """What a person sees and hears at the counter."""

    powered: bool = False
    lamps: tuple[bool, ...] = ()
    power_led: bool = False
    buzzer_hz: int = 0  # 0: silent
    digits: tuple[int, ...] = ()  # lit segments of a caller's display, a to g from the lowest bit
    panel: str = ""  # a panel's picture, 128 × 64 dots: base64 of 8 pages of 128 columns; "" without one
    boots: int = 0
    reset_cause: int = 0

    def to_json(self) -> dict[str, Any]:
        """As it goes over the control socket."""
        return asdict(self)

    @classmethod
    def from_json(cls, fields: dict[str, Any]) -> Self:
        """The way back."""
        return replace(cls(**fields), lamps=tuple(fields["lamps"]), digits=tuple(fields["digits"]))

    @property
    def text(self) -> str:
        """What a person reads on the display of a caller."""
        return display.read(self.digits)


@dataclass(frozen=True, slots=True)
class Change:
    """One output of the board changed: `what` is "lamp<index>", "power_led", "buzzer", "display", "panel",
    "pin<n>", "power" or "boot".

    at_us: the board's own time since its boot (None: the change came from outside, as a power cut does);
    at_s: the host's CLOCK_MONOTONIC; value: the level, or the buzzer's frequency in Hz.
    """

    what: str
    value: int
    boot: int
    at_us: int | None
    at_s: float

    def to_json(self) -> dict[str, Any]:
        """As it goes over the control socket."""
        return asdict(self)


class Board(ABC):
    """The verbs shared by `SimulatedBoard` and `BoardClient`."""

    uart_url: str  # the UART as a raw TCP port, for pyserial
    usb_port: str  # the terminal device, for mpremote or for a hub that speaks over USB
    unique_id: str  # the chip's, in hex

    def __init__(self) -> None:
        self.view = View()
        self._listeners: list[Listener] = []
        self._changed = asyncio.Event()

    @abstractmethod
    async def call(self, verb: str, **arguments: Any) -> Any:
        """Does one verb at the board; raises `SimulatorError`."""

    # -- what it shows

    @property
    def lamps(self) -> tuple[bool, ...]:
        """The lamps, in the order of EVALUATOR_LAMP_PINS."""
        return self.view.lamps

    @property
    def power_led(self) -> bool:
        """The light that says the box is alive."""
        return self.view.power_led

    @property
    def buzzer(self) -> int:
        """Frequency in Hz; 0 while silent."""
        return self.view.buzzer_hz

    @property
    def face(self) -> View:
        """Everything that can be seen or heard, at once."""
        return self.view

    def subscribe(self, listener: Listener) -> Callable[[], None]:
        """Calls `listener` with every change from now on; returns what ends that."""
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def _publish(self, change: Change) -> None:
        for listener in list(self._listeners):
            listener(change)
        self._changed.set()

    async def wait_for(self, condition: Callable[[View], bool], timeout_s: float, what: str = "the board") -> None:
        """Returns once the view satisfies the condition; raises `SimulatorError` after `timeout_s`."""
        try:
            async with asyncio.timeout(timeout_s):
                while not condition(self.view):
                    self._changed.clear()
                    await self._changed.wait()
        except TimeoutError as error:
            raise SimulatorError(f"waited {timeout_s} s for {what}; it shows {self.view}") from error

    async def wait_lamps(self, lit: bool, timeout_s: float) -> None:
        """Waits until all lamps are lit, or all dark."""
        await self.wait_for(
            lambda view: bool(view.lamps) and all(lamp is lit for lamp in view.lamps),
            timeout_s,
            f"all lamps {'lit' if lit else 'dark'}",
        )

    # -- what can be done to it

    async def press(self, key: Key, ms: int = PRESS_MS) -> None:
        """Presses a key and lets it go."""
        await self.hold(key)
        await asyncio.sleep(ms / 1000)
        await self.release(key)

    async def hold(self, key: Key) -> None:
        """Presses a key and keeps it down."""
        await self.call("hold", key=key)

    async def release(self, key: Key) -> None:
        """Lets a key go."""
        await self.call("release", key=key)

    async def wait_text(self, text: str, timeout_s: float) -> None:
        """Waits until a caller's display reads so."""
        await self.wait_for(lambda view: view.text == text, timeout_s, f"{text!r} on the display")

    async def plug_display(self, plugged: bool) -> None:
        """Pulls a caller's display off its wires, or puts it back."""
        await self.call("plug_display", plugged=plugged)

    async def strap(self, held: bool) -> None:
        """Sets the maintenance strap."""
        await self.call("strap", held=held)

    async def drive(self, pin: int, level: int | None) -> None:
        """Drives any pin from outside; None lets go."""
        await self.call("drive", pin=pin, level=level)

    async def cut_power(self) -> None:
        """Takes the power away at once; with `lose_unsynced` also what flash had not yet synced."""
        await self.call("cut_power")

    async def cut_power_after(self, operations: int, tear_bytes: int = 0) -> None:
        """Takes the power away at the nth flash operation from now; so many of its bytes still arrive."""
        await self.call("cut_power_after", operations=operations, tear_bytes=tear_bytes)

    async def restore_power(self) -> None:
        """Gives the power back and waits until the board's program starts."""
        await self.call("restore_power")

    async def reset(self) -> None:
        """Presses the board's reset button and waits until its program starts."""
        await self.call("reset")

    async def cut_wire(self, cut: bool) -> None:
        """Parts the wires of UART and USB: bytes vanish both ways, nobody is told."""
        await self.call("cut_wire", cut=cut)

    async def unplug(self) -> None:
        """Drops the connection to the UART's port once."""
        await self.call("unplug")

    async def garble(self, rate: float, seed: int = 0) -> None:
        """Changes each byte on UART and USB with this probability; 0 heals."""
        await self.call("garble", rate=rate, seed=seed)

    async def printer(self, **changes: Any) -> None:
        """Changes a dispenser's printer: paper ("ok", "low", "out"), cover, offline, fault, plugged."""
        await self.call("printer", **changes)

    async def printer_after(self, count: int, **changes: Any) -> None:
        """The same, once so many more bytes are on paper."""
        await self.call("printer_after", count=count, **changes)

    async def slips(self) -> dict[str, Any]:
        """What a dispenser's printer has given: slips (lines, codes, cut), hanging, problems, condition."""
        told: dict[str, Any] = await self.call("slips")
        return told

    async def picture(self, number: int = -1) -> bytes:
        """A slip as PNG; -1: the last one that was cut, -2: what hangs in the slot."""
        return base64.b64decode(await self.call("picture", number=number))

    async def read_output(self) -> str:
        """The last 4 KB that the board's terminal printed."""
        text: str = await self.call("output")
        return text

    async def read_stats(self) -> dict[str, Any]:
        """Counters: boots, resets, flash operations, bytes on the wire, interpreter, memory."""
        stats: dict[str, Any] = await self.call("stats")
        return stats
