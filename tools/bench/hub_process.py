"""A shipped hub process and its boxes, started, asked and ended from outside."""

import asyncio
import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import aiohttp

from tools.bench.results import ROOT
from tools.bench.small import BenchError
from tools.demo.hall import toml

START_S = 120.0
POLL_S = 0.005
SERVING = re.compile(r"^\w+: serving (http://\S+)$")
TOKEN = re.compile(r"^token (.+): (\S+)$")


def cpu_s(pid: int) -> float:
    """User and system time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def _rss_mb(pid: int) -> float:
    status = Path(f"/proc/{pid}/status").read_text("ascii")
    found = re.search(r"^VmRSS:\s+(\d+) kB$", status, re.MULTILINE)
    assert found is not None
    return int(found[1]) / 1024


def _children(pid: int) -> list[int]:
    """A process belongs to the thread that started it."""
    found: list[int] = []
    for thread in Path(f"/proc/{pid}/task").iterdir():
        with contextlib.suppress(FileNotFoundError):  # it has ended meanwhile
            found += map(int, (thread / "children").read_text("ascii").split())
    return found


class ServerProcess:
    """`python -m hub.main` or `center.main` with one configuration file; may be started again and again."""

    def __init__(self, module: str, config: Path, wrapper: Sequence[str] = ()) -> None:
        self.module = module
        self.config = config
        self.wrapper = tuple(wrapper)
        self.tokens: dict[str, str] = {}
        self.url = ""
        self.process: asyncio.subprocess.Process | None = None
        self._reader: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Until it says that it serves."""
        log = self.config.with_suffix(".log")
        with log.open("ab") as errors:
            self.process = await asyncio.create_subprocess_exec(
                *self.wrapper,
                sys.executable,
                "-m",
                self.module,
                "--config",
                str(self.config),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                cwd=ROOT,
                start_new_session=True,
            )
        assert self.process.stdout is not None
        async with asyncio.timeout(START_S):
            while line := (await self.process.stdout.readline()).decode().strip():
                if token := TOKEN.match(line):
                    self.tokens[token[1]] = token[2]
                if serving := SERVING.match(line):
                    self.url = serving[1]
                    return
        raise BenchError(f"{self.module} ended at its start: {log.read_text('utf-8')[-1000:]}")

    @property
    def pid(self) -> int:
        """The server's own, also where something is wrapped around it."""
        assert self.process is not None
        if not self.wrapper:
            return self.process.pid
        return _children(self.process.pid)[0]

    def rss_mb(self) -> float:
        """Resident memory of the process alone: a hub's short-lived helpers come and go."""
        return _rss_mb(self.pid)

    def all_rss_mb(self) -> float:
        """Of the process and of those that it started."""
        return sum(_rss_mb(pid) for pid in (self.pid, *_children(self.pid)))

    def cpu_s(self) -> float:
        """User and system time it has used."""
        return cpu_s(self.pid)

    def kill(self) -> None:
        """SIGKILL, as a power cut would."""
        os.kill(self.pid, signal.SIGKILL)

    async def stop(self) -> None:
        """SIGTERM, and waits."""
        if self.process is not None and self.process.returncode is None:
            os.kill(self.pid, signal.SIGTERM)
            try:
                async with asyncio.timeout(START_S):
                    await self.process.wait()
            except TimeoutError:
                os.killpg(self.process.pid, signal.SIGKILL)
                raise BenchError(f"{self.module} did not end within {START_S:.0f} s") from None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.stop()


async def said_by(module: str, wrapper: Sequence[str] = (), **arguments: object) -> dict[str, Any]:
    """What a program of ours says when it has done: JSON."""
    process = await asyncio.create_subprocess_exec(
        *wrapper,
        sys.executable,
        "-m",
        module,
        *(f"--{name}={value}" for name, value in arguments.items()),
        stdout=subprocess.PIPE,
        cwd=ROOT,
    )
    said, _ = await process.communicate()
    if process.returncode != 0:
        raise BenchError(f"{module} ended with code {process.returncode}: {said.decode()}")
    return dict(json.loads(said))


def hub_config(
    folder: Path,
    *,
    links: Sequence[str] = (),
    windows: int = 1,
    port: int = 0,
    send_window: int = 64,
    center: Any = None,
) -> Path:
    """Writes hub.toml."""
    tables: list[tuple[str, dict[str, object]]] = [
        ("[hall]", {"id": "bench", "name": "测速"}),
        ("[paths]", {"data": "hub"}),
        ("[http]", {"host": "127.0.0.1", "port": port}),
        ("[limits]", {"send_window": send_window}),
    ]
    if center is not None:
        tables.append(("[center]", dict(center)))
    tables.append(("[[services]]", {"id": "A", "prefix": "A", "name": "综合受理"}))
    for number in range(1, windows + 1):
        window: dict[str, object] = {"id": str(number), "name": f"{number} 号窗口", "services": ["A"]}
        tables.append(("[[windows]]", window))
    tables += [("[[links]]", {"url": url}) for url in links]
    path = folder / "hub.toml"
    path.write_text(toml(tables), "utf-8")
    return path


class Boxes:
    """One load process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, first: int, count: int, facts: int, window: int) -> Self:
        """Starts it."""
        arguments = {"first": first, "count": count, "facts": facts, "window": window}
        return cls(
            await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                "tools.bench.load.boxes",
                *(f"--{name}={value}" for name, value in arguments.items()),
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                cwd=ROOT,
                limit=1 << 20,
            )
        )

    def say(self, what: str) -> None:
        """A line to it."""
        assert self._process.stdin is not None
        self._process.stdin.write(what.encode() + b"\n")

    async def heard(self) -> dict[str, Any]:
        """Its next line."""
        assert self._process.stdout is not None
        async with asyncio.timeout(START_S):
            line = await self._process.stdout.readline()
        if not line:
            raise BenchError(f"the load process ended with code {await self._process.wait()}")
        return dict(json.loads(line))

    async def stop(self) -> None:
        """Ends it."""
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()


async def register(hub: ServerProcess, boxes: list[dict[str, Any]], epoch: str) -> None:
    """At the hub's own door."""
    headers = {"Authorization": f"Bearer {hub.tokens['admin']}"}
    async with aiohttp.ClientSession(headers=headers) as http:
        for number, box in enumerate(boxes, 1):
            body = {
                "device": box["device"],
                "role": "evaluator",
                "window": str(number),
                "epoch": epoch,
                "secret": box["secret"],
                "board": "bench",
            }
            async with http.post(hub.url + "/api/v1/devices", json=body) as answer:
                if answer.status != 201:
                    raise BenchError(f"registering {box['device']}: {answer.status} {await answer.text()}")


async def ready(url: str) -> dict[str, Any]:
    """The first 200 of /readyz, and when it came (CLOCK_MONOTONIC)."""
    async with asyncio.timeout(START_S), aiohttp.ClientSession() as http:
        while True:
            try:
                async with http.get(url + "/readyz") as answer:
                    if answer.status == 200:
                        return {"at_s": time.monotonic(), **await answer.json()}
            except aiohttp.ClientError:
                pass
            await asyncio.sleep(POLL_S)
