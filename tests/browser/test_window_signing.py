"""Who gets to a window's page, and with what."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import expect

from tests.browser.conftest import OpenPage, screenshot
from tests.browser.window_support import let_in, take, window_hall
from tests.hub_support import HubProcess, new_id, until

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module")
async def hub(tmp_path: Path) -> AsyncIterator[HubProcess]:
    async with window_hall(tmp_path) as made:
        yield made


async def test_what_stands_between_the_page_and_strangers(hub: HubProcess, open_page: OpenPage) -> None:
    page = await open_page(f"{hub.url}/window/9")
    await expect(page.get_by_role("heading")).to_have_text("本厅没有这个窗口")
    await page.get_by_role("link", name="1号窗口").click()
    await let_in(page, hub)
    cookies = {cookie["name"]: cookie for cookie in await page.context.cookies()}
    session = cookies["session-clerk-window-1"]
    assert (session["httpOnly"], session["sameSite"], session["path"]) == (True, "Strict", "/")
    assert session["value"] not in (hub.folder / "data" / "sessions.json").read_text()
    answer = await page.request.get(f"{hub.url}/window/1")
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe-inline" not in policy.split("style-src")[0]
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["x-content-type-options"] == "nosniff"

    door = f"{hub.url}/api/v1/windows/1/commands"
    body = {"command": "sign_in", "id": new_id(), "staff": "1"}
    assert (await page.request.post(door, data=body)).status == 403  # a cookie alone is not enough
    assert (await page.request.post(door, data=body, headers={"X-CSRF-Token": "guess"})).status == 403
    word = await page.locator('meta[name="csrf"]').get_attribute("content")
    headers = {"X-CSRF-Token": str(word)}
    assert (await page.request.post(door.replace("/1/", "/2/"), data=body, headers=headers)).status == 401
    assert (await page.request.post(door, data=body, headers=headers)).status == 200
    assert (await page.request.get(f"{hub.url}/api/v1/windows/2")).status == 401
    form = {"token": hub.tokens["clerk window/1"]}
    elsewhere = {"Origin": "http://elsewhere.example"}
    assert (await page.request.post(f"{hub.url}/window/1/sign-in", form=form, headers=elsewhere)).status == 403
    other = {"token": hub.tokens["clerk window/2"]}
    assert (await page.request.post(f"{hub.url}/window/1/sign-in", form=other)).status == 401

    assert (await page.request.post(f"{hub.url}/window/1/leave", form={"csrf": "guess"})).status == 403
    assert (await page.request.post(f"{hub.url}/window/1/leave", form={"csrf": str(word)})).ok
    assert (await page.request.get(f"{hub.url}/api/v1/windows/1")).status == 401
    await take(hub)  # the page asks again, hears that it is let in no longer, and says so
    await expect(page.get_by_role("heading", name="登录")).to_be_visible()
    await until(lambda: not json.loads((hub.folder / "data" / "sessions.json").read_text()), "the session's end")


async def test_a_clerk_signs_on_with_a_pin_that_the_manager_made(hub: HubProcess, open_page: OpenPage) -> None:
    page = await open_page(f"{hub.url}/admin")
    await page.get_by_role("textbox").fill(hub.tokens["manager"])
    await page.keyboard.press("Enter")
    await page.locator('#nav a[href="#staff"]').click()
    await page.get_by_role("link", name="新增窗口人员").click()
    await page.locator("#field-code").fill("1027")
    await page.locator("#field-name").fill("张三")
    await page.get_by_role("button", name="保存", exact=True).click()
    await expect(page.get_by_text("还没有，不能签到")).to_be_visible()
    await page.get_by_role("button", name="重置密码 1027").click()
    await page.get_by_role("button", name="确定").click()
    pin = await page.locator("#told code").inner_text()
    hub.secrets.add(f'"{pin}"')

    window = await open_page(f"{hub.url}/window/1")
    await let_in(window, hub)
    await window.locator("#staff-code").fill("1027")
    await window.keyboard.press("Enter")
    await expect(window.locator("#enter-wrong")).to_have_text("请填这一项。")
    await window.locator("#staff-pin").fill("000000")
    await window.keyboard.press("Enter")
    await expect(window.locator("#said-words")).to_contain_text("工号或密码不对")
    await screenshot(window, "window-wrong-pin")
    await window.locator("#pin-change").click()
    for field, text in (("staff", "1027"), ("old", pin), ("new", "730518"), ("again", "730519")):
        await window.locator(f"#pin-{field}").fill(text)
    await window.locator("#ask-pin .main").click()
    await expect(window.locator("#ask-pin-wrong")).to_have_text("两次填的新密码不一样。")
    await window.locator("#pin-again").fill("730518")
    await window.locator("#ask-pin .main").click()
    await expect(window.locator("#told")).to_have_text("新密码已生效。")
    await window.locator("#staff-pin").fill("730518")
    await window.locator("#staff-pin").press("Enter")
    await expect(window.locator("#idle")).to_be_visible()
    assert [event["data"]["staff"] for event in await hub.events("hall.staff.signed_in")] == ["1027"]
