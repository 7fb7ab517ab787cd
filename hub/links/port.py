"""The edge to the operating system: a pyserial URL becomes a port of bytes; foreign exceptions become `LinkError`.

Three ways in: `socket://` is a socket of ours (pyserial's drops what arrives while it opens and sleeps when it closes);
a local device is opened by pyserial and then read by its file descriptor; anything else (`rfc2217://`) has no
descriptor, so one thread of its own waits for it.
"""

import asyncio
import contextlib
import os
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol
from urllib.parse import urlsplit

import serial

from hub.links.errors import LinkError

READ_BYTES = 4096  # one turn's share: 8 of the longest frames
CONNECT_S = 5  # a host that hasn't answered by then is down; the back-off takes over
THREAD_WAIT_S = 0.2  # how long a closing port may wait for its thread to notice


class Port(Protocol):
    """An open line."""

    async def read(self) -> bytes:
        """At least one byte, at most READ_BYTES; raises `LinkError` when the line is gone."""

    async def write(self, data: bytes) -> None:
        """Returns when the system took all of it; raises `LinkError`."""

    async def close(self) -> None:
        """Gives everything back; may be called twice."""


async def open_port(url: str, baud: int) -> Port:
    """Opens a line; raises `LinkError`."""
    if url.startswith("socket://"):
        return await _open_socket(url)
    loop = asyncio.get_running_loop()
    local = "://" not in url
    settings: dict[str, Any] = {"exclusive": True} if local else {}
    pool = ThreadPoolExecutor(max_workers=2, thread_name_prefix="line")  # one reads while the other writes
    try:
        # Opening may wait for seconds (modem lines, a slow host), so it is done off the loop.
        line = await loop.run_in_executor(
            pool,
            lambda: serial.serial_for_url(url, baudrate=baud, timeout=0 if local else THREAD_WAIT_S, **settings),
        )
    except (serial.SerialException, OSError, ValueError) as error:
        pool.shutdown(wait=False)
        raise LinkError(f"{url}: can't be opened: {error}") from error
    except asyncio.CancelledError:
        pool.shutdown(wait=False)
        raise
    try:
        descriptor = line.fileno()
    except (OSError, AttributeError):  # io.UnsupportedOperation is an OSError
        return ThreadPort(url, line, pool)
    pool.shutdown(wait=False)
    return DescriptorPort(url, descriptor, line.close)


async def _open_socket(url: str) -> Port:
    parts = urlsplit(url)
    try:
        host, port = parts.hostname, parts.port
    except ValueError as error:
        raise LinkError(f"{url}: {error}") from error
    if not host or not port:
        raise LinkError(f"{url}: must be socket://host:port")
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(CONNECT_S):
            found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
            family, kind, proto, _, address = found[0]
            sock = socket.socket(family, kind, proto)
            try:
                sock.setblocking(False)
                await loop.sock_connect(sock, address)
                sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            except BaseException:
                sock.close()
                raise
    except (OSError, TimeoutError) as error:
        raise LinkError(f"{url}: can't be opened: {error or 'no answer'}") from error
    return DescriptorPort(url, sock.fileno(), sock.close)


class DescriptorPort:
    """A port that the loop itself can wait for."""

    def __init__(self, url: str, descriptor: int, close: Callable[[], None]) -> None:
        self._url = url
        self._descriptor = descriptor
        self._close = close
        self._loop = asyncio.get_running_loop()
        self._open = True

    async def read(self) -> bytes:
        """Waits first: a tty without bytes answers a read with nothing, which would look like its end."""
        while True:
            await self._ready(self._loop.add_reader, self._loop.remove_reader)
            try:
                data = os.read(self._descriptor, READ_BYTES)
            except BlockingIOError:
                continue
            except OSError as error:
                raise LinkError(f"{self._url}: gone: {error.strerror}") from error
            if not data:
                raise LinkError(f"{self._url}: closed by the other side")
            return data

    async def write(self, data: bytes) -> None:
        """Writes what fits, waits, goes on."""
        rest = memoryview(data)
        while rest:
            try:
                rest = rest[os.write(self._descriptor, rest) :]
            except BlockingIOError:
                await self._ready(self._loop.add_writer, self._loop.remove_writer)
            except OSError as error:
                raise LinkError(f"{self._url}: gone: {error.strerror}") from error

    async def _ready(self, add: Callable[..., None], remove: Callable[[int], bool]) -> None:
        if not self._open:
            raise LinkError(f"{self._url}: is closed")
        ready: asyncio.Future[None] = self._loop.create_future()
        add(self._descriptor, _resolve, ready)
        try:
            await ready
        finally:
            remove(self._descriptor)

    async def close(self) -> None:
        """The one who opened it closes it."""
        if self._open:
            self._open = False
            with contextlib.suppress(OSError, serial.SerialException):  # a line that is gone is closed all the same
                self._close()


class ThreadPort:
    """A port without a descriptor: threads of its own wait for it."""

    def __init__(self, url: str, line: Any, pool: ThreadPoolExecutor) -> None:
        self._url = url
        self._line = line
        self._pool = pool
        self._loop = asyncio.get_running_loop()
        self._open = True

    async def read(self) -> bytes:
        """Asks again and again with a short wait, so that closing never hangs."""
        while True:
            data = await self._call(self._read_some)
            if data:
                return data

    async def write(self, data: bytes) -> None:
        """pyserial writes all of it or raises."""
        await self._call(self._write_all, data)

    def _read_some(self) -> bytes:
        waiting = max(1, min(READ_BYTES, self._line.in_waiting))
        return bytes(self._line.read(waiting))

    def _write_all(self, data: bytes) -> bytes:
        self._line.write(data)
        return data

    async def _call(self, work: Callable[..., bytes], *arguments: bytes) -> bytes:
        if not self._open:
            raise LinkError(f"{self._url}: is closed")
        try:
            return await self._loop.run_in_executor(self._pool, work, *arguments)
        except (OSError, serial.SerialException) as error:
            raise LinkError(f"{self._url}: gone: {error}") from error

    async def close(self) -> None:
        """Closing an rfc2217 line sleeps and joins, so its own thread does it."""
        if self._open:
            self._open = False
            with contextlib.suppress(OSError, serial.SerialException):
                await self._loop.run_in_executor(self._pool, self._line.close)
            self._pool.shutdown(wait=False)


def _resolve(ready: "asyncio.Future[None]") -> None:
    if not ready.done():
        ready.set_result(None)
