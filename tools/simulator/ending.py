"""Ending a process of ours: it is asked, and where it doesn't answer, made to."""

import asyncio
import contextlib

STOP_TIMEOUT_S = 5.0


async def end(process: asyncio.subprocess.Process) -> None:
    """Comes back when it is gone."""
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(STOP_TIMEOUT_S):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
