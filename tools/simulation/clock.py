"""The hour as a hub's machine has it: right and sure, or set wrong and, as its time service says, not sure."""

from hub.queueing.events import Now
from tools.simulation.world import World


class HallClock:
    """In place of `hub.main.Clock`; it stays wrong over a restart, as a machine's clock does."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._wrong_ms = 0
        self._sure = True

    def __call__(self) -> Now:
        """A moment for the service."""
        return Now(self._world.unix_ms + self._wrong_ms, self._sure, monotonic_ms=self._world.now_ms)

    def jump(self, by_ms: int) -> None:
        """Somebody sets it wrong; the time service is not there to say otherwise."""
        self._world.tell("hub", f"its clock jumps by {by_ms} ms")
        self._wrong_ms += by_ms
        self._sure = False

    def right(self) -> None:
        """The time service has found the time again."""
        if self._wrong_ms or not self._sure:
            self._world.tell("hub", f"its clock is right again, it was {self._wrong_ms} ms off")
        self._wrong_ms = 0
        self._sure = True
