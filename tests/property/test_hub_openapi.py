"""The hub's doors against their own description: schemathesis asks, and finds no 500 and no undeclared answer."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.hub_support import HubProcess
from tests.openapi_support import Api, ask

KNOWN = {"window": "1", "service": "A", "language": "zh-CN"}
WITHOUT = {"/api/v1/stream": "it never ends; test_the_stream_is_declared asks it"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hub(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[HubProcess]:
    async with HubProcess(Path(tmp_path_factory.mktemp("hub-openapi"))) as hub:
        for _ in range(3):
            await hub.ticket()
        assert (await hub.command("1", "sign_in", staff="s1"))[0] == 200
        await hub.serve_one()
        yield hub


@pytest.fixture
def api(hub: HubProcess) -> Api:
    return Api(hub.url, hub.tokens)


def holders(api: Api) -> tuple[str, ...]:
    """Everybody who has a token, and nobody."""
    return (*sorted(api.tokens), "")


def aim(case: Any, who: str) -> str:
    """At a window and a service that are there."""
    if case.path_parameters:
        case.path_parameters.update({name: KNOWN[name] for name in case.path_parameters if name in KNOWN})
    return who


def test_no_door_of_the_hub_fails_or_answers_otherwise_than_it_says(api: Api) -> None:
    asked = ask(api, 6, holders(api), aim, WITHOUT)
    assert {"/api/v1/tickets", "/api/v1/windows/{window}/commands", "/api/v1/events"} <= asked


@pytest.mark.long
def test_no_door_of_the_hub_fails_in_many_more_requests(api: Api) -> None:
    assert ask(api, 150, holders(api), aim, WITHOUT)


@pytest.mark.asyncio(loop_scope="module")
async def test_the_stream_is_declared(hub: HubProcess) -> None:
    _, described = await hub.call("GET", "/api/v1/openapi.json")
    (declared,) = described["paths"]["/api/v1/stream"]["get"]["responses"]["200"]["content"]
    assert hub.http is not None
    async with hub.http.get(f"{hub.url}/api/v1/stream") as answer:
        assert (answer.status, answer.content_type) == (200, declared)
