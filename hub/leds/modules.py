"""What each module shows, and the lines that carry it: the newest wins, and a dead line keeps nobody waiting."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple, Protocol

from common.keeping import keep, stop
from common.metrics import Values
from hub.leds.drivers import Driver, driver
from hub.links.backoff import Backoff
from hub.links.errors import LinkError
from hub.links.port import Port

# A module that lost power, or missed a packet, shows the truth again after so long.
AGAIN_S = 30.0
# A full transmit buffer that doesn't drain is a line that is gone.
WRITE_S = 5.0
FIRST_WAIT_S, WAIT_MOST_S = 0.5, 30.0

Log = Callable[..., None]
OpenPort = Callable[[str, int], Awaitable[Port]]
LONGEST = 8  # characters: no number is longer, and a module at a window has room for it


class Wanted(Protocol):
    """A module of the configuration; several may share a line, each with its own address."""

    @property
    def window(self) -> str: ...

    @property
    def url(self) -> str: ...

    @property
    def driver(self) -> str: ...

    @property
    def address(self) -> str: ...

    @property
    def baud(self) -> int: ...


class Shown(NamedTuple):
    """What stands on a module."""

    text: str
    flash: bool = False


def words(state: str, number: str | None) -> Shown:
    """A window's public state on its module: digits and letters only, for such a module has few dots."""
    if number is not None:
        return Shown(number[:LONGEST], flash=state == "calling")
    return Shown({"paused": "PAUSE", "closed": ""}.get(state, "----"))


@dataclass(slots=True)
class _Line:
    """A line with its modules: what is due, by window."""

    url: str
    rows: tuple[Wanted, ...]
    due: asyncio.Event = field(default_factory=asyncio.Event)
    dirty: set[str] = field(default_factory=set)
    up: bool = False
    why: str = ""
    failures: int = 0
    task: "asyncio.Task[None] | None" = None


class Leds:
    """`show` after each commit, `follow` with each configuration, `run` owns the lines' tasks."""

    def __init__(self, open_port: OpenPort, chance: Callable[[], float], log: Log) -> None:
        self._open_port = open_port
        self._chance = chance
        self._log = log
        self._shown: dict[str, Shown] = {}
        self._lines: dict[str, _Line] = {}
        self._wanted: tuple[Wanted, ...] = ()
        self._changed = asyncio.Event()

    def follow(self, wanted: Sequence[Wanted]) -> None:
        """From now on these modules."""
        self._wanted = tuple(wanted)
        self._changed.set()

    def show(self, window: str, state: str, number: str | None) -> None:
        """A window's state, once it is durable. Never waits: the line takes the newest when it can."""
        shown = words(state, number)
        if self._shown.get(window) == shown:
            return
        self._shown[window] = shown
        for line in self._lines.values():
            if any(row.window == window for row in line.rows):
                line.dirty.add(window)
                line.due.set()

    def state(self) -> list[dict[str, Any]]:
        """Every module: whether its line is open, and what it was told to show."""
        return [
            {
                "window": row.window,
                "url": row.url,
                "driver": row.driver,
                "address": row.address,
                "up": (line := self._lines.get(row.url)) is not None and line.up,
                "why": "" if line is None else line.why,
                "shows": self._shown.get(row.window, Shown("")).text,
            }
            for row in self._wanted
        ]

    def metrics(self) -> Values:
        """For Prometheus."""
        lines = {row.window: self._lines.get(row.url) for row in self._wanted}
        return {
            "tingting_led_line_up": {(name,): float(line is not None and line.up) for name, line in lines.items()},
            "tingting_led_line_failures_total": {
                (name,): 0 if line is None else line.failures for name, line in lines.items()
            },
        }

    async def run(self) -> None:
        """Until cancelled; raises what a line's task died of."""
        await keep(self._changed, self._match, self._end)

    async def _end(self) -> None:
        await stop(*(line.task for line in self._lines.values()))

    async def _match(self) -> list["asyncio.Task[None]"]:
        rows = {url: tuple(row for row in self._wanted if row.url == url) for url in {row.url for row in self._wanted}}
        for line in [line for line in self._lines.values() if rows.get(line.url) != line.rows]:
            del self._lines[line.url]
            await stop(line.task)
        for url, wanted in rows.items():
            if url not in self._lines:
                line = self._lines[url] = _Line(url, wanted)
                line.task = asyncio.create_task(self._serve(line), name=f"leds {url}")
        return [line.task for line in self._lines.values() if line.task is not None]

    async def _serve(self, line: _Line) -> None:
        backoff = Backoff(FIRST_WAIT_S, WAIT_MOST_S, self._chance)
        while True:
            try:
                await self._talk(line, backoff)
            except (LinkError, TimeoutError) as error:
                why = str(error) or f"took nothing for {WRITE_S:.0f} s"
                if line.up or line.why != why:
                    self._log("hub.leds_away", url=line.url, why=why)
                line.up, line.why = False, why
                line.failures += 1
                await asyncio.sleep(backoff.next_s())

    async def _talk(self, line: _Line, backoff: Backoff) -> None:
        drivers = {row.window: driver(row.driver) for row in line.rows}
        port = await self._open_port(line.url, line.rows[0].baud)
        # Modules say nothing that matters, but only who listens hears that the line is gone.
        listening = asyncio.create_task(_listen(port))
        try:
            due = {row.window for row in line.rows}
            while True:
                line.due.clear()
                line.dirty.clear()
                for row in line.rows:
                    if row.window in due:
                        await self._send(port, drivers[row.window], row)
                if not line.up:
                    self._log("hub.leds", url=line.url, modules=len(line.rows))
                line.up, line.why = True, ""
                backoff.reset()
                due = set(line.dirty) if await _due(line, listening) else {row.window for row in line.rows}
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
            await port.close()

    async def _send(self, port: Port, spoken: Driver, row: Wanted) -> None:
        shown = self._shown.get(row.window, Shown(""))
        async with asyncio.timeout(WRITE_S):
            await port.write(spoken.show(row.address, shown.text, flash=shown.flash))


async def _listen(port: Port) -> None:
    while True:
        await port.read()


async def _due(line: _Line, listening: "asyncio.Task[None]") -> bool:
    """Whether something new is to be shown; after AGAIN_S everything is. Raises `LinkError` when the line is gone."""
    waiting = asyncio.create_task(line.due.wait())
    try:
        await asyncio.wait([waiting, listening], timeout=AGAIN_S, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
    if listening.done():
        listening.result()
    return line.due.is_set()
