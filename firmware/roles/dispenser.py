"""A dispenser's own parts, by the pins of its board."""

from firmware.boxes.dispenser import CLERK, DispenserBox
from firmware.drivers import chip
from firmware.drivers.buzzer import TUNES
from firmware.drivers.key_lamps import KeyLamps
from firmware.drivers.keys import Keys
from firmware.drivers.printer import Printer
from firmware.drivers.printer_port import open_port
from protocol import messages

NAME = "dispenser"
WIRE_ROLE = messages.ROLE_DISPENSER
TUNES["refuse"] = ((440, 150), (0, 60), (440, 150))


def open_keys(board, config, now_ms):
    """The keys, and the pins that fall when one is pressed."""
    pins = [chip.key_pin(number) for number in board.DISPENSER_KEY_PINS + (board.DISPENSER_CLERK_PIN,)]
    names = list(range(1, len(pins))) + [CLERK]
    return Keys(pins, names, now_ms), pins


def open_box(board, config, log, endpoint, **shared):
    """The box with its printer and its lamps; `shared` is what every Box is made of."""
    lamps = KeyLamps(*[chip.lamp_pin(number) for number in board.DISPENSER_LAMP_PINS])
    return DispenserBox(log, endpoint, Printer(open_port(board)), lamps, config.secret, **shared)
