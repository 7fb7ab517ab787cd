"""The kiosk's errands in a real browser over a real hub with a printer that answers: on paper, by phone, and all that
can be in the way."""

from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.browser.citizen_support import Screens, nothing_serious, screens
from tests.browser.conftest import screenshot

pytestmark = pytest.mark.asyncio(loop_scope="module")
WIDTH, HEIGHT = 1080, 1920
LOW = HEIGHT * 0.53  # everything touched lies in the lower 47 % (design, "Low reach")
TARGET = 104  # 32 mm at 27″


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hall(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Screens]:
    async with screens(tmp_path_factory.mktemp("kiosk")) as made:
        for service, count in zip("ABCDEF", (12, 7, 18, 5, 0, 9), strict=True):
            await made.hub.give(service, count)
        yield made


async def kiosk(hall: Screens, **more: Any) -> Page:
    """A kiosk that was let in."""
    page = await hall.open("/kiosk", WIDTH, HEIGHT, **more)
    await page.fill("#token", hall.hub.tokens["kiosk"])
    await page.click("button.main")
    await at(page, "home")
    return page


async def at(page: Page, name: str) -> None:
    await expect(page.locator(f'.view[data-name="{name}"]')).to_be_visible(timeout=30_000)


async def modes(page: Page, *aids: str) -> None:
    for aid in aids:
        await page.click(f"[data-aid={aid}]")


async def fits(page: Page) -> None:
    """Nothing sticks out at the side or below the screen."""
    out = await page.evaluate(
        """() => [...document.querySelectorAll('main *, .aids *')].filter((each) => {
          const box = each.getBoundingClientRect();
          if (!box.width || each.closest('.heard') || each.closest('.scroll')) return false;
          return box.right > 1081 || box.left < -1 || box.bottom > 1921;
        }).map((each) => each.outerHTML.slice(0, 120))"""
    )
    assert not out, out


async def targets(page: Page) -> list[dict[str, float]]:
    """Every key in sight, where it is."""
    found: list[dict[str, float]] = await page.evaluate(
        """() => [...document.querySelectorAll('button, input')].filter((e) => e.checkVisibility()).map((each) => {
          const box = (each.closest('label') || each).getBoundingClientRect();
          return { top: box.top, height: box.height, bottom: box.bottom };
        })"""
    )
    return found


async def test_a_number_on_paper_found_by_its_initials(hall: Screens) -> None:
    page = await kiosk(hall)
    await nothing_serious(page)
    await fits(page)
    assert all(each["height"] >= TARGET for each in await targets(page))
    await screenshot(page, "kiosk-home")
    await page.click("[data-go='/kiosk/find']")
    await at(page, "find")
    found = page.locator("[data-found] .matter")
    await hall.initials()
    for letter in "sfz":
        await page.click(f"[data-key={letter}]")
    await expect(found).to_have_count(1)
    await expect(found).to_contain_text("居民身份证换领")
    await nothing_serious(page)
    await screenshot(page, "kiosk-find")
    for key in ("clear", "q", "q", "q"):
        await page.click(f"[data-key={key}]")
    await expect(page.locator("[data-found]")).to_contain_text("没有查到")
    await page.fill("[data-typed]", "身份证")
    await expect(found).to_have_count(1)
    await found.click()
    await at(page, "matter")
    for words in (
        "10",
        "个工作日",
        "法定 60 日",
        "20",
        "证件工本费",
        "10–12",
        "一层 C 区",
        "户口簿",
        "现场采集",
        "第十一条",
    ):
        await expect(page.locator("main")).to_contain_text(words)
    await nothing_serious(page)
    await fits(page)
    await screenshot(page, "kiosk-matter")
    await page.click("[data-priority]")
    await nothing_serious(page)
    await fits(page)
    await screenshot(page, "kiosk-priority")
    await page.click("[data-class=elderly]")
    await expect(page.locator("[data-priority]")).to_have_attribute("aria-pressed", "true")
    before = len(hall.printer.slips)
    await page.click("[data-take=paper]")
    await at(page, "ticket")
    await expect(page.locator(".slip .no")).to_have_text("D006")
    await nothing_serious(page)
    await fits(page)
    await screenshot(page, "kiosk-ticket")
    assert len(hall.printer.slips) == before + 1
    issued = (await hall.hub.events("hall.ticket.issued"))[-1]["data"]
    assert (issued["number"], issued["matter"], issued["priority"]) == ("D006", "idcard", "elderly")
    assert issued["channel"] == "kiosk"
    printed = (await hall.hub.events("hall.ticket.printed"))[-1]["data"]
    assert printed["ticket"] == issued["ticket"]
    await page.click("[data-done]")
    await at(page, "home")
    await hall.close(page)


