"""Printers at the hub, over a real line: seen before a number is given, believed only by their own word."""

import asyncio
import os
import time
import tty
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest

from hub.printing import printers as room
from hub.printing.errors import PrinterAddressError, PrinterGoneError, UnknownPrinterError
from hub.printing.paper import Paper
from hub.printing.port import check_address, open_port
from hub.printing.printers import Printers
from tests.hub_support import until
from tests.printer_support import TcpPrinter

PAPER = Paper(
    "t1",
    "A012",
    "城乡居民养老保险参保登记",
    "Residents' pension",
    "青溪县政务服务中心",
    "二楼",
    3,
    "5–12",
    "http://h/t/x",
)


@dataclass(frozen=True)
class Row:
    id: str
    name: str
    url: str
    columns: int = 48


@asynccontextmanager
async def printing(*rows: Row) -> AsyncIterator[tuple[Printers, list[dict[str, Any]]]]:
    """Printers at work, and what they log."""
    logged: list[dict[str, Any]] = []

    def log(event: str, **fields: Any) -> None:
        logged.append({"event": event, **fields})

    made = Printers(lambda: 0, time.monotonic, log)
    made.follow(rows)
    task = asyncio.create_task(made.run())
    try:
        await until(lambda: all(each["state"] != "unknown" for each in made.state()), "the first answer")
        yield made, logged
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_ticket_is_out_when_the_printer_says_so() -> None:
    async with TcpPrinter() as printer, printing(Row("k1", "一号机", printer.url)) as (printers, _):
        assert printers.state()[0]["ready"]
        assert await printers.print("k1", PAPER) == "ok"
        (slip,) = printer.slips
        assert slip.cut
        assert "A012" in slip.text
        assert "城乡居民养老保险参保登记" in slip.text
        assert slip.codes == [b"http://h/t/x"]
        assert [each["printed"] for each in printers.state()] == [1]
        assert printers.metrics() == {
            "tingting_printer_ready": {("k1",): 1.0},
            "tingting_printer_waiting": {("k1",): 0},
            "tingting_printer_papers_total": {("k1", "printed"): 1, ("k1", "failed"): 0},
        }


@pytest.mark.parametrize(("trouble", "state"), [("paper_out", "paper_out"), ("cover_open", "cover_open")])
async def test_what_is_wrong_is_seen_before_and_after(trouble: str, state: str) -> None:
    async with TcpPrinter() as printer, printing(Row("k1", "", printer.url)) as (printers, logged):
        printer.change(**{trouble: True})
        assert await printers.ready("k1") == state
        assert await printers.print("k1", PAPER) == state
        assert printer.slips == []
        assert [entry["state"] for entry in logged] == [state]
        printer.change(**{trouble: False})
        assert await printers.ready("k1") == "ok"
        # No byte of it went out, so nobody holds a piece of it, and no slip is owed.
        assert await printers.print("k1", PAPER) == "ok"
        assert len(printer.slips) == 1


async def test_paper_that_ends_half_way_is_void_and_says_so() -> None:
    async with TcpPrinter() as printer, printing(Row("k1", "", printer.url)) as (printers, _):
        printer.ends_after(200)
        assert await printers.print("k1", PAPER) == "paper_out"
        assert printer.forgotten >= 1
        printer.refill()
        assert await printers.ready("k1") == "ok"
        # The rest of the paper and the slip hang together: it says void.
        assert "作废" in printer.slips[0].text
        assert "A012" in printer.slips[0].text
        assert await printers.print("k1", PAPER) == "ok"
        assert "作废" not in printer.slips[1].text


async def test_one_that_never_answers_has_not_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hub.printing.printer.THROUGH_S", 0.5)
    monkeypatch.setattr("hub.printing.printer.ANSWER_S", 0.3)
    async with TcpPrinter() as printer, printing(Row("k1", "", printer.url)) as (printers, _):
        printer.mute = True
        assert await printers.ready("k1") == "no_answer"
        assert "did not answer" in printers.state()[0]["why"]
        assert await printers.print("k1", PAPER) == "no_answer"
        printer.mute = False
        assert await printers.ready("k1") == "ok"


async def test_a_printer_without_power_comes_back_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(room, "ASK_EVERY_S", 0.1)
    async with TcpPrinter() as printer, printing(Row("k1", "", printer.url)) as (printers, logged):
        await printer.unplug()
        await until(lambda: printers.state()[0]["state"] == "no_answer", "its silence")
        await printer.plug_in(printer.port)
        await until(lambda: printers.state()[0]["ready"], "its return")
        assert [entry["state"] for entry in logged] == ["no_answer", "ok"]
        printer.change(paper_low=True)
        await until(lambda: printers.state()[0]["state"] == "paper_low", "its warning")
        assert printers.state()[0]["ready"]


async def test_printers_come_and_go_and_one_that_is_dead_delays_no_other() -> None:
    async with TcpPrinter() as printer, printing(Row("k1", "", "tcp://127.0.0.1:9")) as (printers, _):
        dead, alive = Row("k1", "", "tcp://127.0.0.1:9"), Row("k2", "", printer.url, 32)
        printers.follow([dead, alive])
        await until(lambda: [each["ready"] for each in printers.state()] == [False, True], "the second")
        waiting = [asyncio.create_task(printers.print("k1", PAPER)) for _ in range(room.QUEUE_MOST + 3)]
        assert await printers.print("k2", PAPER) == "ok"
        printers.follow([alive])
        results = await asyncio.gather(*waiting)
        assert set(results) <= {"no_answer", "queue_full", "taken_out"}
        assert "queue_full" in results

        async def gone() -> str:
            """Its task takes it out in its own time."""
            try:
                await printers.ready("k1")
            except UnknownPrinterError as error:
                return str(error)
            return ""

        assert "'k1'; it has: k2" in await until(gone, "the first being taken out")


def _pty_printer() -> tuple[int, str]:
    """A line of characters with both ends: as usblp and serial ports look to a program."""
    master, slave = os.openpty()
    tty.setraw(slave)
    return master, os.ttyname(slave)


@pytest.mark.parametrize("address", ["file://{}", "serial://{}?baud=9600"])
async def test_usb_and_serial_lines_carry_both_ways(address: str) -> None:
    master, name = _pty_printer()
    try:
        port = await asyncio.to_thread(open_port, address.format(name))
        await asyncio.to_thread(port.write, b"\x10\x04\x01")
        assert os.read(master, 16) == b"\x10\x04\x01"
        os.write(master, b"\x12")
        heard: Callable[[], bytes] = lambda: port.read(5.0)  # noqa: E731
        assert await asyncio.to_thread(heard) == b"\x12"
        assert await asyncio.to_thread(port.read, 0.01) == b""
        port.close()
    finally:
        os.close(master)


@pytest.mark.parametrize("url", ["", "lp0", "http://x", "file://relative", "serial:///etc/passwd", "tcp://a b"])
def test_an_address_that_is_none_says_which_are(url: str) -> None:
    with pytest.raises(PrinterAddressError, match="tcp://host:9100"):
        check_address(url)


@pytest.mark.parametrize("url", ["tcp://127.0.0.1:9", "file:///nowhere/lp0", "serial:///dev/nowhere"])
def test_one_that_is_not_there_says_so(url: str) -> None:
    with pytest.raises(PrinterGoneError, match="can't be opened"):
        open_port(url)
