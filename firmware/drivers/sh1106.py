"""A display behind an SH1106 (Sino Wealth data sheet, V2.3): 132 columns of memory, the glass shows 2 to 129."""

from firmware.drivers import chip
from firmware.drivers.oled import Oled

# Off, 64 rows, no offset, as mounted, common pins, contrast, precharge, level, normal, converter on, on.
_SETUP = b"\xae\xa8\x3f\xd3\x00\x40\xa1\xc8\xda\x12\x81\xcf\xd9\x1f\xdb\x40\xa4\xa6\xad\x8b\xaf"
_FIRST_COLUMN = 2


def open_screen(board, files):
    """The display on this board's I2C pins."""
    return Oled(files, chip.i2c(board.SCREEN_I2C), _SETUP, _FIRST_COLUMN)
