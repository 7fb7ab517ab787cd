"""Simulated time and seeded chance: an event loop whose clock jumps to the next timer, so a seed is a whole run."""

import asyncio
import selectors
from collections.abc import Callable
from concurrent.futures import Executor
from random import Random
from typing import Any, TypeVar

# Where simulated time begins; any moment will do, this one is a working day in China.
EPOCH_MS = 1_790_000_000_000
STORY_LINES = 100_000  # a run has some hundreds; beyond it something loops, and the beginning tells why

Job = Callable[[], None]
_R = TypeVar("_R")


class WorldError(Exception):
    """The simulation itself went wrong."""


class _Selector(selectors.SelectSelector):
    """Waits no time and asks no socket, for there is none: the clock goes on to the next timer."""

    def __init__(self) -> None:
        super().__init__()
        self.now_s = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if timeout is None:
            raise WorldError("everything waits and no timer is set: nothing can happen any more")
        self.now_s += timeout
        return []


class SimulatedLoop(asyncio.SelectorEventLoop):
    """An event loop on simulated time, in which no thread works."""

    def __init__(self) -> None:
        self._simulated = _Selector()
        super().__init__(self._simulated)

    def time(self) -> float:
        """Simulated seconds since the run began."""
        return self._simulated.now_s

    def run_in_executor(  # type: ignore[override]  # asyncio's own says any executor, and any future
        self, _executor: Executor | None, job: Callable[..., _R], *arguments: Any
    ) -> "asyncio.Future[_R]":
        """At once, in this thread: no seed decides when another one ends."""
        done: asyncio.Future[_R] = self.create_future()
        try:
            done.set_result(job(*arguments))
        except Exception as error:
            done.set_exception(error)
        return done

    def _write_to_self(self) -> None:
        """Nobody waits in a select that would have to be woken."""


class World:
    """Clock, chance and story of one run; made inside its loop."""

    def __init__(self, seed: int) -> None:
        self.seed = seed
        self.story: list[str] = []
        self._loop = asyncio.get_running_loop()

    @property
    def now_ms(self) -> int:
        """Since the run began."""
        return round(self._loop.time() * 1000)

    @property
    def unix_ms(self) -> int:
        """The true time."""
        return EPOCH_MS + self.now_ms

    def chance(self, name: str) -> Random:
        """A stream of its own for every user, so that one more draw here shifts nothing there."""
        return Random(f"{self.seed}/{name}")

    def after(self, wait_ms: int, job: Job) -> asyncio.TimerHandle:
        """Does a job later."""
        return self._loop.call_later(wait_ms / 1000, job)

    def tell(self, who: str, what: str) -> None:
        """One line of the story."""
        if len(self.story) >= STORY_LINES:
            raise WorldError(f"seed {self.seed}: {STORY_LINES} lines told; something loops")
        self.story.append(f"{self.now_ms / 1000:9.3f} s  {who:<7} {what}")