async def test_a_number_by_phone_in_english_large_and_high_contrast(hall: Screens) -> None:
    page = await kiosk(hall)
    await modes(page, "text", "contrast")
    await page.click("[data-language]")
    await at(page, "home")
    await expect(page.locator("h1")).to_have_text("What do you need to do?")
    await expect(page.locator("html")).to_have_attribute("data-text", "large")
    await nothing_serious(page)
    await fits(page)
    assert all(each["height"] >= 136 for each in await targets(page))
    await screenshot(page, "kiosk-home-en-large-high")
    await page.click("[data-go='/kiosk/department'] >> visible=true")
    await at(page, "list")
    await nothing_serious(page)
    await fits(page)
    await screenshot(page, "kiosk-departments-en-large-high")
    await page.click("text=Police")
    await page.click("text=Renew a resident ID card")
    await at(page, "matter")
    await nothing_serious(page)
    await fits(page)
    await screenshot(page, "kiosk-matter-en-large-high")
    await page.click("[data-take=phone]")
    await at(page, "phone")
    await nothing_serious(page)
    await fits(page)
    await screenshot(page, "kiosk-phone-en-large-high")
    code = await page.get_attribute(".view", "data-claim")
    before = len(await hall.hub.events("hall.ticket.issued"))
    phone = await hall.open(f"/claim/{code}", 390, 844, "en")
    assert len(await hall.hub.events("hall.ticket.issued")) == before  # opening the address takes nothing
    await nothing_serious(phone)
    await screenshot(phone, "claim-en")
    other = await hall.open(f"/claim/{code}", 390, 844)
    await phone.click("button.main")
    await expect(phone.locator("html")).to_have_attribute("data-ticket", "waiting")
    number = await phone.locator("[data-number]").first.inner_text()
    await expect(page.locator("[data-taken]")).to_have_text(number)
    await other.click("button.main")
    await expect(other.locator("h1")).to_have_text("二维码已过期，或已被别的手机用过")
    await nothing_serious(other)
    assert len(await hall.hub.events("hall.ticket.issued")) == before + 1
    for each in (page, phone, other):
        await hall.close(each)


async def test_no_paper_says_so_before_the_press(hall: Screens) -> None:
    page = await kiosk(hall)
    hall.printer.change(paper_out=True)
    try:
        await expect(page.locator("html")).to_have_attribute("data-paper", "out", timeout=30_000)
        await expect(page.locator(".notice.if-out")).to_contain_text("打印机缺纸")
        await nothing_serious(page)
        await fits(page)
        await screenshot(page, "kiosk-home-no-paper")
        await page.click("text=居民身份证换领")
        await at(page, "matter")
        await expect(page.locator("[data-take=paper]")).to_be_hidden()
        await expect(page.locator("[data-take=phone]")).to_be_visible()
        await fits(page)
        await screenshot(page, "kiosk-matter-no-paper")
    finally:
        hall.printer.change(paper_out=False)
    await hall.ready()
    await hall.close(page)


