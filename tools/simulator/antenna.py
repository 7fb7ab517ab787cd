"""A board's radio chip as its supervisor has it: messages to and from the radio process, while the board runs."""

import asyncio
import socket
from collections import deque
from collections.abc import Callable
from hashlib import sha256

from tools.simulator.errors import SimulatorError
from tools.simulator.onboard import airkinds, kinds

RADIO_HEAP = 11 * 1024  # of the stand-in for `bluetooth`, which shares the firmware's heap
_STATIC_RANDOM = 0xC0  # the two top bits of such an address (Bluetooth Core 5.4, vol. 6, part B, 1.3.2.1)
MAX_BACKLOG = 256  # messages for a radio process that doesn't read; a box makes some dozens a second


def address_of(unique_id: str) -> str:
    """The board's Bluetooth address, 12 hex digits: always the same for the same chip."""
    digest = sha256(bytes.fromhex(unique_id)).digest()
    return (bytes((digest[0] | _STATIC_RANDOM,)) + digest[1:6]).hex()


class Antenna:
    """Off until the board's program sends its first message; `off` is silence: no peer is told anything."""

    def __init__(self, radio: str | None, unique_id: str, on_message: Callable[[bytes], None]) -> None:
        self.address = None if radio is None else address_of(unique_id)
        self.heap_bytes = 0 if radio is None else RADIO_HEAP
        self._radio = radio
        self._on_message = on_message
        self._socket: socket.socket | None = None
        self._backlog: deque[bytes] = deque()

    @property
    def shown(self) -> str:
        """The address as people and D-Bus write it; empty without a radio."""
        digits = (self.address or "").upper()
        return ":".join(digits[at : at + 2] for at in range(0, len(digits), 2))

    def send(self, message: bytes) -> None:
        """A message of the board for the radio process."""
        if self._socket is None:
            self._open()
        if len(self._backlog) >= MAX_BACKLOG:
            raise SimulatorError(f"the radio process took no message for long; {MAX_BACKLOG} wait")
        self._backlog.append(message)
        if len(self._backlog) == 1:
            self._flush()

    def off(self) -> None:
        """The board's program ended, or its power did."""
        if self._socket is not None:
            loop = asyncio.get_running_loop()
            loop.remove_reader(self._socket)
            loop.remove_writer(self._socket)
            self._socket.close()
            self._socket = None
        self._backlog.clear()

    def _open(self) -> None:
        if self._radio is None or self.address is None:
            raise SimulatorError("a board without a radio has no `bluetooth`")
        made = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            made.connect(self._radio)
        except OSError as error:
            made.close()
            raise SimulatorError(f"no radio process at {self._radio}: {error}") from error
        made.setblocking(False)
        self._socket = made
        asyncio.get_running_loop().add_reader(made, self._readable)
        self._backlog.append(bytes((airkinds.HELLO,)) + bytes.fromhex(self.address))
        self._flush()

    def _flush(self) -> None:
        if self._socket is None:
            return
        loop = asyncio.get_running_loop()
        try:
            while self._backlog:
                self._socket.send(self._backlog[0])
                self._backlog.popleft()
            loop.remove_writer(self._socket)
        except BlockingIOError:
            loop.add_writer(self._socket, self._flush)
        except (BrokenPipeError, ConnectionResetError):
            self.off()  # the radio process ended: the air is silent

    def _readable(self) -> None:
        while self._socket is not None:
            try:
                message = self._socket.recv(kinds.MAX_PACKET)
            except BlockingIOError:
                return
            except ConnectionResetError:
                message = b""
            if not message:
                self.off()
                return
            self._on_message(message)
