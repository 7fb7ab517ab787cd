"""Every child process of the demo, owned by id from its start to its end.

Each child leads a session of its own, so that a Ctrl-C in the terminal reaches the demo alone and the demo ends its
children in order. A small guard process ends them when the demo itself is killed.
"""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from tools.demo.errors import DemoError

STOP_S: Final = 5.0  # a hub commits and closes within a second; five times that on a busy machine
START_S: Final = 60.0  # a first start on a Raspberry Pi with a cold disk takes up to 20 s
LINE_BYTES: Final = 1 << 16  # the longest line a child may print
TAIL_LINES: Final = 12  # what is shown of a child's last words


class Child:
    """One process: its output goes to a log file line by line and to whoever listens."""

    def __init__(self, name: str, process: asyncio.subprocess.Process, log: Path, owner: "Processes") -> None:
        self.name = name
        self.process = process
        self.log = log
        self._owner = owner
        self._tail: list[str] = []
        self._listeners: list[Callable[[str], None]] = []
        self.ended = asyncio.Event()
        self._reader = asyncio.create_task(self._read(), name=f"read {name}")
        self._watcher = asyncio.create_task(self._watch(), name=f"watch {name}")

    @property
    def pid(self) -> int:
        """Also the id of its process group."""
        return self.process.pid

    @property
    def alive(self) -> bool:
        """Whether it runs."""
        return not self.ended.is_set()

    def last_words(self) -> str:
        """The last lines it printed, for an error's text."""
        return "\n".join(f"  {line}" for line in self._tail) or "  (it printed nothing)"

    async def expect(self, wanted: Callable[[str], bool], what: str, timeout_s: float = START_S) -> str:
        """The first line that `wanted` accepts, printed from now on; raises `DemoError` if it ends or is silent."""
        found: asyncio.Future[str] = asyncio.get_running_loop().create_future()

        def listen(line: str) -> None:
            if not found.done() and wanted(line):
                found.set_result(line)

        for line in self._tail:  # it may have been printed before anybody listened
            listen(line)
        self._listeners.append(listen)
        end = asyncio.create_task(self.ended.wait())
        try:
            waited: set[asyncio.Future[Any]] = {found, end}
            await asyncio.wait(waited, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
            if found.done():
                return found.result()
            await asyncio.sleep(0)  # its last line and its end come together
            state = f"ended with code {self.process.returncode}" if end.done() else f"is silent after {timeout_s:.0f} s"
            raise DemoError(f"{self.name}: no {what}; it {state}. Its last words:\n{self.last_words()}\n({self.log})")
        finally:
            self._listeners.remove(listen)
            end.cancel()
            found.cancel()

    def hear(self, listener: Callable[[str], None]) -> None:
        """Calls `listener` with each line from now on."""
        self._listeners.append(listener)

    async def stop(self, number: int = signal.SIGTERM, timeout_s: float = STOP_S) -> None:
        """Ends it with everything it started: asks first, then insists. Idempotent."""
        if self.alive:
            self._owner.signal_group(self.pid, number)
            try:
                await asyncio.wait_for(self.ended.wait(), timeout_s)
            except TimeoutError:
                self._owner.signal_group(self.pid, signal.SIGKILL)
        await asyncio.gather(self._watcher, self._reader)

    async def kill(self) -> None:
        """SIGKILL, as a power cut would: nothing of it gets a last word."""
        await self.stop(signal.SIGKILL)

    async def _watch(self) -> None:
        await self.process.wait()
        # What it left behind in its group goes too; a group's number is not given out again while it has members.
        self._owner.signal_group(self.pid, signal.SIGKILL)
        self._owner.gone(self)
        self.ended.set()

    async def _read(self) -> None:
        with self.log.open("ab") as file:
            while line := await self._line():
                file.write(line)
                file.flush()
                text = line.decode("utf-8", "replace").rstrip()
                self._tail = [*self._tail[1 - TAIL_LINES :], text]
                for listener in list(self._listeners):
                    listener(text)

    async def _line(self) -> bytes:
        assert self.process.stdout is not None
        try:
            return await self.process.stdout.readline()
        except ValueError:  # longer than LINE_BYTES: asyncio dropped it; say so where it would have stood
            return b"(a line of more than 64 KiB was dropped)\n"


class Processes:
    """Starts children and ends all of them."""

    def __init__(self, logs: Path) -> None:
        self._logs = logs
        self._children: dict[int, Child] = {}
        self._guard: subprocess.Popen[bytes] | None = None

    async def start_guard(self) -> None:
        """Comes first: from here on nothing outlives the demo."""
        self._logs.mkdir(parents=True, exist_ok=True)
        self._guard = _start_guard()

    async def stop(self) -> None:
        """Ends every child that is left, then the guard. Idempotent."""
        await asyncio.gather(*(child.stop() for child in list(self._children.values())))
        guard, self._guard = self._guard, None
        if guard is not None:
            assert guard.stdin is not None
            guard.stdin.close()
            await asyncio.to_thread(guard.wait)

    async def start(self, name: str, command: Sequence[str], env: Mapping[str, str] | None = None) -> Child:
        """Starts a child; its output, stdout and stderr, goes to `<logs>/<name>.log`."""
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1", **(env or {})},
            limit=LINE_BYTES,
            start_new_session=True,
        )
        self._tell(f"+{process.pid}\n")
        child = Child(name, process, self._logs / f"{name}.log", self)
        self._children[child.pid] = child
        return child

    async def run(
        self,
        name: str,
        command: Sequence[str],
        timeout_s: float = START_S,
        env: Mapping[str, str] | None = None,
        listener: Callable[[str], None] | None = None,
    ) -> None:
        """Runs a command to its end; raises `DemoError` with its last words if it fails or takes too long."""
        child = await self.start(name, command, env)
        if listener is not None:
            child.hear(listener)
        try:
            await asyncio.wait_for(child.ended.wait(), timeout_s)
        except TimeoutError:
            await child.stop()
            raise DemoError(
                f"{name}: not done after {timeout_s:.0f} s. Its last words:\n{child.last_words()}\n({child.log})"
            ) from None
        if child.process.returncode:
            raise DemoError(
                f"{name}: failed with code {child.process.returncode}: {' '.join(command)}\n"
                f"Its last words:\n{child.last_words()}\n({child.log})"
            )

    def signal_group(self, group: int, number: int) -> None:
        """Signals one of our children's groups; a group that is gone already is what was wanted."""
        try:
            os.killpg(group, number)
        except ProcessLookupError:
            return

    def gone(self, child: Child) -> None:
        """A child has ended and was reaped."""
        self._children.pop(child.pid, None)
        self._tell(f"-{child.pid}\n")

    def _tell(self, line: str) -> None:
        assert self._guard is not None
        assert self._guard.stdin is not None
        self._guard.stdin.write(line.encode())
        self._guard.stdin.flush()


def _start_guard() -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-m", "tools.demo.guard"], stdin=subprocess.PIPE, start_new_session=True)
