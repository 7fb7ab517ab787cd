"""The overview as a supervisor sees it: in both languages, on a desk and on a phone, live, old and away."""

import time
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from tests.browser.conftest import OpenPage, enter_token, screenshot
from tests.center_support import CONFIG, CenterProcess, Journal, running

pytestmark = pytest.mark.asyncio(loop_scope="module")

MORE_HALLS = """
[[halls]]
id = "shimen"
name = "石门乡便民中心"
name_en = "Shimen Township Station"
[[halls]]
id = "baita"
name = "白塔镇便民中心"
name_en = "Baita Town Station"
[[halls]]
id = "budong"
name = "县不动产登记分厅"
name_en = "County Real Estate Hall"
"""


def at_noon(config: str) -> str:
    """The same halls where it is noon now: "today" doesn't end while a test runs."""
    offset_minutes = (12 - time.gmtime().tm_hour) * 60
    return config.replace("name_en", f"offset_minutes = {offset_minutes}\nname_en")


async def fill(center: CenterProcess) -> None:
    """Halls that are well, late, with bad ratings, with an event that can't be read, and one never heard of."""
    now_ms = int(time.time() * 1000)
    minute_ms = 60_000
    fact = 0
    plan = {
        "qingxi": ([5] * 40 + [4] * 6 + [None] * 20, 0),
        "shimen": ([5] * 12 + [4] * 2 + [None] * 8, 26 * minute_ms),
        "budong": ([5] * 20 + [4] * 4 + [3, 2, 1] + [None] * 12, 0),
        "baita": ([5] * 9 + [None] * 3, 0),
    }
    for number, (hall, (grades, late_ms)) in enumerate(plan.items()):
        journal = Journal(hall=hall, name=f"journal-{number}")
        for device in range(3):
            kind = "hall.device.offline" if (hall, device) == ("budong", 2) else "hall.device.online"
            data = {"device": f"{hall}-{device}", "role": "evaluator", "detail": ""}
            journal.add(kind, data, at_ms=now_ms - late_ms)
        for grade in grades:
            fact += 1
            journal.run(fact, grade, at_ms=now_ms - late_ms)
        for waiting in range(number + 1):
            data = {"ticket": f"w{waiting}", "number": f"A10{waiting}", "service": "A", "channel": "kiosk"}
            journal.add("hall.ticket.issued", data, at_ms=now_ms - late_ms)
        if hall == "baita":
            journal.add("hall.ticket.finished", {"ticket": "t"}, at_ms=now_ms)
        status, answer = await center.send(journal)
        assert status == 200, answer


async def sign_in(page: Page, center: CenterProcess) -> None:
    await enter_token(page, center.tokens["viewer"])
    await expect(page.locator("#figures")).to_have_attribute("data-state", "live")


@pytest.mark.parametrize("lang", ["zh-CN", "en"])
async def test_the_overview_tells_what_is_wrong_first(tmp_path: Path, open_page: OpenPage, lang: str) -> None:
    async with running(tmp_path, at_noon(CONFIG + MORE_HALLS)) as center:
        await fill(center)
        page = await open_page(center.url, lang=lang)
        await expect(page.get_by_role("heading")).to_have_text("登录" if lang == "zh-CN" else "Sign in")
        await screenshot(page, f"center-sign-in-{lang}")
        await sign_in(page, center)
        assert await page.locator("html").get_attribute("lang") == lang

        total = page.locator(".kpi > div")
        assert [" ".join((await cell.inner_text()).split()[1:]) for cell in (await total.all())[:3]] == (
            ["139 件", "69.06% 96/139", "97.92% 94/96"]
            if lang == "zh-CN"
            else ["today 139 services", "rate 69.06% 96/139", "rate 97.92% 94/96"]
        )
        rows = await page.locator("tbody tr th b").all_inner_texts()
        names = {
            "zh-CN": ["石门乡便民中心", "县不动产登记分厅", "白塔镇便民中心", "柳河镇便民中心"],
            "en": ["Shimen Township Station", "County Real Estate Hall", "Baita Town Station", "Liuhe Town Station"],
        }
        assert rows == names[lang]
        reasons = await page.locator("tbody .st").all_inner_texts()
        wanted = {
            "zh-CN": ["数据晚 26 分", "差评 2 条", "读不懂的事件 1 条", "从没有消息"],
            "en": ["Data is 26 minutes late", "2 bad ratings", "1 unreadable event", "Never heard of"],
        }
        assert [reason.strip() for reason in reasons] == wanted[lang]
        await screenshot(page, f"center-overview-{lang}")

        for width, height in ((390, 844), (320, 700), (1366, 768)):
            await page.set_viewport_size({"width": width, "height": height})
            scrolls = await page.evaluate("document.documentElement.scrollWidth > innerWidth")
            assert not scrolls, f"{width} px: the page is wider than the screen"
            if width == 390:
                await screenshot(page, f"center-overview-phone-{lang}")

        other = "English" if lang == "zh-CN" else "中文"
        await page.get_by_role("link", name=other).click()
        await expect(page.locator("html")).to_have_attribute("lang", "en" if lang == "zh-CN" else "zh-CN")
        await page.goto(center.url)  # the choice lasts
        await expect(page.locator("html")).to_have_attribute("lang", "en" if lang == "zh-CN" else "zh-CN")


