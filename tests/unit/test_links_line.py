"""Lines over real sockets and a real pseudo-terminal: opening, losing, coming back, limits."""

import asyncio
import os
import pty
from functools import partial
from typing import Any

import pytest

from hub.links.backoff import Backoff
from hub.links.errors import LinkError
from hub.links.link import WRITE_LIMIT_BYTES, Link
from hub.links.port import READ_BYTES, open_port


class User:
    """Notes what it is told."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.data = bytearray()
        self.news = asyncio.Event()
        self.raises = False

    def opened(self) -> None:
        self._note("opened")

    def received(self, data: bytes) -> None:
        assert 0 < len(data) <= READ_BYTES
        self.data += data
        self._note("received")
        if self.raises:
            raise KeyError("ours")

    def drained(self) -> None:
        self._note("drained")

    def failed(self, error: BaseException) -> None:
        self._note(("failed", type(error)))

    def lost(self, why: str) -> None:
        self._note(("lost", why))

    def _note(self, what: Any) -> None:
        self.told.append(what)
        self.news.set()

    async def until(self, condition: Any) -> None:
        async with asyncio.timeout(60):
            while not condition():
                self.news.clear()
                await self.news.wait()


class Line:
    """A link and its task."""

    def __init__(self, url: str) -> None:
        self.user = User()
        self.link = Link(url, partial(open_port, url, 115_200), self.user, lambda: 0.0)

    async def __aenter__(self) -> "Line":
        self._task = asyncio.create_task(self.link.run())
        return self

    async def __aexit__(self, *_: object) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


class Host:
    """The far end of a socket line."""

    async def __aenter__(self) -> "Host":
        self.writers: asyncio.Queue[tuple[asyncio.StreamReader, asyncio.StreamWriter]] = asyncio.Queue()
        self._all: list[asyncio.StreamWriter] = []
        self._server = await asyncio.start_server(self._come, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        self.url = f"socket://127.0.0.1:{self.port}"
        return self

    async def _come(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._all.append(writer)
        await self.writers.put((reader, writer))

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for writer in self._all:
            writer.close()
        await self._server.wait_closed()


async def test_bytes_go_both_ways_and_a_lost_line_comes_back() -> None:
    async with Host() as host, Line(host.url) as line:
        for turn in range(2):
            reader, writer = await host.writers.get()
            await line.user.until(lambda turn=turn: line.link.opens == turn + 1)
            assert line.link.write(b"to the box")
            assert await reader.readexactly(10) == b"to the box"
            writer.write(b"\x00\xffto the hub")
            await line.user.until(lambda turn=turn: len(line.user.data) == 12 * (turn + 1))
            writer.close()
            await line.user.until(lambda: not line.link.is_open)
        assert not line.link.write(b"nobody there")
        assert line.link.refused_bytes == 12


async def test_a_pseudo_terminal_is_a_line() -> None:
    master, slave = pty.openpty()
    try:
        async with Line(os.ttyname(slave)) as line:
            await line.user.until(lambda: line.link.is_open)
            os.write(master, bytes(range(256)) * 4)
            await line.user.until(lambda: len(line.user.data) == 1024)
            assert bytes(line.user.data) == bytes(range(256)) * 4, "no byte is special on a raw line"
            line.link.write(b"\x03\x04\x0d\x0a")
            await line.user.until(lambda: "drained" in line.user.told)
            assert os.read(master, 100) == b"\x03\x04\x0d\x0a"
    finally:
        os.close(master)
        os.close(slave)


async def test_a_box_that_takes_nothing_does_not_grow_memory() -> None:
    async with Host() as host, Line(host.url) as line:
        await host.writers.get()
        await line.user.until(lambda: line.link.is_open)
        for _ in range(20_000):  # far more than the kernel's buffers and ours together
            if not line.link.write(b"x" * 1024):
                break
            await asyncio.sleep(0)
        assert not line.link.writable
        assert line.link.refused_bytes > 0
        assert len(line.link._pending) <= WRITE_LIMIT_BYTES


async def test_a_line_that_is_not_there_is_said_once_and_tried_again() -> None:
    async with Host() as host:
        port = host.port
    async with Line(f"socket://127.0.0.1:{port}") as line:
        await line.user.until(lambda: line.user.told)
        server = await asyncio.start_server(lambda _reader, writer: writer.close(), "127.0.0.1", port)
        await line.user.until(lambda: line.link.opens >= 2)
        server.close()
        await server.wait_closed()
    losses = [what for what in line.user.told if what[0] == "lost"]
    assert "can't be opened" in losses[0][1]


async def test_our_own_mistake_costs_only_the_line() -> None:
    async with Host() as host, Line(host.url) as line:
        line.user.raises = True
        _, writer = await host.writers.get()
        writer.write(b"boom")
        await line.user.until(lambda: ("failed", KeyError) in line.user.told)
        line.user.raises = False
        _, again = await host.writers.get()
        again.write(b"fine")
        await line.user.until(lambda: line.user.data.endswith(b"fine"))


class BreakingPort:
    """A port that breaks when it is told to."""

    def __init__(self) -> None:
        self.reading = asyncio.Event()
        self.gone: asyncio.Future[bytes] = asyncio.get_running_loop().create_future()

    async def read(self) -> bytes:
        self.reading.set()
        return await self.gone

    async def write(self, data: bytes) -> None:
        raise AssertionError("nothing is written here")

    async def close(self) -> None:
        return None


async def test_a_cancel_in_the_turn_in_which_the_line_breaks_is_not_forgotten() -> None:
    port = BreakingPort()

    async def opened() -> BreakingPort:
        return port

    task = asyncio.create_task(Link("any", opened, User(), lambda: 0.0).run())
    await port.reading.wait()
    port.gone.set_exception(LinkError("gone"))
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


@pytest.mark.parametrize("url", ["/dev/none", "socket://127.0.0.1", "socket://127.0.0.1:x", "what://ever", "loop"])
async def test_what_can_not_be_opened_is_a_link_error_naming_it(url: str) -> None:
    with pytest.raises(LinkError, match=url.replace("/", "."), check=lambda error: url in str(error)):
        await open_port(url, 115_200)


async def test_a_line_without_a_descriptor_is_read_by_a_thread_of_its_own() -> None:
    port = await open_port("loop://", 115_200)  # pyserial's own loopback has no descriptor
    await port.write(b"round")
    data = b""
    while len(data) < 5:
        data += await port.read()
    assert data == b"round"
    await port.close()
    await port.close()
    with pytest.raises(LinkError):
        await port.read()


def test_waits_double_are_capped_jittered_and_begin_anew() -> None:
    calm = Backoff(0.2, 10.0, lambda: 1.0)
    assert [calm.next_s() for _ in range(8)] == pytest.approx([0.2, 0.4, 0.8, 1.6, 3.2, 6.4, 10.0, 10.0])
    calm.reset()
    assert calm.next_s() == pytest.approx(0.2)
    assert Backoff(0.2, 10.0, lambda: 0.0).next_s() == pytest.approx(0.1)
