"""A citizen's phone in the hall: from the line to the window, in both languages; what it says when it hears nothing."""

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Page, Route, expect

from tests.browser.citizen_support import Screens, nothing_serious, screens
from tests.browser.conftest import screenshot

pytestmark = pytest.mark.asyncio(loop_scope="module")
WIDTH, HEIGHT = 390, 844


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hall(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Screens]:
    async with screens(tmp_path_factory.mktemp("phone")) as made:
        yield made


async def ticket(page: Page, state: str) -> None:
    await expect(page.locator("html")).to_have_attribute("data-ticket", state, timeout=30_000)


async def test_from_the_line_to_the_window_and_done(hall: Screens) -> None:
    given = await hall.hub.give("A", 3)
    page = await hall.open(f"/t/{given[2]['token']}", WIDTH, HEIGHT)
    await ticket(page, "waiting")
    await expect(page.locator("[data-ahead-text]")).to_have_text("前面还有2人")
    await nothing_serious(page)
    await screenshot(page, "phone-waiting")
    await page.click("[data-ring]")
    await expect(page.locator("html")).to_have_attribute("data-rang", "1")
    for window in (1, 2):
        await hall.hub.do(window, "next")
    await expect(page.locator("[data-ahead-text]")).to_have_text("下一位就是您")
    await hall.hub.do(3, "next")
    await hall.hub.do(3, "recall")
    await ticket(page, "called")
    await expect(page.locator(".call h1")).to_have_text(f"{given[2]['number']}，轮到您了")
    await expect(page.locator(".call [data-window]")).to_have_text("3")
    await expect(page.locator("[data-at-text]")).to_have_text("号窗口·一层 B 区")
    await expect(page.locator("[data-again-text]")).to_contain_text("第 2 次呼叫")
    assert int(await page.get_attribute("html", "data-rang") or 0) >= 2
    await nothing_serious(page)
    await screenshot(page, "phone-called")
    await hall.hub.do(3, "arrive")
    await ticket(page, "serving")
    await screenshot(page, "phone-serving")
    await hall.hub.do(3, "finish")
    await ticket(page, "finished")
    await nothing_serious(page)
    await screenshot(page, "phone-finished")
    for window in (1, 2):
        await hall.hub.do(window, "finish")
    await hall.close(page)


async def test_english_large_and_high_contrast_on_a_narrow_phone(hall: Screens) -> None:
    (given,) = await hall.hub.give("B")
    page = await hall.open(f"/t/{given['token']}", 320, 640, "en")
    await page.click("[data-aid=text]")
    await page.click("[data-aid=contrast]")
    await page.reload()
    assert await page.get_attribute("html", "data-text") == "large"  # kept on that phone
    await expect(page.locator("[data-ahead-text]")).to_have_text("You are next")
    assert await page.evaluate("document.documentElement.scrollWidth") <= 320
    await nothing_serious(page)
    await screenshot(page, "phone-en-large-high")
    await hall.hub.do(4, "next")
    await ticket(page, "called")
    await expect(page.locator(".call h1")).to_have_text("B001, it is your turn")
    assert await page.evaluate("document.documentElement.scrollWidth") <= 320
    await nothing_serious(page)
    await screenshot(page, "phone-called-en-large-high")
    await hall.hub.do(4, "no_show")
    await ticket(page, "missed")
    await nothing_serious(page)
    await screenshot(page, "phone-missed-en")
    await hall.close(page)


async def test_a_number_is_given_back_after_a_question_by_keyboard(hall: Screens) -> None:
    (given,) = await hall.hub.give("C")
    page = await hall.open(f"/t/{given['token']}", WIDTH, HEIGHT)
    await page.focus("[data-give-back]")
    await page.keyboard.press("Enter")
    await expect(page.locator("[data-sure-no]")).to_be_focused()
    await nothing_serious(page)
    await screenshot(page, "phone-sure")
    await page.keyboard.press("Escape")
    await expect(page.locator("[data-give-back]")).to_be_focused()
    await page.keyboard.press("Enter")
    await page.click("[data-sure-yes]")
    await ticket(page, "cancelled")
    told = (await hall.hub.events("hall.ticket.cancelled"))[-1]["data"]
    assert (told["number"], told["reason"]) == (given["number"], "given_back")
    await nothing_serious(page)
    await hall.close(page)


async def test_what_is_old_is_marked_and_an_unknown_number_says_what_to_do(hall: Screens) -> None:
    (given,) = await hall.hub.give("D")
    page = await hall.open(f"/t/{given['token']}", WIDTH, HEIGHT)

    async def away(route: Route) -> None:
        await route.abort()

    await page.route("**/state", away)
    await expect(page.locator("html")).to_have_attribute("data-link", "stale", timeout=30_000)
    await expect(page.locator(".fresh.warn")).to_contain_text("请看大屏、听广播")
    await nothing_serious(page)
    await screenshot(page, "phone-stale")
    await page.unroute("**/state")
    await expect(page.locator("html")).to_have_attribute("data-link", "live", timeout=30_000)
    await hall.close(page)
    unknown = await hall.open("/t/nobodys-token", WIDTH, HEIGHT)
    await expect(unknown.locator("h1")).to_contain_text("这个号不是今天的")
    await nothing_serious(unknown)
    await screenshot(unknown, "phone-unknown")
    await hall.close(unknown)
