"""The local control socket: other processes drive this process's boards with one JSON object a line.

server → client, first:  {"event": "boards", "boards": [{"board", "role", "unique_id", "uart_url", "usb_port", "view"}]}
client → server:         {"id": 1, "board": 0, "verb": "hold", "arguments": {"key": 5}}
server → client:         {"id": 1, "result": …}  or  {"id": 1, "error": "what was wrong"}
server → client, always: {"event": "change", "board": 0, "change": {…}, "view": {…}}
"""

import asyncio
import json
import os
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from tools.simulator.board import SimulatedBoard
from tools.simulator.errors import SimulatorError
from tools.simulator.verbs import Change

MAX_LINE = 65536  # the longest is `stats`, about 1 KB
MAX_QUEUED = 1 << 20  # events for a client that doesn't read, about 4,000; then it is dropped


class ControlServer:
    """Serves on a unix socket (a path) or on loopback TCP (a port; 0 takes a free one)."""

    def __init__(self, boards: Sequence[SimulatedBoard]) -> None:
        self._boards = boards
        self._server: asyncio.Server | None = None
        self._clients: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        for index, board in enumerate(boards):
            board.subscribe(partial(self._tell, index))

    async def open(self, control: str) -> str:
        """Starts to listen; returns the address a client connects to."""
        if control.isdigit():
            self._server = await asyncio.start_server(self._serve, "127.0.0.1", int(control), limit=MAX_LINE)
            return f"127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        with suppress(FileNotFoundError):
            os.unlink(control)  # noqa: PTH108 - what a killed simulator left, and the loop may do it itself
        self._server = await asyncio.start_unix_server(self._serve, control, limit=MAX_LINE)
        return control

    async def close(self) -> None:
        """Ends the server and every client."""
        if self._server is not None:
            self._server.close()
        for task in self._tasks:
            task.cancel()
        if self._tasks:
            await asyncio.wait(self._tasks)

    def _tell(self, index: int, change: Change) -> None:
        message = {"event": "change", "board": index, "change": change.to_json()}
        message["view"] = self._boards[index].view.to_json()
        line = _line(message)
        for writer in self._clients:
            if writer.transport.get_write_buffer_size() > MAX_QUEUED:
                writer.transport.abort()
            else:
                writer.write(line)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._tasks.add(task)
        hello = [
            {"board": board.profile.name, "role": board.profile.role, "unique_id": board.unique_id,
             "uart_url": board.uart_url, "usb_port": board.usb_port, "view": board.view.to_json()}
            for board in self._boards
        ]  # fmt: skip
        writer.write(_line({"event": "boards", "boards": hello}))
        self._clients.add(writer)
        requests: set[asyncio.Task[None]] = set()
        try:
            while line := await reader.readline():
                request = asyncio.create_task(self._answer(line, writer))
                requests.add(request)
                request.add_done_callback(requests.discard)
        except (ConnectionError, ValueError):
            pass  # gone, or a line longer than MAX_LINE: either way this client is done
        except asyncio.CancelledError:
            if self._server is None or self._server.is_serving():
                raise
        finally:
            for request in requests:
                request.cancel()
            self._clients.discard(writer)
            self._tasks.discard(task)
            writer.transport.abort()

    async def _answer(self, line: bytes, writer: asyncio.StreamWriter) -> None:
        number: Any = None
        try:
            request = json.loads(line)
            number = request["id"]
            board = self._boards[request.get("board", 0)]
            result = await board.call(request["verb"], **request.get("arguments", {}))
            reply = {"id": number, "result": result}
        except SimulatorError as error:
            reply = {"id": number, "error": str(error)}
        except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
            reply = {"id": number, "error": f"not a request ({error!r}): {line[:200]!r}"}
        writer.write(_line(reply))


def _line(message: dict[str, Any]) -> bytes:
    return json.dumps(message, separators=(",", ":")).encode() + b"\n"
