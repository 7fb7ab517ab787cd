"""One printer, by one thread: what is wrong with it, and one paper at a time.

A paper is out when the printer has answered that it is through with it, and one question more: a line that is pulled
gives bytes, too. While a paper's bytes go out nothing else is sent, for a question inside a QR code's data would become
part of it.
"""

from collections.abc import Callable

from hub.printing.errors import PrinterGoneError
from hub.printing.port import Port
from protocol import escpos

OK = "ok"
PAPER_LOW = "paper_low"
PAPER_OUT = "paper_out"
COVER_OPEN = "cover_open"
FAULT = "fault"
OFFLINE = "offline"
NO_ANSWER = "no_answer"
# The states in which a number may be given for paper.
READY = (OK, PAPER_LOW)

_WORST = {
    escpos.PAPER_OUT: PAPER_OUT,
    escpos.COVER_OPEN: COVER_OPEN,
    escpos.FAULT: FAULT,
    escpos.OFFLINE: OFFLINE,
}
# DLE EOT is answered at once, within 50 ms even by a busy one; a slow line and a print server add to it.
ANSWER_S = 1.5
# From the last byte to "through": the longest ticket takes 3 s at 60 mm a second, the cheapest printers half that.
THROUGH_S = 15.0
LISTEN_S = 0.1
_WAKE = escpos.FORGET + escpos.RESET + escpos.HANZI_ON + escpos.TELL_CHANGES


class Printer:
    """`open_port` and `now_s` (a clock that never steps) come from outside."""

    def __init__(self, open_port: Callable[[], Port], now_s: Callable[[], float]) -> None:
        self._open_port = open_port
        self._now_s = now_s
        self._port: Port | None = None
        self._status = escpos.Status()
        # What was last known of why it can't be reached.
        self.why = ""
        # The last paper began and did not come out whole: somebody may hold a piece of it.
        self.half = False

    def ask(self) -> str:
        """How it is now, by its own word; opens it anew if it was away."""
        try:
            return self._asked()
        except PrinterGoneError as error:
            self._lost(error)
            return NO_ANSWER

    def print(self, data: bytes) -> str:
        """Prints a paper; OK when the printer said that it is out, else what was wrong."""
        self.half = False
        try:
            result = self._printed(data)
        except PrinterGoneError as error:
            self._lost(error)
            return NO_ANSWER
        self.half = self.half and result != OK
        return result

    def close(self) -> None:
        """Gives the device back."""
        port, self._port = self._port, None
        if port is not None:
            try:
                port.close()
            except PrinterGoneError as error:
                self.why = str(error)

    def _opened(self) -> Port:
        if self._port is None:
            self._port = self._open_port()
            self._status = escpos.Status()
            self._port.write(_WAKE)
        return self._port

    def _lost(self, error: PrinterGoneError) -> None:
        self.close()
        self.why = str(error)

    def _asked(self) -> str:
        port = self._opened()
        self._status.forget()
        for number, question in ((1, escpos.ASK_PRINTER), (2, escpos.ASK_OFFLINE), (4, escpos.ASK_PAPER)):
            self._status.asked(number)
            port.write(question)
        end_s = self._now_s() + ANSWER_S
        while self._status.waiting:
            if self._now_s() >= end_s:
                raise PrinterGoneError(f"it did not answer within {ANSWER_S} s")
            self._status.feed(port.read(LISTEN_S))
        self.why = ""
        return self._state()

    def _state(self) -> str:
        worst = _WORST.get(self._status.worst)
        return worst if worst is not None else PAPER_LOW if self._status.paper_low else OK

    def _printed(self, data: bytes) -> str:
        state = self._asked()
        if state not in READY:
            return state
        port = self._opened()
        before = self._status.through
        self.half = True
        port.write(data + escpos.TELL_WHEN_THROUGH)
        end_s = self._now_s() + THROUGH_S
        while self._status.through == before:
            self._status.feed(port.read(LISTEN_S))
            if self._status.worst != escpos.OK:
                return self._given_up(port, _WORST[self._status.worst])
            if self._now_s() >= end_s:
                return self._given_up(port, NO_ANSWER)
        state = self._asked()
        return OK if state in READY else self._given_up(port, state)

    def _given_up(self, port: Port, why: str) -> str:
        """What the printer kept of it must not come out when it has paper again."""
        port.write(escpos.FORGET)
        return why
