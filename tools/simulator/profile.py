"""What is wired to which pin of a board, read from the firmware's own pin files."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from tools.simulator.errors import SimulatorError

EVALUATOR = "evaluator"
GRADES = (5, 4, 3, 2, 1)  # the order of EVALUATOR_KEY_PINS

Key = int | str  # a grade of an evaluator; a key's name on other boxes


@dataclass(frozen=True, slots=True)
class BoardProfile:
    """Pins by what hangs on them in a box of this role; a pin that a board or role lacks is None."""

    name: str
    role: str
    key_pins: dict[Key, int]
    lamp_pins: tuple[int, ...]
    power_led_pin: int | None
    buzzer_pin: int | None
    strap_pin: int | None
    uart_id: int
    pin_names: dict[str, int] = field(default_factory=dict)

    def key_pin(self, key: Key) -> int:
        """The pin behind a key."""
        if key not in self.key_pins:
            there = ", ".join(str(known) for known in self.key_pins) or "none"
            raise SimulatorError(f"board {self.name} as {self.role} has no key {key!r}; there are {there}")
        return self.key_pins[key]


def load(name: str, role: str = EVALUATOR) -> BoardProfile:
    """The profile of `firmware/boards/<name>.py`, or of any module given with its dots; raises `SimulatorError`."""
    path = name if "." in name else f"firmware.boards.{name}"
    try:
        module = importlib.import_module(path)
    except ImportError as error:
        raise SimulatorError(f"no board {name!r}: {path} can't be imported ({error})") from error
    if role not in _PARTS:
        raise SimulatorError(f"no role {role!r}; there are {', '.join(_PARTS)}")
    try:
        return BoardProfile(
            name=name,
            role=role,
            power_led_pin=_optional(module, "POWER_LED_PIN"),
            buzzer_pin=_optional(module, "BUZZER_PIN"),
            strap_pin=_optional(module, "STRAP_PIN"),
            uart_id=module.UART_ID,
            **_PARTS[role](module),
        )
    except AttributeError as error:
        raise SimulatorError(f"{path} lacks a pin: {error}") from error


def _evaluator(board: ModuleType) -> dict[str, Any]:
    return {
        "key_pins": dict(zip(GRADES, board.EVALUATOR_KEY_PINS, strict=True)),
        "lamp_pins": tuple(board.EVALUATOR_LAMP_PINS),
    }


_PARTS: dict[str, Callable[[ModuleType], dict[str, Any]]] = {EVALUATOR: _evaluator}


def _optional(module: ModuleType, name: str) -> int | None:
    pin: int | None = getattr(module, name, None)
    return pin
