"""What stands on a display of 128 × 64 dots on I2C, drawn with framebuf; the controllers are in files of their own.

Four rows of 16 dots: the words in Chinese, twice, once in English, and at the bottom the time that is left, or who
serves. Words and glyphs lie in one file in flash (tools/device/glyphs.py makes it) and are read when they are drawn.
A page of 8 rows goes out at a time, 3 ms at 400 kHz, so that the keys never wait for a picture.
"""

import framebuf

from protocol.compat import const

FILE = "firmware/screen.bin"  # in the slot that runs
_ADDRESS = const(0x3C)
_WIDTH = const(128)
_ROW = const(16)
_HEAD_BYTES = const(2)
_GLYPH_BYTES = const(32)
_PAGES = const(8)
_ALL = const(0xFF)
_BAR_Y = const(52)
_BAR_HEIGHT = const(8)
_BAR_PAGES = const(0xC0)
_BAR_WIDTH = const(124)
_AGAIN_MS = const(5_000)  # a display that doesn't answer is asked again
_REST_MS = const(1 << 40)
_STARS = const(5)
_WIDE = const(0x2600)  # from here on a letter is 16 dots wide


class Oled:
    """`files`: a firmware.files.Directory; `i2c`: as machine.I2C, None without pins for it.

    `setup`: what its controller is told first; `offset`: the first column of its memory.
    """

    def __init__(self, files, i2c, setup, offset, path=FILE):
        self._files = files
        self._i2c = i2c
        self._setup = setup
        self._offset = offset
        self._path = path
        self._buffer = bytearray(_WIDTH * _PAGES)
        self._canvas = framebuf.FrameBuffer(self._buffer, _WIDTH, _WIDTH // 2, framebuf.MONO_VLSB)
        self.broken = i2c is None  # nobody answers
        self._told = False  # whether its controller is set up
        self._dirty = 0  # a bit for each page that is to be sent
        self._again_ms = 0  # before then it isn't asked
        self._face = None
        self._bar = 0
        self._clerk = b""
        self._stars = None

    def serve(self, clerk, stars):
        """Who serves: a number ("" for nobody) and stars 0 to 5, or None; drawn with the next face."""
        self._clerk = (clerk or "").encode()
        self._stars = stars

    def show(self, face, now_ms):
        """Draw an apps.face.Face; `step` sends it."""
        self._face = face
        self._bar = -1
        self._canvas.fill(0)
        try:
            with self._files.open_elsewhere(self._path) as file:
                self._draw(file, face)
            file = None
            self._files.keep_room()
        except OSError:  # flashed without its words: told as a display that doesn't answer
            self.broken = True
            self._i2c = None
            return
        self._draw_bar(now_ms)
        self._dirty = _ALL

    def step(self, now_ms):
        """Move the bar, send a page; returns when to come again."""
        if self._i2c is None:
            return now_ms + _REST_MS
        if self.broken and now_ms < self._again_ms:
            return self._again_ms
        if self._dirty == 0:
            self._draw_bar(now_ms)
        try:
            self._send(self._i2c)
            self.broken = False
        except OSError:
            self.broken = True
            self._told = False
            self._dirty = _ALL
            self._again_ms = now_ms + _AGAIN_MS
            return self._again_ms
        if self._dirty:
            return now_ms
        return self._next_dot_ms(now_ms)

    def off(self):
        """Dark, for a picture that stays would be none of the box's any more."""
        try:
            if self._i2c is not None:
                self._i2c.writeto(_ADDRESS, b"\x80\xae")
        except OSError:
            pass  # it is broken, and told

    def _send(self, i2c):
        if not self._told:
            for command in self._setup:
                i2c.writeto(_ADDRESS, bytes((0x80, command)))
            self._told = True
        page = 0
        while page < _PAGES and not self._dirty >> page & 1:
            page += 1
        if page == _PAGES:
            i2c.writeto(_ADDRESS, b"\x80\xe3")  # no operation: is it still there?
            return
        for command in (0xB0 | page, self._offset & 15, 0x10 | self._offset >> 4):
            i2c.writeto(_ADDRESS, bytes((0x80, command)))
        at = page * _WIDTH
        i2c.writevto(_ADDRESS, (b"\x40", memoryview(self._buffer)[at : at + _WIDTH]))
        self._dirty &= ~(1 << page)

    def _next_dot_ms(self, now_ms):
        face = self._face
        if face is None or not face.until_ms:
            return now_ms + _AGAIN_MS
        return now_ms + max(face.wait_ms // _BAR_WIDTH, 1)

    def _draw_bar(self, now_ms):
        face = self._face
        if face is None or not face.until_ms or not face.wait_ms:
            return
        left = min(max(face.until_ms - now_ms, 0) * _BAR_WIDTH // face.wait_ms, _BAR_WIDTH)
        if left != self._bar:
            self._bar = left
            self._canvas.fill_rect(0, _BAR_Y, _WIDTH, _BAR_HEIGHT, 0)
            self._canvas.rect(0, _BAR_Y, _WIDTH, _BAR_HEIGHT, 1)
            self._canvas.fill_rect(2, _BAR_Y + 2, left, _BAR_HEIGHT - 4, 1)
            self._dirty |= _BAR_PAGES

    def _draw(self, file, face):
        words, letters = file.read(_HEAD_BYTES)  # how many lines of words, and how many letters
        name = (face.note if face.note == "saved" else face.name).encode() + b"|"
        rows = None
        clerk = b""
        while words:
            words -= 1
            line = file.readline()
            if line.startswith(name):
                rows = line[:-1].split(b"|")
            elif self._clerk and line.startswith(b"clerk|"):
                clerk = line[6:-1].replace(b"{clerk}", self._clerk)
        if rows is None:
            return
        if not rows[4] and not face.until_ms:
            rows[4] = self._served_by(clerk)
        index = file.read(2 * letters)
        glyphs_at = file.tell()
        dots = bytearray(_GLYPH_BYTES)
        glyph = framebuf.FrameBuffer(dots, _ROW, _ROW, framebuf.MONO_VLSB)
        for row in range(1, 5):
            text = rows[row].replace(b"{number}", face.number.encode()).replace(b"{step}", b"%d" % face.step).strip()
            x = max((_WIDTH - _length(text)) // 2, 0)
            for code in _codes(text):
                file.seek(glyphs_at + _GLYPH_BYTES * _place(index, code))
                file.readinto(dots)
                self._canvas.blit(glyph, x, (row - 1) * _ROW, 0)
                x += 8 if code < _WIDE else 16

    def _served_by(self, clerk):
        """The longest way to say it that fits."""
        if self._stars is None:
            return clerk
        stars = b" " + "★".encode() * self._stars + "☆".encode() * (_STARS - self._stars)
        for text in (clerk + stars, self._clerk + stars):
            if _length(text.strip()) <= _WIDTH:
                return text
        return self._clerk + " ★".encode() + b"%d" % self._stars


def _place(index, code):
    """Which glyph it is; the first, a blank, for a letter that isn't there."""
    pair = code.to_bytes(2, "big")
    at = index.find(pair)
    while at & 1 and at > 0:
        at = index.find(pair, at + 1)
    return max(at, 0) // 2


def _codes(text):
    """The letters of UTF-8 as numbers: a text of one letter would stay in memory as a name for ever."""
    at = 0
    while at < len(text):
        code = text[at]
        if code >= 0xE0:
            code = (code & 15) << 12 | (text[at + 1] & 63) << 6 | text[at + 2] & 63
            at += 2
        elif code >= 0xC0:
            code = (code & 31) << 6 | text[at + 1] & 63
            at += 1
        at += 1
        yield code


def _length(text):
    width = 0
    for code in _codes(text):
        width += 8 if code < _WIDE else 16
    return width
