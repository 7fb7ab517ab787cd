"""One line, one task: opens, reads, writes, comes back after a loss. Knows bytes and nothing of their meaning."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol

from hub.links.backoff import Backoff
from hub.links.errors import LinkError
from hub.links.port import Port

REOPEN_FIRST_S = 0.2  # a cable that was only nudged is back at once
REOPEN_CAP_S = 10.0  # a window whose box was plugged in again works within 10 s
WRITE_LIMIT_BYTES = 16 * 1024  # half a minute of the busiest box at 115,200 baud would be far more than it may lag
CHUNK_BYTES = 1024  # what the slowest line, 1,200 baud, moves in less than WRITE_STALL_S
WRITE_STALL_S = 10.0  # a box that takes no byte for so long is treated as gone
TURN_S = 0.1
TURN_BYTES = 64 * 1024  # in one turn; five times what the fastest honest box sends, so a babbler can't starve others


class LinkUser(Protocol):
    """Who lives on a line."""

    def opened(self) -> None:
        """The line is open; nothing was heard yet."""

    def received(self, data: bytes) -> None:
        """Bytes came."""

    def drained(self) -> None:
        """All bytes given to `write` are out."""

    def failed(self, error: BaseException) -> None:
        """Something that must not happen did, in what the line's user does; `lost` follows."""

    def lost(self, why: str) -> None:
        """The line is gone; it is being opened again. Said once for a loss, and once for a first try that failed."""


class Link:
    """A line at `url`. `run` is its task; `write` queues bytes while `writable`."""

    def __init__(
        self, url: str, open_port: Callable[[], Awaitable[Port]], user: LinkUser, chance: Callable[[], float]
    ) -> None:
        self.url = url
        self._open_port = open_port
        self._user = user
        self._backoff = Backoff(REOPEN_FIRST_S, REOPEN_CAP_S, chance)
        self._pending = bytearray()
        self._more = asyncio.Event()
        self.is_open = False
        self.opens = 0
        self.refused_bytes = 0

    @property
    def writable(self) -> bool:
        """Nothing waits: a slow box gets new bytes only after the old ones are out."""
        return self.is_open and not self._pending

    def write(self, data: bytes) -> bool:
        """Queues bytes; False (and counted) when the line is closed or too much waits already."""
        if not self.is_open or len(self._pending) + len(data) > WRITE_LIMIT_BYTES:
            self.refused_bytes += len(data)
            return False
        self._pending += data
        self._more.set()
        return True

    async def run(self) -> None:
        """Until cancelled."""
        told = ""
        while True:
            try:
                port = await self._open_port()
            except LinkError as error:
                if str(error) != told:
                    told = str(error)
                    self._user.lost(told)
                await asyncio.sleep(self._backoff.next_s())
                continue
            told = await self.carry(port)
            self._user.lost(told)
            await asyncio.sleep(self._backoff.next_s())

    async def carry(self, port: Port) -> str:
        """Serves an open port and closes it when it has failed; returns why it did."""
        try:
            self.is_open = True
            self.opens += 1
            self._user.opened()
            await self._serve(port)
        except LinkError as error:
            return str(error)
        except Exception as error:
            # A mistake of ours on this line: said, and kept to this line.
            self._user.failed(error)
            return f"our own error: {error!r}"
        finally:
            self.is_open = False
            self._pending.clear()
            await port.close()
        return "closed"

    async def _serve(self, port: Port) -> None:
        """Reads and writes until one of the two fails; raises what it failed with.

        Not a TaskGroup: one whose child failed forgets a cancellation of the same turn (Python 3.11 and 3.12).
        """
        both = [asyncio.create_task(self._read(port)), asyncio.create_task(self._write(port))]
        try:
            done, _ = await asyncio.wait(both, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in both:
                task.cancel()
            await asyncio.gather(*both, return_exceptions=True)
        for task in done:
            await task

    async def _read(self, port: Port) -> None:
        loop = asyncio.get_running_loop()
        turn_began, turn_bytes = loop.time(), 0
        while True:
            data = await port.read()
            self._backoff.reset()
            self._user.received(data)
            now = loop.time()
            if now - turn_began >= TURN_S:
                turn_began, turn_bytes = now, 0
            turn_bytes += len(data)
            if turn_bytes >= TURN_BYTES:
                await asyncio.sleep(TURN_S)

    async def _write(self, port: Port) -> None:
        while True:
            await self._more.wait()
            self._more.clear()
            while self._pending:
                chunk = bytes(self._pending[:CHUNK_BYTES])
                try:
                    async with asyncio.timeout(WRITE_STALL_S):
                        await port.write(chunk)
                except TimeoutError:
                    raise LinkError(f"{self.url}: took no byte for {WRITE_STALL_S:.0f} s") from None
                del self._pending[: len(chunk)]
            self._user.drained()
