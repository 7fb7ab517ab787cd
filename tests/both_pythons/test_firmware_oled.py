"""The evaluator's display on both Pythons: what is drawn, in which bytes it goes out, and a display that is dead."""

import os
import sys

if sys.implementation.name != "micropython":
    from tests.both_pythons import dots

    sys.modules["framebuf"] = dots

from firmware.apps.evaluator import FAULT, IDLE, INVITED, SERVING, TEST, THANKED
from firmware.apps.face import Face
from firmware.drivers.oled import Oled

FILE = "build/test_screen_%d.bin" % (1 if sys.implementation.name == "micropython" else 2)
LINES = (
    "idle|您|A||",
    "serving|您|{number}|A|",
    "invited|您|A|AA|",
    "thanked|您|A||",
    "saved|A|您||",
    "fault|您|A|A|您",
    "test|A{step}|您||",
    "clerk|A{clerk}",
)
# Letter → its 32 bytes: blank, and letters that are known by one byte all over.
LETTERS = {" ": b"\x00" * 32, "A": b"\x81" * 8 + bytes(8) + b"\x81" * 8 + bytes(8), "您": b"\x3c" * 32}
for _number, _letter in enumerate("0123456789★☆"):
    _wide = 16 if _letter in "★☆" else 8
    LETTERS[_letter] = (bytes([0x10 + _number] * _wide) + bytes(16 - _wide)) * 2


def made_file():
    letters = sorted(LETTERS)
    with open(FILE, "wb") as file:
        file.write(bytes((len(LINES), len(letters))))
        file.write(("\n".join(LINES) + "\n").encode())
        file.write(b"".join([ord(letter).to_bytes(2, "big") for letter in letters]))
        file.write(b"".join([LETTERS[letter] for letter in letters]))


class Bus:
    """Takes page addressing as both controllers have it; `pages` is the glass."""

    def __init__(self, offset=0):
        self.dead = False
        self.offset = offset
        self.told = []
        self.pages = [bytearray(132) for _ in range(8)]
        self.page = self.column = 0

    def writeto(self, address, data):
        if self.dead:
            raise OSError(5)
        assert address == 0x3C and data[0] == 0x80 and len(data) == 2
        command = data[1]
        if command & 0xF8 == 0xB0:
            self.page = command & 7
        elif command & 0xF0 == 0:
            self.column = command
        elif command & 0xF0 == 0x10:
            self.column |= (command & 15) << 4
        else:
            self.told.append(command)

    def writevto(self, address, pieces):
        if self.dead:
            raise OSError(5)
        assert address == 0x3C and pieces[0] == b"\x40"
        self.pages[self.page][self.column : self.column + 128] = bytes(pieces[1])

    def row(self, number):
        """The 128 columns of one row of letters, upper half and lower half."""
        return [bytes(self.pages[2 * number + half][self.offset : self.offset + 128]) for half in (0, 1)]


class Files:
    def open_elsewhere(self, path):
        return open(path, "rb")

    def keep_room(self):
        pass


def screen(offset=0):
    made_file()
    bus = Bus(offset)
    return Oled(Files(), bus, b"\xae\xaf", offset, FILE), bus


def sent(display, now_ms=0):
    """Turns until nothing is left to send."""
    for _ in range(20):
        due_ms = display.step(now_ms)
        if due_ms > now_ms:
            return due_ms
    raise AssertionError("it never ends")


def centred(text):
    """A row as it must be."""
    width = sum([16 if letter in "您★☆" else 8 for letter in text])
    left = (128 - width) // 2
    halves = []
    for half in (0, 1):
        cells = b"".join([LETTERS[letter][16 * half : 16 * half + (16 if letter in "您★☆" else 8)] for letter in text])
        halves.append(bytes(left) + cells + bytes(128 - left - len(cells)))
    return halves


