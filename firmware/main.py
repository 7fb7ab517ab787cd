"""The composition root of a box: builds everything, owns the one loop with its tasks, the clock and the watchdog.

No asyncio: it takes 10 KB of a box's memory, and makes garbage at every wait. The tasks take turns instead, none waits
for anything itself, and so a turn that comes to its end is the sign that all of them live.
"""

import gc
import io
import os
import select
import sys
import time

from firmware import VERSION, role
from firmware.drivers import chip
from firmware.drivers.buzzer import Buzzer
from firmware.drivers.keys import SETTLE_MS
from firmware.drivers.lamps import PowerLed
from firmware.eventlog import EventLog
from firmware.files import Directory
from firmware.loading import once
from firmware.uptime import Uptime
from protocol import messages
from protocol.compat import const
from protocol.device import DeviceEndpoint

_LOG_PATH = "/log"
_MAINTENANCE_PATH = "/maintenance"
_LONGEST_WAIT_MS = const(1_000)  # an eighth of the watchdog's time
_DOWN_SCAN_MS = const(5)  # a third of the debounce time
_RESTING_SCAN_MS = const(250)  # keys wake us by interrupt; this is for an edge that was missed, and for stuck keys
_SENDING_MS = const(5)  # 58 bytes at 115,200 baud, less than a port's own buffer: the line never runs dry
_READ_BYTES = const(256)
_REST_MS = const(10_000)  # a box that can't start tries again, but leaves time to interrupt it
_POLL = const(3)  # MP_STREAM_POLL


class KeyEdge(io.IOBase):
    """Ready for `poll` from an interrupt on; says so once."""

    def __init__(self, keys):
        self._keys = keys
        self.seen = False

    def set(self, pin):
        """Runs in an interrupt."""
        if self._keys.deaf:
            return
        if self._keys.fell is None:
            self._keys.fell = pin
        self.seen = True

    def ioctl(self, request, flags):
        """What `poll` asks."""
        return flags if request == _POLL and self.seen else 0


class Main:
    """Everything a running box has."""

    def __init__(self, config, board, now, trial):
        self._now = now
        self.doing = "start"  # the task whose turn it is
        self._unsent = b""
        self._scan_ms = 0
        self._looked_ms = 0
        self._led_ms = 0
        self.link = once("firmware.links." + config.link).open_link(board, config.device)
        self._radio = getattr(self.link, "turn", None)  # a cable has nothing to decide
        about = once("firmware.drivers.about").about(VERSION, board.NAME)
        self.keys, key_pins = role.open_keys(board, config, now())
        self.led = PowerLed(chip.lamp_pin(board.POWER_LED_PIN))
        self.buzzer = Buzzer(chip.tone(board.BUZZER_PIN))
        log = EventLog(Directory(_LOG_PATH), board.LOG_TAIL_BYTES)
        endpoint = DeviceEndpoint(config.device, role.WIRE_ROLE, config.secret, config.epoch, log.boot, log, os.urandom)
        self.box = role.open_box(
            board,
            config,
            log,
            endpoint,
            keys=self.keys,
            led=self.led,
            buzzer=self.buzzer,
            about=about,
            maintain=maintain,
        )
        self.box.start(now())
        if trial:
            self.box._updater = once("firmware.trial").Trial(self.box)
        if self._radio is not None:
            endpoint.link_lost()  # there is no line before somebody connects
        self._edge = KeyEdge(self.keys)
        self._poll = select.poll()
        self._poll.register(self.link.source, select.POLLIN)
        self._poll.register(self._edge, select.POLLIN)
        chip.watch_falling(key_pins, self._edge.set)

    def live(self):
        """Runs the box until one of its tasks fails; says which, in the log."""
        watchdog = chip.watchdog()
        try:
            while True:
                watchdog.feed()
                for _ in self._poll.ipoll(self._turn()):
                    pass
        except Exception as error:
            sys.print_exception(error)
            self.box.fault(messages.FAULT_TASK_DIED, "%s: %r" % (self.doing, error), self._now())
            time.sleep_ms(_LONGEST_WAIT_MS)  # a box that fails at once, again and again, doesn't wear out its flash

    def _turn(self):
        """Each task once; returns after how many ms to come again, if nothing wakes us before."""
        now_ms = self._looked_ms = self._now()  # while we waited, an edge would have woken us
        box = self.box
        radio_ms = None
        if self._radio is not None:
            self.doing = "radio"
            radio_ms = self._radio(box, now_ms)
        self.doing = "read"
        data = self.link.read(_READ_BYTES)
        if data:
            box.receive(data, now_ms)
        self._look()
        self.doing = "write"
        box.tick(now_ms)
        data = self._unsent or box.outgoing(now_ms)
        if data:
            self._unsent = data[self.link.write(data) or 0 :]
        self._look()
        self.doing = "signal"
        if now_ms >= self._led_ms:
            self._led_ms = now_ms + self.led.step(now_ms)
        deadline_ms = box.deadline_ms()
        if radio_ms is not None:
            deadline_ms = min(deadline_ms, radio_ms)
        wait_ms = min(
            self.buzzer.step(now_ms),
            min(self._led_ms, self._scan_ms, deadline_ms) - self._now(),
            _SENDING_MS if data else _LONGEST_WAIT_MS,
        )
        return max(wait_ms, 0)

    def _look(self):
        """The keys' turn: after the reading and after the writing, each of which may have erased flash."""
        self.doing = "keys"
        now_ms = self._now()
        blind = now_ms - self._looked_ms >= SETTLE_MS
        if blind or self._edge.seen or now_ms >= self._scan_ms:
            self._edge.seen = False
            self.box.scan_keys(now_ms, blind)
            self._scan_ms = now_ms + (_DOWN_SCAN_MS if self.keys.busy() else _RESTING_SCAN_MS)
            now_ms = self._now()
        self._looked_ms = now_ms


def load_board(name):
    """The pins of a board, by the name of its file in firmware/boards/."""
    return once("firmware.boards." + name)


def in_maintenance():
    """Whether a technician has left the mark that keeps application and watchdog off; removing it ends that."""
    try:
        os.stat(_MAINTENANCE_PATH)
    except OSError:
        return False
    return True


def maintain(mark=True):
    """Leave the mark and restart; without it, just restart."""
    if mark:
        with open(_MAINTENANCE_PATH, "w"):
            pass
    chip.reset()


def rest(error, board, limit_ms):
    """Say what is wrong and blink, without watchdog, so that a technician can get in; `limit_ms` None: for ever."""
    sys.stdout.write("tingting: %s\n" % error)
    now = Uptime(time.ticks_ms, time.ticks_diff)
    led = None
    if board is not None:
        led = PowerLed(chip.lamp_pin(board.POWER_LED_PIN))
        led.fault(True)
    while limit_ms is None or now() < limit_ms:
        time.sleep_ms(_LONGEST_WAIT_MS if led is None else led.step(now()))


def run(trial=False):
    """Runs the box for ever; returns at once for maintenance (the mark, or the strap held). trial: is it good?"""
    if in_maintenance():
        return
    config, board, error = _configuration()
    if error is not None:
        rest(error, board, None)
    strap = chip.key_pin(board.STRAP_PIN)
    if not strap.value():
        return
    try:
        main = Main(config, board, Uptime(time.ticks_ms, time.ticks_diff), trial)
        config = None  # with it goes all that only reads settings
        gc.collect()
        main.live()
    except Exception as error:
        sys.print_exception(error)
        rest("starting again in 10 s", board, _REST_MS)
    chip.reset()


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
