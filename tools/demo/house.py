"""Sets up a whole hall as a technician would, and takes it down again: center, boxes, hub."""

import asyncio
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Final, Self

import aiohttp

from tools.demo.boxes import Box
from tools.demo.callers import Caller
from tools.demo.doors import Doors
from tools.demo.errors import DemoError
from tools.demo.hall import WINDOWS, Server, Window, center_config, hub_config
from tools.demo.machine import BOARD, Machine
from tools.demo.processes import Processes
from tools.demo.story import Story
from tools.simulator.board import SimulatedBoard
from tools.simulator.profile import CALLER
from tools.simulator.radio.client import Radio

TOOL_S: Final = 180.0  # flashing takes some seconds here and half a minute on a Raspberry Pi with a cold disk
SAY_EVERY_S: Final = 1.5  # whoever waits for longer than 2 s wants to know for what

_CALLER_BOARD: Final = "rpi_pico"
_FILES = re.compile(r"^(\d+)/(\d+) ")


class House:
    """A running hall; an async context manager that leaves nothing running."""

    def __init__(
        self,
        story: Story,
        keep: Path | None,
        invitation_s: int,
        callers: Sequence[str] = (),
        spares: Sequence[Window] = (),
    ) -> None:
        """callers: the windows whose clerks have one. spares: bare boards for a person to put to work."""
        self.boxes: dict[str, Box] = {}  # by the window that each stands at now
        self.counters: dict[str, Box] = {}  # all there are, by where the page shows them
        self._spares = spares
        self.callers: dict[str, Caller] = {}
        self._with_caller = frozenset(callers)
        self.folder = keep if keep is not None else Path(tempfile.mkdtemp(prefix="tingting-demo-"))
        self._keep = keep is not None
        self._story = story
        self._invitation_s = invitation_s
        self._links: list[str] = []
        self._processes = Processes(self.folder / "logs")
        self.center = Server("center", self.folder, self._processes, center_config)
        self.hub = Server("hub", self.folder, self._processes, self._write_hub_config)
        self._radio: Radio | None = None
        self._session: aiohttp.ClientSession | None = None
        self.machine: Machine | None = None
        self.hub_doors: Doors
        self.center_doors: Doors

    async def __aenter__(self) -> Self:
        try:
            await self._set_up()
        except BaseException:
            await self.__aexit__(None, None, None)
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._session is not None:
            await self._session.close()
        await self.hub.stop()
        await self.center.stop()
        await asyncio.gather(*(box.close() for box in self.counters.values()))
        if self.machine is not None:
            await self.machine.close()
        if self._radio is not None:
            await self._radio.close()
        await asyncio.gather(*(caller.close() for caller in self.callers.values()))
        await self._processes.stop()
        if not self._keep:
            shutil.rmtree(self.folder, ignore_errors=True)

    async def _set_up(self) -> None:
        step = self._story.step
        await self._processes.start_guard()
        self._session = aiohttp.ClientSession()
        self.hub_doors = Doors(self.hub, self._session)
        self.center_doors = Doors(self.center, self._session)
        step("center: starting")
        await self.center.start()
        step(f"center: serving {self.center.url}")
        step("radio: starting, without hardware")
        self._radio = await Radio.launch()
        self.hub.environment = {"DBUS_SYSTEM_BUS_ADDRESS": self._radio.bus}
        step("hub: starting for the first time")
        await self.hub.start()
        step(f"hub: serving {self.hub.url}")
        async with asyncio.TaskGroup() as group:
            for window in WINDOWS:
                group.create_task(self._make_box(window))
                if window.id in self._with_caller:
                    group.create_task(self._make_caller(window))
            for spare in self._spares:
                group.create_task(self._power_spare(spare))
            group.create_task(self._make_machine())
        # A technician, too, writes the links once the boxes hang on them; the hub reads its file at start.
        assert self.machine is not None
        cables = [link for window in WINDOWS if (link := self.boxes[window.id].link) is not None]
        self._links = [*cables, self.machine.link]
        self._links += [caller.link for _, caller in sorted(self.callers.items())]
        step(f"hub: starting again with the {len(self._links)} lines to the boxes")
        await self.hub.stop()
        await self.hub.start()
        await self._online()

    async def _make_box(self, window: Window) -> None:
        step = self._story.step
        step(f"box at window {window.id}: powering a simulated {window.board}, flashing the firmware over USB")
        assert self._radio is not None
        radio = self._radio.boards if window.link == "ble" else None
        image = self.folder / f"evaluator-{window.id}.img"
        board = await SimulatedBoard.start(image, window.board, radio=radio, panel=window.screen)
        self.boxes[window.id] = self.counters[window.id] = Box(window, board, self._invitation_s, self._radio)
        await self._tool(window, "flash", board.usb_port, "--board", window.board)
        step(f"box at window {window.id}: provisioning for {window.link.upper()}, registering at the hub")
        await self._tool(
            window,
            "provision",
            board.usb_port,
            "--board", window.board,
            "--window", window.id,
            "--label", window.name,
            "--link", window.link,
            "--hub", self.hub.url,
            *(("--screen", window.screen) if window.screen else ()),
        )  # fmt: skip

    async def _power_spare(self, spare: Window) -> None:
        """A bare board: everything else is done by whoever takes it from the shelf."""
        assert self._radio is not None
        board = await SimulatedBoard.start(self.folder / f"{spare.id}.img", spare.board)
        self.counters[spare.id] = Box(spare, board, self._invitation_s, self._radio)

    async def _make_machine(self) -> None:
        """The dispenser, at no window."""
        self._story.step(
            f"dispenser: powering a simulated {BOARD} with a ticket printer, flashing the firmware over USB"
        )
        board = await SimulatedBoard.start(self.folder / "dispenser.img", BOARD, role="dispenser")
        self.machine = Machine(board, self.hub, self.hub_doors)
        await self._run_tool("dispenser", "flash", board.usb_port, "--role", "dispenser", "--board", BOARD)
        await self._run_tool(
            "dispenser", "provision", board.usb_port, "--role", "dispenser", "--board", BOARD, "--hub", self.hub.url
        )

    async def _make_caller(self, window: Window) -> None:
        step = self._story.step
        step(f"caller at window {window.id}: flashing a simulated {_CALLER_BOARD} over USB")
        board = await SimulatedBoard.start(self.folder / f"caller-{window.id}.img", _CALLER_BOARD, role=CALLER)
        self.callers[window.id] = Caller(window, board)
        role = ("--board", _CALLER_BOARD, "--role", CALLER)
        await self._run_tool(f"caller-{window.id}", "flash", board.usb_port, *role)
        where = ("--window", window.id, "--label", window.name, "--hub", self.hub.url)
        await self._run_tool(f"caller-{window.id}", "provision", board.usb_port, *role, *where)

    async def _tool(self, window: Window, verb: str, *arguments: str) -> None:
        await self._run_tool(window.id, verb, *arguments, hear=self._progress(window))

    async def _run_tool(self, name: str, verb: str, *arguments: str, hear: Callable[[str], None] | None = None) -> None:
        command = [sys.executable, "-m", "tools.cli", "device", verb, *arguments]
        # In the environment, not on the command line, where every user of the machine would read it.
        secret = {"TINGTING_TOKEN": self.hub.token("admin")}
        await self._processes.run(f"{verb}-{name}", command, TOOL_S, secret, hear)

    def _progress(self, window: Window) -> Callable[[str], None]:
        """Says now and then how far a tool is: it prints `done/total what` for each file."""
        loop = asyncio.get_running_loop()
        said_s = loop.time()

        def hear(line: str) -> None:
            nonlocal said_s
            found = _FILES.match(line)
            if found and loop.time() - said_s >= SAY_EVERY_S:
                said_s = loop.time()
                self._story.step(f"box at window {window.id}: {found[1]} of {found[2]} files")

        return hear

    async def _online(self) -> None:
        """Waits until the hub has proven all boxes."""
        self._story.step("boxes: greeting the hub")
        token = self.hub.token("manager")
        try:
            async with asyncio.timeout(TOOL_S):
                while True:
                    devices = (await self.hub_doors.get("/api/v1/devices", token))["devices"]
                    away = [device["device"] for device in devices if not device["online"]]
                    if not away:
                        break
                    await asyncio.sleep(0.1)
        except TimeoutError:
            raise DemoError(f"the hub does not hear {', '.join(away)}; see {self.folder}/logs/hub.log.") from None
        self._story.step(f"boxes: {len(devices)} of {len(WINDOWS) + len(self.callers) + 1} are online")

    def _write_hub_config(self, path: Path, port: int) -> None:
        hub_config(path, port, self.center, self._links, self._invitation_s)
