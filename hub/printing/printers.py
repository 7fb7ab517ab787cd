"""The hall's printers: each has a task and a thread; they come and go with the configuration, and delay nobody."""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Protocol

from common.keeping import keep, stop
from common.metrics import Values
from hub.printing import label as labels
from hub.printing import paper as papers
from hub.printing.errors import UnknownPrinterError
from hub.printing.label import BoxLabel
from hub.printing.paper import Paper
from hub.printing.port import open_port
from hub.printing.printer import NO_ANSWER, OK, READY, Printer

# How often a printer that does nothing is asked how it is: whoever looks at the kiosk learns of it before pressing.
ASK_EVERY_S = 5.0
# Papers that wait for one printer; more is a crowd that should be sent to another machine.
QUEUE_MOST = 10
# Void slips owed to one printer; more numbers than that in a row never failed half-way.
VOID_MOST = 20
UNKNOWN = "unknown"  # not asked yet
QUEUE_FULL = "queue_full"
TAKEN_OUT = "taken_out"

Log = Callable[..., None]


class Wanted(Protocol):
    """A printer of the configuration."""

    @property
    def id(self) -> str: ...

    @property
    def name(self) -> str: ...

    @property
    def url(self) -> str: ...

    @property
    def columns(self) -> int: ...


@dataclass(slots=True)
class _Job:
    paper: Paper | BoxLabel
    done: "asyncio.Future[str]"


@dataclass(slots=True)
class _One:
    """A printer at work."""

    wanted: Wanted
    printer: Printer
    thread: ThreadPoolExecutor
    jobs: "asyncio.Queue[_Job | asyncio.Future[str]]"
    state: str = UNKNOWN
    since_ms: int | None = None
    printed: int = 0
    failed: int = 0
    owed: list[str] = field(default_factory=list)
    task: "asyncio.Task[None] | None" = None


