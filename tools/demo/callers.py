"""The clerks' callers: simulated boards with the real firmware, and a clerk's hand on their keys."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from tools.demo.doors import Doors, RefusalError
from tools.demo.fingers import press
from tools.demo.hall import Server, Window
from tools.simulator.board import SimulatedBoard
from tools.simulator.profile import KEYPAD
from tools.simulator.verbs import Change

PLACES: Final = ("1", "2")  # the clerk of the third window works on the page
# The commands for which a clerk with a caller reaches for its key.
BY_KEY: Final = {"next": "next", "arrive": "1", "finish": "finish"}
DONE_BY: Final = {
    "next": ("calling", "serving"),
    "arrive": ("serving",),
    "finish": ("free",),
}  # the window's state afterwards
ANSWERED_S: Final = 4.0  # the box gives up after 3 s
LOOK_S: Final = 0.05
VISITOR_S: Final = 15.0  # as long as the box keeps half a code: nobody types into another's
NOBODY: Final = "E 10"  # nobody waits for this window
_CODES: Final = {NOBODY: "queue-empty"}
_SAYING_NO: Final = ("E", "n")  # E 10, noAn, noHb: no number and no count begins so


class Caller:
    """One at a window: what a hand can do to it and what an eye sees of it."""

    def __init__(self, window: Window, board: SimulatedBoard) -> None:
        self.window = window.id
        self.link = board.uart_url
        self._board = board
        self._listeners: list[Callable[[], None]] = []
        self._hands = asyncio.Lock()  # one finger on the keypad at a time
        self._visited_s: float | None = None
        board.subscribe(self._changed)

    @property
    def text(self) -> str:
        """What its display reads."""
        return self._board.view.text

    async def press(self, key: str) -> None:
        """A visitor presses a key of the keypad and lets it go; the clerk stands back for `VISITOR_S`."""
        self._visited_s = asyncio.get_running_loop().time()
        async with self._hands:
            await press(self._board, key)

    async def press_alone(self, key: str, wanted: Callable[[], Awaitable[bool]]) -> bool:
        """The clerk presses once no visitor is at the keypad, if it is still `wanted`; whether it was."""
        while True:
            async with self._hands:
                if not self._visited():
                    if not await wanted():
                        return False
                    if not self._visited():  # nobody came while we looked
                        await press(self._board, key)
                        return True
            await asyncio.sleep(LOOK_S)

    def _visited(self) -> bool:
        return self._visited_s is not None and asyncio.get_running_loop().time() - self._visited_s < VISITOR_S

    def hear(self, listener: Callable[[], None]) -> None:
        """Calls `listener` when anything to be seen has changed."""
        self._listeners.append(listener)

    def _changed(self, change: Change) -> None:
        if change.what in {"display", "power", "boot"}:
            for listener in self._listeners:
                listener()

    def view(self) -> dict[str, Any]:
        """What an eye sees, for the page."""
        view = self._board.view
        return {"window": self.window, "powered": view.powered, "digits": list(view.digits), "text": view.text}

    async def close(self) -> None:
        """Ends the board."""
        await self._board.close()


class Hand:
    """A clerk at a caller: presses the key, reads the display, looks at the window."""

    def __init__(self, caller: Caller, doors: Doors, hub: Server) -> None:
        self._caller = caller
        self._doors = doors
        self._hub = hub

    async def command(self, command: str) -> Mapping[str, Any]:
        """As the clerk's door: the window's new state, or `RefusalError`."""
        if command == "next" and not (await self._desk())["waiting"]["count"]:
            raise self._no(NOBODY)

        async def wanted() -> bool:
            return (await self._desk())["state"] not in DONE_BY[command]

        if not await self._caller.press_alone(BY_KEY[command], wanted):
            return await self._desk()  # a visitor has done it
        deadline_s = asyncio.get_running_loop().time() + ANSWERED_S
        while asyncio.get_running_loop().time() < deadline_s:
            state = await self._desk()
            if state["state"] in DONE_BY[command]:
                return state  # whatever stands on the display: an answer that came late was a yes, too
            if self._caller.text.startswith(_SAYING_NO):
                break
            await asyncio.sleep(LOOK_S)
        raise self._no(self._caller.text)

    def _no(self, said: str) -> RefusalError:
        problem = {"type": f"urn:caller:{_CODES.get(said, 'said-no')}", "title": said, "detail": "the caller said no"}
        return RefusalError(f"caller at window {self._caller.window}", 409, problem)

    async def _desk(self) -> Mapping[str, Any]:
        window = self._caller.window
        token = self._hub.token("clerk", f"window/{window}")
        answer: Mapping[str, Any] = await self._doors.get(f"/api/v1/windows/{window}", token)
        return answer


# The keypad as it is printed: a key's name, what stands on it, and what it does while nothing is typed.
PRINTED: Final = {
    "next": ("下一位", "Next"),
    "recall": ("重呼 · B", "Recall · B"),
    "no_show": ("过号", "No-show"),
    "finish": ("办结", "Finish"),
    "1": ("1 到达", "Arrived"),
    "2": ("2 转移", "Transfer"),
    "3": ("3 暂停", "Pause"),
    "4": ("4 请评价", "Rate"),
    "0": ("0 签退", "Sign off"),
    "clear": ("清除", "Clear"),
    "ok": ("确认", "OK"),
}
KEYS: Final = tuple((key, *PRINTED.get(key, (key, ""))) for key in KEYPAD)
