"""How many sealed facts a hub accepts durably, how many syncs that costs, and how slow a card it bears."""

import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tools.bench.hub_process import Boxes, ServerProcess, hub_config, ready, register, said_by
from tools.bench.results import Result
from tools.bench.small import BenchError

SD_SYNC_MS = 8  # a good SD card's; added to what this disk takes
ONE_ROW_COMMITS = 2000


@dataclass(frozen=True, slots=True)
class Load:
    """How much; loaders: processes that the boxes are shared among."""

    sessions: int
    window: int
    facts: int
    loaders: int

    @property
    def total(self) -> int:
        """Facts of all sessions."""
        return self.sessions * self.facts


FULL = Load(sessions=64, window=64, facts=1600, loaders=2)  # 102,400 facts: ten seconds at the aimed rate
SINGLE = Load(sessions=1, window=1, facts=1000, loaders=1)
QUICK_FULL = Load(sessions=4, window=64, facts=200, loaders=2)
QUICK_SINGLE = Load(sessions=1, window=1, facts=20, loaders=1)


@dataclass(frozen=True, slots=True)
class Taken:
    """What a run showed."""

    per_s: float
    syncs: int
    cpu_us: float  # of the hub process, a fact
    hub: ServerProcess
    config: Path

    @property
    def journal(self) -> Path:
        """The hub's file."""
        return self.config.parent / "hub" / "journal.sqlite3"


def strace(log: Path, delay_ms: int = 0) -> list[str]:
    """Writes down a process's sync calls, and makes each so much longer; no other call stops for it."""
    command = ["strace", "-f", "--seccomp-bpf", "-qq", "-o", str(log), "-e", "signal=none"]
    command += ["-e", "trace=fsync,fdatasync"]
    if delay_ms:
        command += ["-e", f"inject=fsync,fdatasync:delay_exit={delay_ms * 1000}"]
    return command


def synced(log: Path | None) -> int:
    """How many sync calls have ended: a call that another thread interrupted has two lines."""
    if log is None:
        return 0
    return sum(b"unfinished" not in line for line in log.read_bytes().splitlines())


@asynccontextmanager
async def taking(
    folder: Path,
    load: Load,
    *,
    center: Mapping[str, object] | None = None,
    port: int = 0,
    log: Path | None = None,
    delay_ms: int = 0,
) -> AsyncIterator[Taken]:
    """One hub and its boxes; all their facts are durable when this yields, and the hub is still running."""
    share = load.sessions // load.loaders
    loaders = [await Boxes.start(number * share, share, load.facts, load.window) for number in range(load.loaders)]
    try:
        told = [await loader.heard() for loader in loaders]
        boxes = [box for one in told for box in one["boxes"]]
        links = [box["url"] for box in boxes]
        config = hub_config(folder, links=links, windows=len(boxes), port=port, send_window=load.window, center=center)
        async with ServerProcess("hub.main", config, [] if log is None else strace(log, delay_ms)) as hub:
            await hub.start()
            await register(hub, boxes, told[0]["epoch"])
            await _all(loaders, "seal")
            before = (await ready(hub.url))["journal"]["durable"]
            syncs, cpu_s = synced(log), hub.cpu_s()
            ended = await _all(loaders, "go")
            syncs, cpu_s = synced(log) - syncs, hub.cpu_s() - cpu_s
            stored = (await ready(hub.url))["journal"]["durable"] - before
            if stored < load.total:
                raise BenchError(f"{load.total} facts were acknowledged, but {stored} events stored")
            seconds = max(one["ended_s"] for one in ended) - min(one["began_s"] for one in ended)
            yield Taken(load.total / seconds, syncs, cpu_s / load.total * 1e6, hub, config)
    finally:
        for loader in loaders:
            await loader.stop()


async def _all(loaders: list[Boxes], word: str) -> list[dict[str, Any]]:
    for loader in loaders:
        loader.say(word)
    return [await loader.heard() for loader in loaders]


async def raw(journal: Path, commit: int, rows: int, wrapper: list[str] | None = None) -> float:
    """Rows a second of raw SQLite, in a process of its own."""
    said = await said_by("tools.bench.load.raw", wrapper or [], journal=journal, commit=commit, rows=rows)
    return float(said["per_s"])


async def measure(quick: bool = False) -> list[Result]:
    """All of this file; quick: in a form so small that its figures mean nothing."""
    full, single = (QUICK_FULL, QUICK_SINGLE) if quick else (FULL, SINGLE)
    with tempfile.TemporaryDirectory(prefix="tingting-bench-") as name:
        folder = Path(name)
        places = [folder / place for place in ("accept", "syncs", "card", "single")]
        for place in places:
            place.mkdir()
        many = await _syncs(places[1], full, "hub.syncs_per_fact_w64", 0.03)
        rows = max(1, round(1 / many.value))  # a sync: what the hub put into a commit, give or take checkpoints
        return [
            await _accept(places[0], full, rows),
            await _syncs(places[3], single, "hub.syncs_per_fact_w1", 1.1),
            many,
            await _card(places[2], full, rows),
        ]


async def _accept(folder: Path, load: Load, rows: int) -> Result:
    async with taking(folder, load) as taken:
        pass
    limit = await raw(taken.journal, rows, load.total)
    one = await raw(taken.journal, 1, min(ONE_ROW_COMMITS, load.total))
    words = (
        f"rows/s: the same rows in raw SQLite, same settings, {rows} a commit as the hub made them "
        f"({one:.0f} with one row a commit). {load.sessions} sessions, send window {load.window}; frames sealed before "
        f"the clock starts; {load.loaders} load processes beside it; {taken.cpu_us:.0f} µs of the hub's CPU a fact"
    )
    return Result("hub.accept_per_s", taken.per_s, "1/s", words, limit, aim=10_000)


async def _syncs(folder: Path, load: Load, name: str, aim: float) -> Result:
    log = folder / "syncs.txt"
    async with taking(folder, load, log=log) as taken:
        pass
    per_fact = taken.syncs / load.total
    commit = max(1, round(1 / per_fact)) if per_fact else load.total
    beside = folder / "raw.txt"
    await raw(taken.journal, commit, load.total, strace(beside))
    words = (
        f"syncs a row of raw SQLite with {commit} rows a commit (counted by strace, as the hub's). "
        f"Sessions: {load.sessions}, send window {load.window}"
    )
    return Result(name, per_fact, "", words, synced(beside) / load.total, aim=aim)


async def _card(folder: Path, load: Load, rows: int) -> Result:
    log = folder / "syncs.txt"
    async with taking(folder, load, log=log, delay_ms=SD_SYNC_MS) as taken:
        pass
    limit = await raw(taken.journal, rows, load.total, strace(folder / "raw.txt", SD_SYNC_MS))
    words = (
        f"rows/s: the same rows in raw SQLite, {rows} a commit, the same {SD_SYNC_MS} ms added to each sync "
        f"(strace inject with a seccomp filter: no other call stops); {taken.syncs} syncs at the hub"
    )
    return Result("hub.sd_accept_per_s", taken.per_s, "1/s", words, limit, aim=5_000)
