"""What is in reach: asked at their cables, heard on this machine's own radio, and printed labels; the genuine tools."""

import asyncio
import json
import os
import pty
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
import zxingcpp
from click.testing import CliRunner
from PIL import Image
from serial.tools import list_ports
from serial.tools.list_ports_common import ListPortInfo

from tests.hub_support import HubProcess, until
from tests.integration import firmware_bench
from tests.integration.firmware_bench import DEVICE, SECRET, WAIT_S
from tests.integration.simulator_bench import make_image, read_image, volume
from tests.integration.test_device_provision import tingting
from tests.printer_support import TcpPrinter
from tests.radio_support import RadioBox, RadioHall, hub_on
from tools.device.commands import device
from tools.simulator.board import SimulatedBoard
from tools.simulator.radio.client import Radio

QUICK = {"erase_ms": 0.0, "program_ms": 0.0, "baud_delay": False}


def flashed(folder: Path, values: dict[str, object] | None, extra: dict[str, bytes] | None = None) -> Path:
    folder.mkdir()
    return firmware_bench.flash(folder, values, extra)


def names(path: Path) -> set[str]:
    return set(volume(path.read_bytes()).listdir("/"))


async def listed(*words: str, token: str = "", **environment: str) -> dict[str, Any]:
    for name, value in environment.items():
        os.environ[name] = value
    try:
        status, said = await tingting("list", "--json", *words, token=token)
    finally:
        for name in environment:
            del os.environ[name]
    found: dict[str, Any] = json.loads(said)
    assert (status, found["ok"]) in ((0, True), (1, False)), said
    return found


async def test_boxes_at_their_cables_say_who_they_are_and_go_on(tmp_path: Path) -> None:
    settings = firmware_bench.settings()
    images = {
        "well": flashed(tmp_path / "well", settings),
        "new": flashed(tmp_path / "new", None),
        "kept": flashed(tmp_path / "kept", settings | {"device": "ev-kept"}, {"maintenance": b""}),
        "bare": make_image(tmp_path / "bare.img", {}),
    }
    async with AsyncExitStack() as stack:
        boards = {
            name: await stack.enter_async_context(await SimulatedBoard.start(path, "rpi_pico", **QUICK))
            for name, path in images.items()
        }
        await boards["well"].wait_for(lambda view: view.power_led, WAIT_S)
        ports = {name: board.usb_port for name, board in boards.items()}
        told = await listed("--no-radio", *ports.values())
        by_port = {box["port"]: box for box in told["boxes"]}
        wrong = {name: [each["code"] for each in by_port[port]["wrong"]] for name, port in ports.items()}
        assert wrong == {"well": [], "new": ["unprovisioned"], "kept": ["maintenance"], "bare": ["no_firmware"]}
        box = by_port[ports["well"]]
        assert (box["device"], box["role"], box["window"], box["board"]) == (DEVICE, "evaluator", "3", "rpi_pico")
        assert box["firmware"].startswith("0.1.0+")
        assert SECRET.hex() not in json.dumps(told)
        # Its application runs again, and was not left in maintenance; who was in it stays there.
        await boards["well"].wait_for(lambda view: view.power_led, WAIT_S)
        assert not boards["kept"].power_led
        assert boards["well"].stats["resets"]["watchdog"] == 0

        blinks: list[bool] = []
        boards["well"].subscribe(lambda change: blinks.append(change.what == "power_led"))
        status, said = await tingting("identify", ports["well"], "--for", "1", "--json")
        assert (status, json.loads(said)["devices"]) == (0, [DEVICE]), said
        assert sum(blinks) >= 8  # four times on and off, within a second
        await boards["well"].wait_for(lambda view: view.power_led, WAIT_S)
        status, said = await tingting("identify", ports["bare"], "--for", "1")
        assert (status, "nobody knows where the light of this board is" in said) == (1, True)
        for board in boards.values():
            await board.cut_power()
        assert "maintenance" not in names(images["well"])
        assert "maintenance" in names(images["kept"])


async def test_a_box_is_heard_by_this_machines_own_radio_and_by_the_hubs(tmp_path: Path) -> None:
    async with await Radio.launch(("--adapters", "2")) as radio:
        box = RadioBox(tmp_path, 1)
        try:
            await box.start(radio)
            bus = {"DBUS_SYSTEM_BUS_ADDRESS": radio.bus}

            async def heard() -> Any:
                told = await listed("--radio", **bus)
                return told if told["boxes"] else None

            alone = await until(heard, "the box heard by this machine's radio")
            (found,) = alone["boxes"]
            assert alone["radio"] == "heard"
            assert (found["device"], found["wrong"]) == (box.device, [])
            assert -100 < found["radio_dbm"] < 0
            async with hub_on(tmp_path, radio) as hub:

                async def strange() -> Any:
                    told = await listed("--radio", "--hub", hub.url, token=hub.tokens["manager"], **bus)
                    return told["boxes"]

                (stranger,) = await until(strange, "the box heard that this hub does not know")
                assert [wrong["code"] for wrong in stranger["wrong"]] == ["not_registered"]
                await RadioHall(radio, hub, [box]).online()
                await radio.call("rssi", address=box.address, dbm=-90)

                async def weak() -> Any:
                    told = await listed("--no-radio", "--hub", hub.url, token=hub.tokens["manager"])
                    (found,) = told["boxes"]
                    return found if found["wrong"] else None

                found = await until(weak, "the hub's word that it is weak")
                assert (found["device"], found["online"], found["radio_dbm"]) == (box.device, True, -90)
                assert [wrong["code"] for wrong in found["wrong"]] == ["radio_weak"]
                refused = await listed("--no-radio", "--hub", hub.url, token=hub.tokens["kiosk"])
                assert refused["error"] == "no_right"
        finally:
            if hasattr(box, "board"):
                await box.board.close()
    deaf = await listed("--radio", DBUS_SYSTEM_BUS_ADDRESS=f"unix:path={tmp_path}/none")
    assert deaf["error"] == "failed"
    assert "Bluetooth adapter hears nothing" in deaf["text"]


