"""What every handler of the center works with."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec
from aiohttp import web

from center.casework.desk import Desk
from center.casework.watch import Watch
from center.config import CenterSettings, Hall
from center.counting import local_date
from center.intake import Intake
from center.metrics import Metrics
from center.own import OwnJournals
from center.people.accounts import Accounts
from center.people.reader import TOKEN_MAY, Reader, token_reader
from center.store import Store
from center.web.sessions import Sessions, check_csrf
from common.envelope import format_time
from common.pages import Pages
from common.problem import Problem
from common.throttle import Throttle
from common.tokens import Tokens, require


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
    accounts: Accounts
    throttle: Throttle
    intake: Intake
    own: OwnJournals
    desk: Desk
    watch: Watch
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


def require_reader(request: web.Request, *roles: str) -> Reader:
    """Who reads: by bearer token, or signed in on the page."""
    center = request.app[CENTER]
    if "Authorization" not in request.headers:
        reader = center.sessions.find(request)
        if reader is not None:
            if reader.role not in roles:
                raise Problem(403, "wrong-role", f"You are signed in as {reader.role}", f"For {', '.join(roles)}.")
            return reader
    return token_reader(require(request, center.tokens, *roles).role)


async def require_actor(request: web.Request, what: str) -> Reader:
    """Who does something, if they may: by bearer token, or by a page, which proves that it is ours."""
    center = request.app[CENTER]
    session = None if "Authorization" in request.headers else center.sessions.session(request)
    if session is None:
        reader = token_reader(require(request, center.tokens, *TOKEN_MAY).role)
    else:
        if request.method not in ("GET", "HEAD"):
            await check_csrf(request, session)
        reader = session.reader
    if not reader.may(what) or (session is not None and session.must_change):
        raise Problem(403, "wrong-role", f"You are {reader.role}", "Your role does not include this; ask who has it.")
    return reader


def scope(center: Center, reader: Reader) -> list[Hall]:
    """The halls of which a reader may see everything."""
    return [hall for hall in parts_in_scope(center, reader) if reader.scope.windows(hall) is None]


def parts_in_scope(center: Center, reader: Reader) -> list[Hall]:
    """The halls of which a reader may see anything; who asks this looks at `reader.scope.windows` as well."""
    return [hall for hall in center.settings.halls if reader.scope.sees(hall)]


def client_address(request: web.Request) -> str:
    """Who asks: the other end of the connection, or who our own proxy says it is."""
    if request.app[CENTER].settings.http.behind_proxy:
        return request.headers.get("X-Forwarded-For", "").rpartition(",")[2].strip() or str(request.remote)
    return str(request.remote)
