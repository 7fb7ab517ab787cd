"""The demo's page in a real browser, over the shipped demo: what is clicked is pressed, what the pins say is shown."""

import asyncio
import base64
import io
import os
import re
import signal
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from PIL import Image
from playwright.async_api import Locator, Page, Route, expect

from tests import demo_support
from tests.browser.conftest import OpenPage, screenshot
from tests.screen_support import picture
from tools.simulator import panel

pytestmark = pytest.mark.asyncio(loop_scope="module")

GLASS, LIT = (round(0.299 * r + 0.587 * g + 0.114 * b) for r, g, b in ((0x0B, 0x14, 0x18), (0xEA, 0xF6, 0xF2)))
LIT_MS = 60_000  # the first citizen is through within half a minute


@pytest.fixture(scope="module")
def room(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the demo lives; `said.txt` there is what it printed."""
    return tmp_path_factory.mktemp("demo")


class Shipped:
    """The shipped demo; one for all tests that leave it running."""

    def __init__(self, room: Path, stack: ExitStack) -> None:
        self._room = room
        self._stack = stack
        self._url = ""

    def url(self) -> str:
        """Its address; where a test has ended it, of one that is started now."""
        if self._url and demo_support.ended(self._room):
            self._stack.close()
            self._url = ""
        if not self._url:
            self._url = self._stack.enter_context(demo_support.running(self._room))
        return self._url


@pytest.fixture(scope="module")
def shipped(room: Path) -> Iterator[Shipped]:
    with ExitStack() as stack:
        yield Shipped(room, stack)


@pytest.fixture
def demo(shipped: Shipped) -> str:
    """The address of a demo that runs."""
    return shipped.url()


# The window of the next box that asks: its citizen's time has just begun.
ASKS = """() => new Promise((found) => {
  const lit = () => new Set([...document.querySelectorAll('.counter:has(.lamp.lit)')].map((box) => box.dataset.window));
  let before = lit();
  const look = () => {
    const now = lit();
    const fresh = [...now].find((each) => !before.has(each));
    before = now;
    if (fresh) { clearInterval(timer); found(fresh); }
  };
  const timer = setInterval(look, 50);
})"""


async def _asked(page: Page) -> Locator:
    """The box of a citizen who is asked just now; one that burns already may end before it is pressed."""
    async with asyncio.timeout(2 * LIT_MS / 1000):
        window = await page.evaluate(ASKS)
    return page.locator(f'.counter[data-window="{window}"]')


async def _rated(page: Page) -> int:
    shown = page.locator('[data-count="rated"]')
    await expect(shown).to_have_text(re.compile(r"^\d+$"))
    return int(await shown.inner_text())


async def test_a_click_presses_the_pin_and_the_center_counts_it(demo: str, open_page: OpenPage) -> None:
    page = await open_page(demo, width=1440, height=900)
    await page.get_by_label("我自己来按").check()
    before = await _rated(page)
    box = await _asked(page)
    await expect(box.locator(".lamp.lit")).to_have_count(5)
    await expect(box.get_by_text("请您评价这次服务")).to_be_visible()
    await screenshot(page, "demo-invited")
    await box.get_by_role("button", name="基本满意").click()
    await expect(box.locator(".lamp.lit")).to_have_count(0)
    await expect(box.locator(".face:visible")).to_contain_text("谢谢您")
    await screenshot(page, "demo-thanked")
    await expect(page.locator('[data-count="rated"]')).not_to_have_text(str(before))
    # Nothing on the page tells the keys apart afterwards: no class, no state, no word.
    keys = box.locator(".key")
    marks = {await keys.nth(place).get_attribute("class") for place in range(5)}
    assert marks == {"key"}
    assert "aria-pressed" not in await box.locator(".keys").inner_html()


async def test_a_callers_keypad_is_wired_and_its_digits_are_lit(demo: str, open_page: OpenPage) -> None:
    page = await open_page(demo, width=1440, height=900, lang="en")
    caller = page.get_by_label("Caller at window 2")
    digits = caller.get_by_role("img")
    await expect(digits).to_have_attribute("aria-label", re.compile(r"^(L[ \d]{2}\d|[A-C]\d{3})$"))
    await _first_key(caller.get_by_role("button", name="Transfer"), digits, "t   ")
    await caller.get_by_role("button", name="7", exact=True).click()
    await expect(digits).to_have_attribute("aria-label", "t  7")
    await expect(caller.locator("g").nth(3).locator("path.lit")).to_have_count(3)
    await screenshot(page, "demo-caller")
    await caller.get_by_role("button", name="Clear").click()
    await expect(digits).to_have_attribute("aria-label", "t   ")


async def _first_key(key: Locator, digits: Locator, shown: str) -> None:
    """A visitor's first key may meet the clerk's last one; behind it the clerk stands back."""
    for _ in range(5):
        await key.click()
        try:
            await expect(digits).to_have_attribute("aria-label", shown, timeout=4_000)  # a note stands for 2.5 s
        except AssertionError:
            continue
        return
    await expect(digits).to_have_attribute("aria-label", shown)


# Every frame of window 1 that the demo sends, by the frame's own text → the picture that was drawn for it.
WATCH = """() => {
  window.drawn = {};
  const canvas = document.querySelector('.counter[data-window="1"] canvas');
  const look = () => {
    const dots = canvas.getContext('2d').getImageData(0, 0, 128, 64).data;
    let rows = '';
    for (let at = 3; at < dots.length; at += 4) rows += dots[at] ? '#' : ' ';
    window.drawn[canvas.dataset.frame] = rows;
  };
  look();
  new MutationObserver(look).observe(canvas, { attributeFilter: ['data-frame'] });
}"""


# On the page: left, top, width, height.
WHERE = """(canvas) => {
  const place = canvas.getBoundingClientRect();
  return [place.left + scrollX, place.top + scrollY, place.width, place.height];
}"""


async def test_the_display_is_the_firmwares_own_frame_dot_by_dot(demo: str, open_page: OpenPage) -> None:
    page = await open_page(demo, width=1440, height=900)
    box = page.locator('.counter[data-window="1"]')
    await expect(box.locator("canvas[data-frame]")).to_have_count(1)
    await page.evaluate(WATCH)
    drawn: dict[str, str] = {}
    async with asyncio.timeout(3 * LIT_MS / 1000):
        while len(drawn) <= 40:  # an invitation's bar moves
            await asyncio.sleep(0.5)
            drawn = await page.evaluate("window.drawn")
    for frame, dots in drawn.items():
        assert dots == "".join(panel.rows(base64.b64decode(frame)))
    asked = "".join(picture("请您评价这次服务", "按一个键就好", "Press any key"))
    assert any(dots.startswith(asked) for dots in drawn.values())
    await screenshot(page, "demo-display")
    # English changes the page, not the glass, which says both; the words for who can't see a picture are there.
    english = await open_page(demo, width=1440, height=900, lang="en")
    other = english.locator('.counter[data-window="1"]')
    await expect(other.locator("canvas[data-frame]")).to_have_count(1)
    await expect(english.get_by_text("the very dots that its firmware set")).to_be_visible()
    await screenshot(english, "demo-display-en")
    assert await page.locator('.counter[data-window="3"] canvas').count() == 0


@pytest.mark.parametrize("ratio", [1, 2])
async def test_the_dots_of_the_display_are_crisp(demo: str, open_page: OpenPage, ratio: int) -> None:
    page = await open_page(demo, width=1440, height=900, device_scale_factor=ratio)
    box = page.locator('.counter[data-window="2"]')
    canvas = box.locator("canvas")
    await expect(canvas).to_have_attribute("data-frame", re.compile("[B-Z]"))  # not all dark
    for _ in range(200):  # a frame that stands while it is looked at, on a page that does
        before = str(await canvas.get_attribute("data-frame"))
        place = await canvas.evaluate(WHERE)
        seen = Image.open(io.BytesIO(await page.screenshot(full_page=True))).convert("L")
        stood = (await canvas.get_attribute("data-frame"), await canvas.evaluate(WHERE)) == (before, place)
        if stood and "A" * 1000 not in before:
            break
    else:
        raise AssertionError("the picture never stood still")
    left, top, width, height = (round(edge * ratio) for edge in place)
    assert abs(place[2] * ratio - width) < 0.02, place
    side, rest = divmod(width, panel.WIDTH)
    assert (rest, height) == (0, side * panel.HEIGHT)
    assert side >= 2
    # Each dot is one even square, as large as all others.
    wanted = Image.new("L", (panel.WIDTH, panel.HEIGHT))
    rows = panel.rows(base64.b64decode(before))
    wanted.putdata([255 if dot == "#" else 0 for row in rows for dot in row])
    wanted = wanted.resize((width, height), Image.Resampling.NEAREST)
    near = [(left + x, top + y) for x in (-1, 0, 1) for y in (-1, 0, 1)]
    assert any(_black_and_white(seen.crop((x, y, x + width, y + height))) == wanted.tobytes() for x, y in near)


def _black_and_white(seen: Image.Image) -> bytes:
    """The two colours of the glass as 0 and 255; any other, as of a blurred edge, as itself."""
    found = {GLASS: 0, LIT: 255}
    return seen.point([found.get(value, value) if value not in (0, 255) else 128 for value in range(256)]).tobytes()


async def test_the_keyboard_presses_too(demo: str, open_page: OpenPage) -> None:
    page = await open_page(demo, width=1440, height=900, lang="en")
    await page.get_by_label("I press the keys myself").check()
    box = await _asked(page)
    await box.locator(".key").first.focus()
    await page.keyboard.press("4")
    await expect(box.locator(".lamp.lit")).to_have_count(0)
    await expect(box.get_by_text("Thank you · Recorded")).to_be_visible()


async def test_a_press_without_the_line_is_saved_and_counted_later(demo: str, open_page: OpenPage) -> None:
    page = await open_page(demo, width=1440, height=900)
    await page.get_by_label("我自己来按").check()
    for _ in range(5):
        if await _saved(page):
            return
    raise AssertionError("five invitations ended before they were answered")


async def _saved(page: Page) -> bool:
    """False where the invitation ended before it was answered: it may have been open for long."""
    box = await _asked(page)
    line = box.get_by_role("button", name="拔掉通信线")
    await line.click()
    await expect(line).to_have_attribute("aria-pressed", "true")
    before = await _rated(page)
    still_open = await box.locator(".lamp.lit").count() == 5
    await box.get_by_role("button", name="非常满意", exact=False).first.click()
    try:
        await expect(box.locator(".face:visible")).to_contain_text("已保存", timeout=8_000)
    except AssertionError:
        # Dark by itself between the look and the press, or before: the same again with the next one.
        dark = await box.locator(".lamp.lit").count() == 0  # the line brings the next invitation, perhaps at once
        await line.click()
        await expect(line).to_have_attribute("aria-pressed", "false")
        assert not still_open or dark
        return False
    await screenshot(page, "demo-saved")
    await line.click()
    await expect(page.locator('[data-count="rated"]')).not_to_have_text(str(before), timeout=LIT_MS)
    return True


async def test_a_box_without_power_is_dark_and_comes_back(demo: str, open_page: OpenPage) -> None:
    page = await open_page(demo, width=1440, height=900)
    box = page.locator('.counter[data-window="2"]')
    await expect(box.get_by_text("评价器在运行")).to_be_visible()
    await box.get_by_role("button", name="拔掉电源").click()
    await expect(box.get_by_text("评价器没有电")).to_be_visible()
    await expect(box).to_have_attribute("data-led", "off")
    await expect(box.locator(".face:visible")).to_have_count(0)
    await screenshot(page, "demo-no-power")
    await box.get_by_role("button", name="拔掉电源").click()
    await expect(box.get_by_text("评价器在运行")).to_be_visible()
    await expect(box).to_have_attribute("data-led", "on")


async def test_a_person_works_a_window_and_looks_in_as_the_manager(demo: str, room: Path, open_page: OpenPage) -> None:
    assert demo
    said = (room / "said.txt").read_text("utf-8")
    found = re.search(r"your window +(http\S+) +token: ([^;]+);", said)
    assert found is not None, said
    page = await open_page(found[1])
    await page.get_by_role("textbox").fill(found[2])
    await page.keyboard.press("Enter")
    await page.locator("#staff-code").fill("1027")
    await page.keyboard.press("Enter")
    await expect(page.locator(".key.filled b")).to_have_text("叫下一位")
    # The simulated clerks call, too; whom they leave in line, this window gets.
    for _ in range(60):
        await page.keyboard.press("Enter")
        try:
            await expect(page.locator("#now")).to_be_visible(timeout=1000)
        except AssertionError:
            continue
        break
    await expect(page.locator(".key.filled b")).to_have_text("到达")
    await page.keyboard.press("Enter")
    await expect(page.locator(".key.filled b")).to_have_text("办结")
    await screenshot(page, "demo-window")
    await page.keyboard.press("Enter")
    await expect(page.locator("#day-finished")).to_have_text("1")
    # Whoever pauses a window of the others stops nothing of the demo.
    manager = re.search(r"the manager +(http\S+) +token: (\S+)", said)
    assert manager is not None, said
    other = await open_page(found[1].removesuffix("4") + "1")
    await other.get_by_role("textbox").fill(manager[2])
    await other.keyboard.press("Enter")
    admin = await open_page(manager[1])
    await admin.get_by_role("textbox").fill(manager[2])
    await admin.keyboard.press("Enter")
    await expect(admin.locator("#nav a").first).to_be_visible()
    await screenshot(admin, "demo-admin")


async def test_two_bare_boards_lie_on_the_shelf(demo: str, open_page: OpenPage) -> None:
    page = await open_page(demo, width=1440, height=900)
    for number in ("1", "2"):
        box = page.get_by_label(f"备用评价器 {number}", exact=True)
        await expect(box.get_by_text("裸板：上面还没有程序")).to_be_visible()
        await expect(box.locator(".lamp.lit")).to_have_count(0)
        await expect(box.locator("[data-place]:visible")).to_have_count(0)
    await page.get_by_label("备用评价器 1", exact=True).scroll_into_view_if_needed()
    await screenshot(page, "demo-shelf")


async def test_no_other_page_presses(demo: str, open_page: OpenPage) -> None:
    page = await open_page(demo)
    press = f"{demo}windows/1/press"
    assert (await page.request.post(press, data={"key": 5})).status == 403
    assert (await page.request.post(press, data={"key": 5}, headers={"Demo-Secret": "guessed"})).status == 403
    secret = {"Demo-Secret": str(await page.locator("#content").get_attribute("data-secret"))}
    assert (await page.request.post(press, data={"key": 6}, headers=secret)).status == 422
    assert (await page.request.post(press, data="5", headers=secret)).status == 422
    assert (await page.request.post(f"{demo}windows/9/press", data={"key": 5}, headers=secret)).status == 404
    assert (await page.request.get(demo, headers={"Host": "elsewhere.example"})).status == 403


async def test_the_page_fits_every_screen(demo: str, open_page: OpenPage) -> None:
    for width, height in ((1920, 1080), (1280, 720), (820, 1180), (375, 812)):
        page = await open_page(demo, width=width, height=height)
        await expect(page.get_by_text("评价器在运行").first).to_be_visible()
        await _fits(page, width)
        await page.context.close()


async def _fits(page: Page, width: int) -> None:
    assert await page.evaluate("document.documentElement.scrollWidth") <= width
    smallest = await page.evaluate(
        """Math.min(...[...document.querySelectorAll('body *')]
            .filter((el) => el.children.length === 0 && el.textContent.trim() && el.offsetParent)
            .map((el) => parseFloat(getComputedStyle(el).fontSize)))"""
    )
    assert smallest >= 13
    await screenshot(page, f"demo-{width}")


async def test_a_script_that_comes_late_misses_nothing(demo: str, open_page: OpenPage) -> None:
    async def late(route: Route) -> None:
        await asyncio.sleep(2)
        await route.continue_()

    page = await open_page(demo, width=1440, height=1200)
    await page.route("**/dispenser*.js*", late)
    await page.reload()
    await expect(page.locator(".machine .service .lamp.lit")).to_have_count(3, timeout=LIT_MS)


async def test_a_number_from_the_dispenser_comes_out_as_paper(demo: str, open_page: OpenPage) -> None:
    page = await open_page(demo, width=1440, height=1200)
    machine = page.locator(".machine")
    await expect(machine.locator(".service .lamp.lit")).to_have_count(3, timeout=LIT_MS)
    await machine.get_by_role("button", name="综合事务").click()
    paper = machine.get_by_alt_text("刚打出的号票")
    await expect(paper).to_be_visible(timeout=LIT_MS)
    assert (await paper.evaluate("image => image.naturalWidth")) > 500
    await expect(machine.locator(".service .lamp.lit")).to_have_count(3, timeout=LIT_MS)
    await screenshot(page, "demo-dispenser")
    # Without paper the lamps say so before anybody presses.
    out = machine.get_by_role("button", name="把纸拿走")
    await out.click()
    await expect(machine.locator(".service .lamp.lit")).to_have_count(0, timeout=LIT_MS)
    await expect(machine.locator(".red .lamp.lit")).to_have_count(1, timeout=LIT_MS)
    await out.click()
    await expect(machine.locator(".service .lamp.lit")).to_have_count(3, timeout=LIT_MS)


async def test_a_page_without_its_demo_says_so(demo: str, room: Path, open_page: OpenPage) -> None:
    """The last, so that no other has to be started."""
    page = await open_page(demo, width=1440, height=900)
    await expect(page.get_by_text("评价器在运行").first).to_be_visible()
    os.kill(int((room / "pid").read_text("ascii")), signal.SIGKILL)
    await expect(page.get_by_text("与演示的连接断了。")).to_be_visible()
    await expect(page.locator(".key:enabled")).to_have_count(0)
    await screenshot(page, "demo-lost")
