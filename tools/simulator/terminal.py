"""A board's USB terminal: the outer pty is what mpremote opens, the inner one is MicroPython's own terminal.

    mpremote ⇄ outer pty ⇄ this ⇄ inner pty ⇄ micropython

Ctrl-D ends the unix port's process where a board would restart its interpreter. So the supervisor starts it again,
says `MPY: soft reboot`, and goes back into the raw REPL if the host was in it. Which REPL the board is in shows only
in the banners that pass.
"""

import asyncio
import contextlib
import os
import pty
import termios
from collections.abc import Callable

RAW_BANNER = b"raw REPL; CTRL-B to exit\r\n"
PROMPT = b">>> "
ENTER_RAW = b"\x01"
MAX_QUEUED_BYTES = 65536  # towards a host that doesn't read: then output is dropped, as a board does
CHUNK = 4096
_TAIL = 64  # longer than either banner


def make_raw(descriptor: int, interrupts: bool) -> None:
    """No echo, no lines, no mapping of line ends; ^C interrupts where `interrupts` says so."""
    mode = termios.tcgetattr(descriptor)
    mode[0] = mode[1] = 0
    mode[3] = termios.ISIG if interrupts else 0
    characters = mode[6]
    characters[termios.VINTR] = b"\x03"
    characters[termios.VQUIT] = characters[termios.VSUSP] = b"\x00"
    characters[termios.VMIN] = 1
    characters[termios.VTIME] = 0
    termios.tcsetattr(descriptor, termios.TCSANOW, mode)


class _Pipe:
    """Bytes into one pty without ever blocking the loop."""

    def __init__(self, descriptor: int, limit: int) -> None:
        self._descriptor = descriptor
        self._limit = limit
        self._queued = bytearray()
        self.dropped = 0

    def write(self, data: bytes) -> None:
        if len(self._queued) + len(data) > self._limit:
            self.dropped += len(data)
            return
        waiting = bool(self._queued)
        self._queued += data
        if not waiting:
            self._flush()

    def forget(self) -> None:
        self._queued.clear()
        asyncio.get_running_loop().remove_writer(self._descriptor)

    def _flush(self) -> None:
        loop = asyncio.get_running_loop()
        with contextlib.suppress(BlockingIOError):  # full: the loop calls again when there is room
            del self._queued[: os.write(self._descriptor, self._queued)]
        if self._queued:
            loop.add_writer(self._descriptor, self._flush)
        else:
            loop.remove_writer(self._descriptor)


class UsbTerminal:
    """Both ptys of one board; they live as long as the board object, over resets and power cuts."""

    def __init__(
        self, on_output: Callable[[bytes], None] | None = None, spoil: Callable[[bytes], bytes] = bytes
    ) -> None:
        self._outer, self._outer_end = pty.openpty()
        self._inner, self.board_end = pty.openpty()
        make_raw(self._outer_end, interrupts=False)
        make_raw(self.board_end, interrupts=True)
        for descriptor in (self._outer, self._inner):
            os.set_blocking(descriptor, False)
        self.path = os.ttyname(self._outer_end)
        self._to_host = _Pipe(self._outer, MAX_QUEUED_BYTES)
        self._to_board = _Pipe(self._inner, MAX_QUEUED_BYTES)
        self._on_output = on_output
        self._spoil = spoil
        self._powered = False
        self.raw_mode = False
        self._wants_raw = False
        self._hiding: bytearray | None = None
        self._tail = b""
        loop = asyncio.get_running_loop()
        loop.add_reader(self._outer, self._from_host)
        loop.add_reader(self._inner, self._from_board)

    @property
    def dropped(self) -> int:
        """Bytes that no host read in time."""
        return self._to_host.dropped

    def close(self) -> None:
        """Gives both ptys back."""
        loop = asyncio.get_running_loop()
        for descriptor in (self._outer, self._inner):
            loop.remove_reader(descriptor)
            loop.remove_writer(descriptor)
        for descriptor in (self._outer, self._outer_end, self._inner, self.board_end):
            os.close(descriptor)

    def drain(self) -> None:
        """Hands over what the interpreter, which has just ended, printed before: the loop may not have got to it yet.

        Else it would come in the next life, or not at all. Reading makes the kernel hand over what is still on its way.
        """
        with contextlib.suppress(BlockingIOError):  # that was all
            while True:
                self._take()

    def power(self, on: bool) -> None:
        """Without power nothing passes and nothing waits."""
        self._powered = on
        if not on:
            self._to_board.forget()

    def boot(self, soft: bool) -> bool:
        """Before each start of the interpreter; returns whether main.py runs."""
        if soft:
            self._to_host.write(b"MPY: soft reboot\r\n")
        else:
            termios.tcflush(self.board_end, termios.TCIFLUSH)
        raw = soft and self.raw_mode
        self.raw_mode = False
        self._tail = b""
        self._wants_raw = raw
        self._hiding = bytearray() if raw else None
        make_raw(self.board_end, interrupts=True)
        return not raw

    def say(self, text: bytes) -> None:
        """Something the board's own ROM would print."""
        self._to_host.write(text)

    def _from_host(self) -> None:
        data = os.read(self._outer, CHUNK)
        if self._powered:
            self._to_board.write(self._spoil(data))

    def _from_board(self) -> None:
        with contextlib.suppress(BlockingIOError):  # drained in the same turn of the loop
            self._take()

    def _take(self) -> None:
        data = self._seen(os.read(self._inner, CHUNK))
        if data and self._powered:
            self._to_host.write(self._spoil(data))
            if self._on_output is not None:
                self._on_output(data)

    def _seen(self, data: bytes) -> bytes:
        """What of the interpreter's output the host is to see."""
        if self._hiding is None:
            text = self._tail + data
            raw, prompt = text.rfind(RAW_BANNER), text.rfind(PROMPT)
            if raw >= 0 or prompt >= 0:
                self.raw_mode = raw > prompt
            self._tail = text[-_TAIL:]
            return data
        self._hiding += data
        if self._wants_raw and self._hiding.endswith(PROMPT):
            self._wants_raw = False
            banner = self._hiding.find(b"MicroPython ")
            printed = bytes(self._hiding[: max(0, banner)])  # by boot.py, before the banner
            self._hiding = bytearray()
            self._to_board.write(ENTER_RAW)
            return printed
        at = self._hiding.find(RAW_BANNER)
        if at < 0:
            return b""
        shown = bytes(self._hiding[at:])
        self._hiding = None
        self.raw_mode = True
        self._tail = b""
        return shown
