"""What a service manager hears of hub and center: ready, alive, and nothing more when the disk hangs."""

import asyncio
import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import center_support
from tests.hub_support import HubProcess, until

LIMIT_US = 600_000  # fed every 0.2 s


class Manager:
    """The manager's end of the socket."""

    def __init__(self, path: Path) -> None:
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(str(path))
        self._socket.setblocking(False)
        self.heard: list[str] = []

    def take(self) -> list[str]:
        """All that was said so far; what is new since the last time is returned."""
        fresh = []
        while True:
            try:
                fresh.append(self._socket.recv(4096).decode())
            except BlockingIOError:
                self.heard += fresh
                return fresh

    def close(self) -> None:
        """Nobody listens any more."""
        self._socket.close()


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Manager]:
    path = tmp_path / "notify"
    manager = Manager(path)
    monkeypatch.setenv("NOTIFY_SOCKET", str(path))
    monkeypatch.setenv("WATCHDOG_USEC", str(LIMIT_US))
    yield manager
    manager.close()


def fed(manager: Manager) -> bool:
    """Whether it was fed since the last look."""
    return "WATCHDOG=1" in manager.take()


async def test_the_hub_feeds_only_while_its_journal_writer_works(tmp_path: Path, manager: Manager) -> None:
    async with HubProcess(tmp_path) as hub:
        await until(lambda: fed(manager), "the first feed")
        assert manager.heard[0] == "READY=1"
        assert hub.process is not None
        # The disk hangs: strace holds the writer's thread in its next sync, as a dying SD card does.
        trace = tmp_path / "trace"
        disk = await asyncio.create_subprocess_exec(
            "strace",
            *("-f", "-qq", "-p", str(hub.process.pid), "-o", str(trace)),
            *("-e", "trace=fsync,fdatasync", "-e", "inject=fsync,fdatasync:delay_enter=600000000"),
        )
        try:
            await until(lambda: traced(hub), "strace at the hub")
            ticket = asyncio.create_task(hub.ticket())

            async def hangs() -> bool:
                return bool((await hub.call("GET", "/readyz"))[1]["journal"]["queued"])

            await until(hangs, "the event waiting for the disk")
            await asyncio.sleep(LIMIT_US / 1e6)  # what was fed before the hang is out by now
            manager.take()
            for _ in range(8):
                assert (await hub.call("GET", "/healthz"))[0] == 200  # its loop turns all the while
                await asyncio.sleep(LIMIT_US / 1e6 / 4)
            assert not fed(manager)
            assert not ticket.done()
        finally:
            disk.send_signal(signal.SIGKILL)
            await disk.wait()
        await ticket
        await until(lambda: fed(manager), "the feed after the disk is back")
        assert await hub.stop() == 0
        assert "STOPPING=1" in manager.take()


def traced(hub: HubProcess) -> bool:
    """Every thread of the hub has its tracer."""
    assert hub.process is not None
    tasks = list(Path(f"/proc/{hub.process.pid}/task").iterdir())
    return bool(tasks) and all("TracerPid:\t0\n" not in (task / "status").read_text() for task in tasks)


async def test_the_center_says_when_it_serves_and_when_it_ends(tmp_path: Path, manager: Manager) -> None:
    async with center_support.running(tmp_path):
        await until(lambda: fed(manager), "the first feed")
        assert manager.heard[0] == "READY=1"
    assert "STOPPING=1" in manager.take()


async def test_a_manager_that_watches_another_process_is_not_fed(
    tmp_path: Path, manager: Manager, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("WATCHDOG_PID", str(os.getpid()))
    async with HubProcess(tmp_path) as hub:
        await hub.ticket()
        assert await hub.stop() == 0
    assert manager.take() == ["READY=1", "STOPPING=1"]
