"""The ticket printer on a board's second UART: its bytes take the time of the baud rate, both ways."""

import asyncio
import base64
import io
import struct
from collections import deque
from collections.abc import Callable
from typing import Any

from common.paper.errors import PaperError
from common.paper.slips import Slip
from tools.simulator.errors import SimulatorError
from tools.simulator.onboard import kinds
from tools.simulator.serial_line import BITS_PER_BYTE, SLICE_BYTES
from tools.simulator.virtual_printer import VirtualPrinter


class PrinterPort:
    """`uart`: None where the box has no printer. `send`: a packet to the board's stand-ins; `changed`: paper came out,
    or a condition changed."""

    def __init__(
        self,
        uart: int | None,
        send: Callable[[bytes], None],
        changed: Callable[[], None],
        baud_delay: bool,
        columns: int,
    ) -> None:
        self.printer = VirtualPrinter(self._to_board, columns)
        self._columns = columns
        self._uart = uart
        self.verbs: dict[str, Callable[..., Any]] = {}
        if uart is not None:
            self.verbs = {
                "printer": self.set,
                "printer_after": self.after,
                "slips": self.slips,
                "picture": self.picture,
            }
        self._send = send
        self._changed = changed
        self._baud_delay = baud_delay
        self._baud = 0
        self._free_s = 0.0
        self._wire: deque[tuple[float, Callable[[bytes], None], bytes]] = deque()
        self._delivery: asyncio.TimerHandle | None = None
        self._seen = 0

    def packet(self, kind: int, body: bytes) -> None:
        """What the board's UART says."""
        if kind == kinds.UART_INIT:
            self._baud = struct.unpack_from("<I", body, 1)[0]
        elif kind == kinds.UART_TX:
            for start in range(1, len(body), SLICE_BYTES):
                self._carry(self._receive, body[start : start + SLICE_BYTES])

    def close(self) -> None:
        """Nothing more is delivered."""
        if self._delivery is not None:
            self._delivery.cancel()

    def halt(self) -> None:
        """The board lost its program: what stood in its UART is gone, what is on the wire arrives."""
        self._baud = 0

    # -- verbs

    def set(self, **changes: Any) -> None:
        """Conditions of the printer by name: paper, cover, offline, fault, plugged."""
        try:
            self.printer.set(**changes)
        except PaperError as error:
            raise SimulatorError(str(error)) from error
        self._changed()

    def after(self, count: int, **changes: Any) -> None:
        """The same, once so many more bytes are on paper."""
        self.printer.after(count, **changes)

    def slips(self) -> dict[str, Any]:
        """All that came out, what hangs there, and what was no ESC/POS."""
        return {
            "slips": [_told(slip) for slip in self.printer.slips],
            "hanging": _told(self.printer.hanging),
            "problems": list(self.printer.problems),
            "condition": {name: getattr(self.printer.now, name) for name in self.printer.now.__slots__},
        }

    def picture(self, number: int = -1) -> str:
        """A slip as PNG in base64; -1: the last one that was cut, -2: what hangs there."""
        from common.paper.picture import draw  # noqa: PLC0415 - a board without a printer needs no pictures

        slips = self.printer.slips
        if number == -1 and not slips:
            raise SimulatorError("no slip was cut yet")
        slip = self.printer.hanging if number == -2 else slips[number]
        out = io.BytesIO()
        draw(slip, self._columns).convert("1").save(out, "PNG")
        return base64.b64encode(out.getvalue()).decode()

    # -- the wire

    def _carry(self, to: Callable[[bytes], None], data: bytes) -> None:
        if not self._baud_delay or not self._baud:
            to(data)
            return
        loop = asyncio.get_running_loop()
        self._free_s = max(self._free_s, loop.time()) + len(data) * BITS_PER_BYTE / self._baud
        self._wire.append((self._free_s, to, data))
        if self._delivery is None:
            self._delivery = loop.call_at(self._wire[0][0], self._arrive)

    def _arrive(self) -> None:
        loop = asyncio.get_running_loop()
        while self._wire and self._wire[0][0] <= loop.time():
            _, to, data = self._wire.popleft()
            to(data)
        self._delivery = loop.call_at(self._wire[0][0], self._arrive) if self._wire else None

    def _receive(self, data: bytes) -> None:
        self.printer.receive(data)
        if len(self.printer.slips) != self._seen:
            self._seen = len(self.printer.slips)
            self._changed()

    def _to_board(self, data: bytes) -> None:
        if self._baud:
            self._carry(self._deliver, data)

    def _deliver(self, data: bytes) -> None:
        if self._baud and self._uart is not None:
            self._send(bytes((kinds.UART_RX, self._uart)) + data)


def _told(slip: Slip) -> dict[str, Any]:
    return {"lines": slip.lines, "codes": [code.decode(errors="replace") for code in slip.codes], "cut": slip.cut}
