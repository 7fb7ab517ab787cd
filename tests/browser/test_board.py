"""The board on a wall: what it shows, that nothing moves, and that it is right after being left alone."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.browser.citizen_support import Screens, nothing_serious, screens
from tests.browser.conftest import screenshot
from tests.hub_support import new_id, until

pytestmark = pytest.mark.asyncio(loop_scope="module")
WIDTH, HEIGHT = 1920, 1080
# The voice is tried where it is what is tried; elsewhere the frame goes by its own 8 s.
MUTE = '[voice]\noutput = "off"\n'
SHIFTS = """() => { window.shifts = 0; new PerformanceObserver((list) => {
  for (const each of list.getEntries()) {
    window.shifts += each.value;
    window.moved = each.sources.map((source) => source.node?.parentElement?.outerHTML);
  }
}).observe({ type: "layout-shift", buffered: false }); }"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hall(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Screens]:
    async with screens(tmp_path_factory.mktemp("board"), MUTE) as made:
        hub = made.hub
        port = hub.url.rsplit(":", 1)[1].strip("/")
        hub.config.write_text(hub.config.read_text("utf-8").replace("port = 0", f"port = {port}"), "utf-8")
        yield made


async def board(hall: Screens, query: str = "") -> Page:
    return await hall.open(f"/board{query}", WIDTH, HEIGHT)


async def shows(page: Page, state: str) -> None:
    await expect(page.locator("html")).to_have_attribute("data-board", state, timeout=30_000)


async def listed(page: Page) -> list[str]:
    """The rows of the list, as number→window."""
    rows = await page.evaluate(
        "[...document.querySelectorAll('.last li:not(.none)')].map((row) => [...row.querySelectorAll('.num')]"
        ".map((each) => each.textContent).join('→'))"
    )
    return list(rows)


async def framed(page: Page) -> str:
    return await page.inner_text("[data-number]") + "→" + await page.inner_text("[data-window]")


async def configure(hall: Screens, **tables: Any) -> None:
    status, reply = await hall.hub.call("PUT", "/api/v1/hall/config", "manager", tables)
    assert status == 200, reply


async def test_before_the_first_call_it_says_what_to_do(hall: Screens) -> None:
    page = await board(hall)
    await shows(page, "empty")
    await expect(page.locator(".is-empty")).to_contain_text("请取号，等待叫号")
    await nothing_serious(page)
    await screenshot(page, "board-empty")
    await hall.close(page)


async def test_a_call_its_window_the_last_six_and_nothing_moves(hall: Screens) -> None:
    hub = hall.hub
    for service, count in zip("ABCDEF", (12, 8, 18, 5, 0, 9), strict=True):
        await hub.give(service, count)
    await hub.do(5, "next")
    page, high = await board(hall), await board(hall, "?contrast=high")
    await shows(page, "live")
    await page.evaluate(SHIFTS)
    for window in (16, 9, 4, 7, 10, 8):
        await hub.do(window, "next")
    await expect(page.locator(".last li:not(.none)")).to_have_count(6)
    assert await framed(page) == "B001→5"  # for 8 s, whatever comes
    assert await listed(page) == ["C003→8", "D001→10", "C002→7", "B002→4", "C001→9", "F001→16"]
    await hub.do(3, "pause")
    await hub.do(11, "pause")
    await expect(page.locator("[data-paused]")).to_have_text("3号11号")
    await expect(page.locator(".wait > div").first).to_contain_text("A 社会保险")
    await expect(page.locator(".wait > div").first.locator(".num")).to_have_text("12")
    await hub.do(16, "recall")
    await expect(page.locator("[data-number]")).to_have_text("C001", timeout=30_000)
    assert await page.evaluate("window.shifts") == 0, await page.evaluate("window.moved")
    for each, name in ((page, "board"), (high, "board-high-contrast")):
        await nothing_serious(each)
        await screenshot(each, name)
    await expect(page.locator("[data-where]")).to_have_text("不动产·一层 C 区")
    for each in (page, high):
        await hall.close(each)


async def test_a_zone_shows_its_own_calls_alone(hall: Screens) -> None:
    page = await board(hall, "?zone=b")
    await shows(page, "live")
    await hall.hub.do(12, "next")
    await hall.hub.do(6, "next")
    await expect(page.locator(".last li:not(.none)")).to_have_count(2)
    assert sorted([await framed(page), *await listed(page)]) == ["B001→5", "B002→4", "B003→6"]
    await expect(page.locator(".wait > div")).to_have_count(2)
    await screenshot(page, "board-zone")
    await hall.close(page)
    status, problem = await hall.hub.call("GET", "/board?zone=nowhere")
    assert (status, problem["detail"]) == (404, "Zones of this hall: b, c.")


async def test_announcements_come_and_go_by_themselves(hall: Screens) -> None:
    page = await board(hall)
    await expect(page.locator("[data-tell]")).to_be_hidden()
    told = {"id": "n", "text": "周五下午系统维护，15:00 停止取号", "text_en": "No numbers after 15:00 on Friday"}
    await configure(hall, announcements=[told])
    await expect(page.locator("[data-tell-zh]")).to_have_text("周五下午系统维护，15:00 停止取号")
    await nothing_serious(page)
    await screenshot(page, "board-announcement")
    await configure(hall, announcements=[])
    await expect(page.locator("[data-tell]")).to_be_hidden()
    await hall.close(page)


