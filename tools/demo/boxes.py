"""The boxes on the counters: simulated boards with the genuine interpreter, put to work by the genuine tools."""

import asyncio
from collections.abc import Callable
from typing import Any

from tools.demo.display import THANKS_MS, Display
from tools.demo.fingers import press
from tools.demo.hall import SPARES, Window
from tools.simulator.board import SimulatedBoard
from tools.simulator.errors import SimulatorError
from tools.simulator.radio.client import Radio
from tools.simulator.verbs import PRESS_MS, Change

LOSS = 0.3  # of the packets on a crowded band


class Box:
    """One evaluator: what a hand can do to it and what an eye sees of it."""

    def __init__(self, window: Window, board: SimulatedBoard, invitation_s: int, radio: Radio) -> None:
        self.counter = window.id  # where the page shows it, for as long as the demo runs
        # Where it stands in the hall: a spare one lies on the shelf, one that was replaced stands nowhere.
        self.window: str | None = None if window in SPARES else window.id
        self._was_placed = self.window is not None
        # Where the hub finds it; None: on the air.
        self.link = {"usb": board.usb_port, "uart": board.uart_url}.get(window.link)
        self.usb = board.usb_port
        self._radio = radio
        self.power_cuts = 0
        self.wire_cut = False
        self._board = board
        self._listeners: list[Callable[[], None]] = []
        self._display = Display(invitation_s * 1000)
        self._was_lit = False
        board.subscribe(self._changed)

    @property
    def lit(self) -> bool:
        """Whether its five lamps burn."""
        return bool(self._board.lamps) and all(self._board.lamps)

    async def wait_lit(self, lit: bool, timeout_s: float) -> bool:
        """Waits for the lamps; False when they did not come to that in time."""
        try:
            await self._board.wait_lamps(lit, timeout_s)
        except SimulatorError:
            return False
        return True

    async def press(self, grade: int) -> None:
        """Presses the real (simulated) pin quickly and lets it go."""
        await press(self._board, grade)

    async def press_until_dark(self, grade: int, timeout_s: float) -> bool:
        """Presses as people do: until the lamps answer; False when they did not in time."""
        await self._board.hold(grade)
        try:
            dark, _ = await asyncio.gather(self.wait_lit(False, timeout_s), asyncio.sleep(PRESS_MS / 1000))
        finally:
            await self._board.release(grade)
        return dark

    async def power(self, on: bool) -> None:
        """Pulls the plug, or puts it back."""
        if on:
            await self._board.restore_power()
        elif self._board.view.powered:
            self.power_cuts += 1
            await self._board.cut_power()
        self._tell()

    async def cut_wire(self, cut: bool) -> None:
        """Takes the line to the hub apart, or puts it together; what has no wire is carried out of reach."""
        self.wire_cut = cut
        if self.link is None:
            await self._radio.call("out_of_reach", address=self._board.radio_address, away=cut)
        else:
            await self._board.cut_wire(cut)
        self._tell()

    async def unplug(self) -> None:
        """Ends the hub's connection to the line, as pulling an adapter does."""
        if self.link is None:
            await self._radio.call("lose", address=self._board.radio_address)
        else:
            await self._board.unplug()

    async def garble(self, rate: float, seed: int) -> None:
        """Spoils bytes on the line, both ways; the air loses packets instead, since its own checks let none through."""
        if self.link is None:
            await self._radio.call("conditions", loss=LOSS if rate else 0.0)
        else:
            await self._board.garble(rate, seed)

    def hear(self, listener: Callable[[], None]) -> None:
        """Calls `listener` when anything to be seen has changed."""
        self._listeners.append(listener)

    def place(self, window: str | None) -> None:
        """It stands at another window now, or at none."""
        if window != self.window:
            self.window = window
            self._was_placed = True
            self._display.window = "free"
            self._tell()

    def in_window(self, state: str, number: str) -> None:
        """What the hub's public queue says of the window."""
        display = self._display
        if (display.window, display.number) != (state, number):
            display.window, display.number = state, number
            self._tell()

    def _changed(self, change: Change) -> None:
        now_ms = _loop_ms()
        if change.what in {"power", "boot"}:
            self._display.rebooted()
            self._was_lit = False
        elif change.what == "power_led":
            self._display.led(bool(change.value), now_ms)
        elif self.lit != self._was_lit and (self.lit or not any(self._board.lamps)):
            self._was_lit = self.lit
            self._display.lamps(self.lit, not self.wire_cut, now_ms)
            if not self.lit:  # the thanks come to their end without any pin's change
                asyncio.get_running_loop().call_later((THANKS_MS + 1) / 1000, self._tell)
        self._tell()

    def _tell(self) -> None:
        for listener in self._listeners:
            listener()

    def view(self) -> dict[str, Any]:
        """What an eye sees, for the page."""
        view = self._board.view
        bare = "starting" if self._was_placed else "bare"
        power = "off" if not view.powered else "on" if self._display.started else bare
        return {
            "window": self.counter,
            "at": self.window,
            "shelf": not self._was_placed,
            "power": power,
            "lamps": list(view.lamps),
            "led": view.power_led,
            "wire_cut": self.wire_cut,
            "face": self._display.face(_loop_ms()),
            "frame": view.panel,
        }

    async def close(self) -> None:
        """Ends the board."""
        await self._board.close()


def _loop_ms() -> int:
    return round(asyncio.get_running_loop().time() * 1000)
