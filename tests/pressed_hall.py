"""A hall whose citizens press all the while: what their fingers did beside what the hub's journal has of it."""

import asyncio
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from random import Random
from typing import Any

from tests.caller_support import press
from tests.hub_support import HubProcess
from tests.radio_support import RadioBox

POLL_S = 0.2
PAGE = 1000
ASKED_S = 240.0  # from a finish to lamps or a word why not; a hub gives up after 10 s, the rest is the machine's
ANSWERED_S = 120.0  # from a finger to lamps that go out
EVERYWHERE_S = 600.0  # for a press at each of twenty windows, ten of them behind four links


class Journal:
    """Follows the hub's journal by its door, event after event."""

    def __init__(self, hub: HubProcess) -> None:
        self.runs: dict[str, list[str]] = defaultdict(list)  # window → runs, as they were finished
        self.ends: dict[str, list[dict[str, Any]]] = defaultdict(list)  # run → ratings and reasons
        self.kinds: Counter[str] = Counter()
        self.through = 0
        self._hub = hub

    async def follow(self) -> None:
        """Until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(POLL_S)

    async def look(self) -> None:
        """What is new."""
        while True:
            status, page = await self._hub.call("GET", f"/api/v1/events?after={self.through}&limit={PAGE}", "auditor")
            assert status == 200, page
            for event in page:
                self._take(event)
            if len(page) < PAGE:
                return

    def _take(self, event: dict[str, Any]) -> None:
        self.through = int(event["sequence"])
        data, kind = event["data"], event["type"].removeprefix("hall.")
        self.kinds[kind] += 1
        if kind == "ticket.finished":
            self.runs[data["window"]].append(data["run"])
        elif kind in ("rating.submitted", "rating.unrated"):
            self.ends[data["run"]].append(event)

    def ratings(self) -> dict[str, list[int]]:
        """Box → the grades that came from it, in its own order."""
        found = [each["data"] for ends in self.ends.values() for each in ends if "grade" in each["data"]]
        grades: dict[str, list[int]] = defaultdict(list)
        for data in sorted(found, key=lambda data: int(data["fact"])):
            grades[data["device"]].append(data["grade"])
        return grades

    def open(self) -> list[str]:
        """Services that nobody has rated, and nothing says why."""
        return [run for runs in self.runs.values() for run in runs if not self.ends[run]]

    def twice(self) -> list[str]:
        """Services with more than one rating."""
        return [run for run, ends in self.ends.items() if sum("grade" in each["data"] for each in ends) > 1]


class Citizens:
    """One after the other at every window, until they are told to stop."""

    def __init__(self, hub: HubProcess, boxes: Sequence[RadioBox], seed: int, pause_s: tuple[float, float]) -> None:
        self.hub = hub
        self.journal = Journal(hub)
        self.pressed: dict[str, list[int]] = defaultdict(list)  # box → grades, each answered by its lamps
        self.unasked = 0  # lamps stayed dark, and the journal says why
        self._boxes = boxes
        self._seed = seed
        self._pause_s = pause_s
        self._over = asyncio.Event()

    @asynccontextmanager
    async def coming(self) -> AsyncIterator["Citizens"]:
        """As long as this lasts; then the last one of each window finishes."""
        following = asyncio.create_task(self.journal.follow())
        try:
            async with asyncio.TaskGroup() as tasks:
                for box in self._boxes:
                    tasks.create_task(self._at(box))
                try:
                    yield self
                finally:
                    self._over.set()
            async with asyncio.timeout(ANSWERED_S):
                while self.journal.open():
                    await asyncio.sleep(POLL_S)
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)

    async def everywhere(self) -> None:
        """Until somebody has pressed at every window."""
        async with asyncio.timeout(EVERYWHERE_S):
            while len(self.pressed) < len(self._boxes):
                await asyncio.sleep(POLL_S)

    async def _at(self, box: RadioBox) -> None:
        chance = Random(f"{self._seed}/{box.device}")
        while not self._over.is_set():
            await self._visit(box, chance)
            try:
                async with asyncio.timeout(chance.uniform(*self._pause_s)):
                    await self._over.wait()
            except TimeoutError:
                continue

    async def _visit(self, box: RadioBox, chance: Random) -> None:
        """A citizen is served and, where the box asks, presses."""
        served = len(self.journal.runs[box.window])
        await self.hub.serve_one(box.window)
        async with asyncio.timeout(ASKED_S):
            while len(self.journal.runs[box.window]) == served:
                await asyncio.sleep(POLL_S)
            run = self.journal.runs[box.window][served]
            while not any(box.board.view.lamps):
                if self.journal.ends[run]:
                    self.unasked += 1
                    return
                await asyncio.sleep(POLL_S / 4)
        grade = chance.randint(1, 5)
        await press(box.board, grade)
        await box.board.wait_lamps(False, ANSWERED_S)
        self.pressed[box.device].append(grade)

    def judge(self) -> str:
        """Nothing lost, nothing twice, nothing invented, nothing changed; the counts in one line."""
        ratings = self.journal.ratings()
        finished, rated = self.journal.kinds["ticket.finished"], sum(len(grades) for grades in ratings.values())
        pressed = sum(len(grades) for grades in self.pressed.values())
        line = f"finished {finished} pressed {pressed} unasked {self.unasked} rated {rated}"
        assert ratings == self.pressed, line
        assert self.journal.twice() == [], line
        return f"{line} lost 0 twice 0"
