"""Between hub and center: requests and answers that are late, lost, doubled or cut off; under the shipped client."""

import asyncio
from dataclasses import dataclass
from typing import Any, cast

import aiohttp

from hub.uplink.client import CenterClient
from hub.uplink.uplink import BATCH_BYTES, BATCH_EVENTS
from tools.simulation.center import HALL, TOKEN, Request, SimulatedCenter
from tools.simulation.watch import Watch
from tools.simulation.world import World

URL = "http://center.sim"
AWAY = b"<html><h1>502 Bad Gateway</h1></html>"  # what a proxy says of its own
TRAVEL_MS = (3, 60)
GHOST_MS = (20_000, 50_000)  # a request that stands in a proxy's queue, while its sender has given up
# Beside the events themselves: brackets and commas.
MOST_BYTES = BATCH_BYTES + BATCH_EVENTS


@dataclass(slots=True)
class Weather:
    """Shares of the requests that something happens to."""

    refused: float = 0.0  # nobody listens
    swallowed: float = 0.0  # half-open: sent, and never an answer
    unanswered: float = 0.0  # done, and the answer is lost
    doubled: float = 0.0
    ghosts: float = 0.0  # arrives after its sender has given up
    bad_gateway: float = 0.0


class _Content:
    def __init__(self, body: bytes) -> None:
        self._body = body

    async def read(self, size: int) -> bytes:
        part, self._body = self._body[:size], self._body[size:]
        return part


class _Answer:
    def __init__(self, status: int, body: bytes) -> None:
        self.status = status
        self.content = _Content(body)


class _Exchange:
    """One request of the client; its answer comes where `async with` begins."""

    def __init__(self, road: "Road", asked: Request, total_s: float) -> None:
        self._road = road
        self._asked = asked
        self._total_s = total_s

    async def __aenter__(self) -> _Answer:
        async with asyncio.timeout(self._total_s):
            return _Answer(*await self._road.carry(self._asked))

    async def __aexit__(self, *_: object) -> None:
        """Nothing is held."""


class Road:
    """In the place of an `aiohttp.ClientSession`."""

    def __init__(self, world: World, center: SimulatedCenter, watch: Watch) -> None:
        self.weather = Weather()
        self._world = world
        self._center = center
        self._watch = watch
        self._chance = world.chance("road")
        self._underway: set[asyncio.Task[Any]] = set()

    def client(self) -> CenterClient:
        """For one life of a hub."""
        return CenterClient(cast("aiohttp.ClientSession", self), URL, HALL, TOKEN)

    def request(self, method: str, url: str, *, params: Any, data: Any, headers: Any, **more: Any) -> _Exchange:
        """As the client calls it."""
        body = data or b""
        if method == "POST":
            self._watch.sent(len(body), MOST_BYTES)
        return _Exchange(self, (method, url.removeprefix(URL), params, headers, body), more["timeout"].total)

    async def carry(self, asked: Request) -> tuple[int, bytes]:
        """There and back."""
        chance, weather = self._chance, self.weather
        await self._travel(TRAVEL_MS)
        if chance.random() < weather.refused:
            raise aiohttp.ClientConnectionError("nobody listens there")
        if chance.random() < weather.bad_gateway:
            return 502, AWAY
        if chance.random() < weather.ghosts:
            self._later(self._ghost(asked))
            await asyncio.get_running_loop().create_future()
        if chance.random() < weather.swallowed:
            await asyncio.get_running_loop().create_future()
        if chance.random() < weather.doubled:
            self._later(self._ask(asked))
        # Whoever gives up does not call back what he has sent.
        answer = await asyncio.shield(self._later(self._ask(asked)))
        if chance.random() < weather.unanswered:
            raise aiohttp.ClientConnectionError("cut off before the answer")
        await self._travel(TRAVEL_MS)
        return cast("tuple[int, bytes]", answer)

    async def end(self) -> None:
        """What stands in queues goes with them."""
        for task in self._underway:
            task.cancel()
        await asyncio.gather(*self._underway, return_exceptions=True)

    async def _ghost(self, asked: Request) -> None:
        await self._travel(GHOST_MS)
        await self._ask(asked)

    async def _ask(self, asked: Request) -> tuple[int, bytes]:
        try:
            return await self._center.ask(asked)
        except ConnectionResetError as error:
            raise aiohttp.ClientConnectionError(str(error)) from error

    async def _travel(self, span_ms: tuple[int, int]) -> None:
        await asyncio.sleep(self._chance.randint(*span_ms) / 1000)

    def _later(self, work: Any) -> "asyncio.Task[Any]":
        task = asyncio.get_running_loop().create_task(work)
        self._underway.add(task)
        task.add_done_callback(self._left)
        return task

    def _left(self, task: "asyncio.Task[Any]") -> None:
        self._underway.discard(task)
        if not task.cancelled():
            task.exception()
