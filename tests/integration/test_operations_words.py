"""`tingting hub status` and `tingting doctor` at real processes, each fault provoked."""

import asyncio
import json
import os
import re
import resource
import sys
from pathlib import Path
from typing import Any

import pytest
from aiohttp import web

from common import catalogue
from hub.devices.care import BOX_TODO, OTHER_TODO
from hub.devices.faults import TODO
from hub.devices.wire import FAULT_CODES
from tests import center_support
from tests.hub_support import Box, HubProcess, until

CENTER = '[http]\nport = 0\n[[halls]]\nid = "h1"\nname = "测试厅"\n'
ROOT = Path(__file__).parents[2]


async def said(*words: str) -> tuple[int, str]:
    """Exit status and output of a command, as a person types it."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "tools.cli", *words),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        cwd=ROOT,
    )
    out, _ = await process.communicate()
    assert process.returncode is not None
    return process.returncode, out.decode()


async def status(hub: HubProcess, *more: str) -> tuple[int, str]:
    """`tingting hub status`."""
    return await said("hub", "status", "--hub", hub.url, "--lang", "en", *more)


async def doctor(hub: HubProcess, *more: str) -> tuple[int, dict[str, list[dict[str, Any]]]]:
    """`tingting doctor`: exit status and its findings by step."""
    code, out = await said("doctor", "--config", str(hub.config), "--hub", hub.url, "--lang", "en", "--json", *more)
    steps: dict[str, list[dict[str, Any]]] = {}
    for finding in json.loads(out)["findings"]:
        steps.setdefault(finding["step"], []).append(finding)
    return code, steps


def states(steps: dict[str, list[dict[str, Any]]]) -> dict[str, list[str]]:
    """How each step went."""
    return {step: [finding["state"] for finding in found] for step, found in steps.items()}


async def delivered(hub: HubProcess) -> bool:
    """The center has all."""
    _, ready = await hub.call("GET", "/readyz")
    return bool(ready["uplink"]["state"] == "idle" and ready["uplink"]["stored_through"] == ready["journal"]["durable"])


async def test_a_chain_that_holds_and_each_link_broken(tmp_path: Path) -> None:
    (tmp_path / "center").mkdir()
    (tmp_path / "hub").mkdir()
    async with center_support.running(tmp_path / "center", CENTER) as center, Box("ev-1") as box:
        section = f'[center]\nurl = "{center.url}"\ntoken = "{center.tokens["hall h1"]}"\n'
        async with HubProcess(tmp_path / "hub", (box.line,), section) as hub:
            # A box that nobody registered.
            await until(lambda: "unknown_device" in hub.log(), "the unknown box")
            code, steps = await doctor(hub)
            assert (code, steps["box"][0]["state"]) == (1, "bad")
            assert "provision it at this hub" in steps["box"][0]["todo"]

            # All is well.
            await hub.register(box)
            await until(lambda: hub.online(box), "the box online")
            await until(lambda: delivered(hub), "the delivery")
            code, steps = await doctor(hub)
            # Well, or not known yet: this box was never tested and was not connected for ten minutes.
            assert {finding["state"] for found in steps.values() for finding in found} == {"well", "note"}, steps
            chain = "configuration hub journal clock secrets key port box facts starts selftest drift link memory"
            assert list(steps) == [*chain.split(), "center", "token", "uplink"]
            assert [steps[step][0]["device"] for step in ("starts", "selftest", "link")] == ["ev-1"] * 3
            assert states(steps)["secrets"] == ["well"]
            assert code == 0
            code, text = await status(hub)
            assert code == 0, text
            assert "✓ Window 1: ev-1 is connected." in text
            assert "it is over" in text  # the fault of before
            code, text = await said("hub", "status", "--hub", hub.url)
            assert "1 号窗口：ev-1 已连接。" in text
            code, text = await status(hub, "--json")
            assert json.loads(text)["well"] is True

            # The wrong token: told by the doctor at once, whatever the hub was started with.
            good = hub.config.read_text("utf-8")
            hub.config.write_text(good.replace(center.tokens["hall h1"], "wrong"), "utf-8")
            code, steps = await doctor(hub)
            assert (code, states(steps)["center"], states(steps)["token"]) == (1, ["well"], ["bad"])
            assert "token hall h1" in steps["token"][0]["todo"]
            await hub.stop()
            await hub.start()

            async def refused() -> bool:
                _, ready = await hub.call("GET", "/readyz")
                return bool(ready["uplink"]["state"] == "refused")

            await until(refused, "the center's refusal")
            code, text = await status(hub)
            assert code == 1
            assert "✗ Hall h1: the hub runs" in text
            assert "refuses this hall" in text
            assert good.partition("token = ")[2].strip() not in text

            # The center is away.
            hub.config.write_text(good, "utf-8")
            await hub.stop()
            center.kill()
            await center.process.wait()
            await hub.start()
            await until(lambda: "uplink.away" in hub.log(), "the center being away")
            code, steps = await doctor(hub)
            assert (code, states(steps)["center"]) == (1, ["bad"])
            assert "token" not in steps
            code, text = await status(hub)
            assert code == 1
            assert "nothing is lost" in text


async def test_a_box_without_its_plug_its_power_or_its_secret(tmp_path: Path) -> None:
    async with Box("ev-1") as box:
        lost = "/dev/tingting/never-plugged-in"
        async with HubProcess(tmp_path, (box.line, lost)) as hub:
            await hub.register(box)
            await until(lambda: hub.online(box), "the box online")
            code, steps = await doctor(hub)
            assert code == 1
            assert [finding["state"] for finding in steps["port"]] == ["well", "bad"]
            assert lost in steps["port"][1]["text"]
            assert [finding["state"] for finding in steps["box"]] == ["well"]
            assert steps["uplink"][0]["state"] == "note"  # no center was asked for

            # Another secret: it is heard and not proven.
            box.secret = os.urandom(32)
            box.cut()
            await until(lambda: '"code": "wrong_key"' in hub.log(), "the wrong secret")
            code, steps = await doctor(hub)
            assert "provision this device again" in steps["box"][0]["todo"]
            code, text = await status(hub)
            assert code == 1
            assert "wrong_key" in text
            assert re.search(r"Window 1: ev-1 is silent for \d+ s", text)
        # Unplugged: nobody takes the line any more.
        line = box.line
    (tmp_path / "hub.log").unlink()
    async with HubProcess(tmp_path, (line,)) as hub:
        await until(lambda: "link.lost" in hub.log(), "the line that can't be opened")
        code, steps = await doctor(hub)
        assert (code, states(steps)["port"]) == (1, ["bad"])
        assert "box" not in steps
        assert "not heard since the hub started" in steps["device"][0]["text"]


async def test_a_hub_that_is_down_and_settings_that_cannot_be_used(tmp_path: Path) -> None:
    hub = HubProcess(tmp_path)
    async with hub:
        pass
    code, text = await status(hub)
    assert code == 3
    assert "systemctl start tingting-hub" in text
    code, steps = await doctor(hub)
    assert code == 1
    assert states(steps) | {"uplink": []} == {
        "configuration": ["well"],
        "hub": ["bad"],
        "key": ["well", "note"],  # on the same disk as the data
        "port": ["bad"],  # none is configured
        "box": ["not checked"],
        "uplink": [],
    }
    hub.config.write_text(hub.config.read_text("utf-8").replace("invitation_s", "invitation"), "utf-8")
    code, steps = await doctor(hub)
    assert "hall.invitation" in steps["configuration"][0]["text"]
    assert states(steps)["center"] == ["not checked"]
    code, text = await said("hub", "status", "--config", str(tmp_path / "none.toml"))
    assert code == 1
    assert "none.toml" in text


@pytest.mark.parametrize(
    ("answer", "token", "wanted"),
    [
        (401, "", "asks for its monitor token"),
        (403, "other", "asks for its monitor token"),
        (200, "x", "no hub of this version"),
    ],
)
async def test_a_door_that_answers_otherwise_is_named(tmp_path: Path, answer: int, token: str, wanted: str) -> None:
    heard: list[str] = []

    async def ready(request: web.Request) -> web.Response:
        heard.append(request.headers.get("Authorization", ""))
        return web.json_response({"title": "no"}, status=answer)

    app = web.Application()
    app.router.add_get("/readyz", ready)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        site = web.TCPSite(runner, "127.0.0.1", 0)
        await site.start()
        file = tmp_path / "token"
        file.write_text(token, "utf-8")
        url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        code, text = await said("hub", "status", "--hub", url, "--token-file", str(file))
        assert (code, wanted in text) == (1, True), text
        assert heard == [f"Bearer {token}" if token else ""]
    finally:
        await runner.cleanup()


async def test_a_window_without_a_box_is_named(tmp_path: Path) -> None:
    async with HubProcess(tmp_path, windows=2) as hub:
        code, steps = await doctor(hub)
        assert [finding["text"][:8] for finding in steps["window"]] == ["Window 1", "Window 2"]
        assert all(finding["state"] == "note" for finding in steps["window"])
        assert code == 1  # and no line is configured


async def test_a_disk_that_takes_nothing_is_said_with_what_to_do(tmp_path: Path) -> None:
    async with HubProcess(tmp_path) as hub:
        await hub.ticket()
        assert hub.process is not None
        # From now on the kernel refuses the journal's bytes: RLIMIT_FSIZE, as a full disk does.
        size = (tmp_path / "data/journal.sqlite3-wal").stat().st_size
        resource.prlimit(hub.process.pid, resource.RLIMIT_FSIZE, (size, resource.RLIM_INFINITY))
        status_code, _ = await hub.call(
            "POST",
            "/api/v1/tickets",
            "kiosk",
            {"service": "A", "priority": None, "id": "0b6f2c3e-6f0b-4a53-9d53-4b5c6f0e9a11"},
        )
        assert status_code == 503
        code, text = await status(hub)
        assert code == 1
        assert "Journal: it takes nothing now." in text
        assert "Make room on its disk" in text
        code, steps = await doctor(hub)
        assert (code, states(steps)["journal"]) == (1, ["bad"])
        resource.prlimit(hub.process.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))

        async def well() -> bool:
            return (await doctor(hub))[1]["journal"][0]["state"] == "well"

        await until(well, "the journal taking events again")


@pytest.mark.parametrize("code", sorted({*TODO, *BOX_TODO}))
def test_what_to_do_about_a_fault_has_its_chinese(code: str) -> None:
    text = TODO.get(code) or BOX_TODO[code]
    assert catalogue.translations("zh-CN").gettext(text) != text


def test_every_fault_of_a_box_has_something_to_do() -> None:
    assert set(FAULT_CODES.values()) <= set(BOX_TODO)
    assert catalogue.translations("zh-CN").gettext(OTHER_TODO) != OTHER_TODO
