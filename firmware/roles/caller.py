"""A caller's own parts, by the pins of its board."""

from firmware.apps.caller_keys import FOUR_KEYS, KEYS
from firmware.boxes.caller import CallerBox
from firmware.drivers import chip, running
from firmware.drivers.buzzer import TUNES
from firmware.drivers.keypad import MatrixKeys
from firmware.drivers.keys import Keys
from firmware.drivers.tm1637 import Tm1637
from protocol import messages

NAME = "caller"
WIRE_ROLE = messages.ROLE_CALLER
TUNES["refuse"] = ((440, 150), (0, 60), (440, 150))


def open_keys(board, config, now_ms):
    """The keys, and the pins that fall when one is pressed."""
    if config.keys:
        pins = [chip.key_pin(number) for number in board.CALLER_FOUR_KEY_PINS]
        return Keys(pins, FOUR_KEYS, now_ms), pins
    rows = [chip.open_drain(number) for number in board.CALLER_ROW_PINS]
    columns = [chip.key_pin(number) for number in board.CALLER_COLUMN_PINS]
    return MatrixKeys(rows, columns, KEYS, now_ms), columns


def open_box(board, config, log, endpoint, **shared):
    """The box with its display; `shared` is what every Box is made of."""
    display = Tm1637(chip.open_drain(board.CALLER_CLK_PIN), chip.open_drain(board.CALLER_DIO_PIN), running.half_clock)
    return CallerBox(log, endpoint, display, bool(config.keys), **shared)
