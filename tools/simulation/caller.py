"""One caller, and the clerk whose hand is on its keys: what is asked dies with the link, who sits there is a fact."""

from random import Random
from typing import Any

from firmware.apps import caller as app
from firmware.boxes.caller import CallerBox
from protocol import messages
from protocol.device import DeviceEndpoint
from tools.simulation.box import SimulatedBox, WatchedLog
from tools.simulation.desk_oracle import DeskOracle, KeyPress
from tools.simulation.world import World

STAFF_KEY = "7"
# What the display shows → keys that a clerk then presses, and how often of a hundred.
HANDS = {
    app.AWAY: (("next", 70), ("finish", 30)),  # in vain, and so it must stay
    app.CLOSED: ((STAFF_KEY, 100),),
    app.CODE: (("ok", 100),),
    app.PIN: (("ok", 95), ("clear", 5)),
    app.FREE: (("next", 88), ("3", 6), ("0", 6)),
    app.PAUSED: (("3", 100),),
    app.CALLING: (("1", 80), ("recall", 12), ("no_show", 8)),
    app.SERVING: (("finish", 100),),
    app.ASKING: (("next", 50), ("ok", 50)),
}


class Digits:
    """The four digits, which are always there."""

    def show(self, text: str) -> bool:
        """Taken."""
        return True


class SimulatedCaller(SimulatedBox):
    """At a window of its own."""

    ROLE = messages.ROLE_CALLER

    def __init__(self, world: World, name: str, secret: bytes, epoch: bytes, oracle: DeskOracle) -> None:
        super().__init__(world, name, secret, epoch)
        self._oracle = oracle

    def _made(self, log: WatchedLog, end: DeviceEndpoint, shared: dict[str, Any]) -> Any:
        return CallerBox(log, end, Digits(), False, **shared)

    @property
    def at_work(self) -> bool:
        """Somebody is called or served there, or something is asked."""
        return self._box is not None and self._box.app.state in (app.CALLING, app.SERVING, app.ASKING)

    def use(self, chance: Random) -> None:
        """The clerk looks at the display and presses what it asks for."""
        if self._box is None or self._box.app.state not in HANDS:
            return
        choices = HANDS[self._box.app.state]
        [key] = chance.choices([name for name, _ in choices], [share for _, share in choices])
        # Before the box has it: what it leads to may be in the journal before this returns.
        self._oracle.keys.append(KeyPress(key, self._world.unix_ms))
        self.press(key)
