"""What a board's pins show: lamps, light, buzzer, and the displays that are fitted to it."""

from collections.abc import Callable

from tools.simulator.fittings import Fittings
from tools.simulator.profile import BoardProfile
from tools.simulator.shift_register import ShiftRegister
from tools.simulator.verbs import View


class Outputs:
    """`view` tells what is shown now, `change` takes what is shown from then on."""

    def __init__(
        self, wiring: BoardProfile, fittings: Fittings, view: Callable[[], View], change: Callable[..., None]
    ) -> None:
        self.dark = (False,) * (len(wiring.lamp_pins) + wiring.shift_lamps)
        self._fittings = fittings
        self._view = view
        self._change = change
        self._parts = _name_parts(wiring)
        self._shift = ShiftRegister(wiring.shift_pins, wiring.shift_lamps)

    def halt(self) -> None:
        """Every output goes with the program."""
        if self._shift.dark():
            self._change("lamps", 0, None, lamps=self._shift.shown)
        for pin, part in self._parts.items():
            if self._level(part):
                self.pin(pin, 0, None)

    def pin(self, pin: int, value: int, at_us: int | None) -> None:
        """An output of the board has this level, or this frequency."""
        if pin in self._shift.pins:
            if self._shift.pin(pin, value):
                self._change("lamps", 0, at_us, lamps=self._shift.shown)
            return
        part = self._parts.get(pin, f"pin{pin}")
        if part == "buzzer":
            self._change(part, value, at_us, buzzer_hz=value)
        elif part == "power_led":
            self._change(part, value, at_us, power_led=bool(value))
        elif part.startswith("lamp"):
            lamps = list(self._view().lamps)
            lamps[int(part.removeprefix("lamp"))] = bool(value)
            self._change(part, value, at_us, lamps=tuple(lamps))
        else:
            self._change(part, value, at_us)

    def look_at_display(self, at_us: int | None) -> None:
        """Its digits, where they are other ones."""
        digits = self._fittings.digits
        if digits is not None and digits != self._view().digits:
            self._change("display", int.from_bytes(bytes(digits), "big"), at_us, digits=digits)

    def look_at_panel(self) -> None:
        """Its dots, where they are other ones."""
        panel = self._fittings.panel
        if panel is not None and panel.text() != self._view().panel:
            self._change("panel", 0, None, panel=panel.text())

    def _level(self, part: str) -> int:
        if part == "power_led":
            return self._view().power_led
        if part == "buzzer":
            return self._view().buzzer_hz
        return self._view().lamps[int(part.removeprefix("lamp"))]


def _name_parts(wiring: BoardProfile) -> dict[int, str]:
    parts = {pin: f"lamp{index}" for index, pin in enumerate(wiring.lamp_pins)}
    if wiring.power_led_pin is not None:
        parts[wiring.power_led_pin] = "power_led"
    if wiring.buzzer_pin is not None:
        parts[wiring.buzzer_pin] = "buzzer"
    return parts