async def test_old_data_is_marked_and_a_restart_needs_no_hand(hall: Screens) -> None:
    page = await board(hall)
    await shows(page, "live")
    await page.evaluate("window.same = true")
    await hall.hub.kill()
    await expect(page.locator("html")).to_have_attribute("data-link", "stale", timeout=30_000)
    await expect(page.locator("b[data-now]")).to_have_text("最后收到的叫号")
    await nothing_serious(page)
    await screenshot(page, "board-stale")
    await hall.hub.start()
    await expect(page.locator("html")).to_have_attribute("data-link", "live", timeout=30_000)
    await hall.hub.give("E", 1)
    await hall.hub.do(13, "next")
    await expect(page.locator("[data-number]")).to_have_text("E001", timeout=30_000)
    assert await page.evaluate("window.same")
    await hall.close(page)


async def alone(hall: Screens, calls: int, restarts: int) -> None:
    """A board left alone; it must show what the hub's own door says in the end."""
    hub = hall.hub
    page = await board(hall)
    await page.evaluate("window.same = true")
    for place in range(calls):
        if restarts and place % (calls // (restarts + 1) or 1) == calls // (restarts + 1) - 1 and place < calls - 1:
            await hub.kill()
            await hub.start()
        window = (14, 2, 15, 1)[place % 4]
        await hub.give("E" if window > 9 else "A")
        await hub.do(window, "next")
        await hub.do(window, "finish")
    _, queue = await hub.call("GET", "/api/v1/queue")
    wanted = [f"{call['number']}→{call['window']}" for call in queue["calls"]]

    async def right() -> bool:
        shown = await listed(page)
        rest = [each for each in wanted if each != await framed(page)]
        return shown[: len(rest)] == rest

    await until(right, "the board right")
    counts = await page.evaluate("[...document.querySelectorAll('.wait .num')].map((each) => Number(each.textContent))")
    assert counts == list(queue["waiting"].values())
    assert await page.evaluate("window.same"), "it was not loaded anew"
    assert await page.get_attribute("html", "data-link") == "live"
    await hall.close(page)


async def test_left_alone_through_calls_and_a_restart_it_is_right(hall: Screens) -> None:
    await alone(hall, 40, 1)


@pytest.mark.long
async def test_left_alone_through_1000_calls_and_three_restarts_it_is_right(hall: Screens) -> None:
    await alone(hall, 1000, 3)


async def test_it_calls_on_when_numbers_have_stopped_and_closes_when_all_are_served(hall: Screens) -> None:
    _, config = await hall.hub.call("GET", "/api/v1/hall/config", "manager")
    page = await board(hall)
    # An hour that is over, by the hub's own clock.
    _, queue = await hall.hub.call("GET", "/api/v1/queue")
    hour = (int(queue["as_of"][11:13]) - 2) % 24
    hours = [f"{hour:02d}:00-{hour:02d}:30"]
    await configure(hall, services=[row | {"hours": hours} for row in config["services"]])
    await expect(page.locator("[data-tell-zh]")).to_contain_text("已停止取号")
    await shows(page, "live")
    await screenshot(page, "board-stopped")
    status, _ = await hall.hub.call("POST", "/api/v1/day/commands", "manager", {"command": "sweep", "id": new_id()})
    assert status == 200
    await shows(page, "closed")
    await expect(page.locator(".is-closed")).to_contain_text("下次开门")
    await nothing_serious(page)
    await screenshot(page, "board-closed")
    await hall.close(page)


async def test_training_is_marked_on_every_citizens_page(hall: Screens) -> None:
    _, config = await hall.hub.call("GET", "/api/v1/hall/config", "manager")
    await configure(hall, services=[row | {"hours": []} for row in config["services"]])
    page, kiosk = await board(hall), await hall.open("/kiosk", 1080, 1920)
    await kiosk.fill("#token", hall.hub.tokens["kiosk"])
    await kiosk.click("button.main")
    await expect(page.locator("[data-training]")).to_be_hidden()
    command = {"command": "training", "on": True, "id": new_id()}
    status, reply = await hall.hub.call("POST", "/api/v1/day/commands", "manager", command)
    assert status == 200, reply
    await hall.hub.do(1, "sign_in", staff="s1")
    (given,) = await hall.hub.give("A")
    await hall.hub.do(1, "next")
    await expect(page.locator("[data-training]")).to_be_visible(timeout=30_000)
    await expect(page.locator("[data-number]")).to_have_text(given["number"], timeout=30_000)
    assert given["number"].startswith("X")
    await expect(kiosk.locator("[data-training]")).to_be_visible(timeout=30_000)
    phone = await hall.open(f"/t/{given['token']}", 390, 844)
    await expect(phone.locator(".training")).to_contain_text("培训演练")
    for each, name in ((page, "board-training"), (kiosk, "kiosk-training"), (phone, "phone-training")):
        await nothing_serious(each)
        await screenshot(each, name)
        await hall.close(each)


async def test_it_plays_the_voice_when_asked_to(tmp_path: Path) -> None:
    async with screens(tmp_path) as hall:
        page = await board(hall, "?sound=1")
        await hall.hub.give("A", 1)
        async with page.expect_response(lambda answer: "/voice/" in answer.url) as heard:
            await hall.hub.do(1, "next")
        assert (await heard.value).status in (200, 206)
        await expect(page.locator("html")).to_have_attribute("data-plays", "1")
        await hall.close(page)
