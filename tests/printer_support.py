"""A ticket printer on a real TCP line: it answers status questions at once, prints what comes, and fails on demand."""

import asyncio
from typing import Any

from common.paper.decoder import Decoder
from common.paper.slips import Slip

DLE_EOT = b"\x10\x04"
DLE_DC4 = b"\x10\x14"
FORGET_BYTES = 10


class TcpPrinter:
    """`async with TcpPrinter() as printer`; out_after: bytes until its paper ends; mute: it answers nothing."""

    def __init__(self, columns: int = 48) -> None:
        self.decoder = Decoder(columns, through=self._through)
        self.paper_out = False
        self.paper_low = False
        self.cover_open = False
        self.mute = False
        self.out_after: int | None = None
        self.connections = 0
        self.forgotten = 0
        self._data = bytearray()
        self._writers: list[asyncio.StreamWriter] = []
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> "TcpPrinter":
        await self.plug_in(0)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.unplug()

    async def plug_in(self, port: int) -> None:
        """Power on."""
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", port)
        self.port: int = self._server.sockets[0].getsockname()[1]

    async def unplug(self) -> None:
        """Power off."""
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.close()
        await self._server.wait_closed()
        await asyncio.sleep(0)

    @property
    def url(self) -> str:
        """Its address for the hub."""
        return f"tcp://127.0.0.1:{self.port}"

    @property
    def slips(self) -> list[Slip]:
        """What lies in the tray."""
        return self.decoder.finished

    def refill(self) -> None:
        """A new roll; the printer says so by itself."""
        self.paper_out = False
        self.out_after = None
        self._say_changes()

    def change(self, **what: Any) -> None:
        """Something about it changes while nobody asks."""
        for name, value in what.items():
            setattr(self, name, value)
        self._say_changes()

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.append(writer)
        try:
            while data := await reader.read(4096):
                self._data += data
                self._work()
        except ConnectionError:
            return
        finally:
            writer.close()

    def _work(self) -> None:
        while self._data:
            at = self._data.find(b"\x10")
            printed = bytes(self._data if at < 0 else self._data[:at])
            del self._data[: len(printed)]
            self._print(printed)
            if not self._data:
                return
            if self._data[:2] == DLE_EOT and len(self._data) >= 3:
                question = self._data[2]
                del self._data[:3]
                self._answer(question)
            elif self._data[:2] == DLE_DC4 and len(self._data) >= FORGET_BYTES:
                del self._data[:FORGET_BYTES]
                self.forgotten += 1
                self.decoder.forget()
            elif self._data[:2] in (b"\x10", DLE_EOT, DLE_DC4):
                return  # its rest is on the way
            else:
                self._print(b"\x10")
                del self._data[:1]

    def _print(self, data: bytes) -> None:
        if self.paper_out or self.cover_open:
            return  # off line: what comes is dropped when it is told to forget
        if self.out_after is not None:
            room = self.out_after
            self.out_after = max(0, room - len(data))
            data = data[:room]
            if self.out_after == 0:
                self.decoder.feed(data)
                self.paper_out = True
                self._say_changes()
                return
        self.decoder.feed(data)

    def _say(self, data: bytes) -> None:
        if self.mute:
            return
        for writer in self._writers:
            if not writer.is_closing():
                writer.write(data)

    def _answer(self, question: int) -> None:
        offline = self.paper_out or self.cover_open
        byte = 0x12
        if question == 1 and offline:
            byte |= 0x08
        elif question == 2:
            byte |= (0x04 if self.cover_open else 0) | (0x20 if self.paper_out else 0)
        elif question == 4:
            byte |= (0x60 if self.paper_out else 0) | (0x0C if self.paper_out or self.paper_low else 0)
        self._say(bytes((byte,)))

    def _say_changes(self) -> None:
        if not self.decoder.automatic:
            return
        first = 0x10 | (0x08 if self.paper_out or self.cover_open else 0) | (0x20 if self.cover_open else 0)
        third = (0x0C if self.paper_out else 0) | (0x03 if self.paper_out or self.paper_low else 0)
        self._say(bytes((first, 0, third, 0)))

    def _through(self) -> None:
        self._say(bytes((0x0C if self.paper_out else 0,)))