async def test_new_figures_come_by_themselves_and_old_ones_say_so(tmp_path: Path, open_page: OpenPage) -> None:
    async with running(tmp_path, at_noon(CONFIG)) as center:
        page = await open_page(center.url)
        await sign_in(page, center)
        await expect(page.locator(".kpi .num").first).to_have_text("0")
        await expect(page.get_by_text("今天还没有办结")).to_be_visible()
        await screenshot(page, "center-overview-empty")

        journal = Journal()
        journal.run(1, 5, at_ms=int(time.time() * 1000))
        await center.send(journal)
        await expect(page.locator(".kpi .num").first).to_have_text("1")

        await page.locator("summary").focus()
        await page.keyboard.press("Enter")
        await expect(page.locator(".well")).to_be_visible()
        before = await page.locator("#asof").inner_text()
        await expect(page.locator("#asof")).not_to_have_text(before)
        await expect(page.locator(".well")).to_be_visible()  # a refresh closes nothing
        await expect(page.locator("summary")).to_be_focused()

        center.kill()
        await expect(page.locator("#stale")).to_contain_text("这些是旧数字")
        await expect(page.locator("#figures")).to_have_attribute("data-state", "stale")
        await screenshot(page, "center-overview-stale")


async def test_a_wrong_token_says_what_to_do_and_the_frame_is_there_at_once(
    tmp_path: Path, open_page: OpenPage
) -> None:
    async with running(tmp_path) as center:
        page = await open_page(center.url)
        await enter_token(page, "wrong")
        await expect(page.get_by_role("alert")).to_contain_text("打不开")
        await screenshot(page, "center-sign-in-wrong")

        await page.route("**/overview", lambda route: None)  # an answer that never comes
        await enter_token(page, center.tokens["viewer"])
        await expect(page.locator(".kpi dt").first).to_have_text("今天办结")
        await expect(page.locator(".kpi .num").first).to_have_text("—")
        await expect(page.get_by_text("正在等中心的数字")).to_be_visible()
        await screenshot(page, "center-overview-loading")

        await page.unroute("**/overview")
        await page.route("**/overview", lambda route: route.fulfill(status=503, body="{}"))
        await page.reload()
        await expect(page.locator("#stale")).to_contain_text("中心现在读不出数字")
        await screenshot(page, "center-overview-error")


async def test_beyond_two_hundred_halls_regions_come_first_and_open(tmp_path: Path, open_page: OpenPage) -> None:
    more = "".join(f'\n[[halls]]\nid = "h{n}"\nname = "{n}号站"\nregion = "第{n % 3}区"\n' for n in range(200))
    async with running(tmp_path, at_noon(CONFIG) + more) as center:
        journal = Journal(hall="h4", name="j")
        journal.run(1, 1, at_ms=int(time.time() * 1000))
        await center.send(journal)
        page = await open_page(center.url)
        await sign_in(page, center)
        assert await page.locator("tbody tr th b").all_inner_texts() == ["第1区", "第0区", "第2区", "青溪"]
        await screenshot(page, "center-overview-regions")
        await page.get_by_role("link", name="第1区").click()
        await expect(page.locator("tbody tr th b").first).to_have_text("4号站")
        await expect(page.locator("tbody tr")).to_have_count(67)
        await page.get_by_role("link", name="全部地区").click()
        await expect(page.locator("tbody tr th b").first).to_have_text("第1区")
