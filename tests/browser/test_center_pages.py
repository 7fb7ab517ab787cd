"""Reports, halls, devices and the notice as a supervisor sees them: both languages, desk and phone, full and empty."""

import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.browser.conftest import OpenPage, enter_token, screenshot
from tests.center_month import CONFIG, fill
from tests.center_support import Journal, running

pytestmark = pytest.mark.asyncio(loop_scope="module")

BATCH = 1000
OCTOBER = "from=2026-10-01&to=2026-10-31"
WIDTHS = (1366, 390, 320)
PAPER_MS = 90_000


@dataclass(frozen=True)
class Opened:
    """Where a running center is, and who may read it."""

    url: str
    tokens: dict[str, str]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def center(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Opened]:
    """Three months of two halls, and a morning of today with boxes that have something."""
    async with running(Path(tmp_path_factory.mktemp("pages")), at_noon(CONFIG)) as started:
        for hall in ("qingxi", "liuhe"):
            journal = fill(Journal(hall=hall, name=f"journal-{hall}"))
            if hall == "qingxi":
                today(journal)
            for after in range(0, journal.through, BATCH):
                status, answer = await started.send(journal, after, after + BATCH, packed=True)
                assert status == 200, answer
        yield Opened(started.url, started.tokens)


def at_noon(config: str) -> str:
    """The same halls where it is noon now: "today" doesn't end while a test runs."""
    offset_minutes = (12 - time.gmtime().tm_hour) * 60
    return config.replace("region =", f"offset_minutes = {offset_minutes}\nregion =")


def today(journal: Journal) -> None:
    """A morning in the hall, a dead key, a fault, and an event that nobody can read."""
    now_ms = int(time.time() * 1000)
    for number in range(60):
        at_ms = now_ms - (240 - number * 4) * 60_000
        journal.run(50_000 + number, (None, 5, 5, 4, 5, 2)[number % 6], window=str(number % 3 + 1), at_ms=at_ms)
    for name, detail in (("qingxi-ev2", 0b11101), ("qingxi-ev3", 0b11111)):
        tested = {"device": name, "role": "evaluator", "window": name[-1], "detail": {"keys_ok": detail}}
        journal.add("hall.device.online", tested | {"detail": ""}, at_ms=now_ms - 3_600_000)
        journal.add("hall.device.key_tested", tested, at_ms=now_ms - 3_600_000)
    fault = {"device": "qingxi-ev4", "role": "evaluator", "window": "4", "detail": {"code": "stuck_key"}}
    journal.add("hall.device.fault", fault, at_ms=now_ms - 1_800_000)
    journal.add("hall.device.offline", {"device": "qingxi-ev5", "role": "evaluator", "detail": ""}, at_ms=now_ms)
    journal.add("hall.ticket.finished", {"run": 1}, at_ms=now_ms)


async def sign_in(page: Page, center: Opened, who: str = "viewer") -> None:
    await page.goto(f"{center.url}/sign-in")
    await enter_token(page, center.tokens[who])
    await page.wait_for_url(f"{center.url}/")


async def fits(page: Page, name: str) -> None:
    """No page is wider than its screen, from a desk to the smallest phone."""
    for width in WIDTHS:
        await page.set_viewport_size({"width": width, "height": 768})
        wide = await page.evaluate("document.documentElement.scrollWidth > innerWidth")
        assert not wide, f"{name}: wider than {width} px"
        if width == 390:
            await screenshot(page, f"center-{name}-phone")
    await page.set_viewport_size({"width": 1366, "height": 768})


