"""Large batches are read in a process beside the center, so that reading one and counting another have a core each."""

import asyncio
import contextlib
import fcntl
import logging
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from threading import Timer

from center.beside import read_answer, read_message, request, write_message
from center.errors import StoreBusyError, StoreError
from center.folded import FoldedBatch
from center.ingest import Batch, Heading, read_batch, unpacks_within

# A body of so many events is read sooner than it is sent there and back; a packed one is measured unpacked.
AT_ONCE_BYTES = 8 * 1024
MAX_WAITING = 32  # bodies of 4 MiB at most that wait to be read, as many as may wait for the disk
# A usual answer goes through in one piece, so that the process has its next batch while the center is busy with others;
# what an unprivileged process may have.
PIPE_BYTES = 1024 * 1024

# For one batch, with the start of the process: the largest takes half a second, and a hub waits 30 s for its answer.
ANSWER_S = 20.0
END_S = 5.0  # for the batch in its hands; the largest takes a tenth of that

log = logging.getLogger("center")


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
            # In another thread, so that the process has its next request meanwhile.
            return await asyncio.to_thread(read_answer, said, body, encoding)
        finally:
            self._waiting -= 1

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
            write_message(self._process.stdin, asked)
            answer = read_message(self._process.stdout)
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
    process = subprocess.Popen([sys.executable, "-m", "center.beside"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdout is not None
    with contextlib.suppress(OSError):  # a machine that gives less only makes the process wait now and then
        fcntl.fcntl(process.stdout, fcntl.F_SETPIPE_SZ, PIPE_BYTES)
    return process
