"""The clerk's page over a real hub: a day's errands by keyboard and by mouse, and what it says when things fail."""

import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Page, Route, expect

from tests.browser.axe import serious
from tests.browser.conftest import OpenPage, screenshot
from tests.hub_support import HubProcess, new_id, until

SERVICES = """
[[services]]
id = "pension"
prefix = "A"
name = "城乡居民养老保险参保登记"
name_en = "Joining the residents' pension scheme"
[[services]]
id = "medical"
prefix = "B"
name = "异地就医备案"
name_en = "Care in another city"
[[windows]]
id = "1"
name = "1号窗口"
name_en = "Window 1"
services = ["pension", "medical"]
[[windows]]
id = "2"
name = "2号窗口"
name_en = "Window 2"
services = ["pension"]
[[windows]]
id = "3"
name = "3号窗口"
name_en = "Window 3"
services = ["medical"]
"""

# The keys end where the small ones begin, and the parts of the list stand under each other.
NOTHING_OVER_ANOTHER = """() => {
  const box = (each) => each.getBoundingClientRect();
  const keys = Math.max(...[...document.querySelectorAll(".key")].map((each) => box(each).bottom));
  const parts = [...document.querySelectorAll(".queue > *")].map(box).filter((each) => each.width);
  const tools = box(document.querySelector(".tools"));
  return keys <= tools.top && new Set(parts.map((each) => Math.round(each.left))).size === 1;
}"""


@pytest.fixture
async def hub(tmp_path: Path) -> AsyncIterator[HubProcess]:
    """A hall with two services and three windows."""
    made = HubProcess(tmp_path)
    made.config.write_text(made.config.read_text("utf-8").split("[[services]]")[0] + SERVICES, "utf-8")
    async with made:
        # The same address after a restart, as a hall's hub has.
        port = made.url.rsplit(":", 1)[1].strip("/")
        made.config.write_text(made.config.read_text("utf-8").replace("port = 0", f"port = {port}"), "utf-8")
        yield made


async def take(hub: HubProcess, service: str = "pension", **more: Any) -> str:
    """A citizen at the information desk takes a number."""
    body = {"service": service, "id": new_id()} | more
    status, reply = await hub.call("POST", "/api/v1/tickets", "desk", body)
    assert status == 201, reply
    hub.secrets.add(reply["token"])
    return str(reply["number"])


async def let_in(page: Page, hub: HubProcess, window: str = "1") -> None:
    """The computer's token, once."""
    await page.get_by_role("textbox").fill(hub.tokens[f"clerk window/{window}"])
    await page.keyboard.press("Enter")
    await expect(page.locator("#enter")).to_be_visible()


async def sign_on(page: Page, staff: str = "1027") -> None:
    await page.locator("#staff-code").fill(staff)
    await page.keyboard.press("Enter")
    await expect(page.locator("#idle")).to_be_visible()


def key(page: Page, verb: str) -> Any:
    return page.locator(f'.keys [data-verb="{verb}"], .tools [data-verb="{verb}"]')


async def has(page: Page, number: str) -> None:
    """The window has this ticket, and its page is ready for the next press."""
    await expect(page.locator("#now")).to_be_visible()
    await expect(page.locator("#number")).to_have_text(number)
    await expect(page.locator("[data-busy]")).to_have_count(0)


async def filled(page: Page, words: str) -> None:
    """The one next step says so, and is ready."""
    await expect(page.locator(".key.filled b")).to_have_text(words)
    await expect(page.locator(".key.filled")).to_have_attribute("aria-disabled", "false")


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
