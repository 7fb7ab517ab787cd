"""A process's doors against their own description: schemathesis asks, right and wrong, and looks at the answers."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

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

CHECKS = [not_a_server_error, status_code_conformance, content_type_conformance, response_schema_conformance]
LIMIT_S = 60.0  # a loaded machine


@dataclass(frozen=True)
class Api:
    """A running process with doors: its tokens by holder."""

    url: str
    tokens: dict[str, str]


# What is put into a request that was made at random, so that it finds something; may name another holder.
Aim = Callable[[Any, str], str]


def ask(api: Api, examples: int, who: Sequence[str], aim: Aim, without: Mapping[str, str] | None = None) -> set[str]:
    """Asks every operation so many times with these holders' tokens; the paths that were asked.

    without: paths that are not asked, and why not.
    """
    asked = set()
    schema = schemathesis.openapi.from_url(f"{api.url}/api/v1/openapi.json")
    for operation in [found.ok() for found in schema.get_all_operations()]:
        if operation.path in (without or {}):
            continue
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
        @given(st.one_of(modes), st.sampled_from(who), st.integers(0, 3))
        def door(case: Any, holder: str, known: int) -> None:
            # Names made at random would only ever find that there is no such thing.
            if known:
                holder = aim(case, holder)
            headers = {"Authorization": f"Bearer {api.tokens[holder]}"} if holder else {}
            answer = case.call(base_url=api.url, headers=headers, timeout=LIMIT_S)
            case.validate_response(answer, checks=CHECKS)

        door()
    return asked
