"""The dispenser box: keys, lamps and a printer around what every box does. Both Pythons.

In this order: the paper's note in flash, its bytes to the printer, its fact in flash, the note's end, then the hub.
"""

from binascii import b2a_base64

from firmware import records
from firmware.apps.dispenser import ASK_MS, CLERK, Dispenser
from firmware.box import Box
from firmware.drivers import printer as printer_driver
from firmware.notes import close_note, open_note, owe_void, owed_void, read_note, void_done
from protocol import dispensing, messages, session, ticket
from protocol.compat import const, hmac_sha256, sha256
from protocol.errors import MisuseError
from protocol.seal import hkdf

__all__ = ["CLERK", "DispenserBox"]

_LABEL = b"tingting 1 ticket"
_TICKET = ("ticket", -8)
_U8 = const(-1)
records.LAYOUTS[dispensing.PRINTED] = (_TICKET, ("reprint", _U8))
records.LAYOUTS[dispensing.PRINT_FAILED] = (_TICKET, ("reason", _U8), ("reprint", _U8))
records.LAYOUTS[dispensing.AWAY] = (
    _TICKET,
    ("lease", -8),
    ("service", 32),
    ("number", -2),
    ("token_sha256", -32),
    ("reason", _U8),
)
# The printer's troubles, by their number, as faults of this box; their reasons in facts have the same order.
_FAULT_BASE = const(dispensing.FAULT_PAPER_OUT - 1)
_DETAILS = ("", "paper is out", "its cover is open", "knife or head", "off line", "no answer")


