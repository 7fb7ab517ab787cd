"""A disk on simulated time: a commit takes its time, may fail, and a crash or a power cut leaves what it must."""

import errno
import os
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import Any

from tools.simulation.world import World

SYNC_MS = (1, 40)  # from a fast disk to an SD card on a bad day
SLOW_MS = (400, 3_000)  # a card that tidies itself up
COMMITS = ("_commit",)  # what writes events, by its name in journal and store; what looks at the disk works always
SECTOR = 512
FREE_BYTES = 8 * 1024**3
_WHOLE, _CUT, _TORN, _HOLE = range(4)


@dataclass(slots=True)
class Trouble:
    """What is wrong with a disk now."""

    slow: bool = False
    full: bool = False  # no byte is free, and it says so
    failing: float = 0.0  # share of the commits that come back with an error

    def free_bytes(self, _folder: Path) -> int:
        """What the disk has left, whatever the folder's real one has."""
        return 0 if self.full else FREE_BYTES


HEALTHY = Trouble()


class Disk(Executor):
    """The writer of a journal or a store: each job is done when its sync is through."""

    def __init__(self, world: World, chance: Random, trouble: Trouble = HEALTHY) -> None:
        self._world = world
        self._chance = chance
        self._trouble = trouble
        self._waiting: list[Callable[[], None]] = []
        self._dead = False

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        """Queues a job; it is done some milliseconds later. After the process' death, at once: nobody looks there."""
        future: Future[Any] = Future()
        trouble = self._trouble
        commits = getattr(fn, "__name__", "") in COMMITS
        fails = commits and trouble.failing > 0 and self._chance.random() < trouble.failing

        def work() -> None:
            if fails and not self._dead:
                future.set_exception(OSError(errno.EIO, "the disk took nothing"))
                return
            try:
                future.set_result(fn(*args, **kwargs))
            except Exception as error:
                future.set_exception(error)

        if self._dead:
            work()
        else:
            self._waiting.append(work)
            wait_ms = self._chance.randint(*(SLOW_MS if trouble.slow else SYNC_MS))
            self._world.after(wait_ms, lambda: self._work(work))
        return future

    def end(self, folder: Path, survived: Path | None, *, torn: str | None = None) -> None:
        """The process is gone: what is on disk now goes on in `survived`; a sync under way may have made it.

        torn: a power cut, and the name of the file (SQLite's log) to which the commit under way was being written: of
        what it added, any part may be there.
        """
        if survived is not None:
            log = None if torn is None else folder / torn
            before = _size(log)
            if self._waiting and (log is not None or self._chance.random() < 0.5):
                self._work(self._waiting[0])
            survived.mkdir()
            for file in folder.iterdir():
                (survived / file.name).write_bytes(file.read_bytes())
            if torn is not None:
                self._tear(survived / torn, before)
        self._dead = True
        while self._waiting:
            self._work(self._waiting[0])

    def _tear(self, log: Path, before: int) -> None:
        """Of the bytes after `before`, which no sync had made durable: all, a beginning, garbage, or with a hole."""
        # Memory that is gone with the power; the next process makes it anew.
        log.with_name(log.name.removesuffix("wal") + "shm").unlink(missing_ok=True)
        added = _size(log) - before
        if added <= 0:
            return
        fate, at = self._chance.randrange(4), before + self._chance.randrange(added)
        with log.open("r+b") as file:
            if fate == _CUT:
                os.truncate(file.fileno(), at)
            elif fate == _TORN:
                file.seek(at)
                file.write(self._chance.randbytes(before + added - at))
            elif fate == _HOLE:
                file.seek(at // SECTOR * SECTOR if at // SECTOR * SECTOR >= before else at)
                file.write(bytes(min(SECTOR, before + added - at)))

    def _work(self, work: Callable[[], None]) -> None:
        if work in self._waiting:
            self._waiting.remove(work)
            work()


def _size(path: Path | None) -> int:
    return path.stat().st_size if path is not None and path.exists() else 0
