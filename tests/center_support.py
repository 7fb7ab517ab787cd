"""A center to test against: its real process, events as a hub makes them, and a journal's sender."""

import asyncio
import contextlib
import gzip
import io
import json
import signal
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from common import chain, envelope
from common.envelope import Envelope, format_time

ROOT = Path(__file__).parents[1]
OFFSET_MINUTES = 480
NOON_MS = 1_795_233_600_000  # 2026-11-21 12:00 in a hall at +08:00
DAY = "2026-11-21"
START_S = 90.0  # a loaded machine; nothing is measured with it

CONFIG = """
[http]
port = 0
[overview]
refresh_s = 1
[[halls]]
id = "qingxi"
name = "青溪县政务服务中心"
name_en = "Qingxi County Hall"
region = "青溪"
departments = { "1" = "税务", "2" = "公安" }
[[halls]]
id = "liuhe"
name = "柳河镇便民中心"
name_en = "Liuhe Town Station"
region = "青溪"
"""


@dataclass
class Journal:
    """A hub's journal: makes events with dense numbers and keeps their chain."""

    hall: str = "qingxi"
    name: str = "0190a5f2-1111-7000-8000-000000000001"
    events: list[bytes] = field(default_factory=list)
    links: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.links.append(chain.start(self.name))

    def add(self, kind: str, data: dict[str, Any], at_ms: int = NOON_MS, recorded_ms: int | None = None) -> bytes:
        """The next event, as bytes; also kept."""
        sequence = len(self.events) + 1
        recorded = at_ms if recorded_ms is None else recorded_ms
        return self.add_raw(
            envelope.encode(
                Envelope(
                    specversion="1.0",
                    id=f"{self.name}/{sequence}",
                    source=f"/halls/{self.hall}",
                    type=kind,
                    time=format_time(at_ms, OFFSET_MINUTES),
                    recordedtime=format_time(recorded, OFFSET_MINUTES),
                    subject="window/1",
                    sequence=str(sequence),
                    journal=self.name,
                    clock="sure",
                    data=data,
                )
            )
        )

    def add_raw(self, data: bytes) -> bytes:
        """The next event with whatever bytes."""
        self.events.append(data)
        self.links.append(chain.link(self.links[-1], data))
        return data

    def run(self, number: int, grade: int | None, window: str = "1", staff: str | None = "s1", **when: int) -> str:
        """A ticket from its issue to its rating, or to none."""
        ticket, run = f"{number:016x}", f"{number + 2**60:016x}"
        self.add("hall.ticket.issued", {"ticket": ticket, "number": "A001", "service": "A", "channel": "kiosk"}, **when)
        call = {"ticket": ticket, "number": "A001", "window": window, "staff": staff, "waited_ms": 60_000}
        self.add("hall.ticket.called", call, **when)
        done = {"ticket": ticket, "run": run, "number": "A001", "window": window, "staff": staff, "service": "A"}
        self.add("hall.ticket.finished", done | {"served_ms": 120_000, "outcome": "done"}, **when)
        if grade is None:
            self.add("hall.rating.unrated", {"run": run, "window": window, "staff": staff, "reason": "timeout"}, **when)
        else:
            self.add("hall.rating.submitted", rating(run, grade, number, window=window, staff=staff), **when)
        return run

    @property
    def through(self) -> int:
        """The number of the last event."""
        return len(self.events)


def rating(run: str, grade: int, fact: int, **more: Any) -> dict[str, Any]:
    """The data of a submitted rating."""
    named = {"run": run, "ticket": None, "window": "1", "staff": None, "service": "A", "grade": grade}
    named |= {"channel": "box", "device": "ev1", "epoch": "00112233445566aa", "fact": fact, "pressed_after_ms": 900}
    return named | more


