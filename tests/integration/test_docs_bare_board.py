"""The bare-board tutorial, done on a simulated Pico that hangs on its own USB port, with the page's own words."""

import re
import tomllib
import xml.etree.ElementTree as ElementTree
from pathlib import Path

from firmware.boards import rpi_pico
from tests.caller_support import press
from tests.hub_support import HubProcess, until
from tests.integration.test_docs_operations import PRESS_S, typed
from tools.checks.rooms import ROOT
from tools.simulator.board import SimulatedBoard

PAGE = ROOT / "docs/tutorial/bare-board.md"
DRAWING = ROOT / "docs/pictures/bare-board.svg"
PHYSICAL = {0: 1, 1: 2, 2: 4, 3: 5, 4: 6, 5: 7, 6: 9, 10: 14, 11: 15, 12: 16, 13: 17, 14: 19, 15: 20, 16: 21, 22: 29}


def _typed_for(command: str) -> list[str]:
    """The words of the page's command, without its program."""
    blocks = re.findall(r"^ *```sh\n(.*?)^ *```$", PAGE.read_text("utf-8"), re.MULTILINE | re.DOTALL)
    lines = [line for block in blocks for line in block.replace("\\\n", " ").splitlines()]
    ours = [line.partition("bin/tingting ")[2].split() for line in lines]
    found = [words for words in ours if words[: len(command.split())] == command.split()]
    assert len(found) == 1, f"{command}: {found}"
    return found[0]


def _put(words: list[str], **places: str) -> list[str]:
    return [places.get(word, word) for word in words]


def test_page_and_drawing_name_the_pins_of_the_firmware() -> None:
    pins = [
        *rpi_pico.EVALUATOR_KEY_PINS,
        *rpi_pico.EVALUATOR_LAMP_PINS,
        rpi_pico.POWER_LED_PIN,
        rpi_pico.BUZZER_PIN,
        rpi_pico.STRAP_PIN,
    ]
    pins += [rpi_pico.UART_TX_PIN, rpi_pico.UART_RX_PIN]
    rows = dict(re.findall(r"\| GP(\d+) \| (\d+) \|", PAGE.read_text("utf-8")))
    assert {int(pin): int(place) for pin, place in rows.items()} == {pin: PHYSICAL[pin] for pin in pins}
    texts = [text.strip() for text in ElementTree.parse(DRAWING).getroot().itertext()]
    assert sorted(text for text in texts if re.fullmatch(r"GP\d+", text)) == sorted(f"GP{pin}" for pin in pins)


async def test_a_bare_board_on_usb_rates(tmp_path: Path) -> None:
    async with await SimulatedBoard.start(tmp_path / "pico.image", baud_delay=False) as board:
        hub = HubProcess(tmp_path, invitation_s=60)
        places = {"/dev/ttyACM0": board.usb_port}
        await typed(*_put(_typed_for("device flash"), **places))
        async with hub:
            places["http://127.0.0.1:8080"] = hub.url
            said = await typed(*_put(_typed_for("device provision"), **places), token=hub.tokens["admin"])
            assert "serves window 1" in said
            await hub.stop()
            shown = re.findall(r"```toml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)
            link = next(text for text in shown if "[[links]]" in text)
            assert tomllib.loads(link)["links"] == [{"url": "/dev/ttyACM0"}]
            hub.config.write_text(
                hub.config.read_text("utf-8") + link.replace("/dev/ttyACM0", board.usb_port), encoding="utf-8"
            )
            await hub.start()

            async def connected() -> bool:
                _, ready = await hub.call("GET", "/readyz")
                return any(entry["online"] for entry in ready["each_device"])

            await until(connected, "the box online")
            assert (await hub.command("1", "sign_in", staff="s1"))[0] == 200
            await hub.serve_one("1")
            await board.wait_lamps(True, PRESS_S)
            await press(board, 5)
            assert (await hub.wait_event("hall.rating.submitted", 1))[0]["data"]["grade"] == 5
