"""One direction of a bad line: frames are lost, doubled, overtaken, delayed, garbled; at times nothing gets through."""

from collections.abc import Callable
from dataclasses import dataclass

from tools.simulation.world import World


@dataclass(frozen=True, slots=True)
class Faults:
    """How bad a line is; each number is the share of frames that it happens to."""

    lost: float = 0.0
    doubled: float = 0.0
    delayed: float = 0.0
    garbled: float = 0.0
    halved: float = 0.0


HEALTHY = Faults()
# Longer than a first retransmission, so that late and repeated frames meet; short enough that an anchor that came
# late still dates a press within its second.
DELAY_MS = 600
TRAVEL_MS = 8  # an 80-byte frame at 115,200 baud


class Wire:
    """Bytes in at one end, bytes out at the other, later and perhaps worse."""

    def __init__(self, world: World, name: str, deliver: Callable[[bytes], None]) -> None:
        self.faults = HEALTHY
        self.cut = False
        self._world = world
        self._chance = world.chance(f"wire {name}")
        self._deliver = deliver

    def plug(self, deliver: Callable[[bytes], None]) -> None:
        """Another box hangs at this end from now on."""
        self._deliver = deliver

    def send(self, data: bytes) -> None:
        """Takes what an endpoint wants written."""
        for frame in data.split(b"\0")[:-1]:
            self._frame(frame + b"\0")

    def _frame(self, frame: bytes) -> None:
        chance, faults = self._chance, self.faults
        if self.cut or chance.random() < faults.lost:
            return
        if chance.random() < faults.garbled:
            at = chance.randrange(len(frame))
            frame = frame[:at] + bytes([frame[at] ^ (1 << chance.randrange(8))]) + frame[at + 1 :]
        if chance.random() < faults.halved:
            frame = frame[: chance.randrange(len(frame))]
        for _ in range(2 if chance.random() < faults.doubled else 1):
            late_ms = chance.randrange(DELAY_MS) if chance.random() < faults.delayed else 0
            self._world.after(TRAVEL_MS + late_ms, lambda: self._arrive(frame))

    def _arrive(self, frame: bytes) -> None:
        if not self.cut:
            self._deliver(frame)
