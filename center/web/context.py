"""What every handler of the center works with."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
from aiohttp import web

from center.config import CenterSettings, Hall
from center.counting import local_date
from center.metrics import Metrics
from center.store import Store
from center.web.sessions import Sessions
from common.envelope import format_time
from common.pages import Pages
from common.problem import Problem
from common.tokens import Holder, Tokens, require


@dataclass(slots=True)
class Presence:
    """When a hall was last heard, and up to when the center knows what happened there; of this process only."""

    heard_ms: int
    known_ms: int


@dataclass(frozen=True, slots=True)
class Center:
    """One running center."""

    settings: CenterSettings
    store: Store
    tokens: Tokens
    sessions: Sessions
    pages: Pages
    metrics: Metrics
    now_ms: Callable[[], int]
    version: str
    presence: dict[str, Presence] = field(default_factory=dict)

    def hall(self, name: str) -> Hall | None:
        """A hall of the settings."""
        return next((hall for hall in self.settings.halls if hall.id == name), None)

    def dates(self) -> dict[str, str]:
        """Today's date in each hall."""
        now_ms = self.now_ms()
        return {hall.id: local_date(now_ms, hall.offset_minutes) for hall in self.settings.halls}

    def as_of(self) -> str:
        """This moment, for an answer."""
        return format_time(self.now_ms())


CENTER: web.AppKey[Center] = web.AppKey("center")


def json_response(value: Any, status: int = 200) -> web.Response:
    """An answer that no cache may keep."""
    return web.Response(
        body=msgspec.json.encode(value),
        status=status,
        content_type="application/json",
        headers={"Cache-Control": "no-store"},
    )


def require_hall(request: web.Request) -> Hall:
    """The hall of the address, if the token is that hall's."""
    center = request.app[CENTER]
    holder = require(request, center.tokens, "hall")
    name = request.match_info["hall"]
    hall = center.hall(name)
    if hall is None or holder.place != name:
        raise Problem(403, "wrong-hall", f"This token is for hall {holder.place}", "Use the token of this hall.")
    return hall


def require_reader(request: web.Request, *roles: str) -> Holder:
    """Who reads: by bearer token, or signed in on the page."""
    center = request.app[CENTER]
    if "Authorization" not in request.headers:
        holder = center.sessions.find(request)
        if holder is not None:
            if holder.role not in roles:
                raise Problem(403, "wrong-role", f"You are signed in as {holder.role}", f"For {', '.join(roles)}.")
            return holder
    return require(request, center.tokens, *roles)


def scope(center: Center, holder: Holder) -> list[Hall]:
    """The halls a reader may see: a token with a place sees that hall."""
    return [hall for hall in center.settings.halls if holder.place in (None, hall.id)]
