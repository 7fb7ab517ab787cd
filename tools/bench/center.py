"""The center under a year of a hundred halls: what it takes in, how soon it answers, and that its figures are right."""

import asyncio
import gzip
import json
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass
from pathlib import Path

import aiohttp
import msgspec

from center.store.sqlite import CACHE_KIB, MAX_IN_COMMIT
from common.envelope import RawEnvelope
from tools.bench.hub_process import ServerProcess
from tools.bench.results import ROOT, Result, percentile
from tools.bench.small import BenchError
from tools.demo.hall import toml
from tools.generator import posting
from tools.generator.year import PackedBatch, Plan, batches, year

REGIONS = 10
ASKS = 240  # reports asked, one after the other
FILL_S = 3600.0  # ten million events on a slow machine
Table = tuple[str, dict[str, object]]


def center_file(folder: Path, plan: Plan) -> Path:
    """A center that knows these halls."""
    tables: list[Table] = [("[paths]", {"data": "var"}), ("[http]", {"host": "127.0.0.1", "port": 0})]
    tables += [
        ("[[halls]]", {"id": plan.hall(n), "name": f"第{n}厅", "region": f"第{n % REGIONS}区"})
        for n in range(plan.halls)
    ]
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "center.toml"
    path.write_text(toml(tables), "utf-8")
    return path


def _door(center: ServerProcess) -> posting.Door:
    tokens = {who.removeprefix("hall "): token for who, token in center.tokens.items() if who.startswith("hall ")}
    return posting.Door(center.url, tokens)


async def ingest(quick: bool) -> list[Result]:
    """Prepared batches of some halls, four halls at a time, against the same bodies decoded and inserted bare."""
    plan = Plan(halls=8, days=1 if quick else 90, tickets=55)
    prepared = [list(batches(plan, number)) for number in range(plan.halls)]
    with tempfile.TemporaryDirectory(prefix="bench-center-") as name:
        folder = Path(name)
        bare_per_s = _bare(folder, prepared)
        async with ServerProcess("center.main", center_file(folder / "center", plan)) as center:
            await center.start()
            began_s, door, quarter_mb = time.monotonic(), _door(center), 0.0
            waiting = iter(prepared)
            posted = 0

            async def send(http: aiohttp.ClientSession) -> None:
                nonlocal posted, quarter_mb
                for hall in waiting:
                    for batch in hall:
                        await posting.post(http, door, batch)
                        posted += batch.events
                        if not quarter_mb and posted * 4 >= plan.events:
                            quarter_mb = center.all_rss_mb()

            async with aiohttp.ClientSession() as http, asyncio.TaskGroup() as group:
                for _ in range(posting.SENDERS):
                    group.create_task(send(http))
            per_s = posted / (time.monotonic() - began_s)
            end_mb = center.all_rss_mb()
    return [
        Result(
            "center.ingest_ratio_sqlite",
            per_s / bare_per_s,
            "",
            f"= gunzip, decode and one INSERT an event in raw SQLite, same settings, {posting.SENDERS} batches a "
            f"commit: {bare_per_s:.0f} events/s; by the center's door, chain, counting and rollups included: "
            f"{per_s:.0f} events/s",
            1.0,
            aim=0.5,
        ),
        Result(
            "center.ingest_rss_mb",
            end_mb,
            "MB",
            f"MB after a quarter of the {plan.events} events. The center and the process beside it that reads",
            quarter_mb,
        ),
    ]


def _bare(folder: Path, prepared: list[list[PackedBatch]]) -> float:
    """The same bodies without our code: unpacked, decoded, inserted."""
    decoder = msgspec.json.Decoder(list[RawEnvelope])
    elements = msgspec.json.Decoder(list[msgspec.Raw])
    with closing(sqlite3.connect(folder / "bare.sqlite", isolation_level=None)) as connection:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute(f"PRAGMA cache_size = -{CACHE_KIB}")
        connection.execute(
            """CREATE TABLE events (position INTEGER PRIMARY KEY, journal INTEGER NOT NULL, sequence INTEGER NOT NULL,
            bytes BLOB NOT NULL, chain BLOB NOT NULL, UNIQUE (journal, sequence))"""
        )
        began_s = time.monotonic()
        position, link = 0, bytes(32)
        for commit in _commits(prepared):
            connection.execute("BEGIN IMMEDIATE")
            for journal, batch in commit:
                body = gzip.decompress(batch.body)
                decoded = decoder.decode(body)
                rows = [
                    (position + at, journal, int(one.sequence), bytes(raw), link)
                    for at, (one, raw) in enumerate(zip(decoded, elements.decode(body), strict=True), start=1)
                ]
                connection.executemany("INSERT INTO events VALUES (?, ?, ?, ?, ?)", rows)
                position += len(rows)
            connection.execute("COMMIT")
        return position / (time.monotonic() - began_s)


def _commits(prepared: list[list[PackedBatch]]) -> Iterator[list[tuple[int, PackedBatch]]]:
    """As many batches a commit as there are senders."""
    together = min(posting.SENDERS, MAX_IN_COMMIT)
    everything = [(number, batch) for number, hall in enumerate(prepared) for batch in hall]
    for at in range(0, len(everything), together):
        yield everything[at : at + together]


@dataclass(frozen=True, slots=True)
class Store:
    """A running center with a year of halls behind it."""

    plan: Plan
    file: Path
    center: ServerProcess
    fill_s: float


@asynccontextmanager
async def _filled(folder: Path, events: int, halls: int) -> AsyncIterator[Store]:
    plan = year(events, halls)
    file = center_file(folder / "center", plan)
    async with ServerProcess("center.main", file) as center:
        await center.start()
        began_s = time.monotonic()
        await _fill(center, events, plan)
        yield Store(plan, file, center, time.monotonic() - began_s)


