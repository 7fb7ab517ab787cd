"""A bad rating from the citizen's phone to its closed case, as people see it: desk and phone, keyboard, languages."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.browser.conftest import OpenPage, screenshot
from tests.center_support import CONFIG, CenterProcess, Journal, running
from tests.people_support import PASSWORD, settle_accounts, ticket

pytestmark = pytest.mark.asyncio(loop_scope="module")

OWN = PASSWORD + "-own"


class Hall(Journal):
    """A hall whose noon was an hour ago."""

    def add(self, kind: str, data: dict[str, Any], at_ms: int = 0, recorded_ms: int | None = None) -> bytes:
        shift = int(time.time() * 1000) - 3_600_000 - 1_795_233_600_000
        return super().add(kind, data, at_ms + shift, recorded_ms)


@pytest_asyncio.fixture(loop_scope="module")
async def center(tmp_path: Path) -> AsyncIterator[CenterProcess]:
    # The answer is due within five working days, so its reminder comes at once.
    config = CONFIG.replace("[http]", "[cases]\nremind_days = 10\n[http]\nsecure_cookie = false")
    (tmp_path / "center.toml").write_text(config, "utf-8")
    people = {"chen": ("supervisor", "all"), "root1": ("administrator", "all")}
    settle_accounts(tmp_path, people | {"sun": ("manager", "department:qingxi/税务")})
    async with running(tmp_path, config) as center:
        hall = Hall()
        ticket(hall, 1, "waits-first", called=False, finished=False)
        ticket(hall, 2, "waits", called=False, finished=False)
        ticket(hall, 3, "called", finished=False)
        ticket(hall, 4, "served")
        for number in (5, 6, 7):
            # Just now, for what is shown of today.
            hall.run(number, 5, window=str(number % 2 + 1), at_ms=1_795_233_600_000 + 3_600_000)
        await center.send(hall)
        yield center


async def sign_in(page: Page, name: str) -> None:
    await page.locator("#name").fill(name)
    await page.locator("#password").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await page.locator("#old").fill(PASSWORD)
    await page.locator("#new").fill(OWN)
    await page.locator("#again").fill(OWN)
    await page.keyboard.press("Enter")
    await expect(page.locator(".bar nav")).to_be_visible()


PHONE = {"width": 390, "height": 844}


async def test_a_bad_rating_by_phone_goes_to_its_end(center: CenterProcess, open_page: OpenPage) -> None:
    phone = await open_page(f"{center.url}/t/waits", **PHONE)
    await expect(phone.locator("h1")).to_contain_text("前面还有1人")
    await screenshot(phone, "center-phone-waiting")
    await phone.goto(f"{center.url}/t/called?lang=en")
    await expect(phone.get_by_role("alert")).to_contain_text("it is your turn")
    await screenshot(phone, "center-phone-called-en")
    await phone.goto(f"{center.url}/t/nobody?lang=zh-CN")
    await expect(phone.locator("h1")).to_have_text("没有这张号票")

    await phone.goto(f"{center.url}/t/served")
    await expect(phone.locator(".low")).to_be_hidden()
    await screenshot(phone, "center-phone-rate")
    # By keyboard alone: the five are one group, the reasons follow a low grade.
    await phone.locator('[name="grade"]').first.focus()
    for _ in range(3):
        await phone.keyboard.press("ArrowDown")
    await expect(phone.locator('[name="grade"][value="2"]')).to_be_checked()
    await expect(phone.locator(".low")).to_be_visible()
    await phone.locator('.why label:has([value="attitude"])').click()
    await phone.locator("#words").fill("等了一个多小时，没有人解释")
    await phone.locator("#contact").fill("13900001111")
    await phone.get_by_role("button", name="提交").click()
    await expect(phone.get_by_role("alert")).to_contain_text("您同意后才保存")
    await screenshot(phone, "center-phone-rate-low")
    await phone.locator('[name="consent"]').check()
    await phone.get_by_role("button", name="提交").click()
    await expect(phone.locator("h1")).to_have_text("谢谢您的评价")
    await screenshot(phone, "center-phone-thanks")

    desk = await open_page(f"{center.url}/sign-in")
    await screenshot(desk, "center-sign-in-account")
    await sign_in(desk, "chen")
    async with asyncio.timeout(60):
        while not (await center.get("/api/v1/cases?show=reminders", "supervisor"))["count"]:
            await asyncio.sleep(0.05)
    await desk.goto(f"{center.url}/cases?show=reminders")
    await expect(desk.locator("tbody tr")).to_contain_text("等了一个多小时")
    await expect(desk.locator('.bar nav a[href="/cases"] b')).to_have_text("1")
    await screenshot(desk, "center-reminders")
    await desk.goto(f"{center.url}/cases")
    await expect(desk.locator("tbody tr")).to_contain_text("等了一个多小时")
    await screenshot(desk, "center-cases")
    await desk.locator("tbody a").click()
    await desk.get_by_text("指定办理人", exact=True).first.click()
    await desk.locator("#assign-handler").select_option("chen")
    await desk.get_by_role("button", name="指定办理人").click()
    await expect(desk.locator(".pairs")).to_contain_text("13900001111")
    await screenshot(desk, "center-case")
    for action, button in (("verify", "核实"), ("put_right", "整改"), ("answer", "答复"), ("revisit", "回访")):
        form = desk.locator(f'form:has(input[name="action"][value="{action}"])')
        await expect(form).to_be_visible()
        if action == "revisit":
            await form.locator('[value="content"]').check()
        else:
            await form.locator("textarea").fill(f"{button}：已与群众说明情况")
        await form.get_by_role("button").click()
        await expect(desk.locator(".steps li").last).to_contain_text(button)
    await expect(desk.locator('.bar nav a[href="/cases"] b')).to_have_count(0)
    await desk.locator('form:has(input[value="close"]) button').click()
    await expect(desk.locator(".facts")).to_contain_text("已办结")
    await expect(desk.locator("body")).not_to_contain_text("13900001111")
    await screenshot(desk, "center-case-closed")
    await desk.goto(f"{center.url}/cases?show=ended&lang=en")
    await expect(desk.locator("tbody tr")).to_contain_text("closed")
    await screenshot(desk, "center-cases-en")
    narrow = await desk.context.new_page()
    await narrow.set_viewport_size(PHONE)
    await narrow.goto(f"{center.url}/cases?show=ended&lang=zh-CN")
    await screenshot(narrow, "center-cases-phone")
    assert await narrow.evaluate("document.documentElement.scrollWidth") <= 390, "nothing to scroll sideways"
    await desk.goto(f"{center.url}/signs?hall=qingxi&lang=zh-CN")
    await expect(desk.locator("h2")).to_contain_text("没有迹象")
    await screenshot(desk, "center-signs")


async def test_a_paper_form_is_entered_and_an_account_made(center: CenterProcess, open_page: OpenPage) -> None:
    desk = await open_page(f"{center.url}/sign-in")
    await sign_in(desk, "chen")
    day = time.strftime("%Y-%m-%d", time.gmtime(time.time() - 3600 + 8 * 3600))
    await desk.goto(f"{center.url}/paper?hall=qingxi&date={day}")
    await desk.locator('[name="grade"][value="4"]').check()
    await desk.locator("#form").fill("2026-017")
    await screenshot(desk, "center-paper")
    await desk.get_by_role("button", name="录入").click()
    await expect(desk.get_by_role("status")).to_contain_text("已录入")
    await expect(desk.get_by_text("没有未评价的办理")).to_be_visible()
    report = await center.ratings(day, day)
    assert report["grades"]["4"] == 1

    other = await open_page(f"{center.url}/sign-in")
    await sign_in(other, "root1")
    await expect(other.get_by_role("heading", level=1)).to_have_text("账号")
    await other.locator("#new-name").fill("li")
    await other.locator("#new-role").select_option("manager")
    await other.locator("#new-scope").select_option("department:qingxi/税务")
    await other.locator("#new-password").fill("short-one-")
    await other.locator("#new-password").fill("aaaaaaaaaaaa")
    await other.get_by_role("button", name="建立账号").click()
    await expect(other.get_by_role("alert")).to_contain_text("太容易猜到")
    await other.locator("#new-name").fill("li")
    await other.locator("#new-role").select_option("manager")
    await other.locator("#new-password").fill(PASSWORD)
    await other.get_by_role("button", name="建立账号").click()
    await expect(other.get_by_role("status")).to_contain_text("li")
    await screenshot(other, "center-accounts")


async def test_a_department_sees_its_own_windows(center: CenterProcess, open_page: OpenPage) -> None:
    page = await open_page(f"{center.url}/sign-in")
    await sign_in(page, "sun")
    await expect(page.locator(".bar > b")).to_contain_text("仅税务")
    await expect(page.locator("table.data tbody tr")).to_have_count(1)
    await expect(page.locator("table.data tbody tr")).to_contain_text("1 号窗口")
    await expect(page.locator("body")).not_to_contain_text("公安")
    assert await page.locator('.bar nav a[href="/bulletin"]').count() == 0
    await screenshot(page, "center-department")
    await page.set_viewport_size(PHONE)
    assert await page.evaluate("document.documentElement.scrollWidth") <= 390, "nothing to scroll sideways"
    await screenshot(page, "center-department-phone")
    await page.goto(f"{center.url}/bulletin")
    await expect(page.locator(".wrongpage")).to_be_visible()