class Printers:
    """`state`, `ready` and `print` for who gives numbers; `run` owns every printer's task; `follow` says which."""

    def __init__(self, now_ms: Callable[[], int], rising_s: Callable[[], float], log: Log) -> None:
        self._now_ms = now_ms
        self._rising_s = rising_s
        self._log = log
        self._ones: dict[str, _One] = {}
        self._wanted: tuple[Wanted, ...] = ()
        self._changed = asyncio.Event()

    def follow(self, wanted: Sequence[Wanted]) -> None:
        """From now on these printers."""
        self._wanted = tuple(wanted)
        self._changed.set()

    async def run(self) -> None:
        """Until cancelled; raises what a printer's task died of."""
        await keep(self._changed, self._match, self._end_all)

    async def _end_all(self) -> None:
        for one in list(self._ones.values()):
            await self._end(one)

    async def _match(self) -> list["asyncio.Task[None]"]:
        for one in [one for one in self._ones.values() if one.wanted not in self._wanted]:
            del self._ones[one.wanted.id]
            await self._end(one)
        for wanted in self._wanted:
            if wanted.id not in self._ones:
                printer = Printer(partial(open_port, wanted.url), self._rising_s)
                one = _One(wanted, printer, ThreadPoolExecutor(1, f"printer-{wanted.id}"), asyncio.Queue(QUEUE_MOST))
                one.task = asyncio.create_task(self._serve(one), name=f"printer {wanted.id}")
                self._ones[wanted.id] = one
        return [one.task for one in self._ones.values() if one.task is not None]

    async def _end(self, one: _One) -> None:
        await stop(one.task)
        while not one.jobs.empty():
            _answer(one.jobs.get_nowait(), TAKEN_OUT)
        one.thread.submit(one.printer.close)
        one.thread.shutdown(wait=False)

    async def _serve(self, one: _One) -> None:
        while True:
            try:
                async with asyncio.timeout(ASK_EVERY_S if one.state != UNKNOWN else 0):
                    job = await one.jobs.get()
            except TimeoutError:
                await self._ask(one)
                continue
            try:
                if isinstance(job, _Job):
                    _answer(job, await self._print(one, job.paper))
                else:
                    _answer(job, await self._ask(one))
            finally:
                _answer(job, TAKEN_OUT)

    async def _in_thread(self, one: _One, work: Callable[[], str]) -> str:
        return await asyncio.get_running_loop().run_in_executor(one.thread, work)

    async def _ask(self, one: _One) -> str:
        self._note(one, await self._in_thread(one, one.printer.ask))
        while one.owed and one.state in READY:
            slip = papers.void(one.owed[0], one.wanted.columns)
            if await self._in_thread(one, partial(one.printer.print, slip)) != OK:
                break
            del one.owed[0]
        return one.state

    async def _print(self, one: _One, paper: Paper | BoxLabel) -> str:
        if one.owed:
            await self._ask(one)
        result = await self._in_thread(one, partial(one.printer.print, _bytes(paper, one.wanted.columns)))
        if result == OK:
            one.printed += 1
            if one.state not in READY:
                self._note(one, OK)
            return result
        one.failed += 1
        self._note(one, result)
        if one.printer.half and len(one.owed) < VOID_MOST and isinstance(paper, Paper):
            one.owed.append(paper.number)
        return result

    def _note(self, one: _One, state: str) -> None:
        if state != one.state:
            one.since_ms = self._now_ms()
            if one.state != UNKNOWN or state not in READY:
                self._log("hub.printer", printer=one.wanted.id, state=state, why=one.printer.why)
            one.state = state

    def state(self) -> list[dict[str, Any]]:
        """Every printer, as last heard: whether it may be asked for paper, and what is wrong since when."""
        return [
            {
                "printer": wanted.id,
                "name": wanted.name,
                "state": UNKNOWN if (one := self._ones.get(wanted.id)) is None else one.state,
                "ready": one is not None and one.state in READY,
                "since_ms": None if one is None else one.since_ms,
                "why": "" if one is None else one.printer.why,
                "printed": 0 if one is None else one.printed,
                "failed": 0 if one is None else one.failed,
                "queued": 0 if one is None else one.jobs.qsize(),
            }
            for wanted in self._wanted
        ]

    def metrics(self) -> Values:
        """For Prometheus."""
        found = self.state()
        return {
            "tingting_printer_ready": {(one["printer"],): float(one["ready"]) for one in found},
            "tingting_printer_waiting": {(one["printer"],): one["queued"] for one in found},
            "tingting_printer_papers_total": {
                (one["printer"], what): one[what] for one in found for what in ("printed", "failed")
            },
        }

    def owe_void(self, printer: str, number: str) -> None:
        """A number that failed before this start: the slip that says so comes with the next paper."""
        one = self._one(printer)
        if len(one.owed) < VOID_MOST:
            one.owed.append(number)

    async def ready(self, printer: str) -> str:
        """Asks it now; its state. Raises `UnknownPrinterError`."""
        one = self._one(printer)
        return await self._wait(one, asyncio.get_running_loop().create_future())

    async def print(self, printer: str, paper: Paper | BoxLabel) -> str:
        """Prints; OK when the printer said that the paper is out, else why not. Raises `UnknownPrinterError`."""
        one = self._one(printer)
        return await self._wait(one, _Job(paper, asyncio.get_running_loop().create_future()))

    async def _wait(self, one: _One, job: "_Job | asyncio.Future[str]") -> str:
        try:
            one.jobs.put_nowait(job)
        except asyncio.QueueFull:
            return QUEUE_FULL
        return await (job.done if isinstance(job, _Job) else job)

    def _one(self, printer: str) -> _One:
        one = self._ones.get(printer)
        if one is None:
            known = ", ".join(self._ones) or "none"
            raise UnknownPrinterError(f"This hall has no printer {printer!r}; it has: {known}.")
        return one


def _bytes(paper: Paper | BoxLabel, columns: int) -> bytes:
    return labels.rendered(paper, columns) if isinstance(paper, BoxLabel) else papers.rendered(paper, columns)


def _answer(job: "_Job | asyncio.Future[str]", result: str) -> None:
    done = job.done if isinstance(job, _Job) else job
    if not done.done():
        done.set_result(result)


__all__ = ["NO_ANSWER", "OK", "READY", "Printers"]
