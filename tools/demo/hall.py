"""The demo's hall and its two servers, center and hub: their configuration, their processes, their tokens.

Both are the shipped programs, started as a technician would start them: `tingting center run`, `tingting hub run`.
"""

import asyncio
import json
import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tools.demo.errors import DemoError
from tools.demo.matters import MATTERS
from tools.demo.processes import Child, Processes

HALL_ID: Final = "demo"
ADAPTER: Final = "hci0"  # of the radio without hardware
OFFSET_MINUTES: Final = 480  # China's

_SERVING = re.compile(r"^\w+: serving (http://\S+)$")
_TOKEN = re.compile(r"^token (?P<role>\w+)(?: (?P<place>[^:]+))?: (?P<token>\S+)$")


@dataclass(frozen=True, slots=True)
class Service:
    """A kind of business, in both languages."""

    id: str
    name: str
    name_en: str


@dataclass(frozen=True, slots=True)
class Window:
    """A counter: what it serves, who sits there, and the box before it."""

    id: str
    name: str
    name_en: str
    services: tuple[str, ...]
    staff: str
    board: str
    link: str  # "uart", "usb" or "ble"
    screen: str | None = None  # the controller of the box's display


SERVICES: Final = (
    Service("A", "社会保险", "Social insurance"),
    Service("B", "不动产登记", "Property registration"),
    Service("C", "综合事务", "General affairs"),
)
# Every service has two windows, so that no queue stands still when one window's box or line is away. One box hangs
# on USB, one on UART, one has no cable: every way in is walked in every demo. Two have a display, each with another
# controller; the third board has no pin left for one.
WINDOWS: Final = (
    Window("1", "1 号窗口", "Window 1", ("A", "B"), "zhang", "rpi_pico", "usb", "ssd1306"),
    Window("2", "2 号窗口", "Window 2", ("B", "C"), "li", "rpi_pico_w", "ble", "sh1106"),
    Window("3", "3 号窗口", "Window 3", ("C", "A"), "wang", "esp32_c3", "uart"),
)

# Bare boards for whoever wants to add a window or replace a box while the demo runs.
SPARES: Final = (
    Window("spare-1", "备用评价器 1", "Spare box 1", (), "", "rpi_pico", "uart"),
    Window("spare-2", "备用评价器 2", "Spare box 2", (), "", "rpi_pico", "uart"),
)

# One more for whoever watches: it serves everything, has no box, and nobody sits there until somebody signs on.
YOURS: Final = "4"


class Server:
    """One of the two: started, killed and started again on the address of its first start."""

    def __init__(self, name: str, folder: Path, processes: Processes, write: Callable[[Path, int], None]) -> None:
        self.name = name
        self.starts = 0
        self.child: Child | None = None
        self.url = ""
        self.environment: dict[str, str] = {}  # besides ours
        self.tokens: dict[tuple[str, str | None], str] = {}
        self._config = folder / f"{name}.toml"
        self._write = write
        self._processes = processes
        self._port = 0
        self._turn = asyncio.Lock()  # two faults may want it back at once

    async def launch(self) -> Child:
        """Starts the process and returns without waiting until it serves."""
        self._write(self._config, self._port)
        command = [sys.executable, "-m", "tools.cli", self.name, "run", "--config", str(self._config)]
        self.child = await self._processes.start(self.name, command, self.environment)
        self.child.hear(self._note_token)
        self.starts += 1
        return self.child

    async def serving(self) -> None:
        """Waits until it serves; from then on its port is fixed."""
        assert self.child is not None
        line = await self.child.expect(lambda text: _SERVING.match(text) is not None, "line 'serving http://…'")
        found = _SERVING.match(line)
        assert found is not None
        self.url = found[1].rstrip("/")
        self._port = int(self.url.rsplit(":", 1)[1])

    async def start(self) -> None:
        """Starts it, where it does not run, and waits until it serves."""
        async with self._turn:
            if self.child is None or not self.child.alive:
                await self.launch()
                await self.serving()

    async def kill(self) -> None:
        """SIGKILL."""
        if self.child is not None:
            await self.child.kill()

    async def stop(self) -> None:
        """Ends it in its own way."""
        if self.child is not None:
            await self.child.stop()

    def token(self, role: str, place: str | None = None) -> str:
        """A token that it printed at its first start."""
        try:
            return self.tokens[role, place]
        except KeyError:
            known = ", ".join(f"{role} {place or ''}".rstrip() for role, place in self.tokens) or "none"
            raise DemoError(f"{self.name}: printed no token for {role} {place or ''}; it printed: {known}.") from None

    def _note_token(self, line: str) -> None:
        if found := _TOKEN.match(line):
            self.tokens[found["role"], found["place"]] = found["token"]


def toml(tables: list[tuple[str, dict[str, object]]]) -> str:
    """Tables in order, as TOML: a JSON text, number or list of texts is one in TOML too."""
    lines: list[str] = []
    for header, values in tables:
        lines.append(header)
        lines += [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in values.items()]
        lines.append("")
    return "\n".join(lines)


def center_config(path: Path, port: int) -> None:
    """Writes the center's file."""
    hall = {"id": HALL_ID, "name": "示范政务服务中心", "name_en": "Demonstration Service Hall"}
    tables: list[tuple[str, dict[str, object]]] = [
        ("[paths]", {"data": "center"}),
        ("[http]", {"host": "127.0.0.1", "port": port}),
        ("[[halls]]", {**hall, "offset_minutes": OFFSET_MINUTES}),
    ]
    path.write_text(toml(tables), "utf-8")


def hub_config(path: Path, port: int, center: Server, links: list[str], invitation_s: int) -> None:
    """Writes the hub's file."""
    hall = {"id": HALL_ID, "name": "示范政务服务中心", "name_en": "Demonstration Service Hall"}
    token = center.token("hall", HALL_ID)
    tables: list[tuple[str, dict[str, object]]] = [
        ("[hall]", {**hall, "offset_minutes": OFFSET_MINUTES, "invitation_s": invitation_s}),
        ("[paths]", {"data": "hub"}),
        ("[http]", {"host": "127.0.0.1", "port": port}),
        ("[center]", {"url": center.url, "token": token}),
    ]
    for service in SERVICES:
        values = {"id": service.id, "prefix": service.id, "name": service.name, "name_en": service.name_en}
        tables.append(("[[services]]", {**values}))
    tables += [("[[matters]]", dict(matter)) for matter in MATTERS]
    for window in WINDOWS:
        names = {"id": window.id, "name": window.name, "name_en": window.name_en}
        tables.append(("[[windows]]", {**names, "services": list(window.services)}))
    yours = {"id": YOURS, "name": "4 号窗口", "name_en": "Window 4", "services": [service.id for service in SERVICES]}
    tables.append(("[[windows]]", {**yours}))
    if port:  # known from its first start on: where a phone would find it
        tables.append(("[tickets]", {"url": f"http://127.0.0.1:{port}"}))
    tables += [("[[links]]", {"url": url}) for url in links]
    tables.append(("[[radios]]", {"adapter": ADAPTER}))
    path.write_text(toml(tables), "utf-8")
