"""Numbers on paper through the hub's door, and LED modules: a real hub process, a real printer line, a real sign."""

import asyncio
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from PIL import Image

from tests.hub_support import HubProcess, new_id, until
from tests.integration.test_hub_leds import Sign
from tests.printer_support import TcpPrinter


@pytest.fixture
async def printer() -> AsyncIterator[TcpPrinter]:
    async with TcpPrinter() as made:
        yield made


def hall(folder: Path, more: str) -> HubProcess:
    made = HubProcess(folder)
    made.config.write_text(made.config.read_text("utf-8") + more, "utf-8")
    return made


def printers(printer: TcpPrinter) -> str:
    return f'[[printers]]\nid = "k1"\nname = "一号自助机"\nurl = "{printer.url}"\n'


async def ask(hub: HubProcess, command_id: str | None = None, printer: str = "k1") -> tuple[int, Any]:
    body = {"service": "A", "id": command_id or new_id(), "printer": printer}
    status, reply = await hub.call("POST", "/api/v1/tickets", "kiosk", body)
    if status == 201:
        hub.secrets.add(reply["token"])
    return status, reply


async def ready(hub: HubProcess) -> Any:
    _, reply = await hub.call("GET", "/api/v1/printers", "kiosk")
    return reply["printers"][0]["ready"]


async def test_a_number_counts_when_its_paper_is_out(tmp_path: Path, printer: TcpPrinter) -> None:
    async with hall(tmp_path, printers(printer)) as hub:
        await until(lambda: ready(hub), "the printer's first answer")
        name = new_id()
        status, reply = await ask(hub, name)
        assert (status, reply["number"]) == (201, "A001")
        (slip,) = printer.slips
        assert "A001" in slip.text
        assert slip.codes == [f"{hub.url}/t/{reply['token']}".encode()]
        assert await ask(hub, name) == (201, reply)  # asked again: the same number, and no second paper
        assert len(printer.slips) == 1
        kinds = [event["type"].removeprefix("hall.ticket.") for event in await hub.events("hall.ticket")]
        assert kinds == ["issued", "printed"]
        _, queue = await hub.call("GET", "/api/v1/queue")
        assert queue["waiting"] == {"A": 1}

        status, problem = await ask(hub, printer="k9")
        assert (status, problem["type"].rsplit(":", 1)[1]) == (422, "unknown-printer")


async def test_codes_lead_where_phones_find_the_hub(tmp_path: Path, printer: TcpPrinter) -> None:
    """The kiosk opens the hub as 127.0.0.1; a phone can't."""
    made = hall(tmp_path, printers(printer))
    public = 'port = 0\npublic_url = "http://hall.example:8080/"\n'
    made.config.write_text(made.config.read_text("utf-8").replace("port = 0\n", public), "utf-8")
    async with made as hub:
        await until(lambda: ready(hub), "the printer's first answer")
        status, reply = await ask(hub)
        assert status == 201
        assert printer.slips[0].codes == [f"http://hall.example:8080/t/{reply['token']}".encode()]

        assert hub.http is not None
        headers = {"Authorization": f"Bearer {hub.tokens['kiosk']}"}
        body = {"id": new_id(), "matter": "A", "printer": "k1"}
        async with hub.http.post(f"{hub.url}/kiosk/ticket", json=body, headers=headers) as answer:
            page = await answer.text()
            assert answer.status == 200, page
        (printed,) = printer.slips[1].codes
        assert code_on(page) == printed.decode()
        hub.secrets.add(printed.decode().rsplit("/", 1)[1])

        body |= {"id": new_id(), "printer": ""}
        async with hub.http.post(f"{hub.url}/kiosk/ticket", json=body, headers=headers) as answer:
            assert code_on(await answer.text()).startswith("http://hall.example:8080/claim/")


def code_on(page: str) -> str:
    """What a phone's camera reads from the page's one code, which is drawn in lines of modules."""
    (svg,) = re.findall(r'<svg[^>]*class="segno".*?</svg>', page, re.DOTALL)
    drawn = re.search(r'viewBox="0 0 (\d+) .*class="qrline".* d="([^"]+)"', svg)
    assert drawn is not None
    size = int(drawn[1])
    picture = Image.new("L", (size, size), 255)
    x = y = 0.0
    for kind, first, second in re.findall(r"([Mmh])(-?[\d.]+)(?: ?(-?[\d.]+))?", drawn[2]):
        if kind == "h":
            for place in range(int(float(first))):
                picture.putpixel((int(x) + place, int(y)), 0)
            x += float(first)
        elif kind == "M":
            x, y = float(first), float(second)
        else:
            x, y = x + float(first), y + float(second)
    (code,) = zxingcpp.read_barcodes(picture.resize((8 * size, 8 * size), Image.Resampling.NEAREST))
    return str(code.text)


