"""The clerk's page over a real hub: a day's errands by keyboard and by mouse, in every print that it has."""

import re
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.browser.axe import serious
from tests.browser.conftest import OpenPage, screenshot
from tests.browser.window_support import NOTHING_OVER_ANOTHER, filled, has, key, let_in, sign_on, take, window_hall
from tests.hub_support import HubProcess

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def hub(tmp_path: Path) -> AsyncIterator[HubProcess]:
    async with window_hall(tmp_path) as made:
        yield made


async def test_a_day_by_keyboard_alone(hub: HubProcess, open_page: OpenPage) -> None:
    page = await open_page(f"{hub.url}/window/1")
    await expect(page.get_by_role("heading", name="登录")).to_be_visible()
    await page.get_by_role("textbox").fill("not-the-token")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("打不开")
    await screenshot(page, "window-sign-in-wrong")
    await let_in(page, hub)
    await expect(key(page, "next").locator("small")).to_have_text("先签到")
    await page.keyboard.press("Tab")
    await page.locator("#staff-code").focus()
    await page.keyboard.press("Enter")
    await expect(page.locator("#enter-wrong")).to_have_text("请填这一项。")
    await screenshot(page, "window-closed")
    await sign_on(page)
    await expect(page.locator("#idle-head")).to_have_text("现在没有人等")
    await expect(key(page, "next").locator("small")).to_have_text("没有人等")
    await screenshot(page, "window-empty")
    assert await page.evaluate(NOTHING_OVER_ANOTHER)

    for number in range(3):
        await take(hub, priority="disabled" if number == 2 else None)
    await take(hub, "medical")
    await expect(page.locator("#count")).to_have_text("4")  # by itself, over the stream
    await expect(page.locator("#rows li")).to_have_count(4)
    shown = [await row.inner_text() for row in await page.locator("#rows .num").all()]
    assert shown == ["A003", "A001", "A002", "B001"]
    await expect(page.locator("#idle-words")).to_contain_text("按规则下一个是 A003")
    await filled(page, "叫下一位")
    await screenshot(page, "window-idle")

    await page.keyboard.press("Enter")
    await has(page, "A003")
    await filled(page, "到达")
    await expect(page.locator("#facts")).to_contain_text("咨询台")
    await page.keyboard.press("r")
    await expect(key(page, "recall").locator("small")).to_contain_text("已重呼 1 次")
    await screenshot(page, "window-called")
    await page.keyboard.press("Enter")
    await filled(page, "办结")
    await expect(key(page, "arrive").locator("small")).to_contain_text("已到")
    await expect(key(page, "next").locator("small")).to_have_text("办结后可按")
    await screenshot(page, "window-serving")
    assert await serious(page) == []
    await page.keyboard.press("n")  # barred: it says why, and nothing happens
    await expect(page.locator("#told")).to_contain_text("办结后可按")

    await page.keyboard.press("h")
    await screenshot(page, "window-hold")
    await page.keyboard.press("1")
    await page.keyboard.press("Enter")
    await expect(page.locator("#held")).to_contain_text("去复印")
    await page.keyboard.press("n")
    await has(page, "A001")
    await page.keyboard.press("g")
    await expect(page.locator("#missed")).to_contain_text("A001")
    await expect(key(page, "undo").locator("small")).to_contain_text("A001 过号，")
    await screenshot(page, "window-undo")
    await page.keyboard.press("u")
    await has(page, "A001")
    await page.keyboard.press("f")
    await expect(page.locator("#day-finished")).to_have_text("1")

    resume = page.locator('#held [data-verb="resume"]')
    await resume.focus()
    await page.keyboard.press("Enter")
    await has(page, "A003")
    await filled(page, "办结")
    await page.keyboard.press("z")
    await page.locator('#ask-transfer button[value="do"]').press("Enter")
    await expect(page.locator("#ask-transfer-wrong")).to_have_text("请选事项或窗口。")
    await page.locator("#to-service").select_option("medical")
    await page.locator("#to-window").select_option("3")
    await page.locator('#ask-transfer [name="back"]').press("Space")
    await screenshot(page, "window-transfer")
    assert await serious(page) == []
    await page.locator('#ask-transfer [name="remark"]').fill("先备案再缴费")
    await page.keyboard.press("Enter")
    await expect(page.locator("#idle")).to_be_visible()
    await page.keyboard.press("p")
    await page.keyboard.press("3")
    await page.keyboard.press("Enter")
    await expect(page.locator("#idle-head")).to_have_text("本窗口已暂停")
    await expect(page.locator("#idle-words")).to_contain_text("开会")
    await screenshot(page, "window-paused")
    await page.keyboard.press("Enter")
    await filled(page, "叫下一位")
    await page.locator("#sign-out").press("Enter")
    await expect(page.locator("#enter")).to_be_visible()

    kinds = [event["type"].removeprefix("hall.") for event in await hub.events("hall.")]
    for kind in ("held", "no_show", "undone", "finished", "resumed", "transferred", "recalled", "arrived"):
        assert f"ticket.{kind}" in kinds, kinds
    assert [kind for kind in kinds if kind.startswith(("window.", "staff."))] == [
        "staff.signed_in",
        "window.paused",
        "window.unpaused",
        "staff.signed_out",
        "window.empty",
    ]
    moved = (await hub.events("hall.ticket.transferred"))[0]["data"]
    assert (moved["to_service"], moved["to_window"], moved["back"], moved["reason"]) == (
        "medical",
        "3",
        True,
        "先备案再缴费",
    )


