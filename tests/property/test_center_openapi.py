"""The center's doors against their own description: schemathesis asks, and finds no 500 and no undeclared answer.

Requests are made from the description, right ones and wrong ones, and sent to the shipped process with each role's
token.
"""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from tests.center_month import CONFIG, fill
from tests.center_support import Journal, running
from tests.openapi_support import Api, ask

WHO = ("viewer", "supervisor", "auditor", "hall qingxi", "")
HALLS_OWN = ("/api/v1/halls/{hall}/events", "/api/v1/halls/{hall}/cursor")
KNOWN = {"hall": "qingxi", "run": "rqingxi1", "ticket": "tqingxi1", "profile": "gbt39046"}
DATES = {"from": "2026-10-01", "to": "2026-10-31"}


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    async with running(Path(tmp_path_factory.mktemp("openapi")), CONFIG) as center:
        journal = fill(Journal(name="journal-qingxi"), ("2026-10",), per_day=2)
        assert (await center.send(journal))[0] == 200
        yield Api(center.url, center.tokens)


def aim(case: Any, who: str) -> str:
    """At a hall that is there."""
    if case.path_parameters:
        case.path_parameters.update({n: KNOWN[n] for n in case.path_parameters if n in KNOWN})
    if case.query and "from" in case.query:
        case.query.update(DATES)
    return "hall qingxi" if case.operation.path.startswith(HALLS_OWN) and who != "auditor" else who


def test_no_door_fails_or_answers_otherwise_than_it_says(api: Api) -> None:
    asked = ask(api, 8, WHO, aim)
    assert {"/api/v1/reports/ratings", "/api/v1/reports/waiting", "/api/v1/halls/{hall}/events"} <= asked


@pytest.mark.long
def test_no_door_fails_in_many_more_requests(api: Api) -> None:
    assert ask(api, 400, WHO, aim)
