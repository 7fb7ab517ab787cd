"""Starting the radio process, and asking it for faults."""

import asyncio
import contextlib
import json
import re
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from tools.simulator.ending import end
from tools.simulator.errors import SimulatorError

START_TIMEOUT_S = 60.0  # importing Bumble takes a second alone, ten on two busy cores
CALL_TIMEOUT_S = 30.0
ROOT = Path(__file__).parents[3]
_UP = re.compile(r"radio: bus (\S+) boards (\S+) control (\S+)")


MAX_FOLDER_CHARS = 60  # unix sockets have 108 bytes for their path, and dbus-daemon wants a name of its own below it


def _short() -> str | None:
    """A folder for temporary files whose name is not too long for a socket below it."""
    return None if len(tempfile.gettempdir()) < MAX_FOLDER_CHARS else "/tmp"  # noqa: S108 - mkdtemp makes it ours alone


class Radio:
    """A radio process of ours. `bus`: for DBUS_SYSTEM_BUS_ADDRESS of hubs; `boards`: for `radio=` of boards."""

    def __init__(self, process: asyncio.subprocess.Process, folder: Path, bus: str, boards: str, control: str) -> None:
        self.process = process
        self.bus = bus
        self.boards = boards
        self._folder = folder
        self._control = control

    @classmethod
    async def launch(cls, arguments: Sequence[str] = ()) -> Self:
        """Starts `python -m tools.simulator.radio`; it ends with this process. Raises `SimulatorError`."""
        folder = Path(tempfile.mkdtemp(prefix="tingting-radio-", dir=_short()))
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "tools.simulator.radio",
            str(folder),
            "--with-parent",
            *arguments,
            stdout=asyncio.subprocess.PIPE,
            cwd=ROOT,
        )
        assert process.stdout is not None
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                line = (await process.stdout.readline()).decode().strip()
        except TimeoutError:
            line = ""
        found = _UP.fullmatch(line)
        if found is None:
            await end(process)
            shutil.rmtree(folder, ignore_errors=True)
            raise SimulatorError(f"the radio did not start (status {process.returncode}); it said {line!r}")
        return cls(process, folder, found[1], found[2], found[3])

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def close(self) -> None:
        """Ends the process and its D-Bus daemon."""
        await end(self.process)
        shutil.rmtree(self._folder, ignore_errors=True)

    async def call(self, verb: str, **arguments: Any) -> Any:
        """One verb of control.py; raises `SimulatorError` with its words."""
        try:
            async with asyncio.timeout(CALL_TIMEOUT_S):
                reader, writer = await asyncio.open_unix_connection(self._control)
                try:
                    writer.write(json.dumps({"verb": verb, "arguments": arguments}).encode() + b"\n")
                    answer = json.loads(await reader.readline())
                finally:
                    writer.close()
                    with contextlib.suppress(ConnectionError):
                        await writer.wait_closed()
        except (OSError, TimeoutError, ValueError) as error:
            raise SimulatorError(f"{verb}: the radio process gave no answer ({error!r})") from error
        if "error" in answer:
            raise SimulatorError(f"{verb}: {answer['error']}")
        return answer["result"]
