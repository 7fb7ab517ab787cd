"""The dispenser by the demo's door: real firmware, a virtual printer, and the citizens who take their number there."""

import asyncio
import base64
from collections.abc import Callable, Mapping
from typing import Any, Final

from tools.demo.doors import Doors
from tools.demo.fingers import press
from tools.demo.hall import SERVICES, Server
from tools.simulator.board import SimulatedBoard
from tools.simulator.errors import SimulatorError
from tools.simulator.verbs import Change

BOARD: Final = "rpi_pico"
EVERY: Final = 5  # one citizen in so many comes here; the others go to the kiosk
LAMP_S: Final = 120.0  # a hub that is away for longer than any fault we make is a fault of the demo
PAPER_S: Final = 8.0  # from the press to the paper, a box that gives up after 5 s included
FINGER_S: Final = 0.2  # a finger is off a key for longer than keys bounce
LOOK_S: Final = 0.2
_RED: Final = 12


class Machine:
    """One dispenser: its keys, its lamps, its paper."""

    def __init__(self, board: SimulatedBoard, hub: Server, doors: Doors) -> None:
        self.link = board.uart_url
        self._board = board
        self._hub = hub
        self._doors = doors
        self._listeners: list[Callable[[], None]] = []
        self._seen = 0  # of the journal: how far numbers were looked for
        self._tickets: dict[str, str] = {}  # number → ticket
        self._taken = 0  # slips that somebody has taken
        self._paper: str | None = None
        self._pictured = 0
        board.subscribe(self._changed)

    async def take(self, service: str) -> Mapping[str, Any]:
        """Presses until a paper comes, as people do; what the kiosk's door would answer."""
        key = [each.id for each in SERVICES].index(service) + 1
        while True:
            await self._board.wait_for(lambda view: bool(view.lamps) and view.lamps[key - 1], LAMP_S, "a lit key")
            await asyncio.sleep(FINGER_S)
            await press(self._board, key)
            number = await self._number()
            if number is not None:
                return {"number": number, "ticket": await self._ticket(number)}

    async def _number(self) -> str | None:
        """The number on the next paper that counts, or None when none came."""
        end_s = asyncio.get_running_loop().time() + PAPER_S
        while asyncio.get_running_loop().time() < end_s:
            slips = (await self._board.slips())["slips"]
            for slip in slips[self._taken :]:
                self._taken += 1
                found = [line for line in slip["lines"] if line[:1].isalpha() and line[1:].isdigit()]
                if found and slip["codes"]:  # a void slip has no code
                    return str(found[0])
            await asyncio.sleep(LOOK_S)
        return None

    async def _ticket(self, number: str) -> str:
        """The ticket behind a number, when the hub has it: one given without the hub comes in later."""
        while number not in self._tickets:
            events = self._doors.events("/api/v1/events", self._hub.token("auditor"), self._seen)
            async for event in events:
                self._seen = int(event["sequence"])
                if event["type"] == "hall.ticket.issued":
                    self._tickets[event["data"]["number"]] = event["data"]["ticket"]
            await asyncio.sleep(LOOK_S)
        return self._tickets[number]

    # --- the page

    def hear(self, listener: Callable[[], None]) -> None:
        """Calls `listener` when lamps or paper have changed."""
        self._listeners.append(listener)

    async def printer(self, **changes: Any) -> None:
        """Takes the paper out, opens the cover, pulls the cable."""
        await self._board.printer(**changes)

    async def press(self, key: int) -> None:
        """A service key, or 0 for the clerk's."""
        await press(self._board, key or "clerk")

    def view(self) -> dict[str, Any]:
        """What an eye sees, for the page."""
        lamps = self._board.view.lamps
        return {
            "lamps": list(lamps[: len(SERVICES)]),
            "red": bool(lamps) and lamps[_RED],
            "powered": self._board.view.powered,
            "paper": self._paper,
        }

    def _changed(self, change: Change) -> None:
        if change.what == "paper":
            asyncio.get_running_loop().create_task(self._look())
        if change.what in {"paper", "lamps", "power", "boot"}:
            for listener in self._listeners:
                listener()

    async def _look(self) -> None:
        """The last slip as a picture, once it is cut off."""
        try:
            self._paper = base64.b64encode(await self._board.picture()).decode()
        except SimulatorError:
            return  # nothing has come out yet
        for listener in self._listeners:
            listener()

    async def close(self) -> None:
        """Ends the board."""
        await self._board.close()
