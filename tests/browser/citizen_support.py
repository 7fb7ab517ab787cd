"""What the citizens' page tests share: one hall, one browser and one printer a module, axe-core, and screens."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Page, async_playwright

from hub.web import initials
from tests.browser.axe import serious
from tests.browser.conftest import ARGUMENTS, CHROMIUM, TIMEOUT_MS
from tests.hall_support import County
from tests.hub_support import until
from tests.printer_support import TcpPrinter

AUTOPLAY = "--autoplay-policy=no-user-gesture-required"  # as the how-to tells a board's browser


@dataclass
class Screens:
    """A hall and everything to look at it with."""

    hub: County
    browser: Browser
    printer: TcpPrinter
    failures: list[str] = field(default_factory=list)

    async def open(self, path: str, width: int, height: int, lang: str = "zh-CN", **more: Any) -> Page:
        """A page of a fresh profile; script errors are kept as failures."""
        context = await self.browser.new_context(viewport={"width": width, "height": height}, locale=lang, **more)
        context.set_default_timeout(TIMEOUT_MS)
        page = await context.new_page()
        page.on("pageerror", lambda error: self.failures.append(str(error)))
        await page.goto(self.hub.url + path)
        return page

    async def close(self, page: Page) -> None:
        """Done with it; what its scripts threw fails the test."""
        await page.context.close()
        assert not self.failures, self.failures

    async def ready(self) -> None:
        """The printer has answered the hub."""

        async def answered() -> bool:
            _, found = await self.hub.call("GET", "/api/v1/printers", "kiosk")
            return any(each["ready"] for each in found["printers"])

        await until(answered, "the printer ready")

    async def initials(self) -> None:
        """The hub has made the initials of all names; they are written all at once."""
        kept = self.hub.folder / "data" / initials.FILE
        await until(lambda: kept.exists() and "居民身份证换领" in json.loads(kept.read_text("utf-8")), "the initials")


@asynccontextmanager
async def screens(folder: Path, more: str = "") -> AsyncIterator[Screens]:
    """The county hall with staff at all windows, a printer and a browser."""
    assert CHROMIUM.exists(), f"{CHROMIUM} is missing: apt-get install chromium fonts-noto-cjk (make setup does)"
    async with TcpPrinter() as printer, async_playwright() as playwright:
        printers = f'[[printers]]\nid = "k1"\nname = "东门口"\nurl = "{printer.url}"\n'
        async with County(folder, printers + more) as hub:
            await hub.staff()
            browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=[*ARGUMENTS, AUTOPLAY])
            made = Screens(hub, browser, printer)
            await made.ready()
            yield made
            await browser.close()


async def nothing_serious(page: Page) -> None:
    """axe-core finds nothing serious in what stands on the page."""
    assert await serious(page) == []