async def test_no_paper_says_so_before_the_press_and_gives_no_number(tmp_path: Path, printer: TcpPrinter) -> None:
    async with hall(tmp_path, printers(printer)) as hub:
        await until(lambda: ready(hub), "the printer's first answer")
        printer.change(paper_out=True)
        status, problem = await ask(hub)
        assert (status, problem["type"].rsplit(":", 1)[1], problem["state"]) == (409, "printer-not-ready", "paper_out")
        _, shown = await hub.call("GET", "/api/v1/printers", "desk")
        assert (shown["printers"][0]["state"], shown["printers"][0]["ready"]) == ("paper_out", False)
        assert await hub.events("hall.ticket") == []
        printer.refill()
        assert (await ask(hub))[0] == 201


async def test_paper_that_fails_half_way_voids_the_number(tmp_path: Path, printer: TcpPrinter) -> None:
    async with hall(tmp_path, printers(printer)) as hub:
        await until(lambda: ready(hub), "the printer's first answer")
        printer.ends_after(150)
        status, problem = await ask(hub)
        assert (status, problem["type"].rsplit(":", 1)[1]) == (409, "not-printed")
        assert (problem["number"], problem["state"]) == ("A001", "paper_out")
        kinds = [event["type"].removeprefix("hall.ticket.") for event in await hub.events("hall.ticket")]
        assert kinds == ["issued", "print_failed", "cancelled"]
        _, queue = await hub.call("GET", "/api/v1/queue")
        assert queue["waiting"] == {"A": 0}
        printer.refill()
        assert (await ask(hub))[1]["number"] == "A002"
        assert ["作废" in slip.text for slip in printer.slips] == [True, False]


async def test_a_hub_that_dies_while_printing_tells_what_became_of_it(tmp_path: Path, printer: TcpPrinter) -> None:
    async with hall(tmp_path, printers(printer)) as hub:
        await until(lambda: ready(hub), "the printer's first answer")
        asking = asyncio.create_task(ask(hub))
        # It answers questions and takes the paper, and never says that it is through.
        printer.decoder._through = None
        await hub.wait_event("hall.ticket.issued")
        await hub.kill()
        await asyncio.gather(asking, return_exceptions=True)
        await hub.start()
        (failed,) = await hub.wait_event("hall.ticket.print_failed")
        assert failed["data"]["reason"] == "hub_restarted"
        assert await hub.wait_event("hall.ticket.cancelled")


async def test_the_manager_tests_a_printer_and_sees_a_ticket(tmp_path: Path, printer: TcpPrinter) -> None:
    async with hall(tmp_path, printers(printer)) as hub:
        await until(lambda: ready(hub), "the printer's first answer")
        assert (await hub.call("POST", "/api/v1/printers/test", "kiosk", {"printer": "k1"}))[0] == 403
        status, reply = await hub.call("POST", "/api/v1/printers/test", "manager", {"printer": "k1"})
        assert (status, reply) == (200, {"printer": "k1", "state": "ok"})
        assert "练习" in printer.slips[0].text
        assert (await hub.call("POST", "/api/v1/printers/test", "manager", {"printer": "x"}))[0] == 404
        for width in (58, 80):
            status, picture = await hub.call("GET", f"/api/v1/printers/preview?service=A&paper_mm={width}", "manager")
            assert status == 200
            assert picture[:8] == b"\x89PNG\r\n\x1a\n"
        assert (await hub.call("GET", "/api/v1/printers/preview?paper_mm=1", "manager"))[0] == 400
        assert (await hub.call("GET", "/api/v1/printers/preview?service=Z", "manager"))[0] == 422
        assert await hub.events("hall.ticket") == []


async def test_led_modules_follow_the_window_and_a_dead_one_delays_no_call(tmp_path: Path) -> None:
    sign = Sign()
    await sign.plug_in()
    async with hall(tmp_path, f'[[leds]]\nwindow = "1"\nurl = "{sign.url}"\naddress = "05"\n') as hub:
        await hub.ticket()
        await hub.ticket()
        await hub.command("1", "sign_in", staff="s1")
        await until(lambda: sign.shows.get("05") == ("----", "hold"), "the open window")
        await hub.command("1", "next")
        await until(lambda: sign.shows.get("05") == ("A001", "flash"), "the call")
        await sign.unplug()
        assert (await hub.command("1", "arrive"))[0] == 200
        assert (await hub.command("1", "finish"))[0] == 200
        assert (await hub.command("1", "next"))[0] == 200
        await sign.plug_in(sign.port)
        await until(lambda: sign.shows.get("05") == ("A002", "flash"), "the newest call")
        await hub.kill()
        await hub.start()
        sign.shows.clear()
        await until(lambda: sign.shows.get("05") == ("A002", "flash"), "the call after a restart")
    await sign.unplug()
