"""The clerk's page when the hub is away, an answer is lost, or another window is faster."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Route, expect

from tests.browser.axe import serious
from tests.browser.conftest import OpenPage, screenshot
from tests.browser.window_support import filled, has, let_in, sign_on, take, window_hall
from tests.hub_support import HubProcess

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def hub(tmp_path: Path) -> AsyncIterator[HubProcess]:
    async with window_hall(tmp_path) as made:
        yield made


async def test_loading_and_a_hub_that_fails_are_said(hub: HubProcess, open_page: OpenPage) -> None:
    page = await open_page(f"{hub.url}/window/1")
    await let_in(page, hub)
    await page.route("**/api/v1/windows/1", lambda route: None)  # an answer that never comes
    await page.reload()
    await expect(page.locator(".key.filled b")).to_have_text("叫下一位")
    await expect(page.locator("#count")).to_have_text("—")
    await expect(page.locator("#loading")).to_be_visible()
    await screenshot(page, "window-loading")
    await page.unroute("**/api/v1/windows/1")
    await page.route("**/api/v1/windows/1", lambda route: route.fulfill(status=503, body="{}"))
    await page.reload()
    await expect(page.locator("#offline")).to_contain_text("连不上主机")
    await screenshot(page, "window-error")
    await page.unroute("**/api/v1/windows/1")
    await expect(page.locator("#enter")).to_be_visible()


async def test_without_the_hub_nothing_is_kept_for_later(hub: HubProcess, open_page: OpenPage) -> None:
    page = await open_page(f"{hub.url}/window/1")
    await let_in(page, hub)
    await sign_on(page)
    for _ in range(3):
        await take(hub)
    await expect(page.locator("#count")).to_have_text("3")
    await page.keyboard.press("n")
    await filled(page, "到达")
    await page.keyboard.press("Enter")
    await filled(page, "办结")
    before = [event["id"] for event in await hub.events("hall.ticket")]
    await hub.kill()
    await expect(page.locator("#offline")).to_be_visible()
    await expect(page.locator("#offline")).to_contain_text("请继续办 A001")
    await expect(page.locator("#offline")).to_contain_text("不会事后补做")
    await expect(page.locator("#link-words")).to_contain_text("主机断开")
    await expect(page.locator('.key[aria-disabled="false"]')).to_have_count(0)
    for letter in ("Enter", "f", "h", "g", "n"):
        await page.keyboard.press(letter)
    await expect(page.locator("#told")).to_contain_text("未连接主机")
    await screenshot(page, "window-offline")
    assert await serious(page) == []
    await hub.start()
    await expect(page.locator("#offline")).to_be_hidden()
    await filled(page, "办结")  # the session lives on, and the ticket is still at the window
    assert [event["id"] for event in await hub.events("hall.ticket")] == before
    await page.keyboard.press("Enter")
    await expect(page.locator("#day-finished")).to_have_text("1")
    await take(hub)  # and the stream is live again
    await expect(page.locator("#count")).to_have_text("3")


async def test_an_answer_that_gets_lost_is_asked_for_once_more_and_done_once(
    hub: HubProcess, open_page: OpenPage
) -> None:
    page = await open_page(f"{hub.url}/window/1")
    await let_in(page, hub)
    await sign_on(page)
    await take(hub)
    await take(hub)
    await filled(page, "叫下一位")
    sent: list[str] = []

    async def lose_first(route: Route) -> None:
        sent.append(json.loads(route.request.post_data or "{}")["id"])
        if len(sent) == 1:
            await route.fetch()  # it arrives and is done; the answer gets lost on the way
            await route.abort()
        else:
            await route.continue_()

    await page.route("**/commands", lose_first)
    await page.keyboard.press("Enter")
    await filled(page, "到达")
    assert len(sent) == 2
    assert sent[0] == sent[1]
    assert len(await hub.events("hall.ticket.called")) == 1
    await page.unroute("**/commands")

    await page.route("**/commands", lambda route: route.abort())
    await page.keyboard.press("Enter")
    await expect(page.locator("#said-words")).to_contain_text("没有收到回答")
    await page.unroute("**/commands")
    await filled(page, "到达")
    assert not await hub.events("hall.ticket.arrived")


async def test_two_clerks_who_want_one_ticket(hub: HubProcess, open_page: OpenPage) -> None:
    first = await open_page(f"{hub.url}/window/1")
    await let_in(first, hub, "1")
    await sign_on(first, "1027")
    second = await open_page(f"{hub.url}/window/2")
    await let_in(second, hub, "2")
    await sign_on(second, "1019")
    await take(hub)
    await take(hub)
    for page in (first, second):
        await expect(page.locator("#count")).to_have_text("2")
        await page.locator("#rows .row").nth(1).click()
        await page.locator("#ask-call").get_by_text("有急事").click()
    # Both have A002 before their eyes; the one whose press comes second is told, and nothing happened there.
    await first.locator("#ask-call .main").click()
    await has(first, "A002")
    await second.locator("#ask-call .main").click()
    await expect(second.locator("#said-words")).to_contain_text("A002 刚被别处叫走")
    await expect(second.locator("#count")).to_have_text("1")
    await screenshot(second, "window-too-late")
    assert len(await hub.events("hall.ticket.called")) == 1

    # One window in two browsers: what one does, the other shows by itself.
    twin = await open_page(f"{hub.url}/window/1")
    await twin.get_by_role("textbox").fill(hub.tokens["manager"])
    await twin.keyboard.press("Enter")
    await has(twin, "A002")
    await twin.keyboard.press("Enter")
    await filled(first, "办结")
    await first.keyboard.press("Enter")
    await expect(twin.locator("#idle")).to_be_visible()
