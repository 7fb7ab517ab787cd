"""Tasks that come and go with what is wanted: matched anew at each change, and none of them dies unseen."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Any


async def keep(
    changed: asyncio.Event,
    match: Callable[[], Awaitable[Sequence["asyncio.Task[Any]"]]],
    end: Callable[[], Awaitable[None]],
) -> None:
    """Until cancelled; raises what a task died of.

    match: ends what is no longer wanted, begins what is, and returns all that run. end: ends them all.
    """
    try:
        while True:
            changed.clear()
            tasks = await match()
            changing = asyncio.create_task(changed.wait())
            try:
                await asyncio.wait([changing, *tasks], return_when=asyncio.FIRST_COMPLETED)
            finally:
                changing.cancel()
            for task in tasks:
                if task.done():
                    task.result()
    finally:
        await end()


async def stop(*tasks: "asyncio.Task[Any] | None") -> None:
    """Ends them, and waits until they have ended; doing it twice is free."""
    running = [task for task in tasks if task is not None]
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)
