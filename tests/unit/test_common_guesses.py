"""Wrong tokens by address: when they wait, for how long, and that a hub whose token is wrong still says why."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer

from common import problem
from common.guesses import GUESSES, TOO_MANY, Guesses, slow_guesses
from common.throttle import FIRST_WAIT_MS, FREE_TRIES, Throttle
from common.tokens import Holder, Tokens, digest, require
from hub.uplink.client import CenterClient
from hub.uplink.errors import CenterRefused

Client = TestClient[web.Request, web.Application]
NOW = web.AppKey("now", list[int])
RIGHT = {"Authorization": "Bearer right"}
WRONG = {"Authorization": "Bearer wrong"}


@pytest.fixture
async def client() -> AsyncIterator[Client]:
    """One door; who asks says in a header where he is, and the clock stands until it is moved."""
    now = [0]
    held = Tokens({digest("right"): Holder("hall", "h1")})

    async def door(request: web.Request) -> web.Response:
        require(request, held, "hall")
        return web.json_response({"journal": "j", "stored_through": 0, "chain": ""})

    app = web.Application(middlewares=[problem.middleware, slow_guesses])
    app[NOW] = now
    app[GUESSES] = Guesses(Throttle(lambda: now[0]), lambda request: request.headers.get("From", "x"))
    app.router.add_get("/api/v1/halls/h1/cursor", door)
    async with TestClient(TestServer(app)) as made:
        yield made


async def status(client: Client, headers: dict[str, str]) -> int:
    async with client.get("/api/v1/halls/h1/cursor", headers=headers) as answer:
        if answer.status == 429:
            assert int(answer.headers["Retry-After"]) >= 1
            assert (await answer.json())["type"].endswith(TOO_MANY)
        return answer.status


async def test_the_first_tries_are_free_then_each_wait_is_longer_and_no_other_address_waits(client: Client) -> None:
    assert [await status(client, WRONG) for _ in range(FREE_TRIES + 2)] == [401] * FREE_TRIES + [429, 429]
    assert await status(client, WRONG | {"From": "y"}) == 401
    assert client.app is not None
    now = client.app[NOW]
    now[0] += FIRST_WAIT_MS
    assert [await status(client, WRONG) for _ in range(2)] == [401, 429]
    now[0] += FIRST_WAIT_MS
    assert await status(client, WRONG) == 429
    now[0] += FIRST_WAIT_MS
    assert await status(client, WRONG) == 401


async def test_a_right_token_passes_where_wrong_ones_wait_and_no_token_is_no_guess(client: Client) -> None:
    for _ in range(FREE_TRIES + 1):
        await status(client, WRONG)
    assert await status(client, RIGHT) == 200
    assert [await status(client, {}) for _ in range(FREE_TRIES + 2)] == [401] * (FREE_TRIES + 2)


async def test_a_hub_whose_token_is_wrong_is_refused_and_not_told_that_the_center_is_away(client: Client) -> None:
    async with aiohttp.ClientSession() as session:
        center = CenterClient(session, str(client.make_url("/")), "h1", "wrong")
        said = set()
        for _ in range(FREE_TRIES + 2):
            with pytest.raises(CenterRefused) as caught:
                await center.cursor("j")
            said.add(str(caught.value)[:3])
    assert said == {"401", "429"}
