"""The evaluator box: the citizen's invitation among what every box does. Both Pythons."""

import gc

from firmware.apps.evaluator import FAULT, IDLE, PAUSED, SERVING, Evaluator
from firmware.box import Box
from firmware.drivers.screen import Screen
from protocol import messages

_VIEWS = {messages.WINDOW_SERVING: SERVING, messages.WINDOW_PAUSED: PAUSED}


class EvaluatorBox(Box):
    """`lamps`: the five that know only together; `screen`: a driver as firmware.drivers.screen, None without memory."""

    def __init__(self, log, endpoint, lamps, screen, **shared):
        Box.__init__(self, Evaluator(log.ended_runs), log, endpoint, **shared)
        self._lamps = lamps
        self._screen = screen
        self._step = getattr(screen, "step", None)  # a box without a display has nothing to send
        self._serve = getattr(screen, "serve", None)
        self._blind = False  # the display doesn't answer
        self._step_ms = 0

    def start(self, now_ms):
        """An invitation that a restart finds open has ended; then as every box."""
        run = self.log.open_run
        if run is not None:
            self._append(messages.UNRATED, now_ms, {"run": run, "reason": messages.UNRATED_DEVICE_FAULT})
            self.app = Evaluator(self.log.ended_runs)
        self._lamps.set(False)
        if self._screen is not None:
            self._show(self.app.face(), now_ms)
        Box.start(self, now_ms)
        if self._screen is None:
            self.shed(now_ms)

    def tick(self, now_ms):
        """And the display's turn: a dead one is told, and stops nothing."""
        Box.tick(self, now_ms)
        if self._step is None:
            return
        self._step_ms = self._step(now_ms)
        broken = getattr(self._screen, "broken", False)
        if broken != self._blind:
            self._blind = broken
            if broken:
                detail = "the display does not answer"
                self._append(messages.FAULT, now_ms, {"code": messages.FAULT_DISPLAY, "detail": detail})
            else:
                self._append(messages.RECOVERED, now_ms, {"code": messages.FAULT_DISPLAY})

    def shed(self, now_ms):
        """The display goes: its code and its dots are 7 KB, and whoever presses a key needs no picture."""
        self._updater = None
        if self._screen is not None:
            off = getattr(self._screen, "off", None)
            if off is None:
                return
            off()
            off = None
        self._screen = Screen()
        self._step = self._serve = None
        gc.collect()
        self._append(messages.FAULT, now_ms, {"code": messages.FAULT_DISPLAY, "detail": "no memory for the display"})

    def deadline_ms(self):
        """As every box, and when the display has something to move."""
        soonest = Box.deadline_ms(self)
        return soonest if self._step is None else min(soonest, self._step_ms)

    def _act(self, what, values, now_ms):
        if what == "open":
            self.log.open_invitation(values[0])
        elif what == "lamps":
            self._lamps.set(values[0])
        else:
            self._show(values[0], now_ms)

    def _show(self, face, now_ms):
        self._led.fault(face.name == FAULT)
        try:
            self._screen.show(face, now_ms)
        except MemoryError:
            self.shed(now_ms)

    def _view(self, event, now_ms):
        if self._serve is not None:
            self._serve(event[5], event[6])
        self.do(("view", _VIEWS.get(event[1], IDLE), event[2]), now_ms)

    def _request(self, request, command, args, now_ms):
        if command == messages.INVITE:
            self.do(("invite", args["run"], args["wait_ms"], request), now_ms)
        elif command == messages.KEY_TEST:
            self.do(("key_test", args["wait_ms"], request), now_ms)
        else:
            Box._request(self, request, command, args, now_ms)
