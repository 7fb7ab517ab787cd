"""A hub after 400 days: its journal on the disk, its start, its memory, and the letting go while it serves.

A hall of 500 visits a day, six events each. The journal is written by the shipped rules and journal (`load.year`): 412
days, of which twelve have to go, as on a hub that was off for that long. Then the shipped hub process is started on it.
"""

import asyncio
import sqlite3
import tempfile
import time
import uuid
from collections.abc import Awaitable, Callable
from pathlib import Path

import aiohttp

from hub import config as hub_settings
from tools.bench.hub_offline import AWAY, empty_rss_mb, imports_s
from tools.bench.hub_process import ServerProcess, hub_config, ready, said_by
from tools.bench.results import Result
from tools.bench.small import BenchError
from tools.bench.uplink import free_port

DAYS = 412
KEEP_DAYS = 400
VISITS = 500
WINDOWS = 25
QUICK_DAYS = 402
QUICK_VISITS = 2
# Between two numbers that somebody takes while events go: far more often than such a hall's busiest hour has them.
TICKET_EVERY_S = 0.05
# Tickets for comparison, once nothing goes any more.
QUIET_TICKETS = 200
GONE_S = 600.0
PERCENTILE = 0.99


async def measure(quick: bool = False) -> list[Result]:
    """All of it; quick: in a form so small that its figures mean nothing."""
    with tempfile.TemporaryDirectory(prefix="tingting-bench-") as name:
        folder = Path(name)
        config = hub_config(folder, windows=WINDOWS, port=free_port(), center=AWAY)
        days, visits = (QUICK_DAYS, QUICK_VISITS) if quick else (DAYS, VISITS)
        filled = await _fill(config, days, visits)
        return await serve(config, f"{filled} events, {days} days of {visits} visits")


async def serve(config: Path, said: str) -> list[Result]:
    """The hub on a journal that is there; `said`: what is in it."""
    path = config.parent / "hub" / "journal.sqlite3"
    file_mb = _megabytes(path)
    bytes_mb = await asyncio.to_thread(_event_bytes, path) / 1e6
    first = await asyncio.to_thread(_kept_after, path)
    last = await asyncio.to_thread(_last_to_go, path)
    if last <= first:
        raise BenchError("nothing in this journal is old enough to go")
    async with ServerProcess("hub.main", config) as hub:
        began_s = time.monotonic()
        start = asyncio.create_task(hub.start())
        answer = await ready(f"http://127.0.0.1:{hub_settings.load(config).http.port}")
        await start
        restart_s = answer["at_s"] - began_s
        start_mb = hub.rss_mb()
        async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {hub.tokens['kiosk']}"}) as http:
            most_mb = start_mb
            beside: list[float] = []
            since_s = time.monotonic()
            while await asyncio.to_thread(_kept_after, path) < last:
                if time.monotonic() - since_s > GONE_S:
                    raise BenchError(f"after {GONE_S:.0f} s events older than {KEEP_DAYS} days are still there")
                beside.append(await _ticket(http, hub.url))
                most_mb = max(most_mb, hub.rss_mb())
                await asyncio.sleep(TICKET_EVERY_S)
            gone_s = time.monotonic() - since_s
            quiet = [await _again(lambda: _ticket(http, hub.url)) for _ in range(QUIET_TICKETS)]
            grown_mb = _megabytes(path)
    return [
        Result(
            "hub.years_file_mb",
            file_mb,
            "MB",
            f"MB of the events' own bytes. {said}; chain, snapshots and replies included; {grown_mb:.0f} MB at the end",
            bytes_mb,
        ),
        Result(
            "hub.years_restart_s",
            restart_s,
            "s",
            f"s: an interpreter that imports what the hub imports and ends. {said}; killed; first 200 of /readyz",
            await imports_s(),
        ),
        Result(
            "hub.years_rss_mb",
            most_mb,
            "MB",
            f"MB of a hub that has just started with an empty journal. Most while events go; {start_mb:.0f} at first",
            await empty_rss_mb(),
        ),
        Result(
            "hub.years_ticket_p99_ms",
            _p99_ms(beside),
            "ms",
            f"ms of the same tickets when nothing goes. {len(beside)} tickets over the HTTP door while {last - first} "
            f"events go, 500 in a transaction, in {gone_s:.0f} s",
            _p99_ms(quiet),
        ),
    ]


async def _again(ask: Callable[[], Awaitable[float]]) -> float:
    await asyncio.sleep(TICKET_EVERY_S)
    return await ask()


async def _ticket(http: aiohttp.ClientSession, url: str) -> float:
    """How long a number takes, in seconds."""
    body = {"service": "A", "priority": None, "id": str(uuid.uuid4())}
    began_s = time.monotonic()
    async with http.post(f"{url}/api/v1/tickets", json=body) as answer:
        if answer.status != 201:
            raise BenchError(f"a number was refused: {await answer.text()}")
    return time.monotonic() - began_s


def _p99_ms(seconds: list[float]) -> float:
    return sorted(seconds)[int(len(seconds) * PERCENTILE)] * 1000


def _megabytes(path: Path) -> float:
    """The journal and its log."""
    return sum(each.stat().st_size for each in path.parent.glob(f"{path.name}*") if each.suffix != ".lock") / 1e6


def _ask(path: Path, query: str, *values: object) -> int:
    database = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        row = database.execute(query, values).fetchone()
    finally:
        database.close()
    return 0 if row is None or row[0] is None else int(row[0])


def _kept_after(path: Path) -> int:
    return _ask(path, "SELECT value FROM meta WHERE name = 'start'")


def _event_bytes(path: Path) -> int:
    return _ask(path, "SELECT sum(length(data)) FROM events")


def _last_to_go(path: Path) -> int:
    """The last event that is older than the hub keeps, by a binary search: recorded times never fall."""
    horizon = time.strftime("%Y-%m-%d", time.gmtime(time.time() - (KEEP_DAYS + 1) * 86_400))
    low, high = 0, _ask(path, "SELECT max(sequence) FROM events")
    while low < high:
        middle = (low + high + 1) // 2
        found = _ask(
            path, "SELECT json_extract(data, '$.recordedtime') < ? FROM events WHERE sequence = ?", horizon, middle
        )
        low, high = (middle, high) if found else (low, middle - 1)
    return low


async def _fill(config: Path, days: int, visits: int) -> int:
    said = await said_by("tools.bench.load.year", config=config, days=days, visits=visits)
    return int(said["durable"])
