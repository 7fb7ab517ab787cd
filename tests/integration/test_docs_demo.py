"""Add a window and replace a box in the running demo: the pages' commands, typed as a reader types them."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from tests import demo_support
from tools.checks.rooms import ROOT

PAGES = ROOT / "docs/how-to"
WAIT_S = 240.0  # a citizen is at each window every half minute; a busy machine takes longer for a board's flash
WINDOW = "3"


def blocks(page: str) -> list[str]:
    """The commands of the page's part about the running demo, in their order."""
    text = (PAGES / page).read_text("utf-8").split("## In the running demo", 1)[1]
    found = re.findall(r"^( *)```sh\n(.*?)^ *```$", text, re.MULTILINE | re.DOTALL)
    return [re.sub(rf"^{indent}", "", body, flags=re.MULTILINE) for indent, body in found]


class Reader:
    """A person with a terminal, the demo's page, and patience."""

    def __init__(self, page: str, said: str, http: aiohttp.ClientSession) -> None:
        found = re.search(r"a technician .*?(\. \S+)$", said, re.MULTILINE)
        assert found is not None, said
        self._dot = found[1]
        self._page = page
        self._http = http
        self._secret = ""
        self._names: dict[str, str] = {}
        for line in Path(self._dot.removeprefix(". ")).read_text("utf-8").splitlines():
            if named := re.fullmatch(r"export (\w+)='?(.*?)'?", line):
                self._names[named[1]] = named[2]

    async def type(self, *commands: str) -> str:
        """In one terminal; what it printed."""
        script = "\n".join(("set -e", self._dot, *commands))
        shell = await asyncio.create_subprocess_exec(
            "bash",
            "-c",
            script,
            cwd=ROOT,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            stdin=asyncio.subprocess.DEVNULL,
        )
        async with asyncio.timeout(WAIT_S):
            printed = (await shell.communicate())[0].decode()
        assert shell.returncode == 0, printed
        return printed

    async def click(self, path: str, **body: Any) -> None:
        """What a click on the page sends."""
        if not self._secret:
            async with self._http.get(self._page) as answer:
                found = re.search(r'data-secret="([^"]+)"', await answer.text())
            assert found is not None
            self._secret = found[1]
        headers = {"Demo-Secret": self._secret}
        async with self._http.post(f"{self._page}{path}", json=body, headers=headers) as answer:
            assert answer.status == 204, await answer.text()

    async def sees(self, counter: str) -> AsyncIterator[dict[str, Any]]:
        """A box on the page, each time it changes."""
        async with self._http.get(f"{self._page}stream", timeout=aiohttp.ClientTimeout(total=WAIT_S)) as stream:
            event = ""
            async for line in stream.content:
                text = line.decode().strip()
                if text.startswith("event: "):
                    event = text.removeprefix("event: ")
                elif text.startswith("data: ") and event == "box":
                    view = json.loads(text.removeprefix("data: "))
                    if view["window"] == counter:
                        yield view

    async def counted(self) -> int:
        """The ratings that the page says the center has."""
        async with self._http.get(f"{self._page}stream") as stream:
            async for line in stream.content:
                if line.startswith(b'data: {"hands_off"'):
                    return int(json.loads(line.removeprefix(b"data: ")).get("rated", 0))
        raise AssertionError("the page's stream ended")

    async def until_lit(self, counter: str, lit: bool) -> None:
        """Until all five lamps of a box burn, or none does."""
        async for view in self.sees(counter):
            if len(view["lamps"]) == 5 and all(each is lit for each in view["lamps"]):
                return
        raise AssertionError(f"the lamps of {counter} never came to be {lit}")

    async def events(self) -> list[dict[str, Any]]:
        """The hub's journal."""
        found: list[dict[str, Any]] = []
        headers = {"Authorization": f"Bearer {self._names['AUDITOR']}"}
        while True:
            address = f"{self._names['HUB']}/api/v1/events?limit=1000&after={len(found)}"
            async with self._http.get(address, headers=headers) as answer:
                page = json.loads(await answer.read())
            if not page:
                return found
            found += page

    async def rated(self, window: str) -> list[dict[str, Any]]:
        """The ratings of a window, as the journal has them."""
        return [
            event["data"]
            for event in await self.events()
            if event["type"] == "hall.rating.submitted" and event["data"]["window"] == window
        ]

    async def device(self, window: str) -> str:
        """Which evaluator the registry has at a window."""
        headers = {"Authorization": f"Bearer {self._names['MANAGER']}"}
        async with self._http.get(f"{self._names['HUB']}/api/v1/devices", headers=headers) as answer:
            devices = (await answer.json())["devices"]
        (name,) = [each["device"] for each in devices if each["window"] == window and each["role"] == "evaluator"]
        return str(name)


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The page's address, and what the demo printed."""
    room = tmp_path_factory.mktemp("demo")
    with demo_support.running(room) as url:
        yield url, (room / "said.txt").read_text("utf-8")


