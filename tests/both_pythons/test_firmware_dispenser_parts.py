"""A dispenser's printer and the lamps over its keys, on both Pythons."""

from firmware.drivers import printer as drv
from firmware.drivers.key_lamps import KeyLamps
from protocol import escpos


class Port:
    """Takes up to `room` bytes a write; answers questions as a good printer while `alive`."""

    def __init__(self):
        self.taken = b""
        self.room = 10000
        self.alive = True
        self.through = True
        self.answers = b"\x12\x12\x12"
        self._out = b""

    def write(self, data):
        took = data[: self.room]
        self.taken += took
        if self.alive and bytes(took) == drv._ASK:
            self._out += self.answers
        if self.alive and self.through and took.endswith(escpos.TELL_WHEN_THROUGH):
            self._out += b"\x00"
        return len(took)

    def read(self, size):
        data, self._out = self._out[:size], self._out[size:]
        return data or None


class Paper:
    def __init__(self):
        self.port = Port()
        self.printer = drv.Printer(self.port)
        self.now_ms = 0

    def run(self, until_ms):
        events = []
        while self.now_ms < until_ms:
            events += self.printer.step(self.now_ms)
            self.now_ms += 20
        return events


def good():
    paper = Paper()
    assert paper.run(100) == [("trouble", escpos.OK)]
    return paper


def test_a_printer_is_in_trouble_until_it_answers():
    paper = Paper()
    paper.port.alive = False
    assert paper.run(10000) == []
    assert paper.printer.trouble == drv.NO_ANSWER
    paper.port.alive = True
    assert paper.run(12000) == [("trouble", escpos.OK)]
    assert escpos.FORGET + escpos.RESET in paper.port.taken


def test_a_paper_is_printed_when_the_printer_is_through_and_answers_once_more():
    paper = good()
    paper.printer.begin(b"ticket", paper.now_ms)
    assert paper.run(paper.now_ms + 1000) == [("printed",)]
    assert b"ticket" + escpos.TELL_WHEN_THROUGH in paper.port.taken


def test_nothing_is_asked_between_the_bytes_of_a_paper():
    paper = good()
    paper.port.room = 16
    before = len(paper.port.taken)
    paper.printer.begin(b"x" * 2000, paper.now_ms)
    paper.run(paper.now_ms + 4000)
    assert paper.port.taken[before : before + 2000] == b"x" * 2000
    assert b"\x10" not in paper.port.taken[before : before + 2000]


def test_a_printer_that_goes_silent_under_a_paper_fails_it():
    paper = good()
    paper.port.through = False
    paper.printer.begin(b"ticket", paper.now_ms)
    paper.port.alive = False
    events = paper.run(paper.now_ms + 8000)
    assert ("failed", drv.NO_ANSWER) in events and ("trouble", drv.NO_ANSWER) in events


def test_noise_of_a_pulled_line_is_not_through():
    paper = good()
    paper.port.through = False
    paper.printer.begin(b"ticket", paper.now_ms)
    paper.port.alive = False
    paper.port._out = b"\x00"
    assert ("printed",) not in paper.run(paper.now_ms + 8000)


def test_paper_that_ends_in_the_middle_fails_it_and_what_is_left_is_forgotten():
    paper = good()
    paper.port.through = False
    paper.printer.begin(b"ticket", paper.now_ms)
    paper.run(paper.now_ms + 100)
    paper.port._out += b"\x18\x00\x0c\x00"  # by itself: off line, paper out
    events = paper.run(paper.now_ms + 100)
    assert events[0] == ("trouble", escpos.PAPER_OUT) and ("failed", escpos.PAPER_OUT) in events
    assert escpos.FORGET in paper.port.taken[-40:]


def test_a_printer_that_answers_but_never_is_through_fails_in_the_end():
    paper = good()
    paper.port.through = False
    paper.printer.begin(b"ticket", paper.now_ms)
    assert paper.run(paper.now_ms + 11000) == []
    assert paper.run(paper.now_ms + 2000) == [("failed", drv.NO_ANSWER)]


def test_low_paper_is_said_once():
    paper = good()
    paper.port.answers = b"\x12\x12\x1e"
    assert paper.run(paper.now_ms + 3000) == [("low", True)]
    paper.port.answers = b"\x12\x12\x12"
    assert paper.run(paper.now_ms + 3000) == [("low", False)]


class Pin:
    def __init__(self, log, name):
        self._log = log
        self._name = name

    def value(self, level):
        self._log.append((self._name, level))


def shown(log):
    bits, data, rows = 0, 0, []
    for name, level in log:
        if name == "data":
            data = level
        elif name == "clock" and level:
            bits = bits << 1 | data
        elif name == "latch" and level:
            rows.append(bits & 0xFFFF)
    return rows


def test_the_lamps_go_out_through_the_shift_registers():
    log = []
    lamps = KeyLamps(Pin(log, "data"), Pin(log, "clock"), Pin(log, "latch"))
    lamps.set([1, 12], True)
    lamps.set([12, 1], True)
    lamps.set([], False)
    assert shown(log) == [0, 1 | 1 << 11 | 1 << 12, 0]
