"""What is wired to which pin of a board, read from the firmware's own pin files."""

import importlib
from dataclasses import dataclass, field
from types import ModuleType

from tools.simulator.errors import SimulatorError

GRADES = (5, 4, 3, 2, 1)  # the order of KEY_PINS


@dataclass(frozen=True, slots=True)
class BoardProfile:
    """Pins by what hangs on them; a pin that a board lacks is None."""

    name: str
    key_pins: tuple[int, ...]
    lamp_pins: tuple[int, ...]
    power_led_pin: int | None
    buzzer_pin: int | None
    strap_pin: int | None
    uart_id: int
    pin_names: dict[str, int] = field(default_factory=dict)

    def key_pin(self, grade: int) -> int:
        """The pin behind the key of a grade."""
        if grade not in GRADES or len(self.key_pins) != len(GRADES):
            raise SimulatorError(f"board {self.name} has no key for grade {grade!r}; grades are 1 to 5")
        return self.key_pins[GRADES.index(grade)]


def load(name: str) -> BoardProfile:
    """The profile of `firmware/boards/<name>.py`, or of any module given with its dots; raises `SimulatorError`."""
    path = name if "." in name else f"firmware.boards.{name}"
    try:
        module = importlib.import_module(path)
    except ImportError as error:
        raise SimulatorError(f"no board {name!r}: {path} can't be imported ({error})") from error
    try:
        return BoardProfile(
            name=name,
            key_pins=tuple(module.KEY_PINS),
            lamp_pins=tuple(module.LAMP_PINS),
            power_led_pin=_optional(module, "POWER_LED_PIN"),
            buzzer_pin=_optional(module, "BUZZER_PIN"),
            strap_pin=_optional(module, "STRAP_PIN"),
            uart_id=module.UART_ID,
        )
    except AttributeError as error:
        raise SimulatorError(f"{path} lacks a pin: {error}") from error


def _optional(module: ModuleType, name: str) -> int | None:
    pin: int | None = getattr(module, name, None)
    return pin
