"""A finger on a key of a simulated board."""

import asyncio
from typing import Final

from tools.simulator.board import SimulatedBoard
from tools.simulator.profile import Key
from tools.simulator.verbs import PRESS_MS

SEEN_TURNS: Final = 8  # of the program, which takes 4 to believe that a key is down: a machine may be busy
SEEN_LOOKS: Final = 25  # then the finger goes: a box may be without power


async def press(board: SimulatedBoard, key: Key) -> None:
    """Presses a key and lets it go: quickly, but not before the board's program has seen it."""
    await board.hold(key)
    before = board.turns
    try:
        for _ in range(SEEN_LOOKS):
            await asyncio.sleep(PRESS_MS / 1000)
            if board.turns - before >= SEEN_TURNS:
                break
    finally:
        await board.release(key)
