"""The people of the demo: citizens at the kiosk, clerks at their windows, fingers on the keys.

They use nothing but the doors that people use: the kiosk's and the clerk's HTTP doors and the keys of the boxes. They
know of the invitation only what a citizen sees: the lamps.
"""

import asyncio
import uuid
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

from tools.demo.boxes import Box
from tools.demo.callers import BY_KEY, Hand
from tools.demo.doors import Doors, RefusalError
from tools.demo.hall import WINDOWS, Server, Window
from tools.demo.machine import EVERY, Machine
from tools.demo.plan import Citizen
from tools.demo.presses import Press, PressLog, clock_text
from tools.demo.story import Story

# A number that a person at the kiosk page took has nobody of ours behind it: after so long it is served all the same.
STRANGER_S: Final = 2.0
STRANGER_SERVING_MS: Final = 8_000
STRANGER_THINKING_MS: Final = 3_000
LOOK_AGAIN_S: Final = 0.15  # a clerk with nobody waiting
INVITED_S: Final = 8.0  # the hub gives a box 5 s to accept; after 8 s without lamps nobody waits for them
THANKED_S: Final = 2.0  # a box that took a press puts its lamps out within some 100 ms, durable write included
NOBODY_WAITS: Final = "queue-empty"  # the hub's name for it


def _greeting(citizen: Citizen) -> str:
    if citizen.appointment:
        return "A citizen with an appointment takes number %(number)s."
    if citizen.priority is not None:
        return "A citizen who goes first takes number %(number)s."
    return "A citizen takes number %(number)s."


def _first(citizen: Citizen) -> bool:
    """Whose priority or appointment somebody has to see: a dispenser can't."""
    return citizen.appointment or citizen.priority is not None


