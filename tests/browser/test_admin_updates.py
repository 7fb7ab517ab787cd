"""New firmware on the manager's page: real hub, real firmware; rarer outcomes as the hub would word them."""

import json
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, Route, expect

from common import catalogue
from hub.web import admin_updates
from tests.browser.axe import serious
from tests.browser.conftest import OpenPage, screenshot
from tests.hub_support import HubProcess
from tests.unit.test_admin_updates import box, update
from tests.updated_hall import NEW, updated_hall

pytestmark = pytest.mark.asyncio(loop_scope="module")

SHOWN_MS = 60_000  # the page asks every 5 s, and the machine may be busy
UPDATED_MS = 240_000  # 8 s alone


async def enter(page: Page, hub: HubProcess, who: str) -> None:
    await page.get_by_role("textbox").fill(hub.tokens[who])
    await page.keyboard.press("Enter")
    await page.locator('#nav a[href="#updates"]').click()
    await expect(page.locator("h1")).to_be_focused()


async def says(page: Page, plan: dict[str, Any] | None, lang: str) -> None:
    """The hub's own answer, but for the update in it: that one is this."""
    translate = catalogue.translations(lang).gettext
    device = {"device": "ev-1", "role": "evaluator", "board": "rpi_pico", "window": "1", "firmware": "0.1.0+aa"}
    shown = admin_updates.shown(plan, [device | {"online": True, "replaced_by": None}], translate)

    async def answer(route: Route) -> None:
        found = await (await route.fetch()).json()
        found |= {"updates": shown, "wrong": admin_updates.wrong(plan, translate)}
        await route.fulfill(json=found)

    await page.route("**/admin/now", answer)


async def test_what_has_become_of_each_box_can_be_read_and_stopped_by_the_technician_alone(
    tmp_path: Path, open_page: OpenPage
) -> None:
    boxes = [
        box("ev-1", "sending", sent=20_000, bytes=60_000),
        box("ev-2", "waiting", held_by="citizen"),
        box("ev-3", "good"),
        box("ca-4", "refused", reason="space", role="caller"),
        box("ev-5", "gone_back"),
        box("ev-6", "waiting", held_by="away", window=None),
    ]
    async with HubProcess(tmp_path) as hub:
        page = await open_page(f"{hub.url}/admin")
        await enter(page, hub, "manager")
        main = page.locator("main")
        await expect(main).to_contain_text("还没有发过更新")
        await expect(page.get_by_text("发一份更新")).to_have_count(0)
        await screenshot(page, "admin-updates-none")
        gone = {"state": "stopped", "why": "gone_back", "why_device": "ev-5"}
        await says(page, update(*boxes, **gone), "zh-CN")
        await expect(main).to_contain_text("已停下：6 台中 3 台已有结果", timeout=SHOWN_MS)
        await expect(main).to_contain_text("ev-5 退回了旧固件")
        await expect(page.locator("tbody tr").first).to_contain_text("ev-5")
        await expect(page.get_by_role("row").filter(has_text="ca-4")).to_contain_text("闪存被记录或文件占满")
        await expect(page.get_by_role("row").filter(has_text="ev-2")).to_contain_text("窗口正有人办事")
        await expect(main).to_contain_text("请用技术员令牌登录")
        await expect(page.get_by_role("button", name="继续")).to_have_count(0)
        assert await serious(page) == []
        await screenshot(page, "admin-updates-stopped")
        await page.set_viewport_size({"width": 390, "height": 844})
        assert await page.evaluate("document.documentElement.scrollWidth") <= 390
        await screenshot(page, "admin-updates-390")
        await page.locator('#nav a[href="#now"]').click()
        await expect(page.locator(".problems")).to_contain_text("更新已停下：ev-5 退回了旧固件", timeout=SHOWN_MS)

        await page.unroute_all(behavior="wait")
        await page.close()

        page = await open_page(f"{hub.url}/admin", lang="en")
        await says(page, update(*boxes), "en")
        await enter(page, hub, "admin")
        stop = page.get_by_role("button", name="Stop", exact=True)
        await stop.focus()
        await says(page, update(*boxes[:5]), "en")
        await expect(page.locator("main")).to_contain_text("3 of 5 boxes are through", timeout=SHOWN_MS)
        await expect(stop).to_be_focused()  # new figures don't take the key away from the hand
        await page.keyboard.press("Enter")
        await expect(page.get_by_role("dialog")).to_contain_text("Stop the update?")
        await screenshot(page, "admin-updates-sure-en")
        await page.keyboard.press("Escape")
        await expect(page.get_by_role("dialog")).to_have_count(0)
        await says(page, update(box("ev-3", "good"), box("ca-4", "refused", reason="space"), state="done"), "en")
        once_more = page.get_by_role("button", name="Try it once more where it failed")
        await expect(once_more).to_be_visible(timeout=SHOWN_MS)
        await once_more.click()
        await expect(page.get_by_role("dialog")).to_contain_text("on the 1 boxes where it failed")
        await page.keyboard.press("Escape")
        await says(page, update(*boxes[:5]), "en")
        await expect(stop).to_be_visible(timeout=SHOWN_MS)
        await page.locator("summary").click()
        over = {"update": update(box("ev-3", "good"), box("ca-4", "refused", reason="space"), state="done")}
        await page.route("**/api/v1/updates?*", lambda route: route.fulfill(status=201, json=over))
        again: Any = {"name": "again.update", "mimeType": "application/zip", "buffer": b"the same again"}
        await page.locator("#update-file").set_input_files(again)
        await page.get_by_role("button", name="Give it out").click()
        await page.get_by_role("button", name="Yes, do it").click()
        await expect(page.locator("#told")).to_contain_text("This update is over already", timeout=SHOWN_MS)
        assert await serious(page) == []
        await screenshot(page, "admin-updates-en")
        await page.unroute_all(behavior="wait")
        await hub.kill()
        await expect(page.locator("#stale")).to_be_visible(timeout=SHOWN_MS)
        await expect(page.locator("main")).to_contain_text("3 of 5 boxes are through")
        await page.get_by_role("button", name="Stop", exact=True).click()
        await page.get_by_role("button", name="Yes, do it").click()
        await expect(page.locator("#told")).to_contain_text("No answer from the hub")


