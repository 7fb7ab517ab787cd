"""The hub's disk on simulated time: a commit takes its time, and a crash leaves what was committed by then."""

import shutil
from collections.abc import Callable
from concurrent.futures import Executor, Future
from pathlib import Path
from random import Random
from typing import Any

from tools.simulation.world import World

SYNC_MS = (1, 40)  # from a fast disk to an SD card on a bad day


class Disk(Executor):
    """The journal's writer: each job is done when its sync is through."""

    def __init__(self, world: World, chance: Random) -> None:
        self._world = world
        self._chance = chance
        self._waiting: list[Callable[[], None]] = []
        self._dead = False

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        """Queues a job; it is done some milliseconds later. After the process' death, at once: nobody looks there."""
        future: Future[Any] = Future()

        def work() -> None:
            try:
                future.set_result(fn(*args, **kwargs))
            except Exception as error:
                future.set_exception(error)

        if self._dead:
            work()
        else:
            self._waiting.append(work)
            self._world.after(self._chance.randint(*SYNC_MS), lambda: self._work(work))
        return future

    def end(self, folder: Path, survived: Path | None) -> None:
        """The process is gone: what is on disk now goes on in `survived`; a sync under way may have made it."""
        if survived is not None:
            if self._waiting and self._chance.random() < 0.5:
                self._work(self._waiting[0])
            shutil.copytree(folder, survived)
        self._dead = True
        while self._waiting:
            self._work(self._waiting[0])

    def _work(self, work: Callable[[], None]) -> None:
        if work in self._waiting:
            self._waiting.remove(work)
            work()