class Progress:
    """How many visits have ended, for those who wait for a certain number."""

    def __init__(self) -> None:
        self.finished = 0
        self._changed = asyncio.Condition()

    async def add(self) -> None:
        """One more."""
        async with self._changed:
            self.finished += 1
            self._changed.notify_all()

    async def reach(self, number: int) -> None:
        """Waits until that many have ended."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.finished >= number)


class Play:
    """One day in the hall."""

    def __init__(
        self,
        *,
        hub: Server,
        doors: Doors,
        boxes: Mapping[str, Box],
        log: PressLog | None,
        story: Story,
        now_ms: Callable[[], int],
        invitation_s: int,
        shared: bool = False,
        machine: Machine | None = None,
        hands: Mapping[str, Hand] = MappingProxyType({}),
    ) -> None:
        """shared: people work the pages, too, so a clerk here takes a refusal as a colleague's doing.

        hands: the clerks who have a caller.
        """
        self._shared = shared
        self.progress = Progress()
        self.hands_off = False  # the person before the page presses, the citizens don't
        self._hub = hub
        self._doors = doors
        self._boxes = boxes
        self._log = log
        self._story = story
        self._now_ms = now_ms
        self._invitation_s = invitation_s
        self._machine = machine
        self._before: asyncio.Queue[Citizen | None] = asyncio.Queue()  # who stands before it; None: the last has come
        self._hands = hands
        self._holders: dict[str, asyncio.Future[Citizen]] = {}  # by ticket; a clerk may be quicker than the printer
        self._missed: set[str] = set()  # tickets whose holder was away once
        self._issued = 0
        self._closing = False  # no citizen comes any more

    async def run(self, citizens: Iterable[Citizen]) -> None:
        """Opens the doors; returns when everybody has been served and has left."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._kiosk(citizens))
            group.create_task(self._dispenser())
            for window in WINDOWS:
                group.create_task(self._clerk(window))

    async def _kiosk(self, citizens: Iterable[Citizen]) -> None:
        token = self._hub.token("kiosk")
        loop = asyncio.get_running_loop()
        opened = loop.time()
        for citizen in citizens:
            await asyncio.sleep(max(0.0, opened + citizen.arrival_ms / 1000 - loop.time()))
            if self._machine is not None and citizen.index % EVERY == EVERY - 1 and not _first(citizen):
                self._before.put_nowait(citizen)
                continue
            body: dict[str, Any] = {
                "service": citizen.service,
                "priority": citizen.priority,
                "id": str(uuid.uuid4()),
            }
            if citizen.appointment:
                body["appointment_at_ms"] = self._now_ms()
            ticket = await self._doors.post("/api/v1/tickets", token, body)
            self._holder(ticket["ticket"]).set_result(citizen)
            self._issued += 1
            self._story.say(_greeting(citizen), number=ticket["number"])
        self._before.put_nowait(None)

    async def _dispenser(self) -> None:
        """Those who stand before the dispenser, one after the other; behind the last one nobody comes any more."""
        while (citizen := await self._before.get()) is not None:
            assert self._machine is not None
            ticket = await self._machine.take(citizen.service)
            self._holder(ticket["ticket"]).set_result(citizen)
            self._issued += 1
            self._story.say("The dispenser prints number %(number)s.", number=ticket["number"])
        self._closing = True

    async def _clerk(self, window: Window) -> None:
        await self._command(window, "sign_in", staff=window.staff, role="A")
        while not (self._closing and self.progress.finished >= self._issued):
            ticket = await self._next(window)
            if ticket is None:
                await asyncio.sleep(LOOK_AGAIN_S)
                continue
            try:
                ended = await self._serve(window, ticket)
            except RefusalError:
                if not self._shared:
                    raise
                ended = True
            if ended:
                await self.progress.add()

    async def _next(self, window: Window) -> Mapping[str, Any] | None:
        try:
            state = await self._command(window, "next")
        except RefusalError as refusal:
            if refusal.kind == NOBODY_WAITS or self._shared:
                return None
            raise
        ticket: Mapping[str, Any] | None = state["ticket"]
        return ticket

    async def _serve(self, window: Window, ticket: Mapping[str, Any]) -> bool:
        """Whether the visit has ended; a no-show who comes back is called again."""
        number = ticket["number"]
        self._story.say("Number %(number)s is called to window %(window)s.", number=number, window=window.id)
        citizen = await self._citizen(ticket)
        if citizen.away and ticket["ticket"] not in self._missed:
            return await self._miss(window, ticket, citizen)
        await self._command(window, "arrive")
        await asyncio.sleep(citizen.serving_ms / 1000)
        # A visit lasts until the lamps of the one before are out, or its finger could press for a stranger.
        await self._boxes[window.id].wait_lit(False, self._invitation_s + INVITED_S)
        self._story.say("Number %(number)s is served; window %(window)s asks.", number=number, window=window.id)
        await self._command(window, "finish")
        await self._rate(window, ticket, citizen)
        return True

    async def _miss(self, window: Window, ticket: Mapping[str, Any], citizen: Citizen) -> bool:
        """Called, called again, and not there; who comes back stands in line again, behind the next two."""
        number = ticket["number"]
        self._missed.add(ticket["ticket"])
        await asyncio.sleep(citizen.serving_ms / 1000)
        await self._command(window, "recall")
        await asyncio.sleep(citizen.serving_ms / 1000)
        await self._command(window, "no_show")
        self._story.say("Nobody comes with number %(number)s.", number=number)
        if citizen.gone:
            return True
        await asyncio.sleep(citizen.serving_ms / 1000)
        await self._command(window, "restore", number=number)
        self._story.say("Number %(number)s has come after all and is in line again.", number=number)
        return False

    async def _rate(self, window: Window, ticket: Mapping[str, Any], citizen: Citizen) -> None:
        box = self._boxes[window.id]
        if not await box.wait_lit(True, INVITED_S):
            return
        await asyncio.sleep(citizen.thinking_ms / 1000)
        if self.hands_off:
            await box.wait_lit(False, self._invitation_s)
        elif citizen.grade is not None:
            await self._press(box, ticket, citizen.grade)
            if citizen.second is not None:
                await self._press(box, ticket, citizen.second)

    async def _command(self, window: Window, command: str, **more: str) -> Any:
        hand = self._hands.get(window.id)
        if hand is not None and command in BY_KEY:
            return await hand.command(command)
        body = {"command": command, "id": str(uuid.uuid4()), **more}
        token = self._hub.token("clerk", f"window/{window.id}")
        return await self._doors.post(f"/api/v1/windows/{window.id}/commands", token, body)

    async def _citizen(self, ticket: Mapping[str, Any]) -> Citizen:
        """Who holds a ticket; a stranger presses the keys on the demo's page, or leaves without."""
        if not self._shared:
            return await self._holder(ticket["ticket"])
        try:
            async with asyncio.timeout(STRANGER_S):
                return await asyncio.shield(self._holder(ticket["ticket"]))
        except TimeoutError:
            return Citizen(
                index=-1,
                service=ticket["service"],
                arrival_ms=0,
                serving_ms=STRANGER_SERVING_MS,
                thinking_ms=STRANGER_THINKING_MS,
                grade=None,
                second=None,
            )

    def _holder(self, ticket: str) -> asyncio.Future[Citizen]:
        return self._holders.setdefault(ticket, asyncio.get_running_loop().create_future())

    async def _press(self, box: Box, ticket: Mapping[str, Any], grade: int) -> None:
        """Presses a key and writes down what the finger knows."""
        cuts = box.power_cuts
        lit = box.lit
        at_ms = self._now_ms()
        if lit:
            out = await box.press_until_dark(grade, THANKED_S)
        else:
            out = False
            await box.press(grade)
        power_lost = box.power_cuts != cuts
        if self._log is not None:
            self._log.add(
                Press(
                    window=box.counter,
                    grade=grade,
                    time=clock_text(at_ms),
                    ticket=ticket["ticket"],
                    number=ticket["number"],
                    lit=lit,
                    thanked=out and not power_lost,
                    power_lost=power_lost,
                )
            )
