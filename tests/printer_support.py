"""A ticket printer on a real TCP line: the simulator's virtual printer behind a socket, and its troubles on demand."""

import asyncio

from common.paper.decoder import Decoder
from common.paper.slips import Slip
from tools.simulator.virtual_printer import VirtualPrinter


class TcpPrinter:
    """`async with TcpPrinter() as printer`; mute: it answers nothing."""

    def __init__(self, columns: int = 48) -> None:
        self.mute = False
        self._virtual = VirtualPrinter(self._say, columns)
        self._writers: list[asyncio.StreamWriter] = []
        self._server: asyncio.Server | None = None

    async def __aenter__(self) -> "TcpPrinter":
        await self.plug_in(0)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.unplug()

    async def plug_in(self, port: int) -> None:
        """Power on."""
        self._virtual.set(plugged=True)
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", port)
        self.port: int = self._server.sockets[0].getsockname()[1]

    async def unplug(self) -> None:
        """Power off."""
        assert self._server is not None
        self._virtual.set(plugged=False)
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
    def decoder(self) -> Decoder:
        """What reads its bytes."""
        return self._virtual.decoder

    @property
    def slips(self) -> list[Slip]:
        """What lies in the tray."""
        return self._virtual.slips

    @property
    def forgotten(self) -> int:
        """How often it was told to forget what it holds."""
        return self._virtual.forgotten

    def refill(self) -> None:
        """A new roll; the printer says so by itself."""
        self.change(paper_out=False)

    def ends_after(self, count: int) -> None:
        """Its paper ends when so many more bytes are on it."""
        self._virtual.after(count, paper="out")

    def change(
        self, *, paper_out: bool | None = None, paper_low: bool | None = None, cover_open: bool | None = None
    ) -> None:
        """Something about it changes while nobody asks."""
        if paper_out is not None:
            self._virtual.set(paper="out" if paper_out else "ok")
        if paper_low is not None:
            self._virtual.set(paper="low" if paper_low else "ok")
        if cover_open is not None:
            self._virtual.set(cover=cover_open)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        try:
            while data := await reader.read(4096):
                self._virtual.receive(data)
        except ConnectionError:
            return
        finally:
            writer.close()

    def _say(self, data: bytes) -> None:
        if self.mute:
            return
        for writer in self._writers:
            if not writer.is_closing():
                writer.write(data)
