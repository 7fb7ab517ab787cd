"""An evaluator's own parts, by the pins of its board."""

import gc

from firmware.boxes.evaluator import EvaluatorBox
from firmware.drivers import chip
from firmware.drivers.keys import Keys
from firmware.drivers.lamps import Lamps
from firmware.drivers.screen import Screen
from firmware.loading import once
from protocol import messages
from protocol.compat import const

NAME = "evaluator"
WIRE_ROLE = messages.ROLE_EVALUATOR
_SCREEN_BYTES = const(10_240)  # a display's code and dots, and what of the box is still to be made
_GRADES = (5, 4, 3, 2, 1)  # the order of EVALUATOR_KEY_PINS


def open_keys(board, config, now_ms):
    """The keys, and the pins that fall when one is pressed."""
    pins = [chip.key_pin(number) for number in board.EVALUATOR_KEY_PINS]
    return Keys(pins, _GRADES, now_ms), pins


def open_box(board, config, log, endpoint, **shared):
    """The box with its lamps and its screen; `shared` is what every Box is made of."""
    lamps = Lamps([chip.lamp_pin(number) for number in board.EVALUATOR_LAMP_PINS])
    screen = _opened_screen(board, config, log) if config.screen else Screen()
    return EvaluatorBox(log, endpoint, lamps, screen, **shared)


def _opened_screen(board, config, log):
    """The driver, or None where it would leave no room for the box."""
    gc.collect()
    if gc.mem_free() < _SCREEN_BYTES:
        return None
    try:
        return once(config.screen).open_screen(board, log.files)
    except MemoryError:
        return None
