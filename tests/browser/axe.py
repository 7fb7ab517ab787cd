"""What axe-core finds on a page as it stands."""

from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page

SERIOUS = ("serious", "critical")


async def serious(page: Page) -> list[str]:
    """Each serious finding with the elements it is about; nothing on a page that is well."""
    found = await Axe().run(page)
    return [
        f"{each['id']}: {each['help']}: {[node['target'] for node in each['nodes']]}"
        for each in found.response["violations"]
        if each["impact"] in SERIOUS
    ]