def test_a_face_stands_in_four_rows_and_goes_out_by_pages():
    for offset in (0, 2):
        display, bus = screen(offset)
        display.show(Face(SERVING, "A012"), 0)
        assert bus.told == [], "drawing sends nothing"
        assert display.step(0) == 0 and bus.told == [0xAE, 0xAF], "set up once, a page a turn"
        assert bus.row(3) == [bytes(128)] * 2
        sent(display)
        assert [bus.row(row) for row in range(4)] == [centred("您"), centred("A012"), centred("A"), centred(" ")]
        assert bus.told == [0xAE, 0xAF] and not display.broken
    os.remove(FILE)


def test_who_serves_stands_at_the_bottom_with_stars():
    display, bus = screen()
    display.serve("7", 3)
    display.show(Face(IDLE), 0)
    sent(display)
    assert bus.row(3) == centred("A7 ★★★☆☆")
    for clerk, words in (("1023", "A1023 ★★★☆☆"), ("10234", "10234 ★★★☆☆"), ("12345678", "12345678 ★3")):
        display.serve(clerk, 3)
        display.show(Face(IDLE), 0)
        sent(display)
        assert bus.row(3) == centred(words)
    display.serve("1023", None)
    display.show(Face(IDLE), 0)
    sent(display)
    assert bus.row(3) == centred("A1023")
    display.serve(None, None)
    display.show(Face(IDLE), 0)
    sent(display)
    assert bus.row(3) == centred(" ")
    display.serve("7", None)
    display.show(Face(FAULT, "", 1), 0)
    sent(display)
    assert bus.row(3) == centred("您"), "words of its own come first"
    os.remove(FILE)


def test_saved_and_the_key_test_have_their_words():
    display, bus = screen()
    display.show(Face(THANKED, "A012", "saved"), 0)
    sent(display)
    assert bus.row(0) == centred("A") and bus.row(1) == centred("您")
    display.show(Face(TEST, until_ms=1000, wait_ms=1000, step=4), 0)
    sent(display)
    assert bus.row(0) == centred("A4")
    os.remove(FILE)


def test_the_time_left_is_a_bar_that_shrinks_and_only_its_pages_go_out():
    display, bus = screen()
    display.show(Face(INVITED, "A012", until_ms=21_000, wait_ms=20_000), 1_000)
    due_ms = sent(display, 1_000)
    assert 1_000 < due_ms <= 1_500
    lengths = []
    for now_ms in (1_000, 6_000, 11_000, 21_000, 22_000):
        sent(display, now_ms)
        middle = bytes(bus.pages[7][:128])
        lengths.append(len([column for column in middle[2:126] if column & 3 == 3]))
    assert lengths == [124, 93, 62, 0, 0]
    before = [bytes(page) for page in bus.pages[:6]]
    bus.pages[0][0] = 0x55
    sent(display, 21_500)
    assert bus.pages[0][0] == 0x55 and [bytes(page) for page in bus.pages[1:6]] == before[1:]
    os.remove(FILE)


def test_a_dead_display_is_seen_asked_again_and_drawn_anew():
    display, bus = screen()
    display.show(Face(IDLE), 0)
    sent(display)
    bus.dead = True
    due_ms = display.step(10_000)
    assert display.broken and due_ms == 15_000
    display.show(Face(SERVING, "A1"), 11_000)
    assert display.step(11_000) == 15_000, "not asked before its time"
    bus.dead = False
    bus.pages = [bytearray(132) for _ in range(8)]
    bus.told = []
    sent(display, 15_000)
    assert not display.broken and bus.told == [0xAE, 0xAF]
    assert bus.row(1) == centred("A1")
    os.remove(FILE)


def test_without_its_file_or_its_pins_it_is_broken_and_stops_nothing():
    display, _ = screen()
    os.remove(FILE)
    display.show(Face(IDLE), 0)
    assert display.broken and display.step(0) > 1 << 30
    nowhere = Oled(Files(), None, b"", 0, FILE)
    nowhere.show(Face(IDLE), 0)
    assert nowhere.broken and nowhere.step(0) > 1 << 30
