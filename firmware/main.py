"""The composition root of a box: builds everything, owns every task, the clock and the watchdog."""

import asyncio
import gc
import os
import sys
import time

from firmware import VERSION
from firmware.box import Box
from firmware.drivers import chip
from firmware.drivers.buzzer import Buzzer
from firmware.drivers.keys import Keys
from firmware.drivers.lamps import Lamps, PowerLed
from firmware.drivers.screen import Screen
from firmware.eventlog import EventLog
from firmware.files import Directory
from firmware.uptime import Uptime
from protocol import messages
from protocol.compat import const
from protocol.device import DeviceEndpoint

_LOG_PATH = "/log"
_MAINTENANCE_PATH = "/maintenance"
_FEED_MS = const(500)  # a sixteenth of the watchdog's time
_LONGEST_WAIT_MS = const(1_000)  # every task that isn't waiting for bytes comes round at least this often
_SILENT_TASK_MS = const(4_000)  # a task that should have come round four times is as good as dead
_DOWN_SCAN_MS = const(5)  # a third of the debounce time
_RESTING_SCAN_MS = const(250)  # keys wake us by interrupt; this is for an edge that was missed, and for stuck keys
_REST_MS = const(10_000)  # a box that can't start tries again, but leaves time to interrupt it
_WRITE, _SCAN, _SIGNAL = 0, 1, 2


class Main:
    """Everything a running box has."""

    def __init__(self, config, board, now):
        self._now = now
        self._beats = [now()] * 3
        self._key_edge = asyncio.ThreadSafeFlag()
        self._work = asyncio.Event()
        self._sound = asyncio.Event()
        self._ended = []  # (task's name, why), of those that are lost
        key_pins = [chip.key_pin(number) for number in board.KEY_PINS]
        self.keys = Keys(key_pins, (5, 4, 3, 2, 1), now())
        self.lamps = Lamps([chip.lamp_pin(number) for number in board.LAMP_PINS])
        self.led = PowerLed(chip.lamp_pin(board.POWER_LED_PIN))
        self.buzzer = Buzzer(chip.tone(board.BUZZER_PIN), self._sound.set)
        log = EventLog(Directory(_LOG_PATH), tail_bytes=board.LOG_TAIL_BYTES)
        endpoint = DeviceEndpoint(
            config.device, messages.ROLE_EVALUATOR, config.secret, config.epoch, log.boot, log, os.urandom
        )
        self.box = Box(
            log,
            endpoint,
            keys=self.keys,
            lamps=self.lamps,
            led=self.led,
            buzzer=self.buzzer,
            screen=_screen(config.screen),
            about={
                "reset_cause": chip.reset_cause(),
                "interpreter": interpreter(),
                "firmware": VERSION,
                "board": board.NAME,
            },
            maintain=maintain,
        )
        self.link = _module("firmware.links." + config.link).open_link(board)
        chip.watch_falling(key_pins, self._edge)

    def _edge(self, pin):
        """Runs in an interrupt."""
        self._key_edge.set()

    async def _read(self):
        while True:
            data = await self.link.read()
            self.box.receive(data, self._now())
            self._work.set()

    async def _write(self, beat):
        """The box's clockwork: what is due, what is to be sent."""
        while True:
            now_ms = self._now()
            self._beats[beat] = now_ms
            self._work.clear()
            self.box.tick(now_ms)
            data = self.box.outgoing(now_ms)
            if data:
                await self.link.write(data)
                continue
            wait_ms = min(max(self.box.deadline_ms() - self._now(), 0), _LONGEST_WAIT_MS)
            await wait(self._work.wait(), wait_ms)

    async def _scan(self, beat):
        while True:
            now_ms = self._now()
            self._beats[beat] = now_ms
            if self.box.scan_keys(now_ms):
                self._work.set()
            if self.keys.busy():
                await asyncio.sleep_ms(_DOWN_SCAN_MS)
            else:
                await wait(self._key_edge.wait(), _RESTING_SCAN_MS)

    async def _signal(self, beat):
        """Buzzer and power LED: their tunes and patterns."""
        led_ms = 0
        while True:
            now_ms = self._now()
            self._beats[beat] = now_ms
            if now_ms >= led_ms:
                led_ms = now_ms + self.led.step(now_ms)
            wait_ms = min(self.buzzer.step(now_ms), led_ms - now_ms)
            await wait(self._sound.wait(), min(max(wait_ms, 1), _LONGEST_WAIT_MS))
            self._sound.clear()

    async def live(self):
        """Runs the box until one of its tasks is lost; says which, in the log."""
        self.box.start(self._now())
        tasks = [
            asyncio.create_task(self._guard("read", self._read())),
            asyncio.create_task(self._guard("write", self._write(_WRITE))),
            asyncio.create_task(self._guard("keys", self._scan(_SCAN))),
            asyncio.create_task(self._guard("signal", self._signal(_SIGNAL))),
        ]
        watchdog = chip.watchdog()
        while not self._lost():
            watchdog.feed()
            await asyncio.sleep_ms(_FEED_MS)
        for task in tasks:
            task.cancel()
        self.box.fault(messages.FAULT_TASK_DIED, "%s: %s" % self._ended[0], self._now())

    async def _guard(self, name, work):
        """A task never ends unseen: whatever ends it is told to `live`."""
        try:
            await work
        except Exception as error:
            sys.print_exception(error)
            self._ended.append((name, repr(error)))
        else:
            self._ended.append((name, "came to its end"))

    def _lost(self):
        """Whether a task has ended or hangs; then the box must restart."""
        now_ms = self._now()
        for name, beat in (("write", _WRITE), ("keys", _SCAN), ("signal", _SIGNAL)):
            if now_ms - self._beats[beat] > _SILENT_TASK_MS:
                self._ended.append((name, "hangs"))
        return bool(self._ended)


