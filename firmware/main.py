"""A box that runs: owns the one loop with its tasks, the clock and the watchdog; firmware/opening.py builds it.

No asyncio: it takes 10 KB of a box's memory, and makes garbage at every wait. The tasks take turns instead, none waits
for anything itself, and so a turn that comes to its end is the sign that all of them live.
"""

import gc
import io
import select
import sys
import time

import micropython

from firmware.drivers import running
from firmware.drivers.keys import SETTLE_MS
from firmware.loading import once
from protocol import messages
from protocol.compat import const

MAINTENANCE_PATH = "/maintenance"
_LONGEST_WAIT_MS = const(1_000)  # an eighth of the watchdog's time
_DOWN_SCAN_MS = const(5)  # a third of the debounce time
_RESTING_SCAN_MS = const(250)  # keys wake us by interrupt; this is for an edge that was missed, and for stuck keys
_SENDING_MS = const(5)  # 58 bytes at 115,200 baud, less than a port's own buffer: the line never runs dry
_READ_BYTES = const(256)
_REST_MS = const(10_000)  # a box that can't start tries again, but leaves time to interrupt it
_POLL = const(3)  # MP_STREAM_POLL
_CTRL_C = const(3)


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

    def __init__(self, now, link, box, *, keys, led, buzzer):
        self._now = now
        self.doing = "start"  # the task whose turn it is
        self._unsent = b""
        self._scan_ms = 0
        self._looked_ms = 0
        self._led_ms = 0
        self.link = link
        self._radio = getattr(link, "turn", None)  # a cable has nothing to decide
        self.keys = keys
        self.led = led
        self.buzzer = buzzer
        self.box = box
        self.edge = KeyEdge(keys)
        self._poll = select.poll()
        self._poll.register(link.source, select.POLLIN)
        self._poll.register(self.edge, select.POLLIN)

    def start(self, trial):
        """The box's first acts, once what built it has gone from memory."""
        self.box.start(self._now())
        if trial:
            self.box._updater = once("firmware.trial").Trial(self.box)
        if self._radio is not None:
            self.box.endpoint.link_lost()  # there is no line before somebody connects
        self.keys.fell = None  # a press before a box could know of it is none
        self.edge.seen = False

    def live(self):
        """Runs the box until one of its tasks fails; says which, in the log."""
        watchdog = running.watchdog()
        try:
            while True:
                watchdog.feed()
                for _ in self._poll.ipoll(self._turn()):
                    pass
        except Exception as error:
            sys.print_exception(error)
            if isinstance(error, MemoryError):
                self.box.shed(self._now())  # so that what went wrong finds room to be told
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
        if blind or self.edge.seen or now_ms >= self._scan_ms:
            self.edge.seen = False
            self.box.scan_keys(now_ms, blind)
            self._scan_ms = now_ms + (_DOWN_SCAN_MS if self.keys.busy() else _RESTING_SCAN_MS)
            now_ms = self._now()
        self._looked_ms = now_ms


def maintain(mark=True):
    """Leave the mark and restart; without it, just restart."""
    if mark:
        with open(MAINTENANCE_PATH, "w"):
            pass
    running.reset()


def run(trial=False):
    """Runs the box for ever; returns at once for maintenance (the mark, or the strap held). trial: is it good?"""
    main = None
    try:
        main = once("firmware.opening").opened()
        if main is None:
            return
        gc.collect()
        main.start(trial)
        main.live()
    except Exception as error:
        sys.print_exception(error)
        main = None  # with it goes nearly all that a box is made of: its pins still know the keys
        _rest()
    running.reset()


def _rest():
    """Leaves a technician time to interrupt a box that fails; whatever happens here, it starts again."""
    micropython.kbd_intr(_CTRL_C)  # a link over USB took it for a byte like any other
    try:
        once("firmware.opening").rest_before_restart(_REST_MS)
    except Exception as error:
        sys.print_exception(error)
        time.sleep_ms(_REST_MS)
