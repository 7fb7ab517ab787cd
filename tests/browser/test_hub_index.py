"""The hub's index in a real browser: both languages, narrow and wide, and what it says when something is wrong."""

from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.browser.citizen_support import nothing_serious
from tests.browser.conftest import OpenPage, screenshot
from tests.hub_support import HubProcess

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_the_index_tells_where_everything_is(tmp_path: Path, open_page: OpenPage) -> None:
    async with HubProcess(tmp_path, windows=3) as hub:
        await hub.command("1", "sign_in", staff="s1")
        await hub.ticket()
        await hub.ticket()
        await hub.command("1", "next")
        for lang, heading, state in (("zh-CN", "窗口", "叫号中"), ("en", "Windows", "calling")):
            page = await open_page(f"{hub.url}/", lang=lang)
            assert await page.locator("#windows").inner_text() == heading
            row = page.locator("tbody tr").first
            assert state in await row.inner_text()
            assert "A001" in await row.inner_text()
            links = await page.eval_on_selector_all("main a", "(all) => all.map((each) => each.getAttribute('href'))")
            assert {"/kiosk", "/board", "/board?sound=1", "/admin", "/window/1"} <= set(links)
            await nothing_serious(page)
            await screenshot(page, f"hub-index-{lang}")
        assert (await hub.command("1", "arrive"))[0] == 200
        await expect(page.locator("tbody tr").first).to_contain_text("serving")  # by itself
        narrow = await open_page(f"{hub.url}/", width=320, height=640)
        assert await narrow.evaluate("document.documentElement.scrollWidth") <= 320
        await screenshot(narrow, "hub-index-narrow")
        await narrow.locator(".switch").click()
        assert await narrow.locator("#windows").inner_text() == "Windows"
        for mode in ("text=large", "contrast=high"):
            for width, height in ((1366, 768), (390, 844)):
                page = await open_page(f"{hub.url}/?{mode}", width=width, height=height)
                assert await page.evaluate("document.documentElement.scrollWidth") <= width, (mode, width)
                await expect(page.locator("tbody tr").first).to_contain_text("办理中")
                await nothing_serious(page)
                await screenshot(page, f"hub-index-{mode.replace('=', '-')}-{width}")
