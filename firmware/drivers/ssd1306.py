"""A display behind an SSD1306 (Solomon Systech data sheet, rev 1.1): 128 columns of memory, charge pump inside."""

from firmware.drivers import chip
from firmware.drivers.oled import Oled

# Off, 64 rows, no offset, page addressing, as mounted, common pins, contrast, precharge, level, normal, pump on, on.
_SETUP = b"\xae\xa8\x3f\xd3\x00\x40\x20\x02\xa1\xc8\xda\x12\x81\xcf\xd9\xf1\xdb\x40\xa4\xa6\x8d\x14\xaf"


def open_screen(board, files):
    """The display on this board's I2C pins."""
    return Oled(files, chip.i2c(board.SCREEN_I2C), _SETUP, 0)
