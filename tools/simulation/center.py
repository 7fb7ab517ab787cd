"""The center on simulated time: the shipped doors, ingest and store; what joins them, and its deaths, are made here."""

import asyncio
from collections.abc import Callable
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any, cast

from aiohttp import web
from multidict import CIMultiDict

from center.config import CenterSettings
from center.config import Hall as HallSettings
from center.errors import StoreBusyError
from center.folded import FoldedBatch
from center.ingest import Batch
from center.intake import Intake
from center.metrics import Metrics
from center.store import kept
from center.store.answers import Stored
from center.store.sqlite import FILE_NAME, MAX_IN_COMMIT, MAX_QUEUED, SqliteStore, _Job, _Outcome, _settle
from center.web import journals
from center.web.app import MAX_BODY
from center.web.context import CENTER, Center
from common import problem
from common.tokens import Holder, Tokens, digest
from tools.simulation.disk import Disk, Trouble
from tools.simulation.world import World

HALL = "sim"
TOKEN = "simulated"  # noqa: S105 - of a center in memory
LOG = f"{FILE_NAME}-wal"


# Method, path, query, headers, body.
Request = tuple[str, str, dict[str, str], dict[str, str], bytes]


class SimulatedStore(SqliteStore):
    """The shipped store, whose writer is a simulated disk in place of a thread."""

    def __init__(self, path: Path, disk: Disk, committed: Callable[[], None]) -> None:
        super().__init__(path, asyncio.get_running_loop())
        self._disk = disk
        self._committed = committed
        self._waiting: list[_Job] = []
        self._busy = False

    def submit(self, batch: Batch | FoldedBatch, received_ms: int) -> "asyncio.Future[Stored]":
        """Takes a batch; as the shipped writer, all that wait go into the next commit."""
        if len(self._waiting) >= MAX_QUEUED:
            raise StoreBusyError(f"{MAX_QUEUED} batches are waiting for the disk; send again in a second")
        done: asyncio.Future[Stored] = asyncio.get_running_loop().create_future()
        self._waiting.append((batch, received_ms, done))
        self._next()
        return done

    def durable(self, journal: str) -> tuple[int, bytes | None]:
        """How far a journal is on this disk, and its chain there."""
        row = self._connection.execute(
            "SELECT stored_through, chain FROM journals WHERE journal = ?", (journal,)
        ).fetchone()
        return (0, None) if row is None else (row[0], row[1])

    def after(self, position: int) -> list[tuple[int, str, int, bytes]]:
        """What is stored behind a position: position, journal, sequence, bytes."""
        journals = dict(self._connection.execute("SELECT number, journal FROM journals").fetchall())
        found = kept.by_position(self._connection, position)
        return [(one.position, journals[one.journal], one.sequence, one.data) for one in found]

    def _next(self) -> None:
        if self._busy or not self._waiting:
            return
        self._busy = True
        jobs, self._waiting = self._waiting[:MAX_IN_COMMIT], self._waiting[MAX_IN_COMMIT:]
        self._disk.submit(self._commit, jobs).add_done_callback(lambda done: self._ended(jobs, done))

    def _ended(self, jobs: list[_Job], done: Any) -> None:
        self._busy = False
        error = done.exception()
        outcomes: list[_Outcome] = (
            done.result() if error is None else [(future, self._translate(error)) for _, _, future in jobs]
        )
        _settle(outcomes)
        self._committed()
        self._next()


@cache
def new_store() -> bytes:
    """A new store's file, so that not every seed waits for all migrations."""
    with TemporaryDirectory(prefix="tingting-sim-") as folder, asyncio.Runner() as runner:
        path = Path(folder) / FILE_NAME

        async def make() -> None:
            await SqliteStore(path, asyncio.get_running_loop()).close()

        runner.run(make())
        return path.read_bytes()


