"""A real hub process in a folder of its own, and boxes on real lines that speak the real wire."""

import asyncio
import json
import os
import re
import signal
import sys
import uuid
from pathlib import Path
from typing import Any

import aiohttp

from common import files
from hub.web import initials
from protocol import messages, session
from protocol.device import DeviceEndpoint

WAIT_S = 90.0  # no test measures time with it; it only keeps a broken one from hanging


async def until(condition: Any, what: str) -> Any:
    """Asks until something true comes back."""
    try:
        async with asyncio.timeout(WAIT_S):
            while True:
                found = condition()
                if asyncio.iscoroutine(found):
                    found = await found
                if found:
                    return found
                await asyncio.sleep(0.02)
    except TimeoutError:
        raise AssertionError(f"{what} never happened") from None


def new_id() -> str:
    """A command's id."""
    return str(uuid.uuid4())


GRADE = re.compile(r"grade\W{0,4}\d")
EVENT = re.compile(r"[a-z][a-z_]*(\.[a-z_]+)+")


def check_log(text: str, secrets: set[str]) -> None:
    """What every log must be: a JSON object a line with an event's name, no secret, no grade."""
    for line in text.splitlines():
        if not line.startswith(("hub: ", "center: ")):  # those say to the person who started it why it ended
            entry = json.loads(line)
            assert set(entry) >= {"at", "event"}, line
            assert EVENT.fullmatch(entry["event"]), line
        assert not GRADE.search(line), line
        assert not [secret for secret in secrets if secret in line], line