class DispenserBox(Box):
    """`printer`: a drivers.printer.Printer; `lamps`: drivers.key_lamps.KeyLamps; `secret`: the box's own."""

    def __init__(self, log, endpoint, printer, lamps, secret, **shared):
        Box.__init__(self, Dispenser(self._make), log, endpoint, **shared)
        self._printer = printer
        self._lamps = lamps
        self._key = hkdf(secret, b"", _LABEL, 32)
        self._words = [b""] * len(ticket.WORDS)
        self._hall = b""  # as HALL tells it, like the next three
        self._url = ""
        self._offset_min = 0
        self._columns = 0  # not told yet
        self._unix_base_ms = None  # unix time of this boot's beginning
        self._told_trouble = 0
        self._owes = False  # a slip that voids what hangs there, also after a restart

    def start(self, now_ms):
        """A paper that a restart cut off has failed; then as every box."""
        spoilt = read_note(self.log)
        if spoilt is not None:
            number, kind, fields = spoilt
            owe_void(self.log, number)
            self._append(kind, now_ms, fields)
        close_note(self.log)
        hanging = owed_void(self.log)
        self._owes = hanging is not None
        if self._owes:
            self.app.handle(("spoilt", hanging), now_ms)
        Box.start(self, now_ms)

    def tick(self, now_ms):
        """The printer's turn, then as every box."""
        for event in self._printer.step(now_ms):
            self._paper(event, now_ms)
        Box.tick(self, now_ms)

    def deadline_ms(self):
        """When `tick` and `outgoing` are to be called at the latest."""
        return min(Box.deadline_ms(self), self._printer.deadline_ms())

    # --- the printer

    def _paper(self, event, now_ms):
        what = event[0]
        if what == printer_driver.TROUBLE:
            self._tell_trouble(event[1], now_ms)
        elif what == printer_driver.LOW:
            if event[1]:
                self.fault(dispensing.FAULT_PAPER_LOW, "", now_ms)
            else:
                self.recovered(dispensing.FAULT_PAPER_LOW, now_ms)
        self.do(event, now_ms)
        if self._owes and self.app.void is None and self.app.job is None:
            self._owes = False
            void_done(self.log)

    def _tell_trouble(self, trouble, now_ms):
        if self._told_trouble:
            self.recovered(_FAULT_BASE + self._told_trouble, now_ms)
        self._told_trouble = trouble
        if trouble:
            self.fault(_FAULT_BASE + trouble, _DETAILS[trouble], now_ms)

    # --- the app's actions

    def _act(self, what, values, now_ms):
        if what == "lamps":
            self._lamps.set(values[0], values[1])
            self._led.fault(values[1])
        elif what == "ask":
            self._ask(values[0], now_ms)
        elif what == "paper":
            self._print(values[0], now_ms)
        elif what == "told":
            self._tell(values[0], values[1], now_ms)
        else:
            self._printer.begin(ticket.void(self._words, values[0].encode(), self._columns), now_ms)

    def _ask(self, service, now_ms):
        try:
            request = self.endpoint.request(dispensing.ISSUE, {"service": service}, now_ms + ASK_MS)
        except MisuseError:  # the session has just ended
            self.do(("answer", None, messages.FAILED), now_ms)
            return
        self.do(("asked", request), now_ms)

    def _print(self, job, now_ms):
        values = job.values
        if not job.reprint:
            kind, fields = self._fact(job, dispensing.PRINT_POWER_CUT)
            open_note(self.log, values["ticket"], values["number"], kind, fields)
        else:  # its number goes on counting; half a second paper must be cut off all the same
            self._owes = True
            owe_void(self.log, "")
        service = self.app.services.get(job.key)
        paper = ticket.Ticket(
            values["number"].encode(),
            b"" if service is None else service["matter"],
            (self._url + values["token"]).encode() if self._url else b"",
            values["at"].encode() or self._now_text(now_ms),
        )
        if service is not None:
            paper.matter_en = service["matter_en"]
            paper.zone = service["zone"]
        paper.hall = self._hall
        paper.ahead = values["ahead"]
        paper.wait = values["wait"].encode()
        paper.reprint = job.reprint
        paper.training = values["training"]
        self._printer.begin(ticket.render(self._words, paper, self._columns), now_ms)

    def _now_text(self, now_ms):
        if self._unix_base_ms is None:
            return b""
        return ticket.at_text((self._unix_base_ms + now_ms) // 60000 + self._offset_min)

    def _tell(self, job, why, now_ms):
        kind, fields = self._fact(job, why)
        if why:
            self._owes = True
            owe_void(self.log, self.app.void)
        self._append(kind, now_ms, fields)
        if not job.reprint:
            close_note(self.log)

    def _fact(self, job, why):
        values = job.values
        if job.lease is not None:
            return dispensing.AWAY, {
                "ticket": values["ticket"],
                "lease": job.lease[0],
                "service": values["service"],
                "number": job.lease[1],
                "token_sha256": sha256(values["token"].encode()).digest(),
                "reason": why,
            }
        fields = {"ticket": values["ticket"], "reprint": 1 if job.reprint else 0}
        if not why:
            return dispensing.PRINTED, fields
        fields["reason"] = why
        return dispensing.PRINT_FAILED, fields

    def _make(self, lease, key, number):
        """Ticket id and token of a leased number: nobody without the box's secret makes them."""
        made = hmac_sha256(self._key, lease + bytes((key, number >> 8, number & 0xFF)))
        token = b2a_base64(made[8:24])[:22].decode()
        return made[:8], token.replace("+", "-").replace("/", "_")

    # --- the wire

    def _view(self, event, now_ms):
        pass  # a dispenser stands at no window

    def _take(self, event, now_ms):
        what = event[0]
        if what == session.ANSWER:
            self.do(("answer", event[1], event[2]), now_ms)
        elif what == session.REQUEST_EXPIRED:
            self.do(("answer", event[1], messages.FAILED), now_ms)
        else:
            if what in (session.ANCHOR, session.WELCOME):
                self._unix_base_ms = event[1 if what == session.ANCHOR else 2] - now_ms
            Box._take(self, event, now_ms)

    def _request(self, request, command, args, now_ms):
        if command == dispensing.PRINT:
            args["wait"] = args["wait"] or ""
            self.do(("print", args, request), now_ms)
        elif command == dispensing.REPRINT:
            self.do(("reprint", request), now_ms)
        elif command == dispensing.LEASE:
            self.do(("lease", args["lease"], args["lasts_ms"], _ranges(args["ranges"]), request), now_ms)
        elif command in (dispensing.SERVICE, dispensing.WORD, dispensing.HALL):
            self._set_up(command, args, now_ms)
            self.endpoint.answer(request, messages.ACCEPTED)
        else:
            Box._request(self, request, command, args, now_ms)

    def _set_up(self, command, args, now_ms):
        if command == dispensing.SERVICE:
            self.do(("service", args["key"], args), now_ms)
        elif command == dispensing.WORD:
            if args["at"] < len(self._words):
                self._words[args["at"]] = args["text"]
        else:
            self._hall = args["hall"]
            self._url = args["url"]
            self._offset_min = args["offset_min"] - dispensing.OFFSET_BASE_MIN
            self._columns = args["columns"]
        if self._columns and all(self._words):
            self.do(("ready",), now_ms)


def _ranges(data):
    """(key, (first, last)) of LEASE's packed rows; a row cut short is none."""
    size = dispensing.RANGE_SIZE
    return [
        (data[at], (data[at + 1] << 8 | data[at + 2], data[at + 3] << 8 | data[at + 4]))
        for at in range(0, len(data) - size + 1, size)
    ]
