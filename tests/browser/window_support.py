"""A hall of three windows, and what a clerk does at one on its page."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Locator, Page, expect

from tests.hub_support import HubProcess, new_id

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


@asynccontextmanager
async def window_hall(folder: Path) -> AsyncIterator[HubProcess]:
    """A hall with two services and three windows."""
    made = HubProcess(folder)
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
    """A clerk takes the window."""
    await page.locator("#staff-code").fill(staff)
    await page.keyboard.press("Enter")
    await expect(page.locator("#idle")).to_be_visible()


def key(page: Page, verb: str) -> Locator:
    """What does this at the window, large or small."""
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
