"""Every route of hub and center, taken from the applications themselves, and a client that comes from an address."""

import contextlib
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import aiohttp
from aiohttp import web

from center.web import app as center_app
from center.web.context import Center
from hub.web import app as hub_app
from hub.web.house import House


def _pages() -> Any:
    async def static(_: web.Request) -> web.Response:
        raise AssertionError("only listed, never asked")

    return SimpleNamespace(add_to=lambda app: app.router.add_get("/static/{hash}/{name}", static))


def hub_routes() -> set[tuple[str, str]]:
    """(method, path as it is written in the table)."""
    return _routes(hub_app.build(cast(House, SimpleNamespace(pages=_pages(), rising_ms=int)), "1"))


def center_routes() -> set[tuple[str, str]]:
    """The same of the center."""
    return _routes(center_app.build(cast(Center, SimpleNamespace(pages=_pages(), throttle=None))))


def _routes(app: web.Application) -> set[tuple[str, str]]:
    found = {(route.method, route.resource.canonical) for route in app.router.routes() if route.resource is not None}
    return {(method, path) for method, path in found if method != "HEAD"}


def filled(path: str, known: Mapping[str, str]) -> str:
    """The path with names put in: known ones, or one that nothing has."""
    parts = [part if "{" not in part else known.get(part.strip("{}"), "nothing") for part in path.split("/")]
    return "/".join(parts)


@dataclass
class Answer:
    """What came back; the body only of what ends by itself."""

    status: int
    headers: Any
    body: bytes = b""


@dataclass
class Visitor:
    """A browser or a program at an address; remembers cookies, and every cookie that was set."""

    url: str
    client: aiohttp.ClientSession
    set_cookies: list[str] = field(default_factory=list)

    async def ask(self, method: str, path: str, token: str | None = None, **more: Any) -> Answer:
        """One request; redirections are not followed."""
        headers = dict(more.pop("headers", {}))
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        async with self.client.request(
            method, self.url + path, headers=headers, allow_redirects=False, **more
        ) as answer:
            self.set_cookies += answer.headers.getall("Set-Cookie", [])
            endless = answer.content_type == "text/event-stream"
            return Answer(answer.status, answer.headers.copy(), b"" if endless else await answer.read())


@contextlib.asynccontextmanager
async def visiting(url: str, last: int = 1) -> AsyncIterator[Visitor]:
    """Somebody at 127.0.1.`last`; the programs on this machine are at 127.0.0.1."""
    connector = aiohttp.TCPConnector(local_addr=(f"127.0.1.{last}", 0))
    jar = aiohttp.CookieJar(unsafe=True)
    async with aiohttp.ClientSession(connector=connector, cookie_jar=jar) as client:
        yield Visitor(url, client)
