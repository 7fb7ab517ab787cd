"""LED modules over a real line: the newest text wins, the line's death delays nobody, a second protocol is one file."""

import asyncio
import re
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import pytest

from hub.leds import drivers, modules
from hub.leds.drivers import alpha
from hub.leds.errors import UnknownDriverError
from hub.leds.modules import Leds, words
from hub.links.port import open_port
from tests.hub_support import until


@dataclass(frozen=True)
class Row:
    window: str
    url: str
    address: str = "01"
    driver: str = "alpha"
    baud: int = 9600


class Sign:
    """Modules on one line, as the protocol's description has them: they check the sum and show the priority file."""

    PACKET = re.compile(rb"\x00{5,}\x01(.)(..)\x02(A0(?:\x1b(.)(.)([^\x03]*))?)\x03([0-9A-F]{4})\x04", re.DOTALL)

    def __init__(self) -> None:
        self.shows: dict[str, tuple[str, str]] = {}
        self.packets = 0
        self._data = bytearray()
        self._server: asyncio.Server | None = None
        self._writers: list[asyncio.StreamWriter] = []

    async def plug_in(self, port: int = 0) -> None:
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", port)
        self.port: int = self._server.sockets[0].getsockname()[1]

    async def unplug(self) -> None:
        assert self._server is not None
        self._server.close()
        for writer in self._writers:
            writer.close()
        await self._server.wait_closed()
        await asyncio.sleep(0)

    @property
    def url(self) -> str:
        return f"socket://127.0.0.1:{self.port}"

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        self.shows.clear()  # it had no power
        while data := await reader.read(1024):
            self._data += data
            while found := self.PACKET.search(self._data):
                self._take(found)
                del self._data[: found.end()]
        writer.close()

    def _take(self, found: "re.Match[bytes]") -> None:
        summed = b"\x02" + found[3] + b"\x03"
        assert int(found[7], 16) == sum(summed) & 0xFFFF
        assert found[1] == b"Z"
        self.packets += 1
        mode = {b"b": "hold", b"c": "flash", None: "dark"}[found[5]]
        self.shows[found[2].decode()] = ((found[6] or b"").decode(), mode)


@asynccontextmanager
async def led_modules(*rows: Row) -> AsyncIterator[tuple[Leds, list[dict[str, Any]]]]:
    logged: list[dict[str, Any]] = []

    def log(event: str, **fields: Any) -> None:
        logged.append({"event": event, **fields})

    made = Leds(open_port, lambda: 0.0, log)
    made.follow(rows)
    task = asyncio.create_task(made.run())
    try:
        yield made, logged
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_each_window_shows_its_number_and_two_share_a_line() -> None:
    sign = Sign()
    await sign.plug_in()
    async with led_modules(Row("1", sign.url, "01"), Row("2", sign.url, "0a")) as (leds, _):
        await until(lambda: sign.shows == {"01": ("", "dark"), "0A": ("", "dark")}, "both dark")
        leds.show("1", "calling", "A012")
        leds.show("2", "paused", None)
        await until(lambda: sign.shows == {"01": ("A012", "flash"), "0A": ("PAUSE", "hold")}, "the call")
        leds.show("1", "serving", "A012")
        leds.show("3", "serving", "A099")  # a window without a module
        await until(lambda: sign.shows["01"] == ("A012", "hold"), "the arrival")
        leds.show("1", "free", None)
        await until(lambda: sign.shows["01"] == ("----", "hold"), "the finish")
        assert [each["shows"] for each in leds.state()] == ["----", "PAUSE"]
        assert all(each["up"] for each in leds.state())
    await sign.unplug()


async def test_a_dead_line_delays_no_call_and_shows_the_newest_when_it_is_back() -> None:
    sign = Sign()
    await sign.plug_in()
    async with led_modules(Row("1", sign.url)) as (leds, logged):
        leds.show("1", "calling", "A001")
        await until(lambda: sign.shows.get("01") == ("A001", "flash"), "the first call")
        await sign.unplug()
        started_s = time.perf_counter()
        for number in range(1, 1000):
            leds.show("1", "calling", f"A{number:03d}")
        # Nothing here waits for a line; a thousand calls on a loaded machine take milliseconds.
        assert time.perf_counter() - started_s < 1
        await until(lambda: not leds.state()[0]["up"], "its death")
        await sign.plug_in(sign.port)
        await until(lambda: sign.shows.get("01") == ("A999", "flash"), "the newest")
        assert sign.packets < 10
        assert [entry["event"] for entry in logged][:2] == ["hub.leds", "hub.leds_away"]
    await sign.unplug()


async def test_a_module_that_lost_power_is_told_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(modules, "AGAIN_S", 0.05)
    sign = Sign()
    await sign.plug_in()
    async with led_modules(Row("1", sign.url)) as (leds, _):
        leds.show("1", "serving", "A001")
        await until(lambda: sign.shows.get("01") == ("A001", "hold"), "the number")
        sign.shows.clear()
        await until(lambda: sign.shows.get("01") == ("A001", "hold"), "the number again")
        leds.follow([])
        await until(lambda: not leds.state(), "no modules")
    await sign.unplug()


def test_bytes_as_the_protocol_has_them() -> None:
    body = b"\x02A0\x1b0bA012\x03"
    expected = b"\x00" * 5 + b"\x01Z0F" + body + b"%04X" % sum(body) + b"\x04"
    assert alpha.show("0f", "A012", flash=False) == expected
    assert b"\x1b" not in alpha.show("00", "", flash=True)
    assert b"?" in alpha.show("00", "窗", flash=False)
    assert len(alpha.show("00", "A" * 500, flash=False)) < 160


def test_a_second_protocol_is_one_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    (tmp_path / "other.py").write_text(
        'SOURCE = "its data sheet"\nBAUD = 19200\n\n\ndef show(address, text, *, flash):\n'
        '    return f"{address}:{text}\\n".encode()\n'
    )
    monkeypatch.setattr(drivers, "__path__", [*drivers.__path__, str(tmp_path)])
    assert drivers.names() == ["alpha", "other"]
    assert drivers.driver("other").show("01", "A001", flash=True) == b"01:A001\n"
    for name in drivers.names():
        found = drivers.driver(name)
        assert isinstance(found, ModuleType)
        assert found.SOURCE
    with pytest.raises(UnknownDriverError, match="there are: alpha, other"):
        drivers.driver("nobody")


@pytest.mark.parametrize(
    ("state", "number", "text"),
    [("calling", "A012", "A012"), ("serving", "AB123", "AB123"), ("free", None, "----"), ("closed", None, "")],
)
def test_words_of_a_module(state: str, number: str | None, text: str) -> None:
    assert words(state, number).text == text
