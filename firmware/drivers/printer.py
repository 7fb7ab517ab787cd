"""An ESC/POS ticket printer on a UART: one paper at a time, and what is wrong with it. Time is an argument.

A paper is out when the printer has answered that it is through with it, and then one question more: a line that is
pulled gives bytes, too. While a paper's bytes go out nothing else is sent, for a question within a QR code's data would
become part of it; the printer says by itself when its paper ends.
"""

from protocol import escpos
from protocol.compat import const

_ASK_MS = const(1_000)  # a printer that is unplugged shows within 4 s
_BUSY_ASK_MS = const(250)  # while a paper is under way
_ANSWER_MS = const(1_000)  # printers answer in real time, within 50 ms; a box that erases flash hears it later
_SILENT_AFTER = const(3)
# From the last byte to "through": the longest ticket takes 3 s at 60 mm a second; cheap printers have half that speed.
_THROUGH_MS = const(12_000)
_SEND_MS = const(20)  # 76 bytes at 38,400 baud, less than a port's own buffer: the line never runs dry
_READ_BYTES = const(64)
_WAKE = escpos.FORGET + escpos.RESET + escpos.HANZI_ON + escpos.TELL_CHANGES
_ASK = escpos.ASK_PRINTER + escpos.ASK_OFFLINE + escpos.ASK_PAPER

# What is wrong, for `trouble`: escpos' own numbers, and this one.
NO_ANSWER = const(5)

# What `step` says happened.
PRINTED = "printed"
FAILED = "failed"
TROUBLE = "trouble"
LOW = "low"

# How far a paper is.
_NONE = const(0)
_SENDING = const(1)
_WAITING = const(2)
_CONFIRMING = const(3)


class Printer:
    """`port`: read(size) → bytes or None, write(data) → how many it took or None; neither waits."""

    def __init__(self, port):
        self._port = port
        self.status = escpos.Status()
        self.trouble = NO_ANSWER  # until it has answered
        self._low = False
        self._phase = _NONE
        self._data = b""
        self._at = 0
        self._mark = 0  # answers of a kind that there were when their wait began
        self._until_ms = 0
        self._next_ms = 0
        self._ask_ms = 0
        self._asked_ms = None  # of the question that has no answer yet
        self._answered = 0
        self._missed = _SILENT_AFTER

    def begin(self, data, now_ms):
        """Prints this; `step` says how it ended. Only when there is no trouble and no other paper."""
        self._data = data + escpos.TELL_WHEN_THROUGH
        self._at = 0
        self._phase = _SENDING
        self._asked_ms = None
        self._next_ms = now_ms
        self.status.forget()

    def step(self, now_ms):
        """Everything that is due; a list of what happened: (PRINTED,), (FAILED, why), (TROUBLE, what), (LOW, is it)."""
        events = []
        data = self._port.read(_READ_BYTES)
        while data:
            self.status.feed(data)
            data = self._port.read(_READ_BYTES)
        self._listen(now_ms)
        trouble = NO_ANSWER if self._missed >= _SILENT_AFTER else self.status.worst
        if trouble != self.trouble:
            if self.trouble == NO_ANSWER:
                self._port.write(_WAKE)
            self.trouble = trouble
            events.append((TROUBLE, trouble))
        if self.status.paper_low != self._low:
            self._low = self.status.paper_low
            events.append((LOW, self._low))
        if self._phase == _SENDING:
            self._send(now_ms)
        if self._phase != _NONE:
            self._look(events, now_ms)
        if self._phase != _SENDING and now_ms >= self._ask_ms and self._asked_ms is None:
            self._ask(now_ms)
        waits = self._phase != _NONE or self._asked_ms is not None
        self._next_ms = now_ms + _SEND_MS if waits else self._ask_ms
        return events

    def deadline_ms(self):
        """When `step` is to be called at the latest."""
        return self._next_ms

    # --- inside

    def _listen(self, now_ms):
        if self._asked_ms is None:
            return
        if not self.status.waiting:
            self._asked_ms = None
            self._answered += 1
            self._missed = 0
        elif now_ms >= self._asked_ms + _ANSWER_MS:
            self._asked_ms = None
            self._missed = min(self._missed + 1, _SILENT_AFTER)
            self.status.forget()

    def _ask(self, now_ms):
        self._ask_ms = now_ms + (_ASK_MS if self._phase == _NONE else _BUSY_ASK_MS)
        self._asked_ms = now_ms
        self.status.forget()
        for number in (1, 2, 4):
            self.status.asked(number)
        self._port.write(_ASK)

    def _send(self, now_ms):
        taken = self._port.write(self._data[self._at :])
        if taken:
            self._at += taken
        if self._at >= len(self._data):
            self._phase = _WAITING
            self._data = b""
            self._mark = self.status.through
            self._until_ms = now_ms + _THROUGH_MS
            self._ask_ms = now_ms

    def _look(self, events, now_ms):
        """How the paper is getting on."""
        if self._phase == _WAITING and self.status.through != self._mark:
            self._phase = _CONFIRMING
            self._mark = self._answered
            self._ask_ms = now_ms
        if self._phase == _CONFIRMING:
            if self._answered != self._mark:
                self._end(events, (PRINTED,))
            elif self.trouble == NO_ANSWER:
                self._end(events, (FAILED, NO_ANSWER))
        elif self.trouble != escpos.OK:
            self._end(events, (FAILED, self.trouble))
        elif self._phase == _WAITING and now_ms >= self._until_ms:
            self._end(events, (FAILED, NO_ANSWER))

    def _end(self, events, event):
        self._phase = _NONE
        self._data = b""
        if event[0] == FAILED:
            self._port.write(escpos.FORGET)  # what it kept must not come out later
        events.append(event)