async def test_pages_fit_a_phone_in_english_and_large_letters(center: Opened, open_page: OpenPage) -> None:
    page = await open_page(center.url, width=320)
    await sign_in(page, center, "supervisor")
    behind = f"hall=qingxi&{OCTOBER}"
    for name, path in {
        "overview": "?",
        "report": f"reports?what=ratings&by=window&{behind}&",
        "ranking": f"reports?what=ranking&by=department&{OCTOBER}&",
        "behind": f"reports/behind?figure=bad&{behind}&",
        "run": "halls/qingxi/runs/rqingxi1?",
        "hall": "halls/qingxi?",
        "devices": "devices?",
        "notice": "bulletin/2026-10?hall=qingxi&",
        "cases": "cases?",
        "signs": "signs?hall=qingxi&",
        "paper": "paper?hall=qingxi&date=2026-10-12&",
    }.items():
        await page.goto(f"{center.url}/{path}lang=en&text=large&contrast=high")
        await expect(page.locator("html")).to_have_attribute("data-text", "large")
        wide = await page.evaluate("document.documentElement.scrollWidth")
        assert wide <= 320, f"{name}: {wide} px"
        await screenshot(page, f"center-{name}-large-en")


@pytest.mark.parametrize("lang", ["zh-CN", "en"])
async def test_reports_answer_every_question(center: Opened, open_page: OpenPage, lang: str) -> None:
    page = await open_page(center.url, lang=lang)
    await sign_in(page, center)
    asked = (
        ("ratings", "window"),
        ("ratings", "day"),
        ("ratings", "staff"),
        ("waiting", "hall"),
        ("peaks", "quarter"),
        ("use", "window"),
        ("ranking", "department"),
    )
    for what, by in asked if lang == "zh-CN" else asked[-3:]:
        await page.goto(f"{center.url}/reports?what={what}&by={by}&{OCTOBER}")
        await expect(page.locator("table.data tbody tr").first).to_be_visible()
        assert await page.locator(".charts svg").count() >= 1, (what, by)
        assert await page.locator("script").count() == 0
        await screenshot(page, f"center-report-{what}-{by}-{lang}")
    if lang == "zh-CN":
        await page.goto(f"{center.url}/reports?what=ratings&by=hall&{OCTOBER}")
        await fits(page, "report")


async def test_a_figure_opens_down_to_its_events(center: Opened, open_page: OpenPage) -> None:
    page = await open_page(center.url)
    await sign_in(page, center, "supervisor")
    await page.goto(f"{center.url}/reports?what=ratings&by=window&hall=qingxi&{OCTOBER}")
    cell = page.locator("table.data tbody tr").nth(1).locator("td").nth(5).locator("a")
    shown = int((await cell.inner_text()).replace(",", ""))
    await cell.click()
    await expect(page.locator("table.data tbody tr")).to_have_count(shown)
    await screenshot(page, "center-behind")
    await fits(page, "behind")
    await page.locator("table.data tbody tr a").first.click()
    await expect(page.locator(".events li")).to_have_count(4)
    await expect(page.locator(".events")).to_contain_text("hall.rating.submitted")
    await expect(page.locator(".events dl").first).to_be_visible()
    await screenshot(page, "center-run")
    await fits(page, "run")


async def test_a_number_that_nobody_came_for_opens_down_to_its_events(center: Opened, open_page: OpenPage) -> None:
    page = await open_page(center.url)
    await sign_in(page, center, "supervisor")
    await page.goto(f"{center.url}/reports?what=peaks&by=quarter&hall=qingxi&{OCTOBER}")
    await page.locator("table.data tbody td:nth-of-type(3) a.num").first.click()
    await expect(page.locator("table.data tbody tr").first).to_contain_text("没有人来")
    await page.locator("table.data tbody tr a").first.click()
    await expect(page.locator(".events li")).to_have_count(3)
    await expect(page.locator(".events")).to_contain_text("hall.ticket.no_show")
    await screenshot(page, "center-ticket")
    await fits(page, "ticket")


async def test_a_viewer_sees_no_person_in_lists(center: Opened, open_page: OpenPage) -> None:
    page = await open_page(center.url)
    await sign_in(page, center)
    await page.goto(f"{center.url}/reports/behind?{OCTOBER}&hall=qingxi&window=5&figure=bad")
    await expect(page.get_by_text("这里不出现人名")).to_be_visible()
    assert await page.get_by_text("s5", exact=True).count() == 0
    await page.goto(f"{center.url}/reports/behind?{OCTOBER}&hall=qingxi&staff=s5")
    await expect(page.get_by_role("heading")).to_have_text("打不开")
    await screenshot(page, "center-wrong")


