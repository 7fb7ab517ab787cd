"""What is wired to which pin of a board, read from the firmware's own pin files."""

import importlib
from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

from tools.simulator.errors import SimulatorError

EVALUATOR = "evaluator"
CALLER = "caller"
FOUR_KEY_CALLER = "caller_four"  # an older one
DISPENSER = "dispenser"
GRADES = (5, 4, 3, 2, 1)  # the order of EVALUATOR_KEY_PINS
KEYPAD = (
    "1", "2", "3", "next",
    "4", "5", "6", "recall",
    "7", "8", "9", "no_show",
    "clear", "0", "ok", "finish",
)  # fmt: skip
FOUR_KEYS = ("next", "recall", "no_show", "finish")  # the order of CALLER_FOUR_KEY_PINS

Key = int | str  # a grade of an evaluator; a key's name on other boxes


@dataclass(frozen=True, slots=True)
class BoardProfile:
    """Pins by what hangs on them in a box of this role; a pin that a board or role lacks is None."""

    name: str
    role: str
    key_pins: dict[Key, int]  # keys to ground
    lamp_pins: tuple[int, ...]
    power_led_pin: int | None
    buzzer_pin: int | None
    strap_pin: int | None
    uart_id: int
    crossings: dict[Key, tuple[int, int]] = field(default_factory=dict)  # keys of a matrix: row and column
    display_pins: tuple[int, int] | None = None  # clock and data of a TM1637
    shift_pins: tuple[int, ...] = ()  # data, clock, latch of the lamps' shift registers
    shift_lamps: int = 0
    printer_uart_id: int | None = None
    pin_names: dict[str, int] = field(default_factory=dict)

    def key_pin(self, key: Key) -> int:
        """The pin behind a key."""
        if key not in self.key_pins:
            there = ", ".join(str(known) for known in (*self.key_pins, *self.crossings)) or "none"
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


def _dispenser(board: ModuleType) -> dict[str, Any]:
    keys: dict[Key, int] = dict(enumerate(board.DISPENSER_KEY_PINS, 1))
    return {
        "key_pins": keys | {"clerk": board.DISPENSER_CLERK_PIN},
        "lamp_pins": (),
        "shift_pins": tuple(board.DISPENSER_LAMP_PINS),
        "shift_lamps": len(keys) + 1,
        "printer_uart_id": board.PRINTER_UART_ID,
    }


def _caller(board: ModuleType) -> dict[str, Any]:
    places = [(row, column) for row in board.CALLER_ROW_PINS for column in board.CALLER_COLUMN_PINS]
    return _display(board) | {"key_pins": {}, "crossings": dict(zip(KEYPAD, places, strict=True))}


def _four_key_caller(board: ModuleType) -> dict[str, Any]:
    return _display(board) | {"key_pins": dict(zip(FOUR_KEYS, board.CALLER_FOUR_KEY_PINS, strict=True))}


def _display(board: ModuleType) -> dict[str, Any]:
    return {"lamp_pins": (), "display_pins": (board.CALLER_CLK_PIN, board.CALLER_DIO_PIN)}


_PARTS: dict[str, Callable[[ModuleType], dict[str, Any]]] = {
    EVALUATOR: _evaluator,
    CALLER: _caller,
    FOUR_KEY_CALLER: _four_key_caller,
    DISPENSER: _dispenser,
}


def _optional(module: ModuleType, name: str) -> int | None:
    pin: int | None = getattr(module, name, None)
    return pin
