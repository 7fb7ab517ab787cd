"""So many boards as a process of their own: each its own connection to the stream, as `/board` opens it.

Prints a line of JSON when all listen, and one for each call when the last board has it: its number, and when
(CLOCK_MONOTONIC, which all processes of a machine share).
"""

import argparse
import asyncio
import json
import time
from collections import Counter

import aiohttp

OPEN_S = 60.0


async def board(
    http: aiohttp.ClientSession, url: str, opened: asyncio.Semaphore, have: Counter[str], boards: int
) -> None:
    """One board: reads its stream and notes each call."""
    async with http.get(f"{url}/api/v1/stream?tick=1") as stream:
        opened.release()
        async for line in stream.content:
            if not line.startswith(b"data: ") or b'"call":{' not in line or b'"windows"' in line:
                continue
            call = json.loads(line[6:])["call"]
            name = f"{call['number']}/{call['times']}"
            have[name] += 1
            if have[name] == boards:
                print(json.dumps({"call": name, "at_s": time.monotonic()}), flush=True)


async def main(url: str, boards: int) -> None:
    """Until it is ended."""
    opened = asyncio.Semaphore(0)
    have: Counter[str] = Counter()
    limits = aiohttp.TCPConnector(limit=0)
    async with aiohttp.ClientSession(connector=limits, timeout=aiohttp.ClientTimeout(total=None)) as http:
        tasks = [asyncio.create_task(board(http, url, opened, have, boards)) for _ in range(boards)]
        async with asyncio.timeout(OPEN_S):
            for _ in range(boards):
                await opened.acquire()
        print(json.dumps({"listening": boards}), flush=True)
        await asyncio.gather(*tasks)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--url", required=True)
    parser.add_argument("--boards", type=int, required=True)
    options = parser.parse_args()
    asyncio.run(main(options.url, options.boards))
