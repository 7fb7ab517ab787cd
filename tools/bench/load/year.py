"""Fills a hub's journal with whole days of a hall, through the shipped rules and journal; ends as a power cut would.

`python -m tools.bench.load.year --config hub.toml --days 412 --visits 500`: the last day is today; prints
`{"durable", "seconds"}`. A visit is a number, a call, an arrival, a finish, an invitation and a rating: six events. The
center is said to have all of it.
"""

import argparse
import asyncio
import time
from collections.abc import Coroutine, Iterator
from pathlib import Path
from typing import Any

from hub.queueing.commands import InvitationAccepted, IssueTicket
from hub.queueing.events import Now
from hub.queueing.window_commands import CallNext, Finish, MarkArrived, SignIn, SignOut
from hub.service import HallService
from tools.bench.load.fill import break_off, open_hall, rated

DAY_MS = 86_400_000
WORKDAY_MS = 8 * 3_600_000


class Day:
    """The clock of the filling: days pass as it is told."""

    def __init__(self, ms: int) -> None:
        self.ms = ms

    def __call__(self) -> Now:
        return Now(self.ms, monotonic_ms=self.ms)


async def run(path: Path, days: int, visits: int) -> None:
    """The whole filling."""
    # The last of the days ended when the filling began: a hub's clock is never behind its journal.
    end_ms = time.time_ns() // 1_000_000
    clock = Day(end_ms - days * DAY_MS)
    journal, hall, windows = open_hall(path, clock)
    began_s = time.monotonic()
    for day in range(days):
        clock.ms = end_ms - (days - day) * DAY_MS
        # All of a day waits for the disk at once: they are begun in this order, and each decides as it begins.
        await asyncio.gather(*_day(hall, clock, windows, visits))
    hall.keep_snapshot()
    await journal.set_cursor("center", str(journal.durable))
    break_off(journal, began_s)


def _day(hall: HallService, clock: Day, windows: list[str], visits: int) -> Iterator[Coroutine[Any, Any, Any]]:
    """What happens in the hall, in its order."""
    yield from (hall.submit(SignIn(window, f"s{window}")) for window in windows)
    for visit in range(visits):
        window = windows[visit % len(windows)]
        yield _pass(clock, WORKDAY_MS // visits)
        yield hall.submit(IssueTicket("A", "kiosk"))
        for verb in (CallNext, MarkArrived, Finish):
            yield hall.submit(verb(window))
        yield _invited(hall, window)
        yield _pressed(hall, clock, window)
    yield from (hall.submit(SignOut(window)) for window in windows)


async def _pass(clock: Day, ms: int) -> None:
    clock.ms += ms


async def _invited(hall: HallService, window: str) -> None:
    """The run that was finished last is."""
    await hall.submit(InvitationAccepted(next(reversed(hall.state.runs)), f"box-{window}"))


async def _pressed(hall: HallService, clock: Day, window: str) -> None:
    """Its rating."""
    run = next(reversed(hall.state.runs))
    await hall.submit_facts(rated(hall, f"box-{window}", window, clock.ms, [run]))


def main() -> None:
    """The process."""
    parser = argparse.ArgumentParser(prog="year")
    parser.add_argument("--config", type=Path, required=True, help="the hub's TOML file")
    parser.add_argument("--days", type=int, required=True, help="how many, the last one today")
    parser.add_argument("--visits", type=int, required=True, help="a day")
    options = parser.parse_args()
    asyncio.run(run(options.config, options.days, options.visits))


if __name__ == "__main__":
    main()
