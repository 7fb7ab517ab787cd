"""A box with a display from the technician's command to the clerk's stars on the glass: real firmware, a real hub."""

import asyncio
import base64
import json
import os
import sys
from pathlib import Path

from tests.hub_support import HubProcess, until
from tests.integration.firmware_bench import flash
from tests.integration.simulator_bench import read_image
from tests.screen_support import picture
from tools.simulator import panel
from tools.simulator.board import SimulatedBoard

ROOT = Path(__file__).parents[2]
HEAP = 112 * 1024
WAIT_S = 90.0
CONFIG = "/api/v1/hall/config"


async def tingting(token: str, *arguments: str) -> str:
    """`tingting device …`; fails with what it printed."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "tools.cli", "device", *arguments, cwd=ROOT, env={**os.environ, "TINGTING_TOKEN": token},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    printed, _ = await asyncio.wait_for(process.communicate(), 120)
    assert process.returncode == 0, printed.decode()
    return printed.decode()


async def shows(board: SimulatedBoard, *rows: str) -> None:
    """Until these rows stand on the glass, letter by letter as the font has them."""
    wanted = picture(*rows)
    await board.wait_for(
        lambda view: panel.rows(base64.b64decode(view.panel))[: len(wanted)] == wanted, WAIT_S, f"{rows} on the display"
    )


async def test_a_display_set_by_provisioning_shows_the_clerks_number_and_stars(tmp_path: Path) -> None:
    image = flash(tmp_path, None)
    quick = {"heap_bytes": HEAP, "erase_ms": 0.0, "program_ms": 0.0, "panel": "sh1106"}
    async with (
        await SimulatedBoard.start(image, "rpi_pico", "00112233445566bb", **quick) as board,
        HubProcess(tmp_path, (board.uart_url,)) as hub,
    ):
        where = ("--window", "1", "--hub", hub.url)
        await tingting(hub.tokens["admin"], "provision", board.usb_port, *where, "--screen", "sh1106")
        await shows(board, "您好", "办完以后请您评价", "Welcome", "")
        await until(lambda: _online(hub), "the box proven")

        async def staff(stars: int) -> None:
            rows = [{"code": "1023", "name": "王芳", "stars": stars}, {"code": "1024", "name": "李强"}]
            status, reply = await hub.call("PUT", CONFIG, "manager", {"staff": rows})
            assert status == 200, reply

        await staff(4)
        for code in ("1023", "1024"):
            status, reply = await hub.call("POST", f"/api/v1/staff/{code}/pin/reset", "manager", {})
            assert status == 201, reply
            hub.secrets.add(reply["pin"])
            status, reply = await hub.command("1", "sign_in", staff=code, pin=reply["pin"])
            assert status == 200, reply
            # A clerk to whom nobody has given stars has none on the glass, not five empty ones.
            await shows(board, "您好", "办完以后请您评价", "Welcome", "1023 ★★★★☆" if code == "1023" else "工号 1024")
            if code == "1023":
                await staff(2)  # given anew while the clerk sits there
                await shows(board, "您好", "办完以后请您评价", "Welcome", "1023 ★★☆☆☆")
            status, reply = await hub.command("1", "sign_out")
            assert status == 200, reply
            await shows(board, "您好", "办完以后请您评价", "Welcome", "")
        status, reply = await hub.call("PUT", CONFIG, "manager", {"staff": [{"code": "1", "name": "王", "stars": 6}]})
        assert status == 422, reply
        await board.cut_power()
    assert json.loads(read_image(image, "settings.json"))["screen"] == "firmware.drivers.sh1106"


async def _online(hub: HubProcess) -> bool:
    _, reply = await hub.call("GET", "/api/v1/devices", "manager")
    return bool(reply["devices"]) and all(device["online"] for device in reply["devices"])
