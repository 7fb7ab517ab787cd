"""Messages to and from another process over a socket that keeps them apart, without ever waiting for it."""

import asyncio
import socket
from collections import deque
from collections.abc import Callable

from tools.simulator.onboard import kinds


class Packets:
    """`on_packet` is called from the event loop, `on_end` when the other process has closed its end or is gone."""

    def __init__(self, made: socket.socket, on_packet: Callable[[bytes], None], on_end: Callable[[], None]) -> None:
        made.setblocking(False)
        self._socket: socket.socket | None = made
        self._on_packet = on_packet
        self._on_end = on_end
        self._backlog: deque[bytes] = deque()
        asyncio.get_running_loop().add_reader(made, self.read)

    @property
    def waiting(self) -> int:
        """Messages that the other process has not taken yet."""
        return len(self._backlog)

    def send(self, packet: bytes) -> None:
        """One message; dropped after `close`."""
        if self._socket is None:
            return
        self._backlog.append(packet)
        if len(self._backlog) == 1:
            self._flush()

    def read(self) -> None:
        """What has come by now."""
        while self._socket is not None:
            try:
                packet = self._socket.recv(kinds.MAX_PACKET)
            except BlockingIOError:
                return
            except ConnectionResetError:
                packet = b""
            if not packet:
                asyncio.get_running_loop().remove_reader(self._socket)
                self._on_end()
                return
            self._on_packet(packet)

    def close(self) -> None:
        """Gives the socket back; what waits is dropped."""
        if self._socket is not None:
            loop = asyncio.get_running_loop()
            loop.remove_reader(self._socket)
            loop.remove_writer(self._socket)
            self._socket.close()
            self._socket = None
        self._backlog.clear()

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
            self._backlog.clear()
            self._on_end()
