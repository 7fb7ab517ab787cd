"""A hall under load whose hub and center are killed and cut off, and which counts what became of each press.

What a client was told is acknowledged; what a box logged is pressed. At the end all of it is at the center once.
"""

import asyncio
import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from hub.devices import key_file
from protocol import messages
from tests import center_support
from tests.center_support import CenterProcess
from tests.forked_support import ForkedHub, spawn_center
from tests.hub_support import HubProcess, new_id, until
from tests.integration.test_clerk_bounds import Evaluator

DISK_MB = 160  # the journal leaves 64 MiB free
LEFT_MB = 40  # when it is full for the journal
LIMIT_S = 300.0  # of a loaded machine; nothing is measured with it
MOMENT_S = 5.0  # a moment that was not met by then is killed from outside
GONE = (aiohttp.ClientError, ConnectionError, TimeoutError)


def run(*command: str) -> None:
    """A command that must work."""
    subprocess.run(command, check=True, capture_output=True)


def free_port() -> int:
    """A port nobody has now, so that a center can come back at its address; of those that nobody is given by chance."""
    for port in range(20_000 + os.getpid() % 9_000, 32_000):
        with contextlib.suppress(OSError), socket.socket() as sock:
            sock.bind(("127.0.0.1", port))
            return port
    raise AssertionError("no port is free")


class Disk:
    """A file system of its own in an image: what is in the image is what a power cut leaves."""

    def __init__(self, image: Path, folder: Path) -> None:
        self.image = image
        self.folder = folder

    def make(self) -> None:
        """Empty and mounted."""
        with self.image.open("wb") as file:
            file.truncate(DISK_MB * 1024 * 1024)
        run("mkfs.ext4", "-q", "-F", str(self.image))
        self.mount()

    def mount(self) -> None:
        """The file system's own journal is played back here, as after a cut."""
        self.folder.mkdir(exist_ok=True)
        run("mount", "-o", "loop", str(self.image), str(self.folder))

    def unmount(self) -> None:
        """Also where somebody still has a file open."""
        subprocess.run(["umount", "-l", str(self.folder)], check=False, capture_output=True)

    def picture(self, to: Path) -> None:
        """The image as it is at one moment: copied until two readings in a row are equal."""
        content = b""
        while (again := self.image.read_bytes()) != content:
            content = again
        to.write_bytes(content)


@dataclass
class Told:
    """What was acknowledged, and what has no answer yet."""

    tickets: dict[str, str] = field(default_factory=dict)  # command id → number
    open_ids: list[str] = field(default_factory=list)
    refused: int = 0


@dataclass
class Count:
    """What was done, for the line that is printed."""

    kills: Counter[str] = field(default_factory=Counter)
    starts: int = 0
    cuts: int = 0
    lost: int = 0
    twice: int = 0

    @property
    def killed(self) -> int:
        """Those in brackets ended otherwise."""
        return sum(times for name, times in self.kills.items() if not name.startswith("("))