class HubProcess:
    """`python -m hub.main` with a configuration in `folder`; may be started again and again."""

    def __init__(
        self,
        folder: Path,
        lines: tuple[str, ...] = (),
        center: str = "",
        windows: int = 1,
        invitation_s: int = 5,  # where a real board is asked and a key pressed: 60, for a machine may be busy
    ) -> None:
        self.folder = folder
        self.config = folder / "hub.toml"
        self.tokens: dict[str, str] = {}
        self.secrets: set[str] = set()  # whatever must never stand in a log
        self.url = ""
        self.environment: dict[str, str] = {}  # besides ours
        self.module = "hub.main"
        self.process: asyncio.subprocess.Process | None = None
        self.http: aiohttp.ClientSession | None = None
        text = f'[hall]\nid = "h1"\nname = "测试厅"\ninvitation_s = {invitation_s}\n'
        text += '[paths]\ndata = "data"\n[http]\nport = 0\n'
        text += '[[services]]\nid = "A"\nprefix = "A"\nname = "社保"\n'
        for number in range(1, windows + 1):
            text += f'[[windows]]\nid = "{number}"\nname = "{number}号窗口"\nservices = ["A"]\n'
        for line in lines:
            text += f'[[links]]\nurl = "{line}"\n'
        self.config.write_text(text + center, "utf-8")

    async def __aenter__(self) -> "HubProcess":
        self.http = aiohttp.ClientSession()
        try:
            await self.start()
        except BaseException:
            await self.http.close()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self.http is not None
        await self.http.close()
        if self.process is not None and self.process.returncode is None:
            await self.stop()
        check_log(self.log(), {*self.tokens.values(), *self.secrets})

    async def spawn(self) -> asyncio.subprocess.Process:
        """The process, which has said nothing yet; what it logs is kept."""
        data = self.folder / "data"
        if not data.exists() and 'data = "data"' in self.config.read_text("utf-8"):
            # As after its first day. To make the initials of one name takes a process a third of a second, of hundreds
            # of hubs each; where a hall has other names they are made all the same.
            data.mkdir()
            files.replace(data / initials.FILE, json.dumps({"社保": "sb"}).encode())
        with (self.folder / "hub.log").open("ab") as log:
            return await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                self.module,
                "--config",
                str(self.config),
                stdout=asyncio.subprocess.PIPE,
                stderr=log,
                cwd=Path(__file__).parent.parent,
                env=os.environ | self.environment,
            )

    async def start(self) -> list[str]:
        """Starts it; returns the lines it printed until it served."""
        self.process = await self.spawn()
        printed = []
        assert self.process.stdout is not None
        async with asyncio.timeout(WAIT_S):
            while line := (await self.process.stdout.readline()).decode().strip():
                printed.append(line)
                if found := re.fullmatch(r"token (.+): (\S+)", line):
                    self.tokens[found[1]] = found[2]
                if line.startswith("hub: serving "):
                    self.url = line.removeprefix("hub: serving ")
                    return printed
        raise AssertionError(f"the hub ended: {self.log()}")

    async def kill(self) -> None:
        """SIGKILL."""
        assert self.process is not None
        self.process.send_signal(signal.SIGKILL)
        await self.process.wait()

    async def stop(self) -> int:
        """SIGTERM; its exit status."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        async with asyncio.timeout(WAIT_S):
            return await self.process.wait()

    def log(self) -> str:
        """What it wrote to stderr."""
        return (self.folder / "hub.log").read_text("utf-8")

    async def call(
        self, method: str, path: str, who: str | None = None, body: Any = None, headers: dict[str, str] | None = None
    ) -> tuple[int, Any]:
        """(status, JSON) of a door."""
        assert self.http is not None
        sent = dict(headers or {})
        if who is not None:
            sent["Authorization"] = f"Bearer {self.tokens[who]}"
        async with self.http.request(method, self.url + path, json=body, headers=sent) as answer:
            content = await answer.read()
            return answer.status, json.loads(content) if "json" in answer.content_type else content

    async def ticket(self, command_id: str | None = None) -> dict[str, Any]:
        """A number."""
        status, reply = await self.call(
            "POST", "/api/v1/tickets", "kiosk", {"service": "A", "priority": None, "id": command_id or new_id()}
        )
        assert status == 201, reply
        self.secrets.add(reply["token"])
        return dict(reply)

    async def command(self, window: str, verb: str, **more: Any) -> tuple[int, Any]:
        """A clerk's key."""
        body = {"command": verb, "id": new_id()} | more
        return await self.call("POST", f"/api/v1/windows/{window}/commands", f"clerk window/{window}", body)

    async def serve_one(self, window: str = "1") -> None:
        """A citizen served, from the number to the finish."""
        await self.ticket()
        for verb in ("next", "arrive", "finish"):
            status, reply = await self.command(window, verb)
            assert status == 200, reply

    async def events(self, kind: str = "") -> list[dict[str, Any]]:
        """The journal, or those of its events whose type begins so."""
        found: list[dict[str, Any]] = []
        while True:
            status, page = await self.call("GET", f"/api/v1/events?after={len(found)}&limit=1000", "auditor")
            assert status == 200, page
            if not page:
                return [event for event in found if event["type"].startswith(kind)]
            found += page

    async def wait_event(self, kind: str, count: int = 1) -> list[dict[str, Any]]:
        """Until the journal has so many of a type."""

        async def enough() -> list[dict[str, Any]]:
            found = await self.events(kind)
            return found if len(found) >= count else []

        found: list[dict[str, Any]] = await until(enough, f"{count} x {kind}")
        return found

    async def register(self, box: "Box", window: str | None = "1") -> dict[str, Any]:
        """The technician's part."""
        self.secrets.add(box.secret.hex())
        status, reply = await self.call(
            "POST",
            "/api/v1/devices",
            "admin",
            {
                "device": box.device,
                "role": getattr(box, "role", "evaluator"),
                "window": window,
                "epoch": box.epoch.hex(),
                "secret": box.secret.hex(),
                "board": "rpi_pico",
            },
        )
        assert status == 201, reply
        return dict(reply)

    async def online(self, box: "Box") -> bool:
        """Whether the hub shows it online."""
        _, reply = await self.call("GET", "/api/v1/devices", "manager")
        return any(entry["device"] == box.device and entry["online"] for entry in reply["devices"])


class MemoryLog:
    """The facts of a box, as its flash would keep them."""

    def __init__(self) -> None:
        self.oldest = 1
        self.next = 1
        self._facts: dict[int, dict[str, Any]] = {}

    def append(self, fact: dict[str, Any]) -> int:
        """Takes a fact; returns its number."""
        self._facts[self.next] = fact
        self.next += 1
        return self.next - 1

    def read(self, number: int) -> dict[str, Any]:
        """A fact."""
        return self._facts[number]

    def trim(self, through: int) -> None:
        """Acknowledged."""
        for number in range(self.oldest, through + 1):
            del self._facts[number]
        self.oldest = max(self.oldest, through + 1)

    def advance(self, to: int) -> None:
        """Renumbered from `to`."""
        kept = [self._facts[number] for number in range(self.oldest, self.next)]
        self._facts = {to + index: fact for index, fact in enumerate(kept)}
        self.oldest, self.next = to, to + len(kept)


