"""The caller box: a clerk's questions among what every box does. Both Pythons."""

from firmware.apps.caller import CALLING, CLOSED, FREE, PAUSED, SERVING, Caller
from firmware.box import Box
from firmware.records import LAYOUTS
from protocol import calling, messages, session
from protocol.compat import const

_VIEWS = {
    messages.WINDOW_CLOSED: CLOSED,
    messages.WINDOW_IDLE: FREE,
    messages.WINDOW_CALLING: CALLING,
    messages.WINDOW_SERVING: SERVING,
    messages.WINDOW_PAUSED: PAUSED,
}
_STATES = {CALLING: messages.APP_SERVING, SERVING: messages.APP_SERVING, PAUSED: messages.APP_PAUSED}
# What only a caller logs, as in firmware/records.py: a text behind its length; one byte.
LAYOUTS[calling.SIGNED_IN] = (("staff", calling.MAX_STAFF), ("role", -1))
LAYOUTS[calling.SIGNED_OUT] = ()

_CALL_MS = const(10_000)  # a hub on the radio comes within two seconds; nobody waits for longer than this
_AGAIN_MS = const(5_000)  # a display that was plugged in again, or lost its power for a moment, shows the truth so soon


class CallerBox(Box):
    """`display`: has `show(text)`, true when it was heard; `short`: an older caller with four keys."""

    def __init__(self, log, endpoint, display, short, **shared):
        Box.__init__(self, Caller(short), log, endpoint, **shared)
        self._display = display
        self._dark = False
        self._shown_ms = 0
        self._pressed_ms = -_CALL_MS
        self._asked = None

    def start(self, now_ms):
        """The display says that there is no hub yet; then as every box."""
        self._text(self.app.text(), now_ms)
        Box.start(self, now_ms)

    def scan_keys(self, now_ms, blind=False):
        """As every box; a key that finds no hub calls for one, where the line is a radio."""
        happened = Box.scan_keys(self, now_ms, blind)
        if happened and not self._hub:
            self._pressed_ms = now_ms
        return happened

    def tick(self, now_ms):
        """As every box; and what the display shows, once more."""
        Box.tick(self, now_ms)
        self.calls = not self._hub and now_ms - self._pressed_ms < _CALL_MS
        if now_ms - self._shown_ms >= _AGAIN_MS:
            self._text(self.app.text(), now_ms)

    def deadline_ms(self):
        """As every box."""
        return min(Box.deadline_ms(self), self._shown_ms + _AGAIN_MS)

    def _act(self, what, values, now_ms):
        if what == "ask":
            self._asked = self.endpoint.request(values[0], values[1], now_ms + values[2])
        elif what == "light":
            self._led.fault(values[0])
        else:
            self._text(values[0], now_ms)

    def _text(self, text, now_ms):
        self._shown_ms = now_ms
        dark = not self._display.show(text)
        if dark != self._dark:
            self._dark = dark
            if dark:
                self.fault(messages.FAULT_DISPLAY, "the display does not answer; look at its plug", now_ms)
            else:
                self.recovered(messages.FAULT_DISPLAY, now_ms)

    def _tell_status(self):
        self.endpoint.set_status(_STATES.get(self.app.view, messages.APP_IDLE), None)

    def _view(self, event, now_ms):
        self.do(("view", _VIEWS.get(event[1], CLOSED), event[2], event[4]), now_ms)

    def _take(self, event, now_ms):
        what = event[0]
        if what in (session.ANSWER, session.REQUEST_EXPIRED):
            if event[1] == self._asked:
                self._asked = None
                code, detail = event[2:] if what == session.ANSWER else (None, None)
                self.do(("answer", code, detail), now_ms)
        else:
            Box._take(self, event, now_ms)
