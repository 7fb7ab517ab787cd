"""When the rating keys were tested, where citizens look: the hub's own page, and the kiosk's help."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Page, expect

from tests.browser.citizen_support import nothing_serious
from tests.browser.conftest import OpenPage, screenshot
from tests.hub_support import HubProcess, new_id

pytestmark = pytest.mark.asyncio(loop_scope="module")
WINDOWS = 4
MOST_PX = 1920
LOW = MOST_PX * 0.53  # everything touched lies in the lower 47 % (design, "Low reach")
TARGET = 104


async def register(hub: HubProcess, window: int) -> None:
    """A rating box; nobody needs to hear it."""
    wanted = {"role": "evaluator", "epoch": "00112233445566aa", "secret": f"{window:02d}" * 32, "board": "rpi_pico"}
    status, said = await hub.call(
        "POST", "/api/v1/devices", "admin", wanted | {"device": f"ev-{window}", "window": str(window)}
    )
    assert status == 201, said


async def note_test(hub: HubProcess, window: int, dead: list[str]) -> None:
    """A technician pressed every key."""
    keys = [key for key in "54321" if key not in dead]
    found: dict[str, Any] = {"keys": keys, "dead": dead, "lamps": True, "sounds": True, "shows": None}
    status, said = await hub.call(
        "POST", f"/api/v1/devices/ev-{window}/tested", "admin", {"command": "tested", "id": new_id()} | found
    )
    assert status in (200, 201), said


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hub(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[HubProcess]:
    """Window 1 well, 2 with a dead key, 3 never tested, 4 without a box."""
    async with HubProcess(tmp_path_factory.mktemp("keys"), windows=WINDOWS) as made:
        for window in (1, 2, 3):
            await register(made, window)
        await note_test(made, 1, [])
        await note_test(made, 2, ["1"])
        await made.wait_event("hall.device.key_tested", 2)
        yield made


async def when(hub: HubProcess) -> dict[str, str | None]:
    """Window → date and time as the public door has it."""
    _, hall = await hub.call("GET", "/api/v1/hall")
    told = {row["window"]: row["keys_tested_at"] for row in hall["windows"]}
    return {window: at and f"{at[:10]}\N{NO-BREAK SPACE}{at[11:16]}" for window, at in told.items()}


@pytest.mark.parametrize(
    ("lang", "well", "dead", "never"),
    [
        ("zh-CN", "每个键都正常", "有 1 个键没有反应", "尚未检测"),
        ("en", "all keys answer", "1 key gave no answer", "not yet tested"),
    ],
)
async def test_the_hubs_page_says_when_each_windows_keys_were_tested(
    hub: HubProcess, open_page: OpenPage, lang: str, well: str, dead: str, never: str
) -> None:
    page = await open_page(f"{hub.url}/", lang=lang)
    at = await when(hub)
    said = [await each.inner_text() for each in await page.locator(".tested dd").all()]
    assert said == [f"{at['1']} {well}", f"{at['2']} {dead}", never]  # none for the window without a box
    await nothing_serious(page)
    await screenshot(page, f"hub-index-keys-{lang}")
    narrow = await open_page(f"{hub.url}/?text=large", width=390, height=844, lang=lang)
    assert await narrow.evaluate("document.documentElement.scrollWidth") <= 390
    await screenshot(narrow, f"hub-index-keys-{lang}-large")


async def kiosk(hub: HubProcess, open_page: OpenPage, lang: str) -> Page:
    """A kiosk that was let in, at its help."""
    page = await open_page(f"{hub.url}/kiosk", width=1080, height=MOST_PX, lang=lang)
    await page.fill("#token", hub.tokens["kiosk"])
    await page.click("button.main")
    await page.click("[data-go='/kiosk/help']")
    await expect(page.locator('.view[data-name="help"]')).to_be_visible()
    return page


@pytest.mark.parametrize(
    ("lang", "aids", "heading"),
    [
        ("zh-CN", (), "评价键好用吗？"),
        ("en", ("text", "contrast"), "Do the rating keys work?"),
        ("zh-CN", ("reach",), "评价键好用吗？"),
    ],
)
async def test_the_kiosk_shows_it_to_whom_asks_for_help(
    hub: HubProcess, open_page: OpenPage, lang: str, aids: tuple[str, ...], heading: str
) -> None:
    page = await kiosk(hub, open_page, lang)
    for aid in aids:
        await page.click(f"[data-aid={aid}]")
    name = f"{lang}-{'-'.join(aids) or 'plain'}"
    box = await page.locator("[data-go='/kiosk/keys']").bounding_box()
    assert box is not None
    assert box["height"] >= TARGET
    assert box["y"] >= LOW or "reach" not in aids
    await screenshot(page, f"kiosk-help-{name}")
    await page.click("[data-go='/kiosk/keys']")
    view = page.locator('.view[data-name="keys"]')
    await expect(view).to_be_visible()
    assert await view.locator("h1").inner_text() == heading
    rows = view.locator(".tested > div")
    assert await rows.count() == 3  # none for the window without a box
    at = await when(hub)
    said = [await row.inner_text() for row in await rows.all()]
    assert str(at["1"]) in said[0]
    assert str(at["2"]) in said[1]
    assert "2" not in said[2].replace("3", "")  # no date
    assert await rows.nth(1).get_attribute("class") == "wrong"
    assert await view.locator(".rule").count() == 1
    assert await page.evaluate(
        f"""() => [...document.querySelectorAll('main *')].every((each) => {{
          const box = each.getBoundingClientRect();
          const fits = box.right <= 1081 && box.left >= -1 && box.bottom <= {MOST_PX + 1};
          return !box.width || each.closest('.scroll') || fits;
        }})"""
    )
    await nothing_serious(page)
    await screenshot(page, f"kiosk-keys-{name}")
    await page.locator("[data-back]:visible").click()
    await expect(page.locator('.view[data-name="help"]')).to_be_visible()


@pytest.mark.parametrize(("lang", "none"), [("zh-CN", "各窗口都没有评价器"), ("en", "no rating box at any window")])
async def test_a_hall_without_a_box_says_so(tmp_path: Path, open_page: OpenPage, lang: str, none: str) -> None:
    async with HubProcess(tmp_path) as bare:
        page = await kiosk(bare, open_page, lang)
        await page.click("[data-go='/kiosk/keys']")
        await expect(page.locator(".tested .none")).to_contain_text(none)
        await expect(page.locator('.view[data-name="keys"] .rule')).to_have_count(0)
        await screenshot(page, f"kiosk-keys-none-{lang}")
        index = await open_page(f"{bare.url}/", lang=lang)
        await expect(index.locator('section[aria-labelledby="keys"] p')).to_contain_text(none)