@dataclass
class CenterProcess:
    """The shipped center as a process, and a client of its doors."""

    folder: Path
    tokens: dict[str, str]
    url: str
    process: asyncio.subprocess.Process
    client: aiohttp.ClientSession

    async def send(
        self,
        journal: Journal,
        after: int = 0,
        until: int | None = None,
        *,
        body: bytes | None = None,
        packed: bool = False,
        link: str | None = None,
        hall: str | None = None,
        token: str | None = None,
    ) -> tuple[int, dict[str, Any]]:
        """Posts events after+1..until of a journal; returns status and answer."""
        if body is None:
            body = b"[" + b",".join(journal.events[after:until]) + b"]"
        headers = {"Content-Type": envelope.BATCH_CONTENT_TYPE}
        headers["Journal-Chain"] = link or journal.links[min(after, journal.through)].hex()
        if packed:
            body = gzip.compress(body)
            headers["Content-Encoding"] = "gzip"
        return await self.post(journal.name, after, body, headers, hall or journal.hall, token)

    async def post(
        self,
        journal: str,
        after: int,
        body: bytes,
        headers: dict[str, str],
        hall: str = "qingxi",
        token: str | None = None,
    ) -> tuple[int, dict[str, Any]]:
        """Posts any body to the ingest door."""
        url = f"{self.url}/api/v1/halls/{hall}/events?journal={journal}&after={after}"
        headers = headers | {"Authorization": f"Bearer {token or self.tokens[f'hall {hall}']}"}
        async with self.client.post(url, data=io.BytesIO(body), headers=headers) as answer:
            return answer.status, json.loads(await answer.read())

    async def get(self, path: str, who: str = "viewer") -> Any:
        """A door's JSON; anything but 200 is an error."""
        status, body = await self.ask(path, who)
        assert status == 200, body
        return json.loads(body)

    async def ask(self, path: str, who: str = "viewer") -> tuple[int, bytes]:
        """A door's status and body."""
        headers = {"Authorization": f"Bearer {self.tokens[who]}"} if who else {}
        async with self.client.get(self.url + path, headers=headers) as answer:
            return answer.status, await answer.read()

    async def ratings(self, first: str = DAY, last: str = DAY, by: str = "hall") -> dict[str, Any]:
        """The ratings report."""
        report: dict[str, Any] = await self.get(f"/api/v1/reports/ratings?from={first}&to={last}&by={by}")
        return report

    def kill(self) -> None:
        """SIGKILL: as a power cut, but for what the kernel already has."""
        self.process.kill()


async def spawn_process(file: Path) -> asyncio.subprocess.Process:
    """`python -m center.main`, which has said nothing yet."""
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "center.main", "--config", str(file), cwd=ROOT, stdout=asyncio.subprocess.PIPE
    )


async def start_process(
    folder: Path, config: str = CONFIG, spawn: Callable[[Path], Awaitable[asyncio.subprocess.Process]] = spawn_process
) -> tuple[asyncio.subprocess.Process, dict[str, str], str]:
    """Starts it; returns it with its new tokens and its address."""
    file = folder / "center.toml"
    file.write_text(config, "utf-8")
    process = await spawn(file)
    assert process.stdout is not None
    tokens: dict[str, str] = {}
    async with asyncio.timeout(START_S):
        async for line in process.stdout:
            text = line.decode().strip()
            if text.startswith("token "):
                who, _, token = text.removeprefix("token ").partition(": ")
                tokens[who] = token
            if text.startswith("center: serving "):
                return process, tokens, text.removeprefix("center: serving ")
    raise AssertionError(f"the center ended with {await process.wait()}")


@contextlib.asynccontextmanager
async def running(
    folder: Path, config: str = CONFIG, tokens: dict[str, str] | None = None
) -> AsyncIterator[CenterProcess]:
    """A center for as long as the block lasts; `tokens` are those of an earlier start in the same folder."""
    process, made, url = await start_process(folder, config)
    try:
        async with aiohttp.ClientSession() as client:
            yield CenterProcess(folder, (tokens or {}) | made, url, process, client)
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
        await process.communicate()
