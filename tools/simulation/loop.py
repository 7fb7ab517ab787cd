"""An event loop on simulated time: its clock jumps to the next timer, so a seed is a whole run.

It turns the callbacks itself. Over asyncio's own loop half of what a turn cost went into handles, a heap that compares
them in Python, and a selector with no socket in it.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Executor
from contextvars import Context, copy_context
from heapq import heappop, heappush
from itertools import count
from typing import Any, TypeVar

Job = Callable[[], None]
_R = TypeVar("_R")
_US = 1_000_000  # whole microseconds are counted: sums of seconds that are one moment differ in their last digits


class WorldError(Exception):
    """The simulation itself went wrong."""


class Turn(list[Any]):
    """A callback that waits: when in us, its number, callback, arguments, context. A list: heapq compares it in C."""

    __slots__ = ()

    def cancel(self) -> None:
        """Not at all."""
        self[2:] = (None, (), None)

    def cancelled(self) -> bool:
        """Whether it was called off; one that is done was not."""
        return self[2] is None

    def when(self) -> float:
        """On the loop's clock."""
        return float(self[0] / _US)


def _whole_us(moment_s: float, before_us: int) -> int:
    """The nearest; what comes after a moment is not put upon it, or who waits for the rest of a time never ends."""
    nearest = round(moment_s * _US)
    return nearest + 1 if nearest == before_us and moment_s > before_us / _US else nearest


class SimulatedLoop(asyncio.BaseEventLoop):
    """No thread and no socket works. What falls upon one moment is done in the order in which it was asked for."""

    _stopping: bool  # asyncio's own, which `stop` sets

    def __init__(self) -> None:
        super().__init__()
        self.now_ms = 0
        self._now_us = 0
        self._now_s = 0.0
        self._turns: deque[Turn] = deque()
        self._timers: list[Turn] = []
        self._number = count().__next__

    def time(self) -> float:
        """Simulated seconds since the run began."""
        return self._now_s

    def after(self, wait_ms: int, job: Job) -> Turn:
        """Does a job later; in no context of its own, unlike what asyncio is asked for."""
        turn = Turn((self._now_us + wait_ms * 1000, self._number(), job, (), None))
        heappush(self._timers, turn)
        return turn

    def call_soon(  # type: ignore[override]  # a Turn is as good as a Handle
        self, callback: Callable[..., object], *arguments: Any, context: Context | None = None
    ) -> Turn:
        """As asyncio's."""
        context = copy_context() if context is None else context
        turn = Turn((0, 0, callback, arguments, context))
        self._turns.append(turn)
        return turn

    call_soon_threadsafe = call_soon  # type: ignore[assignment]  # there is but one thread

    def call_at(  # type: ignore[override]
        self, when: float, callback: Callable[..., object], *arguments: Any, context: Context | None = None
    ) -> Turn:
        """As asyncio's."""
        context = copy_context() if context is None else context
        turn = Turn((_whole_us(when, self._now_us), self._number(), callback, arguments, context))
        heappush(self._timers, turn)
        return turn

    def call_later(  # type: ignore[override]
        self, delay: float, callback: Callable[..., object], *arguments: Any, context: Context | None = None
    ) -> Turn:
        """As asyncio's."""
        context = copy_context() if context is None else context
        when_us = self._now_us + _whole_us(delay, 0)
        turn = Turn((when_us, self._number(), callback, arguments, context))
        heappush(self._timers, turn)
        return turn

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

    def close(self) -> None:
        """As asyncio's."""
        super().close()
        self._turns.clear()
        self._timers.clear()

    def _run_once(self) -> None:
        """All that waits now, and what falls due at this moment; then until the loop is stopped."""
        turns, timers = self._turns, self._timers
        while True:
            if not turns and not self._stopping:
                self._jump()
            while timers and timers[0][0] <= self._now_us:
                turns.append(heappop(timers))
            for _ in range(len(turns)):
                turn = turns.popleft()
                _, _, callback, arguments, context = turn
                if callback is None:
                    continue
                try:
                    if context is None:
                        callback(*arguments)
                    else:
                        context.run(callback, *arguments)
                except (SystemExit, KeyboardInterrupt):
                    raise
                except BaseException as error:
                    self.call_exception_handler({"message": f"in callback {callback!r}: {error!r}", "exception": error})
            if self._stopping:
                return

    def _jump(self) -> None:
        """To the next timer that nobody has called off."""
        timers = self._timers
        while timers and timers[0][2] is None:
            heappop(timers)
        if not timers:
            raise WorldError("everything waits and no timer is set: nothing can happen any more")
        self._now_us = max(self._now_us, timers[0][0])
        self._now_s = self._now_us / _US
        self.now_ms = round(self._now_s * 1000)
