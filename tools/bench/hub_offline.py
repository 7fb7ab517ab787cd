"""A hub without a center: what 100,000 buffered events cost, how soon it serves again, how soon the center has them."""

import asyncio
import sys
import tempfile
import time
from pathlib import Path

from hub import config as hub_settings
from tools.bench import uplink
from tools.bench.hub_accept import FULL, Load, taking
from tools.bench.hub_process import ServerProcess, hub_config, ready, said_by
from tools.bench.results import ROOT, Result
from tools.bench.small import BenchError
from tools.bench.uplink import free_port

MANY = 1_000_000
QUICK_LOAD = Load(sessions=4, window=64, facts=500, loaders=2)
QUICK_MANY = 5_000
# Nothing is at this address: a hub's center that is away.
AWAY = {"url": "http://127.0.0.1:9", "token": "none"}


async def measure(quick: bool = False) -> list[Result]:
    """All of this file; quick: in a form so small that its figures mean nothing."""
    load = QUICK_LOAD if quick else FULL
    with tempfile.TemporaryDirectory(prefix="tingting-bench-") as name:
        folder = Path(name)
        async with taking(folder, load, center=AWAY, port=free_port()) as taken:
            hub = taken.hub
            busy_mb = hub.rss_mb()
            durable = (await ready(hub.url))["journal"]["durable"]
            hub.kill()
        restart = await _restart(taken.config, f"{durable} events buffered, the hub was killed")
        found = [
            Result(
                "hub.offline_rss_mb",
                max(busy_mb, restart.rss_mb),
                "MB",
                f"MB of a hub that has just started with an empty journal. The larger of the hub that took {durable} "
                f"events from {load.sessions} boxes ({busy_mb:.0f}) and one started on them ({restart.rss_mb:.0f})",
                await empty_rss_mb(),
                aim=80,
            ),
            restart.result("hub.restart_s", 1, await imports_s()),
        ]
        found += await uplink.measure(folder, durable)
        wanted = QUICK_MANY if quick else MANY
        await _fill(folder, wanted)
        many = await _restart(
            hub_config(folder, port=free_port(), center=AWAY),
            f"{wanted} events, written through the shipped journal by a process that then broke off",
        )
        found.append(many.result("hub.restart_1m_s", 3, await imports_s()))
    return found


class Restart:
    """How a start went."""

    def __init__(self, seconds: float, rss_mb: float, what: str) -> None:
        self.seconds = seconds
        self.rss_mb = rss_mb
        self._what = what

    def result(self, name: str, aim: float, limit_s: float) -> Result:
        """As a row."""
        words = f"s: an interpreter that imports what the hub imports and ends. {self._what}; first 200 of /readyz"
        return Result(name, self.seconds, "s", words, limit_s, aim=aim)


async def _restart(config: Path, what: str) -> Restart:
    """From the start of the process to the first 200 of /readyz; the configuration names the port."""
    port = hub_settings.load(config).http.port
    async with ServerProcess("hub.main", config) as hub:
        began_s = time.monotonic()
        start = asyncio.create_task(hub.start())
        answer = await ready(f"http://127.0.0.1:{port}")
        await start
        return Restart(answer["at_s"] - began_s, hub.rss_mb(), what)


async def empty_rss_mb() -> float:
    """Of a hub that has just started with an empty journal."""
    with tempfile.TemporaryDirectory(prefix="tingting-bench-") as name:
        async with ServerProcess("hub.main", hub_config(Path(name), center=AWAY)) as hub:
            await hub.start()
            await ready(hub.url)
            return hub.rss_mb()


async def imports_s() -> float:
    """What every start pays before it begins."""
    began_s = time.monotonic()
    process = await asyncio.create_subprocess_exec(sys.executable, "-c", "import hub.main", cwd=ROOT)
    await process.wait()
    return time.monotonic() - began_s


async def _fill(folder: Path, events: int) -> None:
    said = await said_by("tools.bench.load.fill", config=folder / "hub.toml", events=events)
    if said["durable"] < events:
        raise BenchError(f"{said['durable']} events were filled in, not {events}")
