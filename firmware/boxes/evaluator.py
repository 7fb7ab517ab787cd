"""The evaluator box: the citizen's invitation among what every box does. Both Pythons."""

from firmware.apps.evaluator import FAULT, IDLE, PAUSED, SERVING, Evaluator
from firmware.box import Box
from protocol import messages

_VIEWS = {messages.WINDOW_SERVING: SERVING, messages.WINDOW_PAUSED: PAUSED}


class EvaluatorBox(Box):
    """`lamps`: the five that know only together; `screen`: a driver as firmware.drivers.screen."""

    def __init__(self, log, endpoint, lamps, screen, **shared):
        Box.__init__(self, Evaluator(log.ended_runs), log, endpoint, **shared)
        self._lamps = lamps
        self._screen = screen

    def start(self, now_ms):
        """An invitation that a restart finds open has ended; then as every box."""
        run = self.log.open_run
        if run is not None:
            self._append(messages.UNRATED, now_ms, {"run": run, "reason": messages.UNRATED_DEVICE_FAULT})
            self.app = Evaluator(self.log.ended_runs)
        self._lamps.set(False)
        self._show(self.app.face(), now_ms)
        Box.start(self, now_ms)

    def _act(self, what, values, now_ms):
        if what == "open":
            self.log.open_invitation(values[0])
        elif what == "lamps":
            self._lamps.set(values[0])
        else:
            self._show(values[0], now_ms)

    def _show(self, face, now_ms):
        self._led.fault(face.name == FAULT)
        self._screen.show(face, now_ms)

    def _view(self, event, now_ms):
        self.do(("view", _VIEWS.get(event[1], IDLE), event[2]), now_ms)

    def _request(self, request, command, args, now_ms):
        if command == messages.INVITE:
            self.do(("invite", args["run"], args["wait_ms"], request), now_ms)
        elif command == messages.KEY_TEST:
            self.do(("key_test", args["wait_ms"], request), now_ms)
        else:
            Box._request(self, request, command, args, now_ms)
