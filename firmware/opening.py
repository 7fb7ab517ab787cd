"""Opening a box: reads who it is, and builds everything that then runs. Loaded for that, and forgotten (loading.py).

It holds the board's pins and the settings while it works; whatever the running box keeps is made of classes of other
files, for one function of this file in somebody's hands would keep all of it in memory.
"""

import os
import sys
import time

from firmware import VERSION, role
from firmware.drivers import chip
from firmware.drivers.buzzer import Buzzer
from firmware.drivers.lamps import PowerLed
from firmware.eventlog import EventLog
from firmware.files import Directory
from firmware.loading import once
from firmware.main import MAINTENANCE_PATH, Main, maintain
from firmware.uptime import Uptime
from protocol.compat import const
from protocol.device import DeviceEndpoint

_LOG_PATH = "/log"
_BLINK_MS = const(1_000)  # without a lamp to blink


def opened():
    """A Main, not yet started; None for maintenance: the mark, or the strap held. With bad settings it rests here."""
    if in_maintenance():
        return None
    config, board, error = _configuration()
    if error is not None:
        rest(error, board, None)
    strap = chip.key_pin(board.STRAP_PIN)
    if not strap.value():
        return None
    return _built(config, board, Uptime(time.ticks_ms, time.ticks_diff))


def _built(config, board, now):
    link = once("firmware.links." + config.link).open_link(board, config.device)
    about = once("firmware.drivers.about").about(VERSION, board.NAME)
    keys, key_pins = role.open_keys(board, config, now())
    led = PowerLed(chip.lamp_pin(board.POWER_LED_PIN))
    buzzer = Buzzer(chip.tone(board.BUZZER_PIN))
    log = EventLog(Directory(_LOG_PATH), board.LOG_TAIL_BYTES)
    endpoint = DeviceEndpoint(config.device, role.WIRE_ROLE, config.secret, config.epoch, log.boot, log, os.urandom)
    box = role.open_box(board, config, log, endpoint, keys=keys, led=led, buzzer=buzzer, about=about, maintain=maintain)
    main = Main(now, link, box, keys=keys, led=led, buzzer=buzzer)
    chip.watch_falling(key_pins, main.edge.set)
    return main


def load_board(name):
    """The pins of a board, by the name of its file in firmware/boards/."""
    return once("firmware.boards." + name)


def in_maintenance():
    """Whether a technician has left the mark that keeps application and watchdog off; removing it ends that."""
    try:
        os.stat(MAINTENANCE_PATH)
    except OSError:
        return False
    return True


def rest(error, board, limit_ms):
    """Say what is wrong and blink, without watchdog, so that a technician can get in; `limit_ms` None: for ever."""
    sys.stdout.write("tingting: %s\n" % error)
    now = Uptime(time.ticks_ms, time.ticks_diff)
    led = None
    if board is not None:
        led = PowerLed(chip.lamp_pin(board.POWER_LED_PIN))
        led.fault(True)
    while limit_ms is None or now() < limit_ms:
        time.sleep_ms(_BLINK_MS if led is None else led.step(now()))


def rest_before_restart(limit_ms):
    """The same for a box that failed: its board is asked for again, for nothing of the box is left."""
    rest("starting again in %d s" % (limit_ms // 1000), _board_for_rest(once("firmware.settings").board_of()), limit_ms)


def _configuration():
    """Settings, board and None; or None, the board as far as the settings tell it, and what is wrong with them."""
    settings = once("firmware.settings")
    try:
        config = settings.load(role.NAME)
        return config, load_board(config.board), None
    except (settings.SettingsError, ImportError) as error:
        return None, _board_for_rest(settings.board_of()), error


def _board_for_rest(name):
    try:
        return load_board(name) if name else None
    except ImportError:
        return None