class _Asked:
    """A request as the doors look at it."""

    def __init__(self, app: Any, asked: Request) -> None:
        method, path, query, headers, body = asked
        self.app = app
        self.method = method
        self.path = path
        self.query = query
        self.headers = CIMultiDict(headers)
        self.content_type = self.headers.get("Content-Type", "application/octet-stream")
        self.match_info = {"hall": path.split("/")[-2]}
        self._body = body

    async def read(self) -> bytes:
        """All of it."""
        return self._body


class _Life:
    """One process of the center."""

    def __init__(self, world: World, folder: Path, trouble: Trouble, committed: Callable[[], None]) -> None:
        self.folder = folder
        self.disk = Disk(world, world.chance(f"center {folder.name}"), trouble)
        self.store = SimulatedStore(folder / FILE_NAME, self.disk, committed)
        self.asked: set[asyncio.Task[web.StreamResponse]] = set()
        nobody = cast("Any", None)
        center = Center(
            settings=CenterSettings(halls=(HallSettings(HALL, "模拟厅"),)),
            store=self.store,
            tokens=Tokens({digest(TOKEN): Holder("hall", HALL)}),
            sessions=nobody,
            accounts=nobody,
            throttle=nobody,
            intake=Intake(at_once_bytes=MAX_BODY),  # all of it here: a process beside has a time of its own
            own=nobody,
            desk=nobody,
            watch=cast("Any", SimpleNamespace(note=lambda hall: None)),
            pages=nobody,
            metrics=Metrics(),
            now_ms=lambda: world.unix_ms,
            version="0",
        )
        self.app = {CENTER: center}

    async def answer(self, asked: _Asked) -> web.StreamResponse:
        """By the shipped door."""
        door = journals.post_events if asked.method == "POST" else journals.get_cursor
        return await problem.middleware(cast("Any", asked), door)


class SimulatedCenter:
    """One center through all its lives, each in a folder of its own."""

    def __init__(self, world: World, folder: Path, committed: Callable[[], None]) -> None:
        self.trouble = Trouble()
        self._world = world
        self._folder = folder
        self._committed = committed
        self._lives = 0
        self._life: _Life | None = None
        self._burials: set[asyncio.Task[None]] = set()
        first = self._path()
        first.mkdir()
        (first / FILE_NAME).write_bytes(new_store())

    @property
    def store(self) -> SimulatedStore | None:
        """While it lives."""
        return None if self._life is None else self._life.store

    def start(self) -> None:
        """A new process on what the last one left."""
        self._life = _Life(self._world, self._path(), self.trouble, self._committed)
        self._world.tell("center", "starts")

    def kill(self, *, power: bool) -> None:
        """SIGKILL, or the power goes: what was not committed is gone, and nobody gets an answer."""
        life, self._life = self._life, None
        if life is None:
            return
        self._world.tell("center", "loses power" if power else "is killed")
        self._lives += 1
        for task in life.asked:
            task.cancel()
        life.disk.end(life.folder, self._path(), torn=LOG if power else None)
        burial = asyncio.get_running_loop().create_task(life.store.close())
        self._burials.add(burial)
        burial.add_done_callback(self._burials.discard)

    async def ask(self, request: Request) -> tuple[int, bytes]:
        """A request's status and answer; raises `ConnectionResetError` where nobody lives to give one."""
        life = self._life
        if life is None:
            raise ConnectionResetError("nobody listens there")
        asked = _Asked(life.app, request)
        task = asyncio.get_running_loop().create_task(life.answer(asked))
        life.asked.add(task)
        await asyncio.wait([task])
        life.asked.discard(task)
        if task.cancelled() or self._life is not life:
            raise ConnectionResetError("the center died")
        answer = cast("web.Response", task.result())
        return answer.status, cast("bytes", answer.body)

    async def end(self) -> None:
        """Lets everything go."""
        self.kill(power=False)
        await asyncio.gather(*self._burials)

    def _path(self) -> Path:
        return self._folder / f"center-{self._lives}"


__all__ = ["HALL", "TOKEN", "SimulatedCenter", "SimulatedStore"]
