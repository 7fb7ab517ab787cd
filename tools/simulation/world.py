"""Simulated time and seeded chance: an event loop whose clock jumps to the next timer, so a seed is a whole run."""

import asyncio
import selectors
from collections.abc import Callable
from concurrent.futures import Executor
from heapq import heappop, heappush
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


class Later:
    """A job that is not due yet."""

    __slots__ = ("job",)

    def __init__(self, job: Job) -> None:
        self.job: Job | None = job

    def cancel(self) -> None:
        """Not at all."""
        self.job = None


class World:
    """Clock, chance and story of one run; made inside its loop.

    own_timers: jobs wait in a heap of the world's own, which costs a tenth of a run less than the loop's. What falls
    upon one moment is then done in another order, so remembered seeds of the small hall go without.
    """

    def __init__(self, seed: int, *, own_timers: bool = False) -> None:
        self.seed = seed
        self.story: list[str] = []
        self._loop = asyncio.get_running_loop()
        self._own_timers = own_timers
        self._waiting: list[tuple[float, int, Later]] = []
        self._jobs = 0
        self._bell: asyncio.TimerHandle | None = None

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

    def after(self, wait_ms: int, job: Job) -> "asyncio.TimerHandle | Later":
        """Does a job later."""
        if not self._own_timers:
            return self._loop.call_later(wait_ms / 1000, job)
        later, at_s = Later(job), self._loop.time() + wait_ms / 1000
        self._jobs += 1
        heappush(self._waiting, (at_s, self._jobs, later))
        if self._waiting[0][2] is later:
            self._wind(at_s)
        return later

    def _wind(self, at_s: float) -> None:
        if self._bell is not None:
            self._bell.cancel()
        self._bell = self._loop.call_at(at_s, self._rings)

    def _rings(self) -> None:
        self._bell = None
        now_s = self._loop.time()
        while self._waiting and self._waiting[0][0] <= now_s:
            job = heappop(self._waiting)[2].job
            if job is None:
                continue
            try:
                job()
            except Exception as error:
                self._loop.call_exception_handler(
                    {"message": f"a job of the simulation: {error!r}", "exception": error}
                )
        if self._waiting and self._bell is None:
            self._wind(self._waiting[0][0])

    def tell(self, who: str, what: str) -> None:
        """One line of the story."""
        if len(self.story) >= STORY_LINES:
            raise WorldError(f"seed {self.seed}: {STORY_LINES} lines told; something loops")
        self.story.append(f"{self.now_ms / 1000:9.3f} s  {who:<7} {what}")