@pytest.mark.parametrize("lang", ["zh-CN", "en"])
async def test_a_hall_tells_how_it_stands(center: Opened, open_page: OpenPage, lang: str) -> None:
    page = await open_page(center.url, lang=lang)
    await sign_in(page, center)
    await page.locator("nav").get_by_role("link", name="各厅" if lang == "zh-CN" else "Halls").click()
    await expect(page.locator("table.data tbody tr")).to_have_count(2)
    await screenshot(page, f"center-halls-{lang}")
    await page.locator("table.data a").filter(has_text="大厅" if lang == "zh-CN" else "County Hall").click()
    await expect(page.locator(".kpi .num").first).to_have_text("60")
    await expect(page.locator(".charts svg")).to_have_count(2)
    await expect(page.get_by_text("Expected `str`" if lang == "en" else "读不懂的事件，另外存着")).to_be_visible()
    await screenshot(page, f"center-hall-{lang}")
    if lang == "zh-CN":
        await fits(page, "hall")


@pytest.mark.parametrize("lang", ["zh-CN", "en"])
async def test_devices_show_what_is_wrong_first(center: Opened, open_page: OpenPage, lang: str) -> None:
    page = await open_page(center.url, lang=lang)
    await sign_in(page, center)
    await page.goto(f"{center.url}/devices")
    states = await page.locator("table.data tbody .st").all_inner_texts()
    wanted = {
        "zh-CN": ["有按键不灵", "有故障", "不在线", "按键一周没测"],
        "en": ["A key does not work", "Fault", "Away", "Keys not tested for a week"],
    }[lang]
    assert states[:3] == wanted[:3]
    assert set(states) == {*wanted, "正常" if lang == "zh-CN" else "Well"}
    await screenshot(page, f"center-devices-{lang}")
    if lang == "zh-CN":
        await fits(page, "devices")


@pytest.mark.parametrize("lang", ["zh-CN", "en"])
async def test_the_notice_as_a_page(center: Opened, open_page: OpenPage, lang: str) -> None:
    page = await open_page(center.url, lang=lang)
    await sign_in(page, center)
    await page.goto(f"{center.url}/bulletin/2026-10?hall=qingxi")
    await expect(page.locator(".paper h1")).to_be_visible()
    await expect(page.locator(".paper table.units tbody tr")).to_have_count(6)
    await expect(page.locator(".paper .qr svg")).to_be_visible()
    await screenshot(page, f"center-notice-{lang}")
    if lang == "zh-CN":
        await fits(page, "notice")
    # The paper is laid out when it is asked for: seconds of work, many of them on a loaded machine.
    async with page.expect_download(timeout=PAPER_MS) as download:
        await page.get_by_role("link", name="PDF").click(timeout=PAPER_MS)
    assert (await download.value).suggested_filename == "bulletin-2026-10.pdf"
    await page.goto(f"{center.url}/bulletin/2026-13")
    await expect(page.get_by_role("heading")).to_have_text("打不开" if lang == "zh-CN" else "This can't be shown")


async def test_pages_of_a_center_that_has_heard_nothing(tmp_path: Path, open_page: OpenPage) -> None:
    async with running(tmp_path, at_noon(CONFIG)) as started:
        center = Opened(started.url, started.tokens)
        page = await open_page(center.url)
        await page.goto(f"{center.url}/devices")
        await expect(page.get_by_role("heading")).to_have_text("登录")  # nobody is signed in
        await sign_in(page, center)
        for path, said in (
            ("devices", "还没有设备的消息"),
            ("halls/qingxi", "还没有收到过"),
            ("reports", "这段时间什么也没有"),
            ("bulletin/2026-10", "本月没有办结"),
        ):
            await page.goto(f"{center.url}/{path}")
            await expect(page.get_by_text(said).first).to_be_visible()
            await screenshot(page, f"center-empty-{path.replace('/', '-')}")