async def test_a_technician_gives_an_update_out_and_sees_a_box_become_good(tmp_path: Path, open_page: OpenPage) -> None:
    async with updated_hall(tmp_path, 1, 0, 1_500) as (hub, [one], bundle):
        page = await open_page(f"{hub.url}/admin")
        await enter(page, hub, "admin")
        await page.get_by_text("发一份更新").click()
        await page.get_by_role("button", name="发出").click()
        await expect(page.locator("#told")).to_contain_text("请先选文件")
        await give(page, {"name": "no.update", "mimeType": "application/zip", "buffer": b"no zip at all"})
        await expect(page.locator("#told")).to_contain_text(
            "这不是为本厅签名的更新：文件不完整或已损坏", timeout=SHOWN_MS
        )
        await give(page, bundle)
        main = page.locator("main")
        await expect(main).to_contain_text("已结束：1 台中 1 台是新固件", timeout=UPDATED_MS)
        await expect(page.get_by_role("row").filter(has_text=one.device).last).to_contain_text(NEW, timeout=SHOWN_MS)
        await give(page, bundle)
        await expect(page.locator("#told")).to_contain_text("它已经是这个固件，无需处理", timeout=SHOWN_MS)
        await expect(page.get_by_role("button", name="失败的几台再试一次")).to_have_count(0)
        assert await serious(page) == []
        await screenshot(page, "admin-updates-done")
        assert one.in_flash("slot") == b"b"
        _, said = await hub.call("GET", "/api/v1/updates", "manager")
        assert json.loads(json.dumps(said))["update"]["by"] == "admin"


async def give(page: Page, file: Any) -> None:
    await page.get_by_label("更新文件").set_input_files(file)
    await page.get_by_label("设备份额").select_option("100")
    await page.get_by_role("button", name="发出").click()
    await page.get_by_role("button", name="确定").click()
