"""A board's radio chip as its supervisor has it: messages to and from the radio process, while the board runs."""

import socket
from collections.abc import Callable
from hashlib import sha256

from tools.simulator.errors import SimulatorError
from tools.simulator.onboard import airkinds
from tools.simulator.packets import Packets

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
        self._packets: Packets | None = None

    @property
    def shown(self) -> str:
        """The address as people and D-Bus write it; empty without a radio."""
        digits = (self.address or "").upper()
        return ":".join(digits[at : at + 2] for at in range(0, len(digits), 2))

    def send(self, message: bytes) -> None:
        """A message of the board for the radio process."""
        packets = self._packets or self._open()
        if packets.waiting >= MAX_BACKLOG:
            raise SimulatorError(f"the radio process took no message for long; {MAX_BACKLOG} wait")
        packets.send(message)

    def off(self) -> None:
        """The board's program ended, or its power did; or the radio process, and then the air is silent."""
        if self._packets is not None:
            self._packets.close()
            self._packets = None

    def _open(self) -> Packets:
        if self._radio is None or self.address is None:
            raise SimulatorError("a board without a radio has no `bluetooth`")
        made = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            made.connect(self._radio)
        except OSError as error:
            made.close()
            raise SimulatorError(f"no radio process at {self._radio}: {error}") from error
        packets = self._packets = Packets(made, self._on_message, self.off)
        packets.send(bytes((airkinds.HELLO,)) + bytes.fromhex(self.address))
        return packets