class Box:
    """A line that the hub connects to, and on it the real device's end of the wire."""

    def __init__(self, device: str, secret: bytes | None = None) -> None:
        self.device = device
        self.secret = secret or os.urandom(32)
        self.epoch = os.urandom(8)
        self.boot = 1
        self.log = MemoryLog()
        self.views: list[tuple[Any, ...]] = []
        self.invited: list[bytes] = []
        self.open_run: bytes | None = None
        self.answers = True
        self.mute = False  # its line is open, and nobody is on it
        self.raw: asyncio.StreamWriter | None = None
        self.heard = bytearray()
        self.sent: list[bytes] = []
        self.endpoint: DeviceEndpoint | None = None
        self._server: asyncio.Server | None = None
        self._started_s = 0.0

    @property
    def line(self) -> str:
        """Its URL."""
        assert self._server is not None
        return f"socket://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"

    async def __aenter__(self) -> "Box":
        self._started_s = asyncio.get_running_loop().time()
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        self.cut()
        await self._server.wait_closed()
        await asyncio.sleep(0)

    def uptime_ms(self) -> int:
        """Since it was made."""
        return int((asyncio.get_running_loop().time() - self._started_s) * 1000)

    def cut(self) -> None:
        """Pulls the plug."""
        if self.raw is not None:
            self.raw.close()

    def fact(self, kind: int, **fields: Any) -> int:
        """Logs a fact of now."""
        return self.log.append(
            {
                "fact_kind": kind,
                "boot": self.boot,
                "uptime_ms": self.uptime_ms(),
                "boot_at_ms": None,
                "boot_at_sure": False,
                "fields": fields,
            }
        )

    def press(self, grade: int) -> int:
        """A citizen presses."""
        assert self.open_run is not None
        run, self.open_run = self.open_run, None
        return self.fact(messages.RATED, run=run, grade=grade, pressed_after_ms=1500)

    def become(self, other: "Box") -> None:
        """Another takes this one's place on the cable, which stays where it is."""
        self.device, self.secret, self.epoch, self.boot = other.device, other.secret, other.epoch, other.boot
        self.log = other.log
        self._begin()

    def _begin(self) -> None:
        self.endpoint = DeviceEndpoint(
            self.device, messages.ROLE_EVALUATOR, self.secret, self.epoch, self.boot, self.log, os.urandom
        )
        self.endpoint.link_opened(self.uptime_ms())

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.raw = writer
        self._begin()
        try:
            while True:
                self._turn(writer)
                try:
                    data = await asyncio.wait_for(reader.read(4096), 0.02)
                except TimeoutError:
                    continue
                if not data:
                    return
                if self.mute:
                    continue
                self.heard += data
                assert self.endpoint is not None
                self.endpoint.receive(data, self.uptime_ms())
        except ConnectionError:
            return
        finally:
            writer.close()

    def _turn(self, writer: asyncio.StreamWriter) -> None:
        assert self.endpoint is not None
        if self.mute:
            return
        while (event := self.endpoint.next_event()) is not None:
            if event[0] == session.VIEW:
                self.views.append(event[1:4])
            elif event[0] == session.REQUEST and event[2] == messages.INVITE:
                self.invited.append(event[3]["run"])
                if self.answers:
                    self.open_run = event[3]["run"]
                    self.endpoint.answer(event[1], messages.ACCEPTED)
            elif event[0] == session.REQUEST and event[2] == messages.UPDATE:
                self.endpoint.answer(event[1], messages.UNKNOWN_COMMAND)  # as firmware from before there were updates
        self.endpoint.set_status(messages.APP_IDLE, self.open_run)
        while data := self.endpoint.outgoing(self.uptime_ms()):
            self.sent.append(data)
            writer.write(data)
