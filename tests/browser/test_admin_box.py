"""A box's own page for the manager: real hub, a real box on a line, its figures in both languages."""

from pathlib import Path

import pytest
from playwright.async_api import expect

from protocol import messages
from tests.browser.axe import serious
from tests.browser.conftest import OpenPage, screenshot
from tests.hub_support import Box, HubProcess, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

SHOWN_MS = 30_000  # the page asks every 5 s, and the machine may be busy
BOOTED = {"interpreter": "MicroPython 1.29", "firmware": "0.1.0+1a2b3c4d", "board": "rpi_pico"}


async def test_a_box_has_a_page_of_its_own(tmp_path: Path, open_page: OpenPage) -> None:
    async with Box("ev-1") as box, HubProcess(tmp_path, (box.line,)) as hub:
        await hub.register(box)
        for cause in ("power on", "watchdog"):
            box.fact(messages.BOOTED, reset_cause=cause, **BOOTED)
        box.fact(messages.FAULT, code=messages.FAULT_STUCK_KEY, detail="a key hangs")
        box.fact(messages.KEY_TESTED, keys_ok=0b11110)
        await hub.wait_event("hall.device.key_tested")
        assert box.endpoint is not None
        health = {"uptime_ms": 60_000, "reset_cause": "watchdog", "free_memory": 90_112, "log_fill_permille": 125}
        box.endpoint.health(health | {"free_flash": 1_048_576})

        async def told() -> bool:
            _, devices = await hub.call("GET", "/api/v1/devices", "manager")
            return devices["devices"][0]["health"] is not None

        await until(told, "its health")
        page = await open_page(f"{hub.url}/admin/devices/ev-1")
        assert page.url.endswith("/admin")  # nobody sees it without signing in
        await page.get_by_role("textbox").fill(hub.tokens["manager"])
        await page.keyboard.press("Enter")
        await page.locator('#nav a[href="#devices"]').click()
        await page.get_by_role("link", name="ev-1").click(timeout=SHOWN_MS)
        main = page.locator("main")
        await expect(page.locator("h1")).to_have_text("ev-1")
        for words in (
            "在线",
            "0.1.0+1a2b3c4d",
            "1024 KB",
            "88 KB",
            "12.5 %",
            "一次启动满十分钟后可知",
            "有键卡住：弄松或清洁",
        ):
            await expect(main).to_contain_text(words)
        await expect(main).to_contain_text("看门狗复位：程序停住了")
        await expect(main).to_contain_text("没有反应的键1")
        assert await serious(page) == []
        await screenshot(page, "admin-box")
        await page.locator("a.switch").click()
        await expect(main).to_contain_text("the watchdog restarted it: its program stood still")
        await expect(main).to_contain_text(
            "a key hangs: free it or clean it; if it comes again, replace the box (stuck_key)"
        )
        await expect(main).to_contain_text("known after ten minutes of one start")
        await page.goto(f"{hub.url}/admin/devices/ev-none")
        await expect(page.locator("main")).to_contain_text("No device of this name is registered.")
        assert await serious(page) == []
