"""The least that boards can cost: a bare loop that writes given bytes to every connection, and does nothing else.

Prints its address; each line on its standard input, a JSON list of pieces, is written, a piece at a time.
"""

import asyncio
import json
import sys

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n"
LINE_BYTES = 1 << 20


class Socket(asyncio.Protocol):
    """One connection."""

    lines: set[asyncio.Transport] = set()  # noqa: RUF012 - all of the process

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Opened."""
        assert isinstance(transport, asyncio.Transport)
        self._line = transport

    def data_received(self, data: bytes) -> None:
        """Asked: from now on it is written to."""
        if self._line not in self.lines:
            self.lines.add(self._line)
            self._line.write(HEAD)

    def connection_lost(self, error: Exception | None) -> None:
        """Gone."""
        self.lines.discard(self._line)


async def main() -> None:
    """Until its standard input ends."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(Socket, "127.0.0.1", 0)
    print(f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    reader = asyncio.StreamReader(limit=LINE_BYTES)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        for piece in json.loads(line):
            data = piece.encode()
            chunk = b"%x\r\n%b\r\n" % (len(data), data)
            for each in Socket.lines:
                each.write(chunk)


if __name__ == "__main__":
    asyncio.run(main())
