"""Boxes without a cable on the manager's page: a real hub, its adapter on the radio without hardware, a real box."""

from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.browser.axe import serious
from tests.browser.conftest import OpenPage, screenshot
from tests.radio_support import radio_hall
from tools.simulator.radio.client import Radio

pytestmark = pytest.mark.asyncio(loop_scope="module")

SHOWN_MS = 30_000  # the page asks every 5 s, and the machine may be busy


async def test_the_manager_finds_a_weak_box_and_an_adapter_that_is_away(tmp_path: Path, open_page: OpenPage) -> None:
    async with await Radio.launch() as radio, radio_hall(tmp_path, radio) as hall:
        await radio.call("rssi", address=hall.box.address, dbm=-91)
        page = await open_page(f"{hall.hub.url}/admin")
        await page.get_by_role("textbox").fill(hall.hub.tokens["manager"])
        await page.keyboard.press("Enter")
        await page.locator('#nav a[href="#devices"]').click()
        row = page.get_by_role("row").filter(has_text="-91 dBm")
        await expect(row).to_contain_text(hall.box.device, timeout=SHOWN_MS)
        await expect(page.get_by_role("row").filter(has_text="监听中")).to_contain_text("hci0", timeout=SHOWN_MS)
        assert await serious(page) == []
        await screenshot(page, "admin-radio")
        await radio.call("unplug", adapter="hci0")
        await page.locator('#nav a[href="#now"]').click()
        wrong = page.locator(".problems")
        await expect(wrong).to_contain_text("蓝牙适配器 hci0 收不到信号", timeout=SHOWN_MS)
        await expect(wrong).to_contain_text(f"{hall.box.device} 信号太弱：-91 dBm", timeout=SHOWN_MS)
        await screenshot(page, "admin-radio-wrong")
