"""How soon the center has what a hub buffered while it was away: two shipped processes and a listener between them."""

import asyncio
import gzip
import socket
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import aiohttp

from common import chain
from tools.bench.hub_process import ServerProcess, hub_config, ready
from tools.bench.results import Result
from tools.bench.small import BenchError
from tools.demo.hall import toml

BATCH_EVENTS = 1000
STORED_S = 120.0
POLL_S = 0.1  # asked more often, the asking is measured, too
_OK = b"HTTP/1.1 200"


class Relay:
    """Stands between hub and center, and notes when the hub asked and when the center said 200."""

    def __init__(self, port: int, center_port: int) -> None:
        self.asked_s: list[float] = []
        self.said_s: list[float] = []
        self._port = port
        self._center_port = center_port
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self) -> None:
        """From now on the center is there."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)

    async def close(self) -> None:
        """Ends both ways."""
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _serve(self, from_hub: asyncio.StreamReader, to_hub: asyncio.StreamWriter) -> None:
        from_center, to_center = await asyncio.open_connection("127.0.0.1", self._center_port)
        for reader, writer, up in ((from_hub, to_center, True), (from_center, to_hub, False)):
            task = asyncio.create_task(self._pass(reader, writer, up))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _pass(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, up: bool) -> None:
        try:
            while data := await reader.read(1 << 16):
                now_s = time.monotonic()
                if up:
                    self.asked_s.append(now_s)
                elif data.startswith(_OK):
                    self.said_s.append(now_s)
                writer.write(data)
                await writer.drain()
        finally:
            writer.close()


def free_port() -> int:
    """One that nobody listens on now."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def center_config(folder: Path, port: int) -> Path:
    """Writes center.toml."""
    tables: list[tuple[str, dict[str, object]]] = [
        ("[paths]", {"data": "center"}),
        ("[http]", {"host": "127.0.0.1", "port": port}),
        ("[[halls]]", {"id": "bench", "name": "测速"}),
    ]
    folder.mkdir(exist_ok=True)
    path = folder / "center.toml"
    path.write_text(toml(tables), "utf-8")
    return path


async def measure(folder: Path, buffered: int) -> list[Result]:
    """The hub in `folder` holds `buffered` events and has never seen a center; now one comes up."""
    alone_first_s, alone_per_s = await _alone(folder, folder / "alone")
    center_port, relay_port = free_port(), free_port()
    async with ServerProcess("center.main", center_config(folder / "far", center_port)) as center:
        await center.start()  # for its tokens
        await center.stop()
        token = center.tokens["hall bench"]
        config = hub_config(folder, center={"url": f"http://127.0.0.1:{relay_port}", "token": token})
        relay = Relay(relay_port, center_port)
        async with ServerProcess("hub.main", config) as hub:
            await hub.start()
            await ready(hub.url)
            await center.start()
            await relay.open()
            try:
                ended_s, stored = await _drained(hub.url, buffered)
            finally:
                await relay.close()
    if len(relay.said_s) < 2:
        raise BenchError(f"{stored} events are said to be stored, after {len(relay.said_s)} answers of the center")
    first_s = relay.said_s[1] - relay.asked_s[0]
    return [
        Result(
            "uplink.first_delivery_s",
            first_s,
            "s",
            f"s: cursor and first batch by a bare client, the bytes made before. {buffered} events buffered; from the "
            "first probe that succeeds to the center's 200 for the first batch, seen on the line between them",
            alone_first_s,
            aim=2,
        ),
        Result(
            "uplink.drain_per_s",
            stored / (ended_s - relay.asked_s[0]),
            "1/s",
            f"events/s that the center's door takes from a bare client, {BATCH_EVENTS} a batch, the bytes made before",
            alone_per_s,
        ),
    ]


async def _drained(url: str, buffered: int) -> tuple[float, int]:
    """When the hub says that the center has everything, and how much that is."""
    async with asyncio.timeout(STORED_S):
        while True:
            said = await ready(url)
            stored = said["uplink"]["stored_through"]
            if stored >= max(buffered, said["journal"]["durable"]):
                return float(said["at_s"]), int(stored)
            await asyncio.sleep(POLL_S)


async def _alone(folder: Path, far: Path) -> tuple[float, float]:
    """The same batches posted to a center of its own by a client that does nothing else."""
    with closing(sqlite3.connect(f"{(folder / 'hub' / 'journal.sqlite3').as_uri()}?mode=ro", uri=True)) as source:
        rows = source.execute("SELECT sequence, data, chain FROM events ORDER BY sequence").fetchall()
        journal = source.execute("SELECT value FROM meta WHERE name = 'journal'").fetchone()[0]
    batches = [
        (
            at,
            (rows[at - 1][2] if at else chain.start(journal)).hex(),
            _packed([row[1] for row in rows[at:][:BATCH_EVENTS]]),
        )
        for at in range(0, len(rows), BATCH_EVENTS)
    ]
    async with ServerProcess("center.main", center_config(far, 0)) as center:
        await center.start()
        headers = {"Authorization": f"Bearer {center.tokens['hall bench']}"}
        base = f"{center.url}/api/v1/halls/bench"
        async with aiohttp.ClientSession(headers=headers) as http:
            began_s = time.monotonic()
            async with http.get(f"{base}/cursor", params={"journal": journal}) as answer:
                await answer.read()
            first_s = 0.0
            for after, link, body in batches:
                query = {"journal": journal, "after": str(after)}
                said = {
                    "Content-Type": "application/cloudevents-batch+json",
                    "Content-Encoding": "gzip",
                    "Journal-Chain": link,
                }
                async with http.post(f"{base}/events", params=query, data=body, headers=said) as answer:
                    if answer.status != 200:
                        raise BenchError(f"the center took no batch after {after}: {await answer.text()}")
                first_s = first_s or time.monotonic() - began_s
            return first_s, len(rows) / (time.monotonic() - began_s)


def _packed(events: list[bytes]) -> bytes:
    return gzip.compress(b"[" + b",".join(events) + b"]", compresslevel=1, mtime=0)