async def wait(awaitable, wait_ms):
    """Until it happens, or for so long."""
    try:
        await asyncio.wait_for_ms(awaitable, wait_ms)
    except asyncio.TimeoutError:
        return


def interpreter():
    """What runs us, from the interpreter's own mouth."""
    version = sys.implementation.version
    numbers = ".".join([str(part) for part in version[:3]])
    if len(version) > 3 and version[3]:
        numbers += "-" + version[3]
    build = sys.version.split("MicroPython ")[-1]
    return "MicroPython %s, %s" % (numbers, build)


def _module(name):
    """A module by its full name: of boards, links and screens only the one in use is loaded."""
    return __import__(name, None, None, ["*"])


def load_board(name):
    """The pins of a board, by the name of its file in firmware/boards/."""
    return _module("firmware.boards." + name)


def _screen(name):
    return _module(name).Screen() if name else Screen()


def in_maintenance():
    """Whether a technician has left the mark that keeps application and watchdog off; removing it ends that."""
    try:
        os.stat(_MAINTENANCE_PATH)
    except OSError:
        return False
    return True


def maintain():
    """Leave the mark and restart."""
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


def run():
    """Runs the box for ever; returns at once for maintenance (the mark, or the strap held)."""
    if in_maintenance():
        return
    config, board, error = _configuration()
    if error is not None:
        rest(error, board, None)
    strap = chip.key_pin(board.STRAP_PIN)
    if not strap.value():
        return
    try:
        main = Main(config, board, Uptime(time.ticks_ms, time.ticks_diff))
        config = None  # with it goes all that only reads settings
        gc.collect()
        asyncio.run(main.live())
    except Exception as error:
        sys.print_exception(error)
        rest("starting again in 10 s", board, _REST_MS)
    chip.reset()


def _configuration():
    """Settings, board and None; or None, the board as far as the settings tell it, and what is wrong with them."""
    settings = _module("firmware.settings")
    # Needed once: a box has better use for its 3 KB.
    del sys.modules["firmware.settings"]
    try:
        config = settings.load()
        return config, load_board(config.board), None
    except (settings.SettingsError, ImportError) as error:
        return None, _board_for_rest(settings.board_of()), error


def _board_for_rest(name):
    try:
        return load_board(name) if name else None
    except ImportError:
        return None
