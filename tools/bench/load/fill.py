"""Fills a hub's journal through the shipped journal and rules, without a hub process, and ends as a power cut would.

`python -m tools.bench.load.fill --config hub.toml --events 1000000`: until the journal holds so many; prints
`{"durable", "seconds"}`. Rated facts of 64 boxes, in the batches that a full line brings.
"""

import argparse
import asyncio
import json
import os
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NoReturn

from hub import config as hub_config
from hub.journal import Journal
from hub.queueing.commands import AcceptFact
from hub.queueing.events import Now
from hub.service import HallService, SystemIds

BOXES = 64
EPOCH = "00" * 8
BATCH = 58  # what one read of 4,096 bytes brings


def _now() -> Now:
    return Now(time.time_ns() // 1_000_000, monotonic_ms=time.monotonic_ns() // 1_000_000)


def open_hall(path: Path, clock: Callable[[], Now]) -> tuple[Journal, HallService, list[str]]:
    """The journal of a hub's settings, its hall by this clock, and the names of its windows."""
    config = hub_config.load(path)
    layout = hub_config.layout(config)
    journal = Journal.open(
        Path(config.paths.data) / "journal.sqlite3",
        config.hall.id,
        config.hall.offset_minutes,
        lambda: os.urandom(8).hex(),
    )
    return journal, HallService(journal, layout, clock, SystemIds()), [window.id for window in layout.windows]


def break_off(journal: Journal, began_s: float) -> NoReturn:
    """Says what there is, and ends without any order: what a start finds after a power cut."""
    print(json.dumps({"durable": journal.durable, "seconds": time.monotonic() - began_s}), flush=True)
    os._exit(0)


def rated(hall: HallService, device: str, window: str, at_ms: int, runs: Iterable[str]) -> list[AcceptFact]:
    """The next facts of a box: a grade for each of these runs."""
    first = hall.state.stored_through(device, EPOCH) + 1
    return [
        AcceptFact(
            device=device,
            epoch=EPOCH,
            fact=number,
            kind="rated",
            window=window,
            time_ms=at_ms,
            earliest_ms=None,
            latest_ms=None,
            data={"run": run, "grade": 1 + number % 5, "pressed_after_ms": 2345},
        )
        for number, run in enumerate(runs, first)
    ]


async def run(path: Path, events: int) -> None:
    """The whole filling."""
    journal, hall, windows = open_hall(path, _now)
    began_s = time.monotonic()
    left = events - journal.durable
    while left > 0:
        lines = []
        for box in range(BOXES):
            runs = [os.urandom(8).hex() for _ in range(min(BATCH, left))]
            if runs:
                device, window = f"fill-{box:04}", windows[box % len(windows)]
                lines.append(hall.submit_facts(rated(hall, device, window, _now().ms, runs)))
                left -= len(runs)
        await asyncio.gather(*lines)
    break_off(journal, began_s)


def main() -> None:
    """The process."""
    parser = argparse.ArgumentParser(prog="fill")
    parser.add_argument("--config", type=Path, required=True, help="the hub's TOML file")
    parser.add_argument("--events", type=int, required=True, help="until the journal holds so many")
    options = parser.parse_args()
    asyncio.run(run(options.config, options.events))


if __name__ == "__main__":
    main()
