"""A real browser for the page tests: Debian's chromium, driven by Playwright. It is needed: without it they fail."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

CHROMIUM = Path("/usr/bin/chromium")
SCREENSHOTS = Path(__file__).parents[2] / "build" / "screenshots"
# No sandbox: containers and CI have no user namespaces, and only our own pages are opened. No background networking:
# nothing but our own pages is asked for.
ARGUMENTS = ["--no-sandbox", "--disable-background-networking", "--disable-component-update", "--no-first-run"]
TIMEOUT_MS = 30_000  # a loaded CI machine; a page that needs more is broken

# What a page must show by itself may take as long as everything else on a loaded machine.
expect.set_options(timeout=TIMEOUT_MS)

OpenPage = Callable[..., Awaitable[Page]]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    """A chromium of all tests of a module, whose loop is the module's; to start one takes a second of a core."""
    assert CHROMIUM.exists(), f"{CHROMIUM} is missing: apt-get install chromium fonts-noto-cjk (make setup does)"
    async with async_playwright() as playwright:
        started = await playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield started
        await started.close()


@pytest_asyncio.fixture(loop_scope="module")
async def open_page(browser: Browser) -> AsyncIterator[OpenPage]:
    """`await open_page(url, width=1366, height=768, lang="zh-CN")`: a page in a fresh profile; script errors fail."""
    failures: list[str] = []
    contexts: list[BrowserContext] = []

    async def open_(url: str, width: int = 1366, height: int = 768, lang: str = "zh-CN", **more: Any) -> Page:
        context = await browser.new_context(viewport={"width": width, "height": height}, locale=lang, **more)
        contexts.append(context)
        context.set_default_timeout(TIMEOUT_MS)
        page = await context.new_page()
        page.on("pageerror", lambda error: failures.append(str(error)))
        await page.goto(url)
        return page

    yield open_
    for context in contexts:
        await context.close()
    assert not failures, failures


async def screenshot(page: Page, name: str) -> Path:
    """The whole page as build/screenshots/<name>.png."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    path = SCREENSHOTS / f"{name}.png"
    await page.screenshot(path=path, full_page=True)
    return path


async def enter_token(page: Page, token: str) -> None:
    """Signs in at the center with a token."""
    if not await page.locator("#token").is_visible():
        await page.locator("details summary").click()
    await page.locator("#token").fill(token)
    await page.keyboard.press("Enter")
