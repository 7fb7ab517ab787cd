"""Posts generated years to a center by its door, a few halls at a time, from a process of its own."""

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from dataclasses import asdict, dataclass

import aiohttp

from common.envelope import BATCH_CONTENT_TYPE
from tools.generator.year import PackedBatch, Plan, batches, year

SENDERS = 4  # halls that send at once: the store commits them together


class PostingError(Exception):
    """The center took a batch otherwise than it should."""


@dataclass(frozen=True, slots=True)
class Door:
    """Where to post, and each hall's token."""

    url: str
    tokens: dict[str, str]


async def post(http: aiohttp.ClientSession, door: Door, batch: PackedBatch) -> None:
    """One batch; raises `PostingError`."""
    headers = {
        "Authorization": f"Bearer {door.tokens[batch.hall]}",
        "Content-Type": BATCH_CONTENT_TYPE,
        "Content-Encoding": "gzip",
        "Journal-Chain": batch.link,
    }
    url = f"{door.url}/api/v1/halls/{batch.hall}/events?journal={batch.journal}&after={batch.after}"
    async with http.post(url, data=batch.body, headers=headers) as answer:
        said = await answer.text()
        if answer.status != 200 or json.loads(said)["quarantined"]:
            raise PostingError(f"{batch.hall} after {batch.after}: {answer.status} {said[:300]}")


async def fill(door: Door, plan: Plan, told: Callable[[int], Awaitable[None]] | None = None) -> int:
    """Posts a whole plan; how many events there were. `told` hears the events so far after every batch."""
    waiting = iter(range(plan.halls))
    posted = 0

    async def send(http: aiohttp.ClientSession) -> None:
        nonlocal posted
        for number in waiting:
            for batch in batches(plan, number):
                await post(http, door, batch)
                posted += batch.events
                if told is not None:
                    await told(posted)

    async with aiohttp.ClientSession() as http, asyncio.TaskGroup() as group:
        for _ in range(SENDERS):
            group.create_task(send(http))
    return posted


def main() -> int:
    """`python -m tools.generator.posting`: url, tokens, events, halls and seed as JSON on stdin; tells progress."""
    asked = json.load(sys.stdin)
    door = Door(asked["url"], asked["tokens"])
    plan = year(asked["events"], asked["halls"], asked["seed"])

    async def told(posted: int) -> None:
        print(json.dumps({"posted": posted}), flush=True)

    events = asyncio.run(fill(door, plan, told))
    print(json.dumps({"posted": events, "plan": asdict(plan) | {"first": plan.first.isoformat()}}), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
