"""The center's doors against their own description: schemathesis asks, and finds no 500 and no undeclared answer.

Requests are made from the description, right ones and wrong ones, and sent to the shipped process with each role's
token.
"""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis.checks import not_a_server_error
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.center_month import CONFIG, fill
from tests.center_support import Journal, running

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
WHO = ("viewer", "supervisor", "auditor", "hall qingxi", "")
HALLS_OWN = ("/api/v1/halls/{hall}/events", "/api/v1/halls/{hall}/cursor")
KNOWN = {"hall": "qingxi", "run": "rqingxi1", "profile": "gb"}
DATES = {"from": "2026-10-01", "to": "2026-10-31"}
LIMIT_S = 60.0  # a loaded machine


@dataclass(frozen=True)
class Api:
    """A running center."""

    url: str
    tokens: dict[str, str]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def api(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    async with running(Path(tmp_path_factory.mktemp("openapi")), CONFIG) as center:
        journal = fill(Journal(name="journal-qingxi"), ("2026-10",), per_day=2)
        assert (await center.send(journal))[0] == 200
        yield Api(center.url, center.tokens)


def operations(url: str) -> list[Any]:
    """Every operation of the description."""
    schema = schemathesis.openapi.from_url(f"{url}/api/v1/openapi.json")
    return [found.ok() for found in schema.get_all_operations()]


def ask(api: Api, examples: int) -> set[str]:
    """Asks every operation; the paths that were asked."""
    asked = set()
    for operation in operations(api.url):
        asked.add(operation.path)
        modes = [
            operation.as_strategy(generation_mode=mode) for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
        ]

        @settings(
            max_examples=examples,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(st.one_of(modes), st.sampled_from(WHO), st.integers(0, 3))
        def door(case: Any, who: str, known: int) -> None:
            # Names made at random would only ever find that there is no such hall.
            if known and case.path_parameters:
                case.path_parameters.update({n: KNOWN[n] for n in case.path_parameters if n in KNOWN})
            if known and case.query and "from" in case.query:
                case.query.update(DATES)
            if known > 1 and case.operation.path.startswith(HALLS_OWN):
                who = "hall qingxi"
            headers = {"Authorization": f"Bearer {api.tokens[who]}"} if who else {}
            answer = case.call(base_url=api.url, headers=headers, timeout=LIMIT_S)
            case.validate_response(answer, checks=CHECKS)

        door()
    return asked


def test_no_door_fails_or_answers_otherwise_than_it_says(api: Api) -> None:
    asked = ask(api, 8)
    assert {"/api/v1/reports/ratings", "/api/v1/reports/waiting", "/api/v1/halls/{hall}/events"} <= asked


@pytest.mark.long
def test_no_door_fails_in_many_more_requests(api: Api) -> None:
    assert ask(api, 400)
