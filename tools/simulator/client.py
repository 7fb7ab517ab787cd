"""Boards in another process: driving them, and starting that process."""

import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

from tools.simulator.control import MAX_LINE
from tools.simulator.ending import end
from tools.simulator.errors import SimulatorError
from tools.simulator.verbs import Board, Change, View

CALL_TIMEOUT_S = 40.0  # restore_power is the slowest; it gives up by itself after 30 s
START_TIMEOUT_S = 40.0


class BoardClient(Board):
    """One board of a simulator process, over its control socket."""

    def __init__(self, index: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        super().__init__()
        self.role = ""
        self._index = index
        self._reader = reader
        self._writer = writer
        self._next_id = 0
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._task: asyncio.Task[None] | None = None

    @classmethod
    async def connect(cls, control: str, index: int = 0) -> Self:
        """Connects to a control socket: a path, or `127.0.0.1:port`."""
        host, _, port = control.rpartition(":")
        try:
            if port.isdigit():
                reader, writer = await asyncio.open_connection(host, int(port), limit=MAX_LINE)
            else:
                reader, writer = await asyncio.open_unix_connection(control, limit=MAX_LINE)
        except OSError as error:
            raise SimulatorError(f"no simulator at {control}: {error}") from error
        client = cls(index, reader, writer)
        boards = json.loads(await reader.readline())["boards"]
        if index >= len(boards):
            writer.close()
            raise SimulatorError(f"the simulator at {control} has {len(boards)} boards, none with index {index}")
        mine = boards[index]
        client.role = mine["role"]
        client.uart_url, client.usb_port, client.unique_id = mine["uart_url"], mine["usb_port"], mine["unique_id"]
        client.view = View.from_json(mine["view"])
        client._task = asyncio.create_task(client._read())
        return client

    async def close(self) -> None:
        """Lets go of the control socket; the board runs on."""
        self._writer.close()
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def call(self, verb: str, **arguments: Any) -> Any:
        """Asks the simulator process; raises `SimulatorError` with its words."""
        if self._task is None or self._task.done():
            raise SimulatorError(f"{verb}: the simulator process ended")
        self._next_id += 1
        number = self._next_id
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[number] = answer
        request = {"id": number, "board": self._index, "verb": verb, "arguments": arguments}
        self._writer.write(json.dumps(request).encode() + b"\n")
        try:
            async with asyncio.timeout(CALL_TIMEOUT_S):
                return await answer
        except TimeoutError as error:
            raise SimulatorError(f"{verb}: the simulator gave no answer within {CALL_TIMEOUT_S} s") from error
        finally:
            self._waiting.pop(number, None)

    async def _read(self) -> None:
        try:
            while line := await self._reader.readline():
                self._take(json.loads(line))
        except ConnectionError:
            pass  # told to whoever waits, below
        finally:
            for answer in self._waiting.values():
                if not answer.done():
                    answer.set_exception(SimulatorError("the simulator process ended"))

    def _take(self, message: dict[str, Any]) -> None:
        if message.get("event") == "change":
            if message["board"] == self._index:
                self.view = View.from_json(message["view"])
                self._publish(Change(**message["change"]))
            return
        answer = self._waiting.get(message["id"])
        if answer is None or answer.done():
            return  # its caller gave up waiting
        if "error" in message:
            answer.set_exception(SimulatorError(message["error"]))
        else:
            answer.set_result(message["result"])


class Simulator:
    """A simulator process of ours and its boards."""

    def __init__(self, process: asyncio.subprocess.Process, control: str, boards: list[BoardClient]) -> None:
        self.process = process
        self.control = control
        self.boards = boards

    @classmethod
    async def launch(
        cls,
        images: Sequence[Path],
        board: str = "rpi_pico",
        control: str = "0",
        arguments: Sequence[str] = (),
        roles: Sequence[str] = (),
    ) -> Self:
        """Starts `python -m tools.simulator` with a board for each image; it ends with this process.

        roles: in the order of the images; who is not told of is an evaluator.
        """
        command = [sys.executable, "-m", "tools.simulator", "--board", board, "--control", control, "--with-parent"]
        for image in images:
            command += ["--image", str(image)]
        for role in roles:
            command += ["--role", role]
        process = await asyncio.create_subprocess_exec(
            *command, *arguments, stdout=asyncio.subprocess.PIPE, cwd=Path(__file__).parents[2]
        )
        assert process.stdout is not None
        clients: list[BoardClient] = []
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                address = ""
                while line := (await process.stdout.readline()).decode().strip():
                    if line.startswith("simulator: control "):
                        address = line.removeprefix("simulator: control ")
                        break
                if not address:
                    raise SimulatorError(f"the simulator ended at its start with status {await process.wait()}")
                for index in range(len(images)):
                    clients.append(await BoardClient.connect(address, index))  # noqa: PERF401 - kept for the clean-up
        except BaseException:
            await _end(process, clients)
            raise
        return cls(process, address, clients)

    async def close(self) -> None:
        """Ends the process and its boards."""
        await _end(self.process, self.boards)


async def _end(process: asyncio.subprocess.Process, clients: Sequence[BoardClient]) -> None:
    for client in clients:
        await client.close()
    await end(process)
