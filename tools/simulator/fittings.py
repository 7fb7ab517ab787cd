"""What a role has on its board besides lamps, light and buzzer: a matrix of keys, digits, a panel of dots."""

from collections.abc import Callable
from typing import Any

from tools.simulator.display import Tm1637
from tools.simulator.errors import SimulatorError
from tools.simulator.onboard import kinds
from tools.simulator.panel import ADDRESS, KINDS, Panel
from tools.simulator.profile import BoardProfile, Key

Drive = Callable[[int, int | None], None]  # a pin's level from outside; None lets go
Send = Callable[..., None]  # kind, layout, fields: to the board


class Fittings:
    """`drive` and `send` are the board's."""

    def __init__(self, wiring: BoardProfile, drive: Drive, send: Send, panel: str | None = None) -> None:
        if panel is not None and panel not in KINDS:
            raise SimulatorError(f"no panel {panel!r}; there are {', '.join(KINDS)}")
        self.panel = None if panel is None else Panel(panel)
        self._wiring = wiring
        self._drive = drive
        self._send = send
        self._crossed: set[tuple[int, int]] = set()  # keys of a matrix that are held
        self._display = Tm1637()
        if wiring.display_pins is not None:
            self.plug_display(True)

    @property
    def config(self) -> dict[str, Any]:
        """For the stand-ins of a boot."""
        return {
            "matrix": list(self._wiring.crossings.values()),
            "crossed": list(self._crossed),
            "i2c": self._answers() if self.panel else None,
        }

    def _answers(self) -> int:
        """The address that is on the I2C bus, 0 for none."""
        return ADDRESS if self.panel is not None and self.panel.plugged else 0

    def finger(self, key: Key, down: bool) -> None:
        """A key goes down or up."""
        place = self._wiring.crossings.get(key)
        if place is None:
            self._drive(self._wiring.key_pin(key), 0 if down else None)
            return
        (self._crossed.add if down else self._crossed.discard)(place)
        self._send(kinds.CROSS, "BBB", *place, down)

    def plug_display(self, plugged: bool) -> None:
        """A display pulls the data wire low whenever the board lets go of it, which it does to be answered."""
        if self.panel is not None:
            self.panel.plugged = plugged
            self.panel.power_off()  # its plug carries its power too
            self._send(kinds.I2C_PLUG, "B", self._answers())
            return
        if self._wiring.display_pins is None:
            raise SimulatorError(f"board {self._wiring.name} as {self._wiring.role} has no such display")
        self._drive(self._wiring.display_pins[1], 0 if plugged else None)

    def power_off(self) -> None:
        """The display goes dark."""
        self._display.power_off()
        if self.panel is not None:
            self.panel.power_off()

    def wire(self, pin: int, level: int) -> bool:
        """A wire of the display has moved; whether it was one."""
        if self._wiring.display_pins is None or pin not in self._wiring.display_pins:
            return False
        (self._display.clock, self._display.data)[self._wiring.display_pins.index(pin)](level)
        return True

    @property
    def digits(self) -> tuple[int, ...] | None:
        """The lit segments; None in the middle of a message, () without a display."""
        if self._wiring.display_pins is None:
            return ()
        return None if self._display.busy else self._display.digits