async def test_paper_that_ends_half_way_is_told_with_ways_on(hall: Screens) -> None:
    page = await kiosk(hall)
    await page.click("text=代开发票")
    await at(page, "matter")
    hall.printer.ends_after(150)
    await page.click("[data-take=paper]")
    await at(page, "unprinted")
    await expect(page.locator("main")).to_contain_text("F010 没有打印，已经作废")
    await nothing_serious(page)
    await fits(page)
    await screenshot(page, "kiosk-unprinted")
    assert (await hall.hub.events("hall.ticket.cancelled"))[-1]["data"]["number"] == "F010"
    hall.printer.change(paper_out=False)
    await hall.ready()
    await hall.close(page)


async def test_low_reach_puts_all_that_is_touched_below(hall: Screens) -> None:
    page = await kiosk(hall)
    await modes(page, "reach")
    for name, click in (
        ("home", None),
        ("find", "[data-go='/kiosk/find']"),
        ("list", "[data-go='/kiosk/department'] >> visible=true"),
        ("matter", "text=居民身份证换领"),
        ("appointment", "[data-go='/kiosk/appointment']"),
    ):
        if click:
            await page.click(click)
        await at(page, name)
        if name == "find":
            await page.click("[data-key=s]")
            await expect(page.locator("[data-found] .matter").first).to_be_visible()
        await fits(page)
        above = [each for each in await targets(page) if each["top"] < LOW]
        assert not above, (name, above)
        await nothing_serious(page)
        await screenshot(page, f"kiosk-low-{name}")
        if click:
            await page.click("[data-back] >> visible=true")
            await at(page, "home")
    await hall.close(page)


async def test_an_appointment_is_taken_along(hall: Screens) -> None:
    page = await kiosk(hall)
    await page.click("[data-go='/kiosk/appointment']")
    await page.locator("[data-slot]").nth(3).click()  # the next half hour
    await at(page, "home")
    await page.click("text=养老保险参保登记")
    await at(page, "matter")
    await page.click("[data-take=paper]")
    await at(page, "ticket")
    issued = (await hall.hub.events("hall.ticket.issued"))[-1]["data"]
    assert (issued["matter"], issued["priority"]) == ("pension", "appointment")
    await hall.close(page)


async def test_it_asks_whether_somebody_is_there_and_begins_anew(hall: Screens) -> None:
    page = await hall.open("/kiosk", WIDTH, HEIGHT)
    await page.clock.install()
    await page.fill("#token", hall.hub.tokens["kiosk"])
    await page.click("button.main")
    await at(page, "home")
    await page.click("text=居民身份证换领")
    await at(page, "matter")
    still = page.locator("[data-still]")
    await page.clock.run_for(44_000)
    await expect(still).to_be_hidden()
    await page.clock.run_for(2_000)
    await expect(still).to_be_visible()
    await nothing_serious(page)
    await screenshot(page, "kiosk-still-there")
    await page.click("[data-still-yes]")
    await expect(still).to_be_hidden()
    await page.clock.run_for(46_000)
    await expect(still).to_be_visible()
    await page.clock.run_for(21_000)
    await at(page, "home")
    # Who reads slowly has twice the time, and the mode ends with the person.
    await page.click("text=居民身份证换领")
    await at(page, "matter")
    await modes(page, "text")
    await page.clock.run_for(88_000)
    await expect(still).to_be_hidden()
    await page.clock.run_for(4_000)
    await expect(still).to_be_visible()
    await page.clock.run_for(21_000)
    await expect(page.locator("html")).to_have_attribute("data-text", "normal")
    await hall.close(page)


async def test_it_reads_aloud_and_a_touch_stops_it(hall: Screens) -> None:
    page = await kiosk(hall)
    await page.click("text=居民身份证换领")
    await at(page, "matter")
    async with page.expect_response(lambda answer: "/voice/" in answer.url) as heard:
        await page.click("[data-aloud]")
    answer = await heard.value
    assert answer.status in (200, 206)
    await expect(page.locator("html[data-reading]")).to_have_count(1)
    await page.click("h1")
    await expect(page.locator("html[data-reading]")).to_have_count(0)
    await hall.close(page)