async def test_a_label_comes_with_provisioning_and_once_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    image = make_image(tmp_path / "flash.img", {})
    async with TcpPrinter() as printer:
        hub = HubProcess(tmp_path)
        ends = _, module = pty.openpty()  # where an LED module hangs
        more = f'[[printers]]\nid = "k1"\nname = "一号"\nurl = "{printer.url}"\n'
        more += f'[[leds]]\nwindow = "1"\nurl = "{os.ttyname(module)}"\n'
        hub.config.write_text(hub.config.read_text("utf-8") + more, "utf-8")
        async with hub, await SimulatedBoard.start(image, "rpi_pico", "00112233445566aa", **QUICK) as board:
            admin = {"token": hub.tokens["admin"]}
            where = ("--hub", hub.url)

            async def ready() -> bool:
                _, reply = await hub.call("GET", "/api/v1/printers", "kiosk")
                return bool(reply["printers"][0]["ready"])

            await until(ready, "the printer's first answer")
            status, said = await tingting("list", "--no-radio", *where, **admin)
            assert (status, "Boxes: none is registered at this hub; tingting device provision does it" in said) == (
                0,
                True,
            )
            seen = [ListPortInfo(each) for each in (os.ttyname(module), board.usb_port)]
            monkeypatch.setattr(list_ports, "comports", lambda: seen)
            words = ["list", "--json", "--no-radio", "--ask", *where]
            done = await asyncio.to_thread(CliRunner().invoke, device, words, env={"TINGTING_TOKEN": admin["token"]})
            told = json.loads(done.output)
            assert told["left"] == [os.ttyname(module)], told
            assert [box["port"] for box in told["boxes"]] == [board.usb_port]
            boots = board.face.boots
            wish = ("provision", board.usb_port, "--window", "1", *where)
            status, said = await tingting(*wish, "--sticker", "k9", **admin)
            assert (status, "the hub has no printer k9; it has: k1" in said) == (1, True)
            assert board.face.boots == boots  # nothing has touched the box
            files = [str(tmp_path / f"label{suffix}") for suffix in (".svg", ".png")]
            stickers = [word for each in (*files, "printer") for word in ("--sticker", each)]
            status, said = await tingting(*wish, *stickers, "--json", **admin)
            assert status == 0, said
            told = json.loads(said)
            assert told["stickers"] == [*files, "k1"]
            (code,) = zxingcpp.read_barcodes(Image.open(files[1]))
            assert code.text == told["device"] == "ev-00112233445566aa"
            assert "1号窗口" in Path(files[0]).read_text("utf-8")
            (slip,) = printer.slips
            assert slip.codes == [told["device"].encode()]
            assert [line for line in slip.text.splitlines() if line] == ["测试厅", "1号窗口", "评价器", told["device"]]

            printer.change(paper_out=True)

            async def out() -> bool:
                return not await ready()

            await until(out, "the printer's word that its paper is out")
            status, said = await tingting("label", told["device"], *where, "--sticker", "k1", "--json", **admin)
            refused = json.loads(said)
            assert (status, refused["error"]) == (1, "hub_refuses")
            assert "printer k1 says paper_out" in refused["text"]
            printer.change(paper_out=False)
            await until(ready, "the printer's word that it has paper")
            status, said = await tingting("label", told["device"], *where, "--sticker", "k1", **admin)
            assert (status, said) == (0, "its label: k1\n")
            assert len(printer.slips) == 2
            status, _ = await hub.call("POST", "/api/v1/printers/label", "kiosk", {"printer": "k1", "device": "x"})
            assert status == 403
            status, _ = await hub.call("POST", "/api/v1/printers/label", "admin", {"printer": "k1", "device": "x"})
            assert status == 404
            status, _ = await hub.call(
                "POST", "/api/v1/printers/label", "admin", {"printer": "k9", "device": told["device"]}
            )
            assert status == 404
            await board.cut_power()
            secret = json.loads(read_image(image, "settings.json"))["secret"]
            hub.secrets.add(secret)
            everything = said + "".join(Path(each).read_bytes().decode(errors="replace") for each in files)
            assert secret not in everything + str(printer.slips)
    for each in ends:
        os.close(each)