async def reports(label: str, events: int, halls: int) -> list[Result]:
    """A year of halls behind the ratings report, asked in every way that a supervisor asks."""
    with tempfile.TemporaryDirectory(prefix="bench-center-") as name:
        async with _filled(Path(name), events, halls) as store:
            [(asked, least)] = await _asked([store])
        return _results(label, store, asked, least, _recomputed(store.file))


async def growth(events: int, halls: int) -> list[Result]:
    """Ten million events against a tenth of them, each report asked of both in turn: both had the same machine."""
    with tempfile.TemporaryDirectory(prefix="bench-center-") as name:
        few_events, many_events = Path(name) / "few", Path(name) / "many"
        async with (
            _filled(few_events, events // 10, halls) as less,
            _filled(many_events, events, halls) as more,
        ):
            (asked_less, _), (asked, least) = await _asked([less, more])
        few, many = percentile(asked_less, 0.95), percentile(asked, 0.95)
        return [
            *_results("10m", more, asked, least, _recomputed(more.file)),
            Result(
                "center.report_growth_10m",
                many / few,
                "",
                f"= the same reports of {less.plan.events} events in the same halls and year: p95 {few:.1f} ms; of "
                f"{more.plan.events} events: {many:.1f} ms; each asked of both centers in turn",
                1.0,
                aim=1.2,
            ),
        ]


async def _asked(stores: list[Store]) -> list[tuple[list[float], list[float]]]:
    """ms of each report, and of an answer that reads no store, by each center in turn."""
    times: list[tuple[list[float], list[float]]] = [([], []) for _ in stores]
    async with AsyncExitStack() as stack:
        https = []
        for store in stores:
            headers = {"Authorization": f"Bearer {store.center.tokens['viewer']}"}
            https.append(await stack.enter_async_context(aiohttp.ClientSession(headers=headers)))
            await _served(https[-1], store.center.url, store.plan)
        paths = list(_questions())
        for number in range(ASKS):
            for store, http, (asked, least) in zip(stores, https, times, strict=True):
                asked.append(await _ask(http, store.center.url + paths[number % len(paths)]))
                least.append(await _ask(http, f"{store.center.url}/api/v1/openapi.json"))
    return times


def _results(label: str, store: Store, asked: list[float], least: list[float], recounted_s: float) -> list[Result]:
    plan = store.plan
    return [
        Result(
            f"center.report_p95_ms_{label}",
            percentile(asked, 0.95),
            "ms",
            f"ms, the same share of answers that read no store. {plan.events} events in the store: a year of "
            f"{plan.halls} halls; ratings by hall, region, window, staff, service, day and month, over a day, a month, "
            "an odd range and the year",
            percentile(least, 0.95),
            aim=200,
        ),
        Result(
            f"center.recompute_{label}_s",
            recounted_s,
            "s",
            "s that the halls' events took to come in by the door. Every figure made again from the events, and all "
            "tables were the same to the last byte",
            store.fill_s,
        ),
    ]


async def _fill(center: ServerProcess, events: int, plan: Plan) -> None:
    """A process of its own posts."""
    asked = {
        "url": center.url,
        "tokens": _door(center).tokens,
        "events": events,
        "halls": plan.halls,
        "seed": plan.seed,
    }
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "tools.generator.posting",
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
    )
    async with asyncio.timeout(FILL_S):
        await process.communicate(json.dumps(asked).encode())
    if process.returncode != 0:
        raise BenchError(f"the generator ended with {process.returncode}; its words stand above")


def _questions() -> Iterator[str]:
    """Ratings reports as they are asked."""
    year_, month, odd, day = (
        ("2025-01-01", "2025-12-31"),
        ("2025-06-01", "2025-06-30"),
        ("2025-02-14", "2025-09-17"),
        ("2025-06-11", "2025-06-11"),
    )
    for by in ("hall", "region", "department", "window", "staff", "service", "day", "month"):
        for first, last in (year_, month, odd, day):
            yield f"/api/v1/reports/ratings?from={first}&to={last}&by={by}"


async def _served(http: aiohttp.ClientSession, url: str, plan: Plan) -> None:
    """The report counts what was made, or nothing here means anything."""
    async with http.get(f"{url}/api/v1/reports/ratings?from=2025-01-01&to=2026-01-31&by=month") as answer:
        served = json.loads(await answer.read())["served"]
    made = plan.halls * plan.days * plan.tickets
    if served != made:
        raise BenchError(f"the center counts {served} services; {made} were made")


async def _ask(http: aiohttp.ClientSession, url: str) -> float:
    began_s = time.monotonic()
    async with http.get(url) as answer:
        await answer.read()
        if answer.status != 200:
            raise BenchError(f"{url}: {answer.status}")
    return (time.monotonic() - began_s) * 1000


def _recomputed(file: Path) -> float:
    """`tingting center recompute --check`, as a person types it."""
    began_s = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "tools.cli", "center", "recompute", "--check", "--config", str(file)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise BenchError(f"recompute disagrees: {done.stdout}{done.stderr[-1000:]}")
    return time.monotonic() - began_s


def ingest_group(quick: bool) -> list[Result]:
    """`tingting bench --only center-ingest`."""
    return asyncio.run(ingest(quick))


def report_1m(quick: bool) -> list[Result]:
    """`tingting bench --only center-1m`."""
    return asyncio.run(reports("1m", 20_000 if quick else 1_000_000, 4 if quick else 100))


def report_10m(quick: bool) -> list[Result]:
    """`tingting bench --only center-10m`: twenty minutes, and 13 GB of disk for a while."""
    return asyncio.run(growth(40_000 if quick else 10_000_000, 4 if quick else 100))
