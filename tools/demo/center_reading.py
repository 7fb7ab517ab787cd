"""Reads at the center's doors what has arrived there: the events, and the ratings report."""

import asyncio
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, Final

from common import envelope
from tools.demo.doors import Doors
from tools.demo.hall import HALL_ID, OFFSET_MINUTES, Server
from tools.demo.presses import Press

LOOK_S: Final = 0.3  # between two looks
ARRIVE_S: Final = (
    90.0  # a box whose line was bad backs off to 10 s, a hub whose center was away to 5 s: many times that
)
QUIET_S: Final = 12.0  # a run with a box that did not answer is left open so long for a fact that may still come

Event = dict[str, Any]


class CenterReader:
    """An auditor and a viewer at the center."""

    def __init__(self, center: Server, doors: Doors) -> None:
        self.events: list[Event] = []
        self._center = center
        self._doors = doors
        self._journal: str | None = None

    async def read(self) -> list[Event]:
        """All events of the hall so far; asks for the new ones only."""
        if self._journal is None:
            halls = await self._doors.get("/api/v1/halls", self._center.token("viewer"))
            self._journal = next((hall["journal"] for hall in halls["halls"] if hall["hall"] == HALL_ID), None)
        if self._journal is not None:
            after = int(self.events[-1]["sequence"]) if self.events else 0
            path = f"/api/v1/halls/{HALL_ID}/events"
            token = self._center.token("auditor")
            async for event in self._doors.events(path, token, after, journal=self._journal):
                self.events.append(event)
        return self.events

    async def ratings(self, now_ms: int) -> Mapping[str, Any]:
        """The ratings report over yesterday to tomorrow: a demo may run over midnight."""
        days = [envelope.format_time(now_ms + step, OFFSET_MINUTES)[:10] for step in (-_DAY_MS, _DAY_MS)]
        token = self._center.token("viewer")
        query = {"from": days[0], "to": days[1], "by": "hall"}
        report: Mapping[str, Any] = await self._doors.get("/api/v1/reports/ratings", token, **query)
        return report

    async def settle(self, hub: Server, hub_doors: Doors, presses: Sequence[Press]) -> bool:
        """Waits until nothing is on its way any more; False when something still is after `ARRIVE_S`."""
        try:
            async with asyncio.timeout(ARRIVE_S):
                while True:
                    if await self._settled(hub, hub_doors, presses):
                        return True
                    await asyncio.sleep(LOOK_S)
        except TimeoutError:
            return False

    async def _settled(self, hub: Server, hub_doors: Doors, presses: Sequence[Press]) -> bool:
        loop = asyncio.get_running_loop()
        events = await self.read()
        if open_runs(events) or missing(events, presses):
            return False
        last = int(events[-1]["sequence"]) if events else 0
        if not away_runs(events):
            return await self._hub_has_no_more(hub, hub_doors, last)
        until = loop.time() + QUIET_S
        while loop.time() < until:
            await asyncio.sleep(LOOK_S)
            if not await self._hub_has_no_more(hub, hub_doors, last):
                return False
        return True

    async def _hub_has_no_more(self, hub: Server, hub_doors: Doors, last: int) -> bool:
        return not await hub_doors.get("/api/v1/events", hub.token("auditor"), after=last, limit=1)


_DAY_MS = timedelta(days=1) // timedelta(milliseconds=1)


def open_runs(events: Sequence[Event]) -> set[str]:
    """Runs finished of which nothing is known yet."""
    finished = _runs(events, "hall.ticket.finished")
    return finished - _runs(events, "hall.rating.submitted") - _runs(events, "hall.rating.unrated")


def away_runs(events: Sequence[Event]) -> set[str]:
    """Runs whose box was away: provisional, a fact may still come."""
    away = {
        event["data"]["run"]
        for event in events
        if event["type"] == "hall.rating.unrated" and event["data"]["reason"] == "device_away"
    }
    return away - _runs(events, "hall.rating.submitted")


def missing(events: Sequence[Event], presses: Sequence[Press]) -> list[Press]:
    """Presses that were thanked for and are not among the events."""
    rated = {event["data"].get("ticket") for event in events if event["type"] == "hall.rating.submitted"}
    return [press for press in presses if press.thanked and press.ticket not in rated]


def _runs(events: Sequence[Event], kind: str) -> set[str]:
    return {event["data"]["run"] for event in events if event["type"] == kind}
