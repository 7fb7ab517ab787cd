"""One life of a board's interpreter: its process and the socket to its stand-ins."""

import asyncio
import os
import signal
import socket
import subprocess
from collections.abc import Callable
from pathlib import Path

from tools.simulator import interpreter
from tools.simulator.onboard import kinds
from tools.simulator.packets import Packets

_FOLDER = Path(__file__).parent
_START = "onboard/start.py"  # by its short name, so that the heap that is left doesn't depend on where all this lies
# The stand-ins live in the same heap as the firmware; this much is added so that the firmware finds what was promised.
STAND_INS_HEAP = 42 * 1024


def _listen(listener: socket.socket, path: Path) -> None:
    path.unlink(missing_ok=True)  # the boot before left it
    listener.bind(str(path))
    listener.listen(1)


def _spawn(socket_path: Path, terminal: int, heap_bytes: int) -> subprocess.Popen[bytes]:
    heap = f"heapsize={heap_bytes}"
    return subprocess.Popen(
        [*interpreter.command(), "-X", heap, "-i", _START, str(socket_path)],
        stdin=terminal,
        stdout=terminal,
        stderr=terminal,
        cwd=_FOLDER,
        env={"PATH": os.environ.get("PATH", ""), "TERM": "dumb", "HOME": "/nonexistent", "MICROPYPATH": ""},
        start_new_session=True,
    )


class Process:
    """Ends only by itself or by `kill`; `on_packet` and `on_exit` are called from the event loop."""

    def __init__(
        self, on_packet: Callable[[bytes], None], on_exit: Callable[[int], None], stand_ins_heap: int = STAND_INS_HEAP
    ) -> None:
        self._stand_ins_heap = stand_ins_heap
        self._on_packet = on_packet
        self._on_exit = on_exit
        self._child: subprocess.Popen[bytes] | None = None
        self._packets: Packets | None = None
        self._pidfd = -1
        self._ended = asyncio.Event()

    @property
    def alive(self) -> bool:
        """Whether the interpreter runs."""
        return self._child is not None

    @property
    def pid(self) -> int | None:
        """The interpreter's process id."""
        return None if self._child is None else self._child.pid

    async def start(self, socket_path: Path, terminal: int, heap_bytes: int, config: bytes) -> None:
        """Starts the interpreter and hands it this boot's configuration."""
        loop = asyncio.get_running_loop()
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
            listener.setblocking(False)
            _listen(listener, socket_path)
            self._child = _spawn(socket_path, terminal, heap_bytes + self._stand_ins_heap)
            self._pidfd = os.pidfd_open(self._child.pid)
            loop.add_reader(self._pidfd, self._exited)
            connected = asyncio.Event()
            self._ended = connected
            loop.add_reader(listener, connected.set)
            try:
                await connected.wait()
            finally:
                loop.remove_reader(listener)
            if not self.alive:
                return
            made, _ = listener.accept()
        # When it closes its end it is about to end, which is reported on its own.
        self._packets = Packets(made, self._on_packet, lambda: None)
        self.send(bytes((kinds.CONFIG,)) + config)

    def send(self, packet: bytes) -> None:
        """One message to the stand-ins; dropped when nothing runs."""
        if self._packets is not None:
            self._packets.send(packet)

    def interrupt(self) -> None:
        """What ^C does."""
        if self._child is not None:
            self._child.send_signal(signal.SIGINT)

    def kill(self) -> None:
        """Ends the interpreter between two instructions, as losing power does; `on_exit` is called at once."""
        if self._child is not None:
            self._child.kill()
            self._exited()

    def _exited(self) -> None:
        child, self._child = self._child, None
        if child is None:
            return
        self._ended.set()
        loop = asyncio.get_running_loop()
        loop.remove_reader(self._pidfd)
        os.close(self._pidfd)
        if self._packets is not None:
            self._packets.read()  # what it said last
            self._packets.close()
            self._packets = None
        self._on_exit(child.wait())
