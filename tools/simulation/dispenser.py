"""One dispenser with the simulator's printer: its papers lie in a tray, and the journal must agree with them."""

from collections.abc import Callable
from typing import Any

from common.paper.slips import Slip
from firmware.boxes.dispenser import DispenserBox
from firmware.drivers.printer import Printer
from protocol import dispensing, messages
from protocol.device import DeviceEndpoint
from tools.simulation.box import SimulatedBox, WatchedLog
from tools.simulation.world import World
from tools.simulator.virtual_printer import VirtualPrinter

TAKEN_BYTES = 76  # of one write: what goes out in the driver's 20 ms at 38,400 baud
LINE_MS = 2  # between box and printer, each way
HANDS_MS = 1_000  # nobody pulls a plug and has it in again sooner
_TOLD = {dispensing.PRINTED: "printed", dispensing.PRINT_FAILED: "not printed", dispensing.AWAY: "given alone"}


class _Port:
    """The box's end of the printer's line, for one life of the box."""

    def __init__(self, world: World, printer: VirtualPrinter) -> None:
        self._world = world
        self._printer = printer
        self.came = bytearray()
        self.coming = bytearray()  # what the printer says at one moment arrives at one moment
        self.coming_ms = 0

    def read(self, size: int) -> bytes | None:
        """What has come."""
        data = bytes(self.came[:size])
        del self.came[:size]
        return data or None

    def write(self, data: bytes) -> int:
        """As much as the line takes."""
        part = bytes(data[:TAKEN_BYTES])
        self._world.after(LINE_MS, lambda: self._printer.receive(part))
        return len(part)


class _Plugged(VirtualPrinter):
    """Knows when it was unplugged: what is wrong with it begins in the middle of a paper, whenever that is."""

    def __init__(self, world: World, send: Callable[[bytes], None]) -> None:
        self._world = world
        self.pulled_ms = 0
        super().__init__(send)

    def set(self, **changes: object) -> None:
        """As the simulator's."""
        if changes.get("plugged") is False:
            self.pulled_ms = self._world.now_ms
        super().set(**changes)


class SimulatedDispenser(SimulatedBox):
    """`printer` keeps its power and its paper when the box loses its own."""

    ROLE = messages.ROLE_DISPENSER

    def __init__(self, world: World, name: str, secret: bytes, epoch: bytes) -> None:
        super().__init__(world, name, secret, epoch)
        self.printer = _Plugged(world, self._answered)
        self._port = _Port(world, self.printer)

    @property
    def papers(self) -> list[Slip]:
        """Whole tickets in the tray, second prints and void slips aside."""
        return [slip for slip in self.printer.slips if slip.codes and "重印" not in slip.lines]

    def mend(self) -> None:
        """Somebody puts paper in, closes the cover, plugs it in."""
        soon_ms = self.printer.pulled_ms + HANDS_MS - self._world.now_ms
        if not self.printer.now.plugged and soon_ms > 0:
            self._world.after(soon_ms, self.mend)
        else:
            self.printer.set(paper="ok", cover=False, plugged=True)

    def _made(self, log: WatchedLog, end: DeviceEndpoint, shared: dict[str, Any]) -> Any:
        self._port = _Port(self._world, self.printer)
        return DispenserBox(log, end, Printer(self._port), self, self.secret, **shared)

    def set(self, keys: list[int], red: bool) -> None:
        """The lamps; whoever comes presses, lit or not."""

    def _answered(self, data: bytes) -> None:
        port, now_ms = self._port, self._world.now_ms
        if port.coming and port.coming_ms == now_ms:
            port.coming += data
            return
        port.coming, port.coming_ms = bytearray(data), now_ms
        coming = port.coming
        self._world.after(LINE_MS, lambda: self._heard(port, coming))

    def _heard(self, port: _Port, data: bytearray) -> None:
        port.came += data
        if self._box is not None and port is self._port:
            self._live(self._nothing)

    def _took(self, kind: int, fields: dict[str, Any], number: int | None) -> None:
        if kind not in _TOLD:
            return
        became = "the power goes while it is written" if number is None else f"logged as fact {number}"
        self._world.tell(self.name, f"ticket {fields['ticket'].hex()}: {_TOLD[kind]}; {became}")
        self.logged()
