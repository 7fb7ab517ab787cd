"""ESC/POS bytes, as they come, to slips of paper. Text is GB18030; what isn't known raises."""

from collections.abc import Callable

from common.paper.errors import PaperError
from common.paper.slips import Feed, Line, QrCode, Run, Slip

DOTS = {32: 384, 48: 576}  # of the head, by its columns of 12 dots
_ALIGN = ("left", "centre", "right")
_ERRORS = {48: "l", 49: "m", 50: "q", 51: "h"}
_MIN_MODULES_DOTS, _MAX_MODULE_DOTS = 1, 16


class Decoder:
    """Takes bytes; `slips` grows, its last one is the paper that still hangs in the printer.

    through(): called for each GS r, which a printer answers when everything before it is on paper.
    """

    def __init__(self, columns: int = 48, through: Callable[[], None] | None = None) -> None:
        self.columns = columns
        self.slips: list[Slip] = [Slip()]
        self.automatic = 0  # what GS a asked for
        self._through = through
        self._data = bytearray()
        self._taken = 0
        self._commands: dict[bytes, Callable[[], bool]] = {
            b"\x1b@": self._reset,
            b"\x1ba": lambda: self._byte(self._set_align),
            b"\x1bE": lambda: self._byte(self._set_bold),
            b"\x1bd": lambda: self._byte(self._feed),
            b"\x1c&": self._hanzi,
            b"\x1c.": self._no_hanzi,
            b"\x1d!": lambda: self._byte(self._set_size),
            b"\x1dV": self._cut,
            b"\x1da": lambda: self._byte(self._set_automatic),
            b"\x1dr": lambda: self._byte(self._tell),
            b"\x1d(": self._function,
        }
        self._hanzi_on = True
        self._qr_stored = b""
        self._line: list[Run] = []
        self._text = bytearray()
        self._defaults()

    def _defaults(self) -> None:
        self._align = "left"
        self._bold = False
        self._wide = self._high = 1
        self._qr_module = 3
        self._qr_error = "l"

    @property
    def hanging(self) -> Slip:
        """The paper that is not cut off yet."""
        return self.slips[-1]

    @property
    def finished(self) -> list[Slip]:
        """What lies in the tray."""
        return self.slips[:-1]

    def feed(self, data: bytes) -> None:
        """More bytes; a command that is cut in two waits for its rest."""
        self._data += data
        while self._data and self._step():
            pass

    def power_off(self) -> None:
        """A QR code that was stored is gone, too: the makers' manuals keep it until ESC @, a reset or power off."""
        self.forget()
        self._qr_stored = b""

    def forget(self) -> None:
        """The line that isn't printed yet, and a command cut in two, are gone: a cleared buffer."""
        self._data.clear()
        self._line.clear()
        self._text.clear()
        self._defaults()

    # --- one step

    def _step(self) -> bool:
        first = self._data[0]
        if first == 0x0A:
            del self._data[0]
            self._end_line()
            return True
        if first in b"\x1b\x1c\x1d":
            if len(self._data) < 2:
                return False
            command = self._commands.get(bytes(self._data[:2]))
            if command is None:
                raise PaperError(f"command {bytes(self._data[:2])!r} is not known (rest {bytes(self._data[2:12])!r})")
            return command()
        if first < 0x20 or first == 0x7F:
            raise PaperError(f"control character {first:#04x} is not known")
        return self._character()

    def _character(self) -> bool:
        size = 1
        if self._data[0] >= 0x80:
            if not self._hanzi_on:
                raise PaperError(f"byte {self._data[0]:#04x} while hanzi are off")
            if len(self._data) < 2:
                return False
            size = 4 if 0x30 <= self._data[1] <= 0x39 else 2
        if len(self._data) < size:
            return False
        self._text += self._data[:size]
        del self._data[:size]
        return True

    def _flush(self) -> None:
        if self._text:
            try:
                text = self._text.decode("gb18030")
            except UnicodeDecodeError as error:
                raise PaperError(f"{bytes(self._text)!r} is no GB18030: {error}") from error
            self._text.clear()
            self._line.append(Run(text, self._wide, self._high, self._bold))

    def _end_line(self) -> None:
        self._flush()
        if self._line:
            self.hanging.items.append(Line(tuple(self._line), self._align))
            self._line = []
        else:
            self.hanging.items.append(Feed(1))

    # --- commands: each takes itself off the data, or says that its rest isn't there yet

    def _byte(self, act: Callable[[int], None]) -> bool:
        if len(self._data) < 3:
            return False
        value = self._data[2]
        del self._data[:3]
        self._flush()
        act(value)
        return True

    def _reset(self) -> bool:
        del self._data[:2]
        self._text.clear()
        self._line.clear()
        self._defaults()
        self._qr_stored = b""  # as the makers' manuals have it: kept until ESC @
        return True

    def _hanzi(self) -> bool:
        del self._data[:2]
        self._hanzi_on = True
        return True

    def _no_hanzi(self) -> bool:
        del self._data[:2]
        self._hanzi_on = False
        return True

    def _set_align(self, value: int) -> None:
        self._align = _ALIGN[value % 48]

    def _set_bold(self, value: int) -> None:
        self._bold = bool(value & 1)

    def _set_size(self, value: int) -> None:
        self._wide, self._high = (value >> 4 & 7) + 1, (value & 7) + 1

    def _feed(self, lines: int) -> None:
        if self._line:
            self._end_line()
        self.hanging.items.append(Feed(lines))

    def _set_automatic(self, value: int) -> None:
        self.automatic = value

    def _tell(self, _: int) -> None:
        if self._through is not None:
            self._through()

    def _cut(self) -> bool:
        if len(self._data) < 3:
            return False
        size = 4 if self._data[2] in (65, 66) else 3
        if len(self._data) < size:
            return False
        del self._data[:size]
        if self._line or self._text:
            self._end_line()
        self.hanging.cut = True
        self.slips.append(Slip())
        return True

    def _function(self) -> bool:
        """GS ( k pL pH cn fn …: the QR code's functions."""
        if len(self._data) < 5:
            return False
        size = 5 + self._data[3] + 256 * self._data[4]
        if len(self._data) < size:
            return False
        body = bytes(self._data[2:size])
        del self._data[:size]
        if body[:1] != b"k" or body[3:4] != b"1":
            raise PaperError(f"GS ( function {body[:5]!r} is not known")
        self._qr(body[4], body[5:])
        return True

    def _qr(self, function: int, data: bytes) -> None:
        if function == 65 and data == b"2\x00":
            return
        if function == 67 and _MIN_MODULES_DOTS <= data[0] <= _MAX_MODULE_DOTS:
            self._qr_module = data[0]
        elif function == 69 and data[0] in _ERRORS:
            self._qr_error = _ERRORS[data[0]]
        elif function == 80 and data[:1] == b"0":
            self._qr_stored = data[1:]
        elif function == 81 and data == b"0":
            self._flush()
            if self._qr_stored:
                code = QrCode(self._qr_stored, self._qr_module, self._qr_error, self._align)
                self.hanging.items.append(code)
        else:
            raise PaperError(f"QR function {function} with {data!r} is not known")
