"""The wire on a board's UART: a raw TCP server on loopback, its bytes as slow as the baud rate makes them."""

import asyncio
import random
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

BITS_PER_BYTE = 10  # start, 8 data, stop
SLICE_BYTES = 32  # what the UART's FIFO collects before it tells anybody (RP2040, PL011)
MAX_QUEUED_BYTES = 65536  # towards a client that doesn't read; 6 s at 115,200 baud, then bytes are lost and counted


@dataclass(slots=True)
class LineCounters:
    """Bytes by what became of them; `*_busy_us` is the time the wire was busy with them."""

    to_board: int = 0
    to_host: int = 0
    to_board_busy_us: int = 0
    to_host_busy_us: int = 0
    lost_cut: int = 0
    lost_overrun: int = 0
    lost_unheard: int = 0
    garbled: int = 0


class SerialLine:
    """One client at a time; the port stays the same over resets and power cuts of the board."""

    def __init__(self, send: Callable[[bytes], None], baud_delay: bool = True, overrun: bool = False) -> None:
        self.counters = LineCounters()
        self.port = 0
        self.cut = False
        self._send = send
        self._baud_delay = baud_delay
        self._overrun = overrun
        self._baud = 0  # 0: the board is not listening
        self._credit = 0  # room in the board's receive buffer
        self._room = asyncio.Event()
        self._garble_rate = 0.0
        self._chance = random.Random(0)
        self._server: asyncio.Server | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._client: asyncio.Task[None] | None = None
        self._free_s = 0.0
        self._wire: deque[tuple[float, bytes]] = deque()  # towards the host: when each slice will have arrived
        self._delivery: asyncio.TimerHandle | None = None

    @property
    def busy(self) -> bool:
        """Whether a client holds the line."""
        return self._writer is not None

    async def open(self, port: int = 0) -> None:
        """Listens on loopback; port 0 takes a free one."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", port)
        self.port = self._server.sockets[0].getsockname()[1]

    async def close(self) -> None:
        """Ends the server, its client and what was still on the wire."""
        if self._delivery is not None:
            self._delivery.cancel()
        if self._server is not None:
            self._server.close()
        if self._client is not None:
            self._client.cancel()
            await asyncio.wait([self._client])

    def garble(self, rate: float, seed: int) -> None:
        """From now on each byte is changed with this probability, both ways; 0 heals the wire."""
        self._garble_rate = rate
        self._chance = random.Random(seed)

    def unplug(self) -> None:
        """Drops the client's connection, as pulling a USB adapter does; it may connect again at once."""
        if self._writer is not None:
            self._writer.transport.abort()

    # -- the board's side

    def listen(self, baud: int, receive_buffer: int) -> None:
        """The board's program set up its UART (baud 0: gave it up, or lost power)."""
        self._baud = baud
        self._credit = receive_buffer
        self._room.set()

    def taken(self, count: int) -> None:
        """The board's program read so many bytes."""
        self._credit += count
        self._room.set()

    def from_board(self, data: bytes) -> None:
        """Bytes leave the board: each slice reaches the client when its last bit would."""
        loop = asyncio.get_running_loop()
        self._free_s = max(self._free_s, loop.time())
        for start in range(0, len(data), SLICE_BYTES):
            piece = data[start : start + SLICE_BYTES]
            busy_s = self._busy_s(len(piece))
            self.counters.to_host_busy_us += round(busy_s * 1e6)
            self._free_s += busy_s
            if self._baud_delay:
                self._wire.append((self._free_s, piece))
            else:
                self._deliver(piece)
        if self._wire and self._delivery is None:
            self._delivery = loop.call_at(self._wire[0][0], self._arrive)

    def _arrive(self) -> None:
        loop = asyncio.get_running_loop()
        while self._wire and self._wire[0][0] <= loop.time():
            self._deliver(self._wire.popleft()[1])
        self._delivery = loop.call_at(self._wire[0][0], self._arrive) if self._wire else None

    def _busy_s(self, count: int) -> float:
        return count * BITS_PER_BYTE / self._baud if self._baud else 0.0

    def _deliver(self, piece: bytes) -> None:
        piece = self.spoil(piece)
        if not piece:
            return
        writer = self._writer
        if writer is None or writer.transport.get_write_buffer_size() > MAX_QUEUED_BYTES:
            self.counters.lost_unheard += len(piece)
            return
        self.counters.to_host += len(piece)
        writer.write(piece)

    def spoil(self, piece: bytes) -> bytes:
        """What a cut or garbled wire leaves of these bytes; the USB cable's go through here too."""
        if self.cut:
            self.counters.lost_cut += len(piece)
            return b""
        if not self._garble_rate:
            return piece
        spoilt = bytearray(piece)
        for at in range(len(spoilt)):
            if self._chance.random() < self._garble_rate:
                spoilt[at] ^= self._chance.randrange(1, 256)
                self.counters.garbled += 1
        return bytes(spoilt)

    # -- the client's side

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._writer is not None:
            writer.close()  # a serial port has one user; the second one is told by the closed connection
            return
        self._writer = writer
        self._client = asyncio.current_task()
        try:
            await self._read(reader)
        except ConnectionError:
            pass  # the client went away in its own manner; the line is free again
        finally:
            self._writer = None
            self._client = None
            writer.transport.abort()

    async def _read(self, reader: asyncio.StreamReader) -> None:
        loop = asyncio.get_running_loop()
        free_s = loop.time()
        while piece := await reader.read(SLICE_BYTES):
            if not self._baud:
                self.counters.lost_unheard += len(piece)
                continue
            busy_s = self._busy_s(len(piece))
            self.counters.to_board_busy_us += round(busy_s * 1e6)
            if self._baud_delay:
                free_s = max(free_s, loop.time()) + busy_s
                await asyncio.sleep(free_s - loop.time())
            await self._hand_over(self.spoil(piece))

    async def _hand_over(self, piece: bytes) -> None:
        while piece and self._baud:
            fits, piece = piece[: self._credit], piece[self._credit :]
            if fits:
                self._credit -= len(fits)
                self.counters.to_board += len(fits)
                self._send(fits)
            if piece and self._overrun:
                self.counters.lost_overrun += len(piece)
                return
            if piece:
                self._room.clear()
                await self._room.wait()
        self.counters.lost_unheard += len(piece)