class KilledHall:
    """One hub on a disk of its own, one center, two boxes, and clients that never tire."""

    def __init__(self, folder: Path, seed: int, *, syncs: bool = True, forked: bool = False) -> None:
        self.folder = folder
        self.syncs = syncs
        self.forked = forked  # processes begin with their code loaded
        self.start_s = 1.0  # how long a hub's last start took
        self.chance = random.Random(seed)
        self.told = Told()
        self.count = Count()
        self.boxes: list[Evaluator] = []
        self.center_config = f'[http]\nport = {free_port()}\n[[halls]]\nid = "h1"\nname = "测试厅"\n'
        self.center_process: asyncio.subprocess.Process | None = None
        self.center_tokens: dict[str, str] = {}
        self.center_url = ""
        self.disk = Disk(folder / "disk.img", folder / "hub" / "data")
        self.hub: HubProcess

    async def begin(self, keep_days: int = 1) -> None:
        """Everything stands, nothing has been killed."""
        (self.folder / "hub").mkdir()
        (self.folder / "center").mkdir()
        self.disk.make()
        await self.start_center()
        section = f'[center]\nurl = "{self.center_url}"\ntoken = "{self.center_tokens["hall h1"]}"\n'
        section += f"[journal]\nkeep_days = {keep_days}\n"
        self.boxes = [await Evaluator(f"ev-{number}").__aenter__() for number in (1, 2)]
        lines = tuple(box.line for box in self.boxes)
        make = ForkedHub if self.forked else HubProcess
        self.hub = make(self.folder / "hub", lines, section, windows=2)
        self.hub.module = "tests.integration.hub_that_dies"
        self.hub.http = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=30))
        await self.start_hub()
        for number, box in enumerate(self.boxes, 1):
            await self.hub.register(box, str(number))
            await until(lambda box=box: self.hub.online(box), "the box online")

    async def end(self) -> None:
        """Nothing stays behind."""
        hub: HubProcess | None = getattr(self, "hub", None)  # not where it failed before there was one
        for process in (hub and hub.process, self.center_process):
            if process is not None and process.returncode is None:
                process.kill()
                await process.wait()
        for box in self.boxes:
            await box.__aexit__()
        if hub is not None and hub.http is not None:
            await hub.http.close()
        self.disk.unmount()

    async def start_center(self) -> None:
        """At the address that it had."""
        spawn = spawn_center if self.forked else center_support.spawn_process
        process, made, url = await center_support.start_process(self.folder / "center", self.center_config, spawn)
        self.center_process, self.center_url = process, url
        self.center_tokens |= made

    @property
    def center_runs(self) -> bool:
        """Whether there is one to be killed."""
        return self.center_process is not None and self.center_process.returncode is None

    async def kill_center(self) -> None:
        """SIGKILL."""
        assert self.center_process is not None
        self.center_process.kill()
        await self.center_process.wait()
        self.count.kills["center, under load"] += 1

    async def start_hub(self, dies: str = "") -> None:
        """With or without a moment at which it dies; a moment met during the start is met."""
        self.hub.environment = {"TINGTING_DIES": dies} if dies else {}
        if not self.syncs:
            self.hub.environment["TINGTING_SYNCS"] = "off"
        self.count.starts += 1
        began_s = asyncio.get_running_loop().time()
        try:
            await self.hub.start()
            self.start_s = asyncio.get_running_loop().time() - began_s
        except AssertionError:
            assert self.hub.process is not None
            if await self.hub.process.wait() != -signal.SIGKILL:
                raise

    async def kill_in_start(self) -> None:
        """SIGKILL somewhere between its first line of code and its first answer."""
        before = self.hub.process
        starting = asyncio.create_task(self.start_hub())
        await until(lambda: self.hub.process is not before, "a process")
        await asyncio.sleep(self.chance.uniform(0.0, self.start_s))
        await self.kill_hub("start")
        await starting

    async def kill_center_in_start(self) -> None:
        """Likewise; who is up is left alone."""
        if self.center_runs:
            return
        spawn = spawn_center if self.forked else center_support.spawn_process
        process = await spawn(self.folder / "center" / "center.toml")
        await asyncio.sleep(self.chance.uniform(0.0, self.start_s))
        process.kill()
        await process.wait()
        self.count.kills["center, in its start"] += 1

    async def kill_hub(self, what: str) -> None:
        """SIGKILL from outside, if it is still there."""
        assert self.hub.process is not None
        if self.hub.process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                self.hub.process.send_signal(signal.SIGKILL)
        await self.hub.process.wait()
        self.count.kills[what] += 1

    @contextlib.asynccontextmanager
    async def load(self) -> AsyncIterator[None]:
        """Numbers are asked for, citizens are served and press."""
        tasks = [asyncio.create_task(self._kiosk()) for _ in range(3)]
        tasks += [asyncio.create_task(self._window(str(number), box)) for number, box in enumerate(self.boxes, 1)]
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            for ended in await asyncio.gather(*tasks, return_exceptions=True):
                if isinstance(ended, Exception):
                    raise ended

    async def _kiosk(self) -> None:
        while True:
            name = self.told.open_ids.pop() if self.told.open_ids else new_id()
            try:
                number = await self.ask(name)
            except GONE:
                number = None
            except asyncio.CancelledError:
                self.told.open_ids.append(name)
                raise
            if number is None:
                self.told.open_ids.append(name)
                await asyncio.sleep(0.05)
            await asyncio.sleep(0.03)

    async def ask(self, name: str) -> str | None:
        """A number under an id; None where the hub refused for now."""
        body = {"service": "A", "priority": None, "id": name}
        status, reply = await self.hub.call("POST", "/api/v1/tickets", "kiosk", body)
        if status == 503:
            self.told.refused += 1
            return None
        assert status == 201, reply
        assert self.told.tickets.setdefault(name, reply["number"]) == reply["number"], "another answer to the same id"
        return str(reply["number"])

    async def _window(self, window: str, box: Evaluator) -> None:
        while True:
            with contextlib.suppress(*GONE):
                await self.hub.command(window, "sign_in", staff=f"s{window}")
                for verb in ("next", "arrive", "finish"):
                    await self.hub.command(window, verb)
            for _ in range(20):
                await asyncio.sleep(0.01)
                if box.open_run is not None:
                    box.end(messages.RATED, grade=self.chance.randrange(1, 6), pressed_after_ms=900)
                    break

    @property
    def pressed(self) -> set[tuple[str, str, int]]:
        """(device, epoch, fact) of each press that a box has logged."""
        return {(box.device, box.epoch.hex(), fact) for box in self.boxes for fact in box.rated}

    @property
    def acknowledged(self) -> set[tuple[str, str, int]]:
        """Of those, what the hub has said it has."""
        return {
            (box.device, box.epoch.hex(), fact) for box in self.boxes for fact in box.rated if fact < box.log.oldest
        }

    async def met(self) -> bool:
        """Waits until the hub is dead by itself."""
        assert self.hub.process is not None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(MOMENT_S):
                await self.hub.process.wait()
        return self.hub.process.returncode is not None

    async def settle(self) -> None:
        """After the last kill: everything is up, every open id gets its answer, and all of it reaches the center."""
        if self.center_process is None or self.center_process.returncode is not None:
            await self.start_center()
        await self.start_hub()
        async with asyncio.timeout(LIMIT_S):
            while self.told.open_ids:
                name = self.told.open_ids[-1]
                if await self.ask(name) is not None:
                    self.told.open_ids.remove(name)
            while any(box.log.oldest != box.log.next for box in self.boxes):
                await asyncio.sleep(0.05)
            while not await self._drained():
                await asyncio.sleep(0.1)

    async def _drained(self) -> bool:
        ready = (await self.hub.call("GET", "/readyz"))[1]
        return bool(ready["uplink"]["stored_through"] == ready["journal"]["durable"])

    async def at_center(self) -> list[dict[str, Any]]:
        """All events of the hall, as the center has them."""
        journal = (await self.hub.call("GET", "/readyz"))[1]["journal"]["id"]
        assert self.hub.http is not None
        assert self.center_process is not None
        center = CenterProcess(
            self.folder / "center", self.center_tokens, self.center_url, self.center_process, self.hub.http
        )
        found: list[dict[str, Any]] = []
        while True:
            path = f"/api/v1/halls/h1/events?journal={journal}&after={len(found)}&limit=1000"
            page = await center.get(path, "auditor")
            if not page:
                return found
            found += page

    def judge(self, events: list[dict[str, Any]], told: dict[str, str], facts_told: set[tuple[str, str, int]]) -> None:
        """Adds to what was lost and what was counted twice; `told`, `facts_told`: what must be there."""
        assert [event["sequence"] for event in events] == [str(each + 1) for each in range(len(events))]
        issued = Counter(event.get("request") for event in events if event["type"] == "hall.ticket.issued")
        given = [event for event in events if event["type"] == "hall.ticket.issued"]
        numbers = {event["request"]: event["data"]["number"] for event in given}
        facts = Counter(
            (event["data"]["device"], event["data"]["epoch"], event["data"]["fact"])
            for event in events
            if event["type"] in ("hall.rating.submitted", "hall.rating.ignored")
        )
        self.count.lost += sum(1 for name, number in told.items() if numbers.get(name) != number)
        self.count.lost += sum(1 for fact in facts_told if not facts[fact])
        self.count.twice += sum(times - 1 for times in issued.values())
        self.count.twice += sum(times - 1 for times in facts.values())
        places = {(event["data"]["business_date"], event["data"]["number"]) for event in given}
        self.count.twice += len(given) - len(places)


async def hub_on(folder: Path, like: HubProcess) -> HubProcess:
    """A hub of its own on a copied disk: no box, no center; the tokens are the same, the key lies on another disk."""
    copied = HubProcess(folder, windows=2)
    shutil.copy(like.folder / key_file.NAME, folder)
    copied.tokens = dict(like.tokens)
    copied.http = aiohttp.ClientSession()
    try:
        await copied.start()
    except BaseException:
        await copied.http.close()
        raise
    return copied


def stop_and_look(process: asyncio.subprocess.Process) -> None:
    """SIGSTOP, and back when it stands."""
    process.send_signal(signal.SIGSTOP)
    os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WNOWAIT)
