"""So many boards as a process of their own: each its own connection to the stream, as `/board` opens it.

Prints a line of JSON when all listen, and one for each call when the last board has it: its number, when
(CLOCK_MONOTONIC, which all processes of a machine share), and the pieces that one board was written since the last.
"""

import argparse
import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator

import aiohttp

OPEN_S = 60.0


async def pieces(stream: aiohttp.ClientResponse) -> AsyncIterator[bytes]:
    """What the hub wrote at once."""
    whole = b""
    async for data, ends in stream.content.iter_chunks():
        whole += data
        if ends:
            yield whole
            whole = b""


class Boards:
    """All of them."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.opened = asyncio.Semaphore(0)
        self._have: Counter[str] = Counter()
        self._pieces: list[str] = []

    async def one(self, http: aiohttp.ClientSession, url: str, *, noted: bool) -> None:
        """One board: reads its stream and notes each call; noted: also what it was written."""
        async with http.get(f"{url}/api/v1/stream?tick=1&calm=1") as stream:
            self.opened.release()
            async for piece in pieces(stream):
                if noted:
                    self._pieces.append(piece.decode())
                for line in piece.split(b"\n"):
                    if line.startswith(b"data: ") and b'"call":{' in line and b'"windows"' not in line:
                        self._heard(json.loads(line[6:])["call"])

    def _heard(self, call: dict[str, object]) -> None:
        name = f"{call['number']}/{call['times']}"
        self._have[name] += 1
        if self._have[name] == self.count:
            print(json.dumps({"call": name, "at_s": time.monotonic(), "pieces": self._pieces}), flush=True)
            self._pieces.clear()


async def main(url: str, count: int) -> None:
    """Until it is ended."""
    boards = Boards(count)
    limits = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=limits, timeout=aiohttp.ClientTimeout(total=None)) as http:
        tasks = [asyncio.create_task(boards.one(http, url, noted=number == 0)) for number in range(count)]
        async with asyncio.timeout(OPEN_S):
            for _ in range(count):
                await boards.opened.acquire()
        print(json.dumps({"listening": count}), flush=True)
        await asyncio.gather(*tasks)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True)
    parser.add_argument("--boards", type=int, required=True)
    options = parser.parse_args()
    asyncio.run(main(options.url, options.boards))