@pytest.fixture
async def reader(demo: tuple[str, str]) -> AsyncIterator[Reader]:
    async with aiohttp.ClientSession() as http:
        yield Reader(*demo, http)


async def until(condition: Any, what: str) -> Any:
    """Asks until something true comes back."""
    try:
        async with asyncio.timeout(WAIT_S):
            while not (found := await condition()):
                await asyncio.sleep(0.3)
            return found
    except TimeoutError:
        raise AssertionError(f"{what} never happened") from None


async def test_a_window_is_added_and_its_box_is_invited_and_rated(reader: Reader) -> None:
    line, box, online, serve, look = blocks("add-a-window.md")
    printed = await reader.type(line)
    assert "window/5" in printed
    await reader.type(box, online)
    await reader.type(serve)
    await reader.until_lit("spare-1", True)
    await reader.click("windows/spare-1/press", key=4)
    (rating,) = await until(lambda: reader.rated("5"), "the rating of window 5")
    assert rating["device"] == await reader.device("5")
    assert (await reader.type(look)).split() == ["hall.rating.invited", "hall.rating.submitted"]


async def test_a_box_is_replaced_and_nothing_is_lost_or_counted_twice(reader: Reader) -> None:
    replace, look = blocks("replace-a-box.md")
    old = await reader.device(WINDOW)
    await reader.click("hands-off", on=True)
    await reader.until_lit(WINDOW, False)
    await reader.until_lit(WINDOW, True)

    async def invited() -> str | None:
        """The run of the newest invitation, when its end isn't there yet."""
        here = [event for event in await reader.events() if event["data"].get("window") == WINDOW]
        here = [event for event in here if event["type"].startswith("hall.rating.")]
        return here[-1]["data"]["run"] if here and here[-1]["type"] == "hall.rating.invited" else None

    run = await until(invited, "the invitation at window 3")
    await reader.click(f"windows/{WINDOW}/wire", off=True)
    await reader.click(f"windows/{WINDOW}/press", key=2)
    await reader.until_lit(WINDOW, False)
    assert run not in [rating["run"] for rating in await reader.rated(WINDOW)]

    await reader.type(replace)
    new = await reader.device(WINDOW)
    assert new != old
    await reader.click("hands-off", on=False)

    async def by(device: str) -> list[dict[str, Any]]:
        return [rating for rating in await reader.rated(WINDOW) if rating["device"] == device]

    assert await until(lambda: by(new), "a rating on the new box")
    assert run not in [rating["run"] for rating in await reader.rated(WINDOW)]

    # What the old box held counts for the run it was pressed for.
    await reader.click(f"windows/{WINDOW}/wire", off=False)

    async def delivered() -> bool:
        return run in [rating["run"] for rating in await by(old)]

    await until(delivered, "the delivery of what the old box held")
    assert f'"device":"{old}"' in await reader.type(look)

    async def agree() -> bool:
        """The center has each rating once; the demo goes on, so both are looked at until nothing came in between."""
        ratings = [event["data"] for event in await reader.events() if event["type"] == "hall.rating.submitted"]
        assert len({rating["run"] for rating in ratings}) == len(ratings)
        assert len({(rating["device"], rating["epoch"], rating["fact"]) for rating in ratings}) == len(ratings)
        return await reader.counted() == len(ratings)

    await until(agree, "the center's count of the journal's ratings")
