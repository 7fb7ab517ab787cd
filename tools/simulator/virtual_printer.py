"""A ticket printer to plug in: takes a board's bytes, answers as ESC/POS printers do, and fails as they do."""

from collections.abc import Callable
from dataclasses import dataclass

from common.paper.decoder import Decoder
from common.paper.errors import PaperError
from common.paper.slips import Slip

_BUFFER = 4096  # bytes that a printer keeps while it can't print
_DLE, _EOT, _DC4 = 0x10, 0x04, 0x14
_FORGET = bytes((_DLE, _DC4, 8, 1, 3, 20, 1, 6, 2, 8))
PAPERS = ("ok", "low", "out")


@dataclass(slots=True)
class Condition:
    """What is so with the printer just now."""

    paper: str = "ok"
    cover: bool = False  # open
    offline: bool = False  # its button was pressed
    fault: bool = False  # the knife hangs
    plugged: bool = True

    @property
    def stopped(self) -> bool:
        """Whether it can't print."""
        return self.paper == "out" or self.cover or self.offline or self.fault


class VirtualPrinter:
    """`send`: bytes towards the board. Real-time commands are heard at once, all else in its order."""

    def __init__(self, send: Callable[[bytes], None], columns: int = 48) -> None:
        self.now = Condition()
        self.problems: list[str] = []  # bytes that were no ESC/POS
        self.printed_bytes = 0
        self.forgotten = 0  # times it was told to forget what it holds
        self._send = send
        self.decoder = Decoder(columns, self._through)
        self._waiting = bytearray()
        self._real_time = bytearray()
        self._automatic = False
        self._after: tuple[int, dict[str, object]] | None = None
        self._last = b""

    @property
    def slips(self) -> list[Slip]:
        """What was cut off, oldest first."""
        return self.decoder.finished

    @property
    def hanging(self) -> Slip:
        """What hangs in the slot."""
        return self.decoder.hanging

    def set(self, **changes: object) -> None:
        """Changes conditions by name; unplugging forgets what it held, and what hangs there stays."""
        if "paper" in changes and changes["paper"] not in PAPERS:
            raise PaperError(f"paper is one of {', '.join(PAPERS)}, not {changes['paper']!r}")
        was_plugged = self.now.plugged
        for name, value in changes.items():
            if not hasattr(self.now, name):
                raise PaperError(f"a printer has no condition {name!r}")
            setattr(self.now, name, value)
        if was_plugged and not self.now.plugged:
            self._waiting.clear()
            self._real_time.clear()
            self.decoder.power_off()
            self._automatic = False
        self._tell()
        self._work()

    def after(self, count: int, **changes: object) -> None:
        """The same, once so many more bytes are on paper."""
        self._after = (self.printed_bytes + count, changes)

    def receive(self, data: bytes) -> None:
        """Bytes from the board."""
        if not self.now.plugged:
            return
        for byte in data:
            self._one(byte)
        self._work()

    def _one(self, byte: int) -> None:
        """Sorts real-time commands out of the stream."""
        held = self._real_time
        held.append(byte)
        if held[0] != _DLE:
            self._waiting += held
            held.clear()
        elif len(held) == 3 and held[1] == _EOT:
            number = held[2]
            held.clear()
            self._answer(number)
        elif len(held) > 1 and held[1] == _DC4 and bytes(held) == _FORGET[: len(held)]:
            if len(held) == len(_FORGET):
                held.clear()
                self._waiting.clear()
                self.decoder.forget()
                self.forgotten += 1
        elif len(held) > 2 or (len(held) == 2 and held[1] not in (_EOT, _DC4)):
            self._waiting += held
            held.clear()
        if len(self._waiting) > _BUFFER:
            del self._waiting[_BUFFER:]

    def _work(self) -> None:
        """Prints byte by byte, so that a condition can come in the middle."""
        while self._waiting and self.now.plugged and not self.now.stopped:
            byte = self._waiting[:1]
            del self._waiting[:1]
            try:
                self.decoder.feed(bytes(byte))
            except PaperError as error:
                self.problems.append(str(error))
                self.decoder.forget()
            self.printed_bytes += 1
            if self.decoder.automatic and not self._automatic:
                self._automatic = True
                self._last = b""
                self._tell()
            if self._after is not None and self.printed_bytes >= self._after[0]:
                changes = self._after[1]
                self._after = None
                self.set(**changes)

    def _through(self) -> None:
        self._reply(bytes((self._sensors(),)))

    def _sensors(self) -> int:
        return {"ok": 0x00, "low": 0x03, "out": 0x0F}[self.now.paper]

    def _answer(self, number: int) -> None:
        now = self.now
        if number == 1:
            self._reply(bytes((0x12 | 0x08 * now.stopped,)))
        elif number == 2:
            self._reply(bytes((0x12 | 0x04 * now.cover | 0x20 * (now.paper == "out") | 0x40 * now.fault,)))
        elif number == 4:
            self._reply(bytes((0x12 | {"ok": 0, "low": 0x0C, "out": 0x6C}[now.paper],)))

    def _tell(self) -> None:
        """Automatic status back: four bytes whenever they change."""
        if not self._automatic or not self.now.plugged:
            return
        first = 0x10 | 0x08 * self.now.stopped | 0x20 * self.now.cover
        said = bytes((first, 0x08 * self.now.fault, self._sensors(), 0))
        if said != self._last:
            self._last = said
            self._reply(said)

    def _reply(self, data: bytes) -> None:
        if self.now.plugged:
            self._send(data)
