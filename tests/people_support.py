"""People at a center: accounts and scopes, a browser without a window, a ticket whose paper has a token."""

import asyncio
import contextlib
import re
from collections.abc import AsyncIterator
from hashlib import sha256
from pathlib import Path
from typing import Any

import aiohttp
import argon2

from center.config import load as config_of
from center.main import ACCOUNTS_FILE
from center.people.accounts import Accounts, Wanted
from center.people.roles import scope_of
from tests.center_support import CONFIG, NOON_MS, CenterProcess, Journal, running

LIMIT_S = 60.0  # a loaded machine
PASSWORD = "Haishu-中心-8102"
ACCOUNTS = {
    "root1": ("administrator", "all"),
    "chen": ("supervisor", "all"),
    "wang": ("manager", "hall:qingxi"),
    "li": ("viewer", "region:青溪"),
    "zhao": ("viewer", "region:鄞州"),
    "sun": ("manager", "department:qingxi/税务"),
}
FOREIGN = '[[halls]]\nid = "yinzhou"\nname = "鄞州区政务服务中心"\nregion = "鄞州"\n'


def settle_accounts(folder: Path, accounts: dict[str, tuple[str, str]]) -> None:
    """Accounts as the command line makes them, with a cheap hash: how long guessing takes is not tested here."""
    cheap = argon2.PasswordHasher.from_parameters(argon2.profiles.CHEAPEST)
    kept = Accounts(folder / "var" / ACCOUNTS_FILE, lambda: 0, cheap)
    halls = config_of(folder / "center.toml").halls
    for name, (role, scope) in accounts.items():
        kept.create(Wanted(name, role, scope_of(scope, halls)), PASSWORD)


class Person:
    """A browser without a window: a cookie jar and the page's second secret."""

    def __init__(self, center: CenterProcess) -> None:
        self.url = center.url
        self.client = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))
        self.csrf = ""

    async def get(self, path: str) -> tuple[int, str]:
        async with self.client.get(self.url + path, allow_redirects=False) as answer:
            text = await answer.text()
            found = re.search(r'name="csrf" value="([^"]+)"', text)
            self.csrf = found[1] if found else self.csrf
            return answer.status, text

    async def post(self, path: str, csrf: str | None = None, **fields: str) -> tuple[int, str]:
        form = {"csrf": self.csrf if csrf is None else csrf} | fields
        async with self.client.post(self.url + path, data=form, allow_redirects=False) as answer:
            return answer.status, answer.headers.get("Location", "") or await answer.text()

    async def sign_in(self, name: str, password: str) -> tuple[int, str]:
        return await self.post("/sign-in", name=name, password=password)

    async def settle(self, name: str) -> None:
        """Signs in for the first time, with a password of one's own."""
        assert (await self.sign_in(name, PASSWORD)) == (303, "/password")
        await self.get("/password")
        status, where = await self.post(
            "/password", old=PASSWORD, new=PASSWORD + name[::-1] + "9", again=PASSWORD + name[::-1] + "9"
        )
        assert (status, where) == (303, "/accounts" if name == "root1" else "/"), where


async def until(condition: Any) -> Any:
    """Asks again until there is an answer."""
    async with asyncio.timeout(LIMIT_S):
        while not (found := await condition()):
            await asyncio.sleep(0.02)
        return found


@contextlib.asynccontextmanager
async def peopled(folder: Path) -> AsyncIterator[CenterProcess]:
    """A center with these accounts, and a hall of another region."""
    config = CONFIG.replace("[http]", "[http]\nsecure_cookie = false") + FOREIGN
    (folder / "center.toml").write_text(config, "utf-8")
    settle_accounts(folder, ACCOUNTS)
    async with running(folder, config) as center:
        yield center


def ticket(journal: Journal, number: int, token: str, called: bool = True, finished: bool = True) -> str:
    """A ticket whose paper has a token; not rated."""
    name, run = f"{number:016x}", f"{number + 2**60:016x}"
    issued = {"ticket": name, "number": f"A{number:03}", "service": "A", "channel": "kiosk"}
    journal.add("hall.ticket.issued", issued | {"token_sha256": sha256(token.encode()).hexdigest()}, NOON_MS + number)
    if called:
        call = {"ticket": name, "number": f"A{number:03}", "window": "3", "staff": "s1", "waited_ms": 600_000}
        journal.add("hall.ticket.called", call, NOON_MS + 60_000 + number)
    if finished:
        done = {"ticket": name, "run": run, "window": "3", "staff": "s1", "service": "A", "served_ms": 1000}
        journal.add("hall.ticket.finished", done, NOON_MS + 120_000 + number)
    return run