async def test_the_same_by_mouse_in_english(hub: HubProcess, open_page: OpenPage) -> None:
    page = await open_page(f"{hub.url}/window/1", lang="en")
    await let_in(page, hub)
    await sign_on(page)
    for _ in range(4):
        await take(hub)
    await expect(page.locator("#rows li")).to_have_count(4)
    await page.locator("#rows .row").nth(2).click()
    await expect(page.locator("#ask-call")).to_be_visible()
    await page.get_by_role("button", name="Call", exact=True).click()
    await expect(page.locator("#ask-call-wrong")).to_have_text("Choose or write a reason.")
    await page.get_by_text("urgent").click()
    await screenshot(page, "window-call-en")
    await page.get_by_role("button", name="Call", exact=True).click()
    await has(page, "A003")
    await key(page, "no_show").click()
    await page.locator('#missed [data-verb="restore"]').click()
    await expect(page.locator("#rows")).to_contain_text("restored")
    await key(page, "next").click()
    await has(page, "A001")
    await key(page, "arrive").click()
    await screenshot(page, "window-serving-en")
    await key(page, "finish_then").click()
    await page.locator("#then-service").select_option("medical")
    await page.get_by_role("button", name="Finish and go on").last.click()
    await expect(page.locator("#matter")).to_have_text("Care in another city")
    await key(page, "cancel").click()
    await page.get_by_text("does not want to wait").click()
    await page.locator("#ask-cancel .main").click()
    await expect(page.locator("#idle")).to_be_visible()
    await key(page, "walk_up").click()
    await page.locator("#ask-walk_up .main").click()
    await expect(key(page, "walk_up").locator("small")).to_contain_text("wait a minute")
    await key(page, "by_number").click()
    await page.locator("#by-number").fill("a099")
    await page.get_by_label("Restore a no-show").check(force=True)
    await page.locator("#ask-by_number .main").click()
    await expect(page.locator("#said-words")).to_contain_text("No ticket A099 is open today")
    await screenshot(page, "window-refused-en")
    assert await page.evaluate(NOTHING_OVER_ANOTHER)
    await page.locator("#said-close").click()
    await page.get_by_role("link", name="中文").click()
    await expect(page.locator(".key.filled b")).to_have_text("叫下一位")
    chosen = [event["data"] for event in await hub.events("hall.ticket.called") if event["data"].get("turn")]
    assert [(data["number"], data["reason"]) for data in chosen] == [("A003", "有急事")]


async def test_large_print_and_high_contrast(hub: HubProcess, open_page: OpenPage) -> None:
    page = await open_page(f"{hub.url}/window/1")
    await let_in(page, hub)
    await sign_on(page)
    for _ in range(3):
        await take(hub)
    await filled(page, "叫下一位")
    await page.keyboard.press("n")
    for mode in ("text=large", "contrast=high", "text=large&contrast=high&lang=en"):
        await page.goto(f"{hub.url}/window/1?{mode}")
        await has(page, "A001")
        assert await serious(page) == [], mode
        await fits(page, re.sub(r"\W", "-", mode))


async def fits(page: Page, name: str) -> None:
    """No word is cut and nothing moves sideways, on this screen, at 200 % of it, and on the narrowest."""
    for width in (1366, 683, 320):
        await page.set_viewport_size({"width": width, "height": 768})
        assert await page.evaluate("document.documentElement.scrollWidth") <= width, (name, width)
        cut = await page.evaluate(
            """[...document.querySelectorAll('.key b, .key small, .tools b, .bar button')]
                .filter((el) => el.offsetParent && el.scrollWidth > el.clientWidth + 1).map((el) => el.textContent)"""
        )
        assert cut == [], (name, width)
        await screenshot(page, f"window-{name}-{width}")
    await page.set_viewport_size({"width": 1366, "height": 768})
