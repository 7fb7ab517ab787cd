"""Large batches are read in a process beside the center, so that reading one and counting another have a core each.

`python -m center.intake` is that process: requests on stdin, answers on stdout, each a length and MessagePack. It ends
with its stdin, so also when the center is killed.
"""

import asyncio
import contextlib
import fcntl
import gc
import logging
import signal
import struct
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Timer
from typing import IO

import msgspec

from center.errors import CenterError, StoreBusyError, StoreError
from center.folded import FoldedBatch, folded
from center.ingest import (
    Batch,
    BatchError,
    Heading,
    RequestError,
    TooLargeError,
    batch,
    read_batch,
    read_elements,
    unpacks_within,
)

# A body of so many events is read sooner than it is sent there and back; a packed one is measured unpacked.
AT_ONCE_BYTES = 8 * 1024
MAX_WAITING = 32  # bodies of 4 MiB at most that wait to be read, as many as may wait for the disk
# A batch is ten thousands of small objects that go together when it is done with: looking for circles among them at
# Python's usual pace takes a tenth of the time, and there are none.
GARBAGE_THRESHOLDS = (100_000, 20, 50)

# A usual answer goes through in one piece, so that the process has its next batch while the center is busy with others;
# what an unprivileged process may have.
PIPE_BYTES = 1024 * 1024

# For one batch, with the start of the process: the largest takes half a second, and a hub waits 30 s for its answer.
ANSWER_S = 20.0
END_S = 5.0  # for the batch in its hands; the largest takes a tenth of that

log = logging.getLogger("center")

_LENGTH = struct.Struct(">I")
_TOLD: dict[str, type[CenterError]] = {kind.__name__: kind for kind in (BatchError, TooLargeError, RequestError)}


class _Request(msgspec.Struct, array_like=True):
    heading: Heading
    body: bytes
    encoding: str


class _Answer(msgspec.Struct, array_like=True):
    """A batch, or the kind and words of what is wrong with it."""

    batch: Batch | None = None
    folded: FoldedBatch | None = None
    kind: str = ""
    words: str = ""


_encoder = msgspec.msgpack.Encoder()
_requests = msgspec.msgpack.Decoder(_Request)
_answers = msgspec.msgpack.Decoder(_Answer)


class Intake:
    """Reads batches, the large ones in a process that is started with the first of them."""

    def __init__(self, at_once_bytes: int = AT_ONCE_BYTES, answer_s: float = ANSWER_S) -> None:
        self.answer_s = answer_s
        self._at_once_bytes = at_once_bytes
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="intake")
        self._process: subprocess.Popen[bytes] | None = None
        self._waiting = 0

    async def read(self, heading: Heading, body: bytes, encoding: str) -> Batch | FoldedBatch:
        """As `center.ingest.read_batch`; raises `StoreError` where the process fails or has too much to do, too."""
        if unpacks_within(body, encoding, self._at_once_bytes):
            return read_batch(heading, body, encoding)
        if self._waiting == MAX_WAITING:
            raise StoreBusyError(f"{MAX_WAITING} batches are waiting to be read; send again in a second")
        self._waiting += 1
        try:
            loop = asyncio.get_running_loop()
            said = await loop.run_in_executor(self._thread, self._ask, request(heading, body, encoding))
        finally:
            self._waiting -= 1
        # In another thread, so that the process has its next request meanwhile.
        return await asyncio.to_thread(read_answer, said)

    def _ask(self, asked: bytes) -> bytes:
        """In the thread: there is one, so one request at a time is on its way."""
        if self._process is not None and self._process.poll() is not None:
            self._lost()
        if self._process is None:
            self._process = _start()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        # A process that stands still is killed, which ends reading and writing here.
        limit = Timer(self.answer_s, self._process.kill)
        limit.start()
        try:
            _write(self._process.stdin, asked)
            answer = _read(self._process.stdout)
        except OSError:
            answer = None
        finally:
            limit.cancel()
        if answer is None:
            raise StoreError(f"the process that reads batches {self._lost()} with this one; another is started")
        return answer

    def _lost(self) -> str:
        """It is gone though nobody asked it to go."""
        ended = f"ended with {self._end()}"
        log.warning("the process that reads batches %s", ended, extra={"event": "center.intake_ended"})
        return ended

    def _end(self) -> int:
        """In the thread: closes the pipes, and with its stdin the process ends; its status."""
        process, self._process = self._process, None
        if process is None:
            return 0
        try:
            process.communicate(timeout=END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
        return process.returncode

    async def close(self) -> None:
        """Ends after what is being read, or in the midst of it where that takes too long."""
        ending = asyncio.get_running_loop().run_in_executor(self._thread, self._end)
        await asyncio.wait({ending}, timeout=END_S)
        process = self._process
        if process is not None:  # its turn to end has not come: a batch is still in its hands
            process.kill()
        await ending
        self._thread.shutdown()


def _start() -> subprocess.Popen[bytes]:
    process = subprocess.Popen([sys.executable, "-m", "center.intake"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    with contextlib.suppress(OSError):  # a machine that gives less only makes the process wait now and then
        fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    return process


def _write(pipe: IO[bytes], data: bytes) -> None:
    pipe.write(_LENGTH.pack(len(data)))
    pipe.write(data)
    pipe.flush()


def _read(pipe: IO[bytes]) -> bytes | None:
    """The next message; None at the end, be it in the midst of one."""
    head = pipe.read(_LENGTH.size)
    if len(head) < _LENGTH.size:
        return None
    (length,) = _LENGTH.unpack(head)
    data = pipe.read(length)
    return data if len(data) == length else None


def request(heading: Heading, body: bytes, encoding: str) -> bytes:
    """What the process is asked."""
    return _encoder.encode(_Request(heading, body, encoding))


def read_answer(said: bytes) -> Batch | FoldedBatch:
    """The batch of an answer; raises `BatchError`, `TooLargeError`, `RequestError`."""
    told = _answers.decode(said)
    found = told.folded or told.batch
    if found is None:
        raise _TOLD[told.kind](told.words)
    return found


def answer(asked_bytes: bytes) -> bytes:
    """What the process says to a request."""
    asked = _requests.decode(asked_bytes)
    try:
        elements = read_elements(asked.heading, asked.body, asked.encoding)
    except tuple(_TOLD.values()) as error:
        return _encoder.encode(_Answer(kind=type(error).__name__, words=str(error)))
    made = folded(asked.heading, elements)
    return _encoder.encode(_Answer(folded=made) if made is not None else _Answer(batch(asked.heading, elements)))


def main() -> None:
    """The process. Whoever ends the center by a signal to all of its processes ends this one by its stdin."""
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, signal.SIG_IGN)
    gc.set_threshold(*GARBAGE_THRESHOLDS)
    while (request := _read(sys.stdin.buffer)) is not None:
        try:
            _write(sys.stdout.buffer, answer(request))
        except BrokenPipeError:  # the center is gone
            return


if __name__ == "__main__":
    main()
