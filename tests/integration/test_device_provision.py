"""`tingting device provision` and `list`: a simulated board, a real hub, the real mpremote."""

import asyncio
import json
import os
import sys
from contextlib import asynccontextmanager
from pathlib import Path

from hub.devices import key_file
from hub.devices.registry import Registry
from hub.devices.sealing import Keyring
from tests import device_json_support
from tests.integration.simulator_bench import WAIT_S, make_image, read_image
from tools.simulator.board import SimulatedBoard

ROOT = Path(__file__).parents[2]
HUB = """
[hall]
id = "bench"
name = "试验厅"
[paths]
data = "data"
[http]
port = 0
[[services]]
id = "A"
prefix = "A"
name = "办事"
[[windows]]
id = "3"
name = "3号"
services = ["A"]
"""


@asynccontextmanager
async def running_hub(folder: Path):
    """The address of a real hub, and its tokens by role."""
    config = folder / "hub.toml"
    config.write_text(HUB, "utf-8")
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "hub.main", "--config", str(config), cwd=ROOT,
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    tokens: dict[str, str] = {}
    try:
        assert process.stdout is not None
        async with asyncio.timeout(WAIT_S):
            while not (line := (await process.stdout.readline()).decode()).startswith("hub: serving "):
                assert line, "the hub ended at its start"
                name, _, token = line.strip().partition(": ")
                tokens[name.removeprefix("token ")] = token
        yield line.split()[-1], tokens
    finally:
        process.terminate()
        await process.communicate()


async def tingting(*arguments: str, token: str = "") -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tools.cli", "device", *arguments, cwd=ROOT,
        env={**os.environ, "TINGTING_TOKEN": token, "TINGTING_LANG": "en"},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    printed, _ = await asyncio.wait_for(process.communicate(), 240)
    assert process.returncode is not None
    assert b"Traceback" not in printed
    if "--json" in arguments:
        device_json_support.check(arguments[0], printed.decode())
    return process.returncode, printed.decode()


async def test_device_provision_after_every_refusal_and_again(tmp_path):
    image = make_image(tmp_path / "flash.img", {})
    async with (
        running_hub(tmp_path) as (url, tokens),
        await SimulatedBoard.start(
            image, "rpi_pico", "00112233445566aa", erase_ms=0.0, program_ms=0.0
        ) as board,
    ):  # fmt: skip
        wish = ["provision", board.usb_port, "--window", "3", "--hub", url]
        status, text = await tingting(*wish)
        assert (status, "no token" in text) == (1, True)
        status, text = await tingting(*wish, token="wrong-token")
        assert (status, "refuses this token" in text) == (1, True)
        status, text = await tingting(*wish[:-1], "http://127.0.0.1:9", token=tokens["admin"])
        assert (status, "does not answer" in text) == (1, True)
        status, text = await tingting(*wish[:-1], "127.0.0.1", token=tokens["admin"])
        assert (status, "no hub address" in text) == (1, True)
        assert board.face.boots == 1  # up to here nothing has touched the box

        status, text = await tingting(
            "provision", board.usb_port, "--window", "9", "--hub", url, token=tokens["admin"]
        )  # fmt: skip
        assert (status, "There is no window '9'" in text) == (1, True)

        token_file = tmp_path / "token"
        token_file.write_text(tokens["admin"] + "\n")
        status, text = await tingting(*wish, "--label", "3号", "--token-file", str(token_file))
        assert status == 0, text
        assert "ev-00112233445566aa serves window 3" in text

        status, listed = await tingting("list", "--hub", url, token=tokens["manager"])
        assert status == 0, listed
        assert "ev-00112233445566aa" in listed
        assert "offline" in listed
        await board.cut_power()

        settings = json.loads(read_image(image, "settings.json"))
        assert settings["device"] == "ev-00112233445566aa"
        assert (settings["role"], settings["board"], settings["link"]) == ("evaluator", "rpi_pico", "uart")
        assert settings["window_label"] == "3号"
        assert len(bytes.fromhex(settings["secret"])) == 32
        assert len(bytes.fromhex(settings["epoch"])) == 8
        kept = Registry(tmp_path / "data" / "registry.json", Keyring(key_file.read(tmp_path / "hub.key"), os.urandom))
        device = kept.find("ev-00112233445566aa")
        assert device is not None
        assert device.secret == settings["secret"]  # the same secret in both places, and in no output
        assert device.epoch == settings["epoch"]
        for path in (tmp_path / "data").glob("*.json"):
            assert settings["secret"] not in path.read_text("utf-8")  # it lies sealed
        for printed in (text, listed, bytes(board.output).decode(errors="replace")):
            assert settings["secret"] not in printed
        assert settings["secret"] not in listed

        await board.restore_power()
        status, text = await tingting(*wish, token=tokens["admin"])  # again: a new identity for the same chip
        assert status == 0, text
        await board.cut_power()
        anew = json.loads(read_image(image, "settings.json"))
        assert anew["device"] == settings["device"]
        assert anew["secret"] != settings["secret"]
        assert anew["epoch"] != settings["epoch"]
        assert anew["window_label"] == "3"
