"""Fills a hub's journal through the shipped journal and rules, without a hub process, and ends as a power cut would.

`python -m tools.bench.load.fill --config hub.toml --events 1000000`: until the journal holds so many; prints
`{"durable", "seconds"}`. Rated facts of 64 boxes, in the batches that a full line brings.
"""

import argparse
import asyncio
import json
import os
import time
from pathlib import Path

from hub import config as hub_config
from hub.journal import Journal
from hub.queueing.commands import AcceptFact
from hub.queueing.events import Now
from hub.service import HallService, SystemIds

BOXES = 64
BATCH = 58  # what one read of 4,096 bytes brings


def _now() -> Now:
    return Now(time.time_ns() // 1_000_000, monotonic_ms=time.monotonic_ns() // 1_000_000)


async def run(path: Path, events: int) -> None:
    """The whole filling."""
    config = hub_config.load(path)
    layout = hub_config.layout(config)
    journal = Journal.open(
        Path(config.paths.data) / "journal.sqlite3",
        config.hall.id,
        config.hall.offset_minutes,
        lambda: os.urandom(8).hex(),
    )
    hall = HallService(journal, layout, _now, SystemIds())
    windows = [window.id for window in layout.windows]
    began_s = time.monotonic()
    left = events - journal.durable
    while left > 0:
        lines = []
        for box in range(BOXES):
            count = min(BATCH, left)
            if count > 0:
                lines.append(hall.submit_facts(_facts(hall, f"fill-{box:04}", windows[box % len(windows)], count)))
                left -= count
        await asyncio.gather(*lines)
    print(json.dumps({"durable": journal.durable, "seconds": time.monotonic() - began_s}), flush=True)
    os._exit(0)  # no orderly end: what a start finds after a power cut


def _facts(hall: HallService, device: str, window: str, count: int) -> list[AcceptFact]:
    epoch, at_ms = "00" * 8, _now().ms
    first = hall.state.stored_through(device, epoch) + 1
    return [
        AcceptFact(
            device=device,
            epoch=epoch,
            fact=number,
            kind="rated",
            window=window,
            time_ms=at_ms,
            earliest_ms=None,
            latest_ms=None,
            data={"run": os.urandom(8).hex(), "grade": 1 + number % 5, "pressed_after_ms": 2345},
        )
        for number in range(first, first + count)
    ]


def main() -> None:
    """The process."""
    parser = argparse.ArgumentParser(prog="fill")
    parser.add_argument("--config", type=Path, required=True, help="the hub's TOML file")
    parser.add_argument("--events", type=int, required=True, help="until the journal holds so many")
    options = parser.parse_args()
    asyncio.run(run(options.config, options.events))


if __name__ == "__main__":
    main()
