"""Processes that begin with their code loaded: forked from a server that has imported it, and real in all else.

A start is then what a kill should meet, the opening of a journal and not the reading of Python's files, and takes a
third of the time.
"""

import asyncio
import importlib
import multiprocessing
import os
import sys
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, BinaryIO

from tests.hub_support import HubProcess

CONTEXT = multiprocessing.get_context("forkserver")
LOADED = ["__main__", "tests.integration.hub_that_dies", "center.main"]


def _become(module: str, words: list[str], environment: dict[str, str], said: Connection, log: Path | None) -> None:
    """What `python -m module` does, in the child."""
    os.dup2(said.fileno(), 1)
    if log is not None:
        with log.open("ab") as file:
            os.dup2(file.fileno(), 2)
    os.environ.update(environment)
    sys.argv = [module, *words]
    sys.exit(importlib.import_module(module).main())


class Forked:
    """Of `asyncio.subprocess.Process` what the tests of killed halls use."""

    def __init__(
        self, module: str, *words: str, environment: dict[str, str] | None = None, log: Path | None = None
    ) -> None:
        CONTEXT.set_forkserver_preload(LOADED)
        self._read, write = CONTEXT.Pipe(duplex=False)
        self._process = CONTEXT.Process(target=_become, args=(module, list(words), environment or {}, write, log))
        self._process.start()
        write.close()
        self.stdout = asyncio.StreamReader()
        self._ended = asyncio.Event()

    async def begin(self) -> "Forked":
        """Its output is read from now on, and its end waited for."""
        loop = asyncio.get_running_loop()
        loop.add_reader(self._process.sentinel, self._on_end)
        pipe: BinaryIO = os.fdopen(os.dup(self._read.fileno()), "rb", buffering=0)
        self._read.close()
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(self.stdout), pipe)
        return self

    def _on_end(self) -> None:
        asyncio.get_running_loop().remove_reader(self._process.sentinel)
        self._process.join()
        self._ended.set()

    @property
    def pid(self) -> int:
        """Of the process itself, not of the server."""
        assert self._process.pid is not None
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        """Minus the signal, where one ended it."""
        return self._process.exitcode

    def send_signal(self, number: int) -> None:
        """To a process that may be gone."""
        if self.returncode is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """SIGKILL."""
        self._process.kill()

    async def wait(self) -> int:
        """Until it has ended."""
        await self._ended.wait()
        assert self.returncode is not None
        return self.returncode


class ForkedHub(HubProcess):
    """A hub that begins with its code loaded."""

    async def spawn(self) -> Any:
        """Forked."""
        words = ("--config", str(self.config))
        return await Forked(self.module, *words, environment=self.environment, log=self.folder / "hub.log").begin()


async def spawn_center(file: Path) -> Any:
    """A center likewise."""
    return await Forked("center.main", "--config", str(file)).begin()