async def test_the_keyboard_reaches_everything(hall: Screens) -> None:
    page = await kiosk(hall)
    seen = set()
    for _ in range(40):
        await page.keyboard.press("Tab")
        seen.add(await page.evaluate("document.activeElement.innerText.trim().split('\\n')[0]"))
    wanted = await page.evaluate(
        "[...document.querySelectorAll('button')].filter((each) => each.checkVisibility())"
        ".map((each) => each.innerText.trim().split('\\n')[0])"
    )
    assert set(wanted) <= seen
    await page.focus("[data-go='/kiosk/matter/idcard']")
    await page.keyboard.press("Enter")
    await at(page, "matter")
    await page.keyboard.press("Escape")
    await at(page, "home")
    await page.click("[data-go='/kiosk/find']")
    await at(page, "find")
    await page.keyboard.type("hk")
    await expect(page.locator("[data-found] .matter")).to_contain_text(["户口迁入登记"])
    await hall.close(page)


async def test_waiting_counts_are_live(hall: Screens) -> None:
    page = await kiosk(hall)
    count = page.locator("[data-go='/kiosk/matter/shop'] [data-waiting]")
    await expect(count).to_have_text("现在不用等")
    await hall.hub.give("E", 2)
    await expect(count).to_have_text("2 人在等")
    await hall.close(page)


async def test_numbers_that_are_all_given_and_hours_that_are_over_are_told(hall: Screens) -> None:
    _, config = await hall.hub.call("GET", "/api/v1/hall/config", "manager")
    kept = config["services"]

    async def put(**change: object) -> None:
        rows = [row | change for row in kept]
        status, reply = await hall.hub.call("PUT", "/api/v1/hall/config", "manager", {"services": rows})
        assert status == 200, reply

    page = await kiosk(hall)
    await put(daily_cap=1)
    await page.click("text=代开发票")
    await at(page, "matter")
    await page.click("[data-take=paper]")
    await at(page, "refused")
    await expect(page.locator("h1")).to_have_text("今天的号已经取完")
    await nothing_serious(page)
    await fits(page)
    await screenshot(page, "kiosk-refused")
    _, queue = await hall.hub.call("GET", "/api/v1/queue")
    over = (int(queue["as_of"][11:13]) - 2) % 24
    await put(hours=[f"{over:02d}:00-{over:02d}:30"])
    await page.click("[data-done]")
    await at(page, "home")
    await expect(page.locator(".notice >> visible=true")).to_contain_text("现在不取号")
    await page.click("text=代开发票")
    await at(page, "matter")
    await expect(page.locator("[data-take]")).to_have_count(0)
    await nothing_serious(page)
    await screenshot(page, "kiosk-closed")
    await put()
    await page.click("[data-back] >> visible=true")
    await page.click("[data-go='/kiosk/help']")
    await at(page, "help")
    await nothing_serious(page)
    await fits(page)
    await screenshot(page, "kiosk-help")
    await hall.close(page)


async def test_a_hub_that_is_away_is_told_and_comes_back(hall: Screens) -> None:
    """Last of this file: it restarts the hub of all."""
    hub = hall.hub
    port = hub.url.rsplit(":", 1)[1].strip("/")
    page = await kiosk(hall)
    await page.click("text=居民身份证换领")
    await at(page, "matter")
    await hub.kill()
    await page.click("[data-back] >> visible=true")
    await expect(page.locator(".away")).to_be_visible()
    await expect(page.locator(".away")).to_contain_text("取号机连不上大厅主机")
    await nothing_serious(page)
    await screenshot(page, "kiosk-away")
    hub.config.write_text(hub.config.read_text("utf-8").replace("port = 0", f"port = {port}"), "utf-8")
    await hub.start()
    await at(page, "home")
    await hall.ready()
    await hall.close(page)
