"""The public doors of hub and center, as a kiosk, a clerk and an auditor knock on them.

A command carries an id and is sent again with the same id until it is answered, also over a restart of the hub.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from typing import Any, Final

import aiohttp

from tools.demo.errors import DemoError
from tools.demo.hall import Server

ANSWER_S: Final = 10.0  # a commit takes milliseconds; a killed hub never answers, and then waiting is lost time
AGAIN_S: Final = 0.2  # between two tries; a hub restarts in about a second
GIVE_UP_S: Final = 120.0  # a hub that is away for longer than any fault we make is a fault of the demo
PAGE_EVENTS: Final = 1000  # events asked for at once

_TRY_AGAIN = frozenset({429, 500, 502, 503, 504})


class RefusalError(DemoError):
    """The server said no (4xx): status and the problem's type are with it."""

    def __init__(self, where: str, status: int, problem: Mapping[str, Any]) -> None:
        detail = f"{problem.get('title', '')}: {problem.get('detail', '')}"
        super().__init__(f"{where}: {status} {detail}")
        self.status = status
        self.kind = str(problem.get("type", "")).rpartition(":")[2]


class Doors:
    """A client of one server; tries again until the server answers."""

    def __init__(self, server: Server, session: aiohttp.ClientSession) -> None:
        self._server = server
        self._session = session
        self.repeats = 0  # how often something was sent again

    async def get(self, path: str, token: str | None = None, **query: str | int) -> Any:
        """The JSON behind a door; raises `RefusalError`."""
        return await self._ask("GET", path, token, None, {name: str(value) for name, value in query.items()})

    async def post(self, path: str, token: str | None, body: Mapping[str, Any]) -> Any:
        """Sends a command until it is answered; `body` carries its id, so it counts once. Raises `RefusalError`."""
        return await self._ask("POST", path, token, body, {})

    async def events(self, path: str, token: str, after: int = 0, **query: str) -> AsyncIterator[dict[str, Any]]:
        """All events after number `after` behind an auditor's door, in order."""
        while True:
            batch = await self.get(path, token, after=after, limit=PAGE_EVENTS, **query)
            for event in batch:
                yield event
            if not batch:
                return
            after = int(batch[-1]["sequence"])

    async def _ask(
        self, method: str, path: str, token: str | None, body: Mapping[str, Any] | None, query: Mapping[str, str]
    ) -> Any:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        try:
            async with asyncio.timeout(GIVE_UP_S):
                while True:
                    answer = await self._try(method, path, headers, body, query)
                    if answer is not None:
                        return answer[0]
                    self.repeats += 1
                    await asyncio.sleep(AGAIN_S)
        except TimeoutError:
            raise DemoError(
                f"{self._server.name}: {method} {path} got no answer for {GIVE_UP_S:.0f} s; see its log."
            ) from None

    async def _try(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        body: Mapping[str, Any] | None,
        query: Mapping[str, str],
    ) -> tuple[Any] | None:
        """One try; None means: again."""
        where = f"{method} {self._server.url}{path}"
        limit = aiohttp.ClientTimeout(total=ANSWER_S)
        try:
            async with self._session.request(
                method, self._server.url + path, headers=headers, json=body, params=query, timeout=limit
            ) as response:
                if response.status in _TRY_AGAIN:
                    return None
                answer = await response.json(content_type=None)
                if response.status >= 400:
                    raise RefusalError(where, response.status, answer if isinstance(answer, dict) else {})
                return (answer,)
        except (aiohttp.ClientError, TimeoutError):  # refused, cut in the middle, or silent: the same id goes again
            return None
