"""A board without hardware: genuine MicroPython, its pins, its flash, its two serial lines."""

import asyncio
import json
import re
import secrets
import shutil
import struct
import tempfile
import time
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, Self

from tools.simulator import flash, profile
from tools.simulator.antenna import Antenna
from tools.simulator.errors import SimulatorError
from tools.simulator.fittings import Fittings
from tools.simulator.onboard import kinds
from tools.simulator.options import Options
from tools.simulator.outputs import Outputs
from tools.simulator.printer_port import PrinterPort
from tools.simulator.process import STAND_INS_HEAP, Process
from tools.simulator.serial_line import SerialLine
from tools.simulator.terminal import UsbTerminal
from tools.simulator.verbs import Board, Change, View

START_TIMEOUT_S = 30.0  # 40 ms alone; 64 boards starting together on two busy cores took seconds
OUTPUT_BYTES = 4096  # of the terminal, kept to say what a board printed before it failed
INTERRUPT_SPREAD_S = 0.02
_GOLDEN = 0.618034  # its multiples spread evenly over 0 to 1
HISTORY = 4096  # changes kept for tests; a shift at a window makes about 2,000
_REBOOT_PAUSE_S = 0.02  # a board whose program ends at once must not fill a core with restarts


class SimulatedBoard(Board):
    """Made by `start`, ended by `close`; everything happens in the event loop that started it."""

    def __init__(self, image: Path, wiring: profile.BoardProfile, unique_id: str | None, options: Options) -> None:
        super().__init__()
        self.profile = wiring
        self.unique_id = unique_id or secrets.token_hex(8)
        if not re.fullmatch(r"([0-9a-f]{2}){1,16}", self.unique_id):
            raise SimulatorError(f"unique id {unique_id!r}: give 16 lower-case hex digits")
        self.options = options
        self.flash = flash.FlashImage(image, options.blocks)
        self.flash_counters = flash.FlashCounters()
        self.history: deque[Change] = deque(maxlen=HISTORY)
        self.output = bytearray()  # the last of what the terminal printed
        self.found: dict[str, Any] = {}  # what the interpreter said of itself at its last boot
        self.turns = 0  # of the program's loop, each of which feeds the watchdog: how far it has come, however slowly
        self.resets = {"soft": 0, "hard": 0, "watchdog": 0, "crash": 0}
        self._room = Path(tempfile.mkdtemp(prefix="tingting-board-"))
        self._image, self._undo = self._room / "flash", self._room / "undo"  # short names: they take of the heap
        self._image.symlink_to(self.flash.path)
        self._undo.symlink_to(self.flash.undo_path)
        self._line = SerialLine(self._to_uart, options.baud_delay, options.overrun)
        self._terminal = UsbTerminal(self._printed, self._line.spoil)
        self.usb_port = self._terminal.path
        self._antenna = Antenna(options.radio, self.unique_id, self._from_air)
        self.radio_address = self._antenna.shown
        self._process = Process(self._packet, self._exited, STAND_INS_HEAP + self._antenna.heap_bytes)
        self._drives: dict[int, int] = {}
        self._fittings = Fittings(wiring, self._drive, self._send, options.panel)
        self._watchdog: asyncio.TimerHandle | None = None
        self._ready = asyncio.Event()
        self._boots: asyncio.Task[None] | None = None
        self._next_cause = kinds.PWRON_RESET
        self._power = False
        self._interrupts = 0
        self._failure: BaseException | None = None
        self._outputs = Outputs(wiring, self._fittings, lambda: self.view, self._change)
        self._paper = PrinterPort(
            self.profile.printer_uart_id,
            self._process.send,
            lambda: self._change("paper", 0, None),
            options.baud_delay,
            options.paper_columns,
        )
        self.view = View(lamps=self._outputs.dark)
        self._verbs: dict[str, Callable[..., Any]] = {
            "hold": lambda key: self._fittings.finger(key, True),
            "release": lambda key: self._fittings.finger(key, False),
            "plug_display": self._plug_display,
            "strap": self._strap,
            "drive": self._drive,
            "cut_power": self._cut_power,
            "cut_power_after": self._cut_power_after,
            "restore_power": self._restore_power,
            "reset": self._reset,
            "cut_wire": self._cut_wire,
            "unplug": self._line.unplug,
            "garble": self._line.garble,
            **self._paper.verbs,
            "stats": lambda: self.stats,
            "output": lambda: bytes(self.output).decode(errors="replace"),
        }

    # -- its life

    @classmethod
    async def start(
        cls,
        image: Path,
        board: str | profile.BoardProfile = "rpi_pico",
        unique_id: str | None = None,
        *,
        role: str = profile.EVALUATOR,
        strap: bool = False,
        power: bool = True,
        **options: Any,
    ) -> Self:
        """Builds a board on `image` (made when missing) and powers it up. `options`: see `Options`.

        unique_id: 16 hex digits as the board's chip would have; role: what is wired to its pins; strap: held from the
        first boot on.
        """
        wiring = profile.load(board, role) if isinstance(board, str) else board
        made = cls(image, wiring, unique_id, Options(**options))
        try:
            await made._line.open(made.options.uart_port)
            made.uart_url = f"socket://127.0.0.1:{made._line.port}"
            if strap:
                made._strap(True)
            if power:
                await made._restore_power()
        except BaseException:
            await made.close()
            raise
        return made

    async def close(self) -> None:
        """Ends everything; what it holds outside (ptys, port, folder) is given back."""
        self._stop(power=False)
        if self._boots is not None:
            self._boots.cancel()
            await asyncio.wait([self._boots])
        self._paper.close()
        await self._line.close()
        self._terminal.close()
        shutil.rmtree(self._room, ignore_errors=True)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    @property
    def stats(self) -> dict[str, Any]:
        """Counters since this board object was made."""
        return {
            "boots": self.view.boots,
            "resets": dict(self.resets),
            "flash": asdict(self.flash_counters),
            "line": asdict(self._line.counters),
            "terminal_dropped": self._terminal.dropped,
            "found": self.found,
        }

    async def call(self, verb: str, **arguments: Any) -> Any:
        """Does one verb by name, as the control socket does."""
        action = self._verbs.get(verb)
        if action is None:
            raise SimulatorError(f"no verb {verb!r}; there are {', '.join(sorted(self._verbs))}")
        try:
            result = action(**arguments)
        except TypeError as error:
            raise SimulatorError(f"{verb}: {error}") from error
        return await result if isinstance(result, Awaitable) else result

    async def wait_output(self, text: bytes, timeout_s: float) -> None:
        """Waits until the terminal has printed `text` (within the last 4 KB)."""
        await self.wait_for(lambda _: text in self.output, timeout_s, f"{text!r} in {bytes(self.output)!r}")

    # -- power and resets

    async def _restore_power(self) -> None:
        if not self._power:
            if self.options.lose_unsynced:
                self.flash.begin_undo()
            self._next_cause = kinds.PWRON_RESET
            self._boot(soft=False)
        await self._started()

    async def _reset(self) -> None:
        if not self._power:
            raise SimulatorError("the board has no power; restore_power first")
        self._hard_reset(kinds.HARD_RESET, "hard")
        await self._started()

    async def _started(self) -> None:
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                await self._ready.wait()
        except TimeoutError as error:
            printed = bytes(self.output).decode(errors="replace")
            raise SimulatorError(
                f"the board did not start within {START_TIMEOUT_S} s; it printed {printed!r}"
            ) from error
        if self._failure is not None:
            raise SimulatorError(f"the interpreter can't be started: {self._failure}") from self._failure

    def _cut_power(self) -> None:
        self._stop(power=False)
        if self.options.lose_unsynced:
            self.flash.forget_unsynced()

    def _cut_power_after(self, operations: int, tear_bytes: int = 0) -> None:
        if operations < 1:
            raise SimulatorError("cut_power_after counts from 1, the next flash operation")
        self._send(kinds.ARM, "IH", operations, tear_bytes)

    def _hard_reset(self, cause: int, name: str) -> None:
        self.resets[name] += 1
        self._stop(power=True)
        self._next_cause = cause
        self._boot(soft=False)

    def _stop(self, power: bool) -> None:
        """Ends the interpreter without any of its clean-up; without `power` everything goes dark."""
        self._ready.clear()
        self._power = power
        if self._boots is not None:
            self._boots.cancel()
        self._stop_watchdog()
        self._halt()
        self._process.kill()
        self._terminal.drain()
        if not power:
            self._terminal.power(False)
            self._fittings.power_off()
            self._outputs.look_at_display(None)
            self._outputs.look_at_panel()
            if self.view.powered:
                self._change("power", 0, None, powered=False)

    def _halt(self) -> None:
        """What stops with the program: UART and every output. A watchdog once started outlives a soft reset."""
        self._line.listen(0, 0)
        self._antenna.off()
        self._paper.halt()
        self._outputs.halt()

    def _stop_watchdog(self) -> None:
        if self._watchdog is not None:
            self._watchdog.cancel()
            self._watchdog = None

    def _boot(self, soft: bool) -> None:
        self._power = True
        self._ready.clear()
        self._boots = asyncio.get_running_loop().create_task(self._run(soft))
        self._boots.add_done_callback(self._boot_ended)

    def _boot_ended(self, boot: asyncio.Task[None]) -> None:
        if not boot.cancelled() and (failure := boot.exception()) is not None:
            self._failure = failure
            self._ready.set()  # whoever waits for the start is told

    async def _run(self, soft: bool) -> None:
        if soft:
            await asyncio.sleep(_REBOOT_PAUSE_S)
        self._terminal.power(True)
        run_main = self._terminal.boot(soft)
        self._change(
            "boot", self.view.boots + 1, None, powered=True, boots=self.view.boots + 1, reset_cause=self._next_cause
        )
        config = {
            "image": str(self._image),
            "undo": str(self._undo) if self.options.lose_unsynced else None,
            "unique_id": self.unique_id,
            "reset_cause": self._next_cause,
            "run_main": run_main,
            "pin_names": self.profile.pin_names,
            "radio_address": self._antenna.address,
            "drives": list(self._drives.items()),
            **self.options.config,
            **self._fittings.config,
        }
        await self._process.start(
            self._room / "link", self._terminal.board_end, self.options.heap_bytes, json.dumps(config).encode()
        )

    def _exited(self, status: int) -> None:
        """The interpreter ended: by us, by ^D or sys.exit (a soft reset), or by a crash."""
        if not self._ready.is_set() or not self._power:
            return
        self._halt()
        self._terminal.drain()
        crashed = status < 0
        if crashed:
            self._stop_watchdog()
        self.resets["crash" if crashed else "soft"] += 1
        self._next_cause = kinds.HARD_RESET if crashed else kinds.SOFT_RESET
        self._boot(soft=not crashed)

    # -- what the stand-ins say

    def _packet(self, packet: bytes) -> None:
        kind, body = packet[0], packet[1:]
        if kind == kinds.PIN:
            at_us, pin, level = struct.unpack("<QBB", body)
            if self._fittings.wire(pin, level):
                self._outputs.look_at_display(at_us)
            else:
                self._outputs.pin(pin, level, at_us)
        elif kind == kinds.PWM:
            at_us, pin, frequency_hz, duty = struct.unpack("<QBIH", body)
            self._outputs.pin(pin, frequency_hz if duty else 0, at_us)
        elif kind == kinds.BLOCK:
            self.flash_counters.count(body[0])
        elif kind == kinds.WDT and self._ready.is_set():  # what it said last, when it was ended, starts nothing
            self._feed(struct.unpack("<I", body)[0])
        elif kind == kinds.READY:
            self.found = json.loads(body[1:])
            self._ready.set()
        elif kind == kinds.RESET:
            self._hard_reset(body[0], "hard")
        elif kind == kinds.POWER_LOST:
            self._cut_power()
        elif kind == kinds.INTERRUPTED:
            self._interrupt_again()
        elif kind == kinds.TO_AIR and self._ready.is_set():
            self._antenna.send(body)
        elif body:
            self._bus_packet(kind, body)

    def _bus_packet(self, kind: int, body: bytes) -> None:
        if kind == kinds.I2C:
            if (panel := self._fittings.panel) is not None and panel.take(body[1:]):
                self._outputs.look_at_panel()
        elif body[0] == self.profile.printer_uart_id:
            self._paper.packet(kind, body)
        elif body[0] != self.profile.uart_id:
            return
        elif kind == kinds.UART_TX:
            self._line.from_board(body[1:])
        elif kind == kinds.UART_TAKEN:
            self._line.taken(struct.unpack("<H", body[1:])[0])
        elif kind == kinds.UART_INIT:
            self._line.listen(*struct.unpack("<IH", body[1:]))

    def _interrupt_again(self) -> None:
        """Later by a time that never repeats, so that a program that only writes flash is hit between two writes."""
        self._interrupts += 1
        delay_s = INTERRUPT_SPREAD_S * (self._interrupts * _GOLDEN % 1)
        asyncio.get_running_loop().call_later(delay_s, self._process.interrupt)

    def _feed(self, timeout_ms: int) -> None:
        self.turns += 1
        self._stop_watchdog()
        loop = asyncio.get_running_loop()
        self._watchdog = loop.call_later(timeout_ms / 1000, self._hard_reset, kinds.WDT_RESET, "watchdog")

    def _printed(self, data: bytes) -> None:
        self.output += data
        del self.output[:-OUTPUT_BYTES]
        self._changed.set()

    # -- pins

    def _plug_display(self, plugged: bool) -> None:
        self._fittings.plug_display(plugged)
        self._outputs.look_at_panel()

    def _change(self, what: str, value: int, at_us: int | None, **view: Any) -> None:
        self.view = replace(self.view, **view)
        change = Change(what, value, self.view.boots, at_us, time.monotonic())
        self.history.append(change)
        self._publish(change)

    def _strap(self, held: bool) -> None:
        if self.profile.strap_pin is None:
            raise SimulatorError(f"board {self.profile.name} has no maintenance strap")
        self._drive(self.profile.strap_pin, 0 if held else None)

    def _drive(self, pin: int, level: int | None) -> None:
        wanted = kinds.RELEASED if level is None else int(bool(level))
        self._drives[pin] = wanted
        self._send(kinds.DRIVE, "BB", pin, wanted)

    def _cut_wire(self, cut: bool) -> None:
        self._line.cut = cut

    def _from_air(self, message: bytes) -> None:
        self._process.send(bytes((kinds.FROM_AIR,)) + message)

    def _to_uart(self, data: bytes) -> None:
        self._process.send(bytes((kinds.UART_RX, self.profile.uart_id)) + data)

    def _send(self, kind: int, layout: str, *fields: int) -> None:
        self._process.send(bytes((kind,)) + struct.pack("<" + layout, *fields))
