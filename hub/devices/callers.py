"""What callers ask of the hall, and what they show: their keys are the commands of the clerk's door.

A refusal comes back as a short code, since a caller's display has four digits: CODES is the one list of them.
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final, Protocol
from uuid import UUID

from hub.devices.asking import Answer, Asked
from hub.devices.wire import WINDOW_STATES
from hub.errors import HubError
from hub.queueing import events as ev
from hub.queueing import priority
from hub.queueing.errors import Refusal
from hub.queueing.events import Event
from hub.queueing.layout import Layout
from hub.queueing.state import State
from hub.queueing.window_commands import (
    CallNext,
    Finish,
    MarkArrived,
    NoShow,
    Pause,
    Recall,
    Transfer,
    Unpause,
    WalkUp,
    WindowCommand,
)
from protocol import calling, messages

ROLE: Final = "caller"
# Keys a caller has; other commands need a number or a reason, which it can't type.
PLAIN: Final[dict[str, Callable[[str], WindowCommand]]] = {
    "next": CallNext,
    "recall": Recall,
    "arrive": MarkArrived,
    "no_show": NoShow,
    "finish": Finish,
    "pause": Pause,
    "unpause": Unpause,
    "walk_up": WalkUp,
}
MOST_SHOWN: Final = 999  # by three digits
# A refusal's kind → what stands on the display. A code, once given, keeps its meaning: it is printed on the card beside
# the window (docs/how-to/use-a-caller.md).
CODES: Final = {
    "nobody_signed_in": "E 01",
    "no_ticket": "E 02",
    "ticket_open": "E 03",
    "window_paused": "E 04",
    "not_paused": "E 05",
    "already_arrived": "E 06",
    "recalled_enough": "E 07",
    "queue_empty": "E 10",
    "too_soon": "E 11",
    "unknown_target": "E 12",
    "other_service": "E 13",
    "cap_reached": "E 14",
    "closed": "E 15",
    "wrong_pin": "E 21",
    "locked": "E 22",
    "journal": "E 90",
    "unknown_window": "E 91",
}
OTHER: Final = "E 99"


class Clerks(Protocol):
    """Who may sign in."""

    async def may(self, staff: str, pin: str) -> str | None:
        """None, or `wrong_pin` or `locked`."""


class House(Protocol):
    """What callers need of the hall."""

    @property
    def shown(self) -> State:
        """The durable state."""

    @property
    def state(self) -> State:
        """The working state."""

    def submit_once(self, command: WindowCommand, request: str) -> Awaitable[Any]:
        """Does a command under its id; raises `Refusal` or a `HubError`."""


class Callers:
    """Answers what they ask. `random`: size → bytes, for the ids of commands."""

    def __init__(self, house: House, clerks: Clerks, random: Callable[[int], bytes]) -> None:
        self._house = house
        self._clerks = clerks
        self._random = random

    async def answer(self, asked: Asked) -> Answer:
        """One request, answered when what it did is durable."""
        try:
            if asked.command == calling.SIGN_IN:
                return await self._sign_in(asked)
            if asked.command == messages.WINDOW_COMMAND:
                return await self._window_command(asked)
        except Refusal as refusal:
            return messages.REFUSED, CODES.get(refusal.kind, OTHER)
        except HubError:
            return messages.FAILED, CODES["journal"]  # the hub's log and /readyz say why
        return messages.UNKNOWN_COMMAND, None

    async def _sign_in(self, asked: Asked) -> Answer:
        """Whether this clerk may: the fact that follows is what signs in."""
        why = await self._clerks.may(asked.arguments["staff"], asked.arguments["pin"])
        if why is not None:
            return messages.REFUSED, CODES[why]
        window = asked.device.window
        state = self._house.state
        if window is None or window not in state.layout.window_by_id:
            return messages.REFUSED, CODES["unknown_window"]
        if state.windows[window].ticket is not None:
            return messages.REFUSED, CODES["ticket_open"]
        return messages.ACCEPTED, None

    async def _window_command(self, asked: Asked) -> Answer:
        verb, window = asked.arguments["command"], asked.device.window
        if window is None:
            return messages.REFUSED, CODES["unknown_window"]
        if verb == "transfer":
            command: WindowCommand = self._transfer(window, asked.arguments)
        elif verb in PLAIN:
            command = PLAIN[verb](window)
        else:
            return messages.UNKNOWN_COMMAND, None
        if not asked.alive():
            return messages.FAILED, None
        await self._house.submit_once(command, str(UUID(bytes=self._random(16), version=4)))
        return messages.ACCEPTED, None

    def _transfer(self, window: str, arguments: Any) -> Transfer:
        to, back = arguments.get("to") or "", bool(arguments.get("back"))
        service = service_by_digits(self._house.state.layout, to)
        if service is not None:
            return Transfer(window, to_service=service, back=back)
        return Transfer(window, to_window=to, back=back)


def service_by_digits(layout: Layout, digits: str) -> str | None:
    """A keypad has no letters: 0 and a number is that service of the hall's list, unless a window is called so."""
    if digits in layout.window_by_id or not digits.startswith("0") or not digits[1:].isdecimal():
        return None
    place = int(digits[1:])
    return layout.services[place - 1].id if 1 <= place <= len(layout.services) else None


def view(state: State, window: str | None) -> tuple[int, str, str, int]:
    """What a caller at a window shows: state, number, the window's name, how many wait for it."""
    if window is None or window not in state.layout.window_by_id:
        return messages.WINDOW_CLOSED, "", "", 0
    current = state.windows[window]
    number = "" if current.ticket is None else state.tickets[current.ticket].number
    waiting = sum(len(line) for _, line in priority.lines_of(state, window))
    label = state.layout.window_by_id[window].name
    return WINDOW_STATES[current.state.value], number, label, min(waiting, MOST_SHOWN)


# After these somebody waits who didn't, or waits no longer.
LINES_MOVED_BY: Final = frozenset(
    {
        ev.TICKET_ISSUED,
        ev.TICKET_PRINTED,
        ev.TICKET_CALLED,
        ev.TICKET_RESTORED,
        ev.TICKET_TRANSFERRED,
        ev.TICKET_CANCELLED,
        ev.TICKET_UNDONE,
        ev.HALL_CHANGED,
    }
)


def lines_moved(events: Sequence[Event]) -> bool:
    """Whether callers may have another count to show."""
    return any(event.type in LINES_MOVED_BY for event in events)
