"""What a door is, who may pass it, and how the rules' refusals are told there."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from common.problem import Problem
from hub.queueing.errors import Refusal

API = "/api/v1"
PUBLIC: tuple[str, ...] = ()

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

# Refusals that aren't about a state but about something that this hall doesn't have.
_NOT_HERE = {
    "unknown_window": 404,
    "unknown_service": 422,
    "unknown_role": 422,
    "unknown_channel": 422,
    "unknown_priority": 422,
    "unknown_target": 422,
    "unknown_date": 422,
    "too_many_services": 422,
    "no_target": 422,
    "no_staff": 422,
}


@dataclass(frozen=True, slots=True)
class Door:
    """One door of the API."""

    method: str
    path: str
    handler: Handler
    who: tuple[str, ...]
    summary: str
    reply: Any = None
    body: Any = None
    status: int = 200
    media: str = "application/json"
    # What the body is where it isn't JSON of a type.
    takes: str = ""
    query: tuple[str, ...] = ()
    problems: tuple[int, ...] = field(default=())


def refused(refusal: Refusal) -> Problem:
    """A refusal as a problem."""
    return Problem(
        _NOT_HERE.get(refusal.kind, 409),
        refusal.kind.replace("_", "-"),
        f"{refusal.command} is not possible in state {refusal.state}",
        refusal.detail,
        state=str(refusal.state),
        command=refusal.command,
    )
