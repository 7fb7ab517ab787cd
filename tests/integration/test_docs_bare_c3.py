"""The tutorial of a bare ESP32-C3 and four wires, done on a simulated one with the page's own words, to the center."""

import asyncio
import os
import re
import sys
import tomllib
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest

from firmware.boards import esp32_c3
from tests import center_support
from tests.caller_support import press
from tests.hub_support import HubProcess, until
from tests.integration.test_docs_operations import PRESS_S, typed
from tools.checks import bare_c3
from tools.checks.rooms import ROOT
from tools.simulator.board import SimulatedBoard

PAGES = {language: ROOT / f"docs/tutorial/bare-esp32-c3{name}.md" for language, name in (("en", ""), ("zh", ".zh-CN"))}
CENTER = '[http]\nport = 0\n[[halls]]\nid = "h1"\nname = "测试厅"\n'


def commands(page: Path) -> list[list[str]]:
    """Every command of `tingting` on a page, in its order."""
    blocks = re.findall(r"^ *```sh\n(.*?)^ *```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.splitlines() if "bin/tingting " in line]
    return [line.partition("bin/tingting ")[2].split() for line in lines]


def the(command: str) -> list[str]:
    """The one command on the English page that begins so."""
    found = [words for words in commands(PAGES["en"]) if words[: len(command.split())] == command.split()]
    assert len(found) == 1, f"{command}: {found}"
    return found[0]


def put(words: list[str], **places: str) -> list[str]:
    return [places.get(word, word) for word in words]


def test_both_pages_type_the_same_and_show_the_same_wires() -> None:
    said = {language: commands(page) for language, page in PAGES.items()}
    assert said["en"] == [[word.replace("zh-CN", "en") for word in words] for words in said["zh"]]
    for page in PAGES.values():
        assert bare_c3.table() in page.read_text("utf-8")
        assert "pictures/bare-board-esp32_c3.svg" in page.read_text("utf-8")


def test_drawing_and_table_have_the_pins_of_the_firmware() -> None:
    keys = esp32_c3.EVALUATOR_KEY_PINS
    wanted = ["GND", str(keys[0]), str(keys[1]), str(keys[4])]  # the order of the grades 5, 4, 3, 2, 1
    assert [wire.pin for wire in bare_c3.wires()] == wanted
    assert [wire.grade for wire in bare_c3.wires()] == [0, 5, 4, 1]
    root = ElementTree.parse(ROOT / bare_c3.PICTURE).getroot()
    pins = [each.text for each in root.iter() if each.get("class") == "pin"]
    assert pins == [*wanted, str(esp32_c3.EVALUATOR_LAMP_PINS[0])]
    texts = [text.strip() for text in root.itertext()]
    for number, wire in enumerate(bare_c3.wires(), 1):
        assert texts.count(str(number)) >= 1
        assert wire.what in texts


async def keys_by_hand(board: SimulatedBoard, words: list[str], there: tuple[str, ...]) -> tuple[int, str]:
    """The self-test, answered by a person who has these wires."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tools.cli", *words,
        stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        cwd=ROOT, env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b"n\nn\n")  # no lamps, no buzzer
    said = b""
    async with asyncio.timeout(300):
        while line := await process.stdout.readline():
            said += line
            if (found := re.search(rb"Press the key: (\d)", line)) and found[1].decode() in there:
                await board.hold(int(found[1]))
            elif found := re.search(rb"felt: (\d)", line):
                await board.release(int(found[1]))
        return await process.wait(), said.decode()


async def test_four_wires_bring_a_rating_to_the_center(tmp_path: Path) -> None:
    (tmp_path / "center").mkdir()
    (tmp_path / "hub").mkdir()
    async with (
        await SimulatedBoard.start(tmp_path / "c3.image", "esp32_c3", baud_delay=False) as board,
        center_support.running(tmp_path / "center", CENTER) as center,
    ):
        # On the real board both are one port: its bridge has the link where the prompt is while nothing runs.
        places = {"/dev/ttyUSB0": board.usb_port}
        words = the("device flash")
        at = words.index("--micropython")
        await typed(*put(words[:at] + words[at + 2 :], **places))  # the simulated one has its interpreter
        section = f'[center]\nurl = "{center.url}"\ntoken = "{center.tokens["hall h1"]}"\n'
        hub = HubProcess(tmp_path / "hub", center=section, invitation_s=60)
        async with hub:
            places["http://127.0.0.1:8080"] = hub.url
            said = await typed(*put(the("device provision"), **places), token=hub.tokens["admin"])
            assert "1" in said
            await hub.stop()
            shown = re.findall(r"```toml\n(.*?)```", PAGES["en"].read_text("utf-8"), re.DOTALL)
            assert [tomllib.loads(text) for text in shown] == [{"links": [{"url": "/dev/ttyUSB0"}]}]
            text = hub.config.read_text("utf-8") + shown[0].replace("/dev/ttyUSB0", board.uart_url)
            hub.config.write_text(text, "utf-8")
            await hub.start()

            async def connected() -> bool:
                _, ready = await hub.call("GET", "/readyz")
                return any(entry["online"] for entry in ready["each_device"])

            await until(connected, "the box online")
            words = [*put(the("doctor"), **{"hub.toml": str(hub.config)}), "--hub", hub.url]
            told = await typed(*words)
            assert "Window 1, ev-" in told
            assert (await hub.command("1", "sign_in", staff="s1"))[0] == 200
            assert (await hub.command("1", "walk_up"))[0] == 200  # Finish without a number
            await board.wait_lamps(True, PRESS_S)
            await press(board, 5)
            await hub.wait_event("hall.rating.submitted", 1)
            await board.wait_lamps(False, PRESS_S)
            await press(board, 5)  # as often as you like
            await hub.wait_event("hall.rating.ignored", 1)

            async def counted() -> bool:
                _, ready = await hub.call("GET", "/readyz")
                return bool(ready["uplink"]["stored_through"] == ready["journal"]["durable"])

            await until(counted, "the delivery")
            [finished] = await hub.events("hall.ticket.finished")
            day = finished["time"][:10]
            told_by_center = await center.ratings(day, day)
            [row] = told_by_center["rows"]
            assert (row["served"], row["rated"]) == (1, 1)
            # Last: the hub lets the port go, and the keys are tested; two of the five have no wire.
            await hub.stop()
            code, said = await keys_by_hand(board, put(the("device selftest"), **places), ("5", "4", "1"))
            assert (code, "Keys without answer: 3, 2" in said) == (1, True), said


@pytest.mark.parametrize("page", PAGES.values(), ids=list(PAGES))
def test_it_says_that_nobody_tried_it_on_hardware(page: Path) -> None:
    """Until somebody has: then both pages and the drawing change together."""
    text = page.read_text("utf-8")
    assert "on hardware yet" in text or "还没有人在实物上" in text
