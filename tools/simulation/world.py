"""Simulated time and seeded chance, of which a seed makes a whole run."""

import asyncio
from collections.abc import Callable
from random import Random

from tools.simulation.loop import Job, SimulatedLoop, Turn, WorldError

# Where simulated time begins; any moment will do, this one is a working day in China.
EPOCH_MS = 1_790_000_000_000
STORY_LINES = 100_000  # a run has some hundreds; beyond it something loops, and the beginning tells why


class World:
    """Clock, chance and story of one run; made inside its loop."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.story: list[str] = []
        loop = asyncio.get_running_loop()
        assert isinstance(loop, SimulatedLoop)
        self._loop = loop
        self.after: Callable[[int, Job], Turn] = loop.after  # does a job so many ms later

    @property
    def now_ms(self) -> int:
        """Since the run began."""
        return self._loop.now_ms

    @property
    def unix_ms(self) -> int:
        """The true time."""
        return EPOCH_MS + self._loop.now_ms

    def chance(self, name: str) -> Random:
        """A stream of its own for every user, so that one more draw here shifts nothing there."""
        return Random(f"{self.seed}/{name}")

    def tell(self, who: str, what: str) -> None:
        """One line of the story."""
        if len(self.story) >= STORY_LINES:
            raise WorldError(f"seed {self.seed}: {STORY_LINES} lines told; something loops")
        self.story.append(f"{self.now_ms / 1000:9.3f} s  {who:<7} {what}")
