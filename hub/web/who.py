"""Who asks at a door: by bearer token, or signed in on a page of ours."""

from aiohttp import web

from common import sessions, tokens
from common.problem import Problem
from common.sessions import CSRF_HEADER, Session
from common.tokens import Holder
from hub.web.house import HOUSE

READING = ("GET", "HEAD")


def holder(request: web.Request, *roles: str) -> Holder:
    """The holder of the bearer token; raises a 401 or 403."""
    return tokens.require(request, request.app[HOUSE].tokens, *roles)


def at_window(window: str) -> tuple[Holder, ...]:
    """Who may act at a window from a page: its clerk, and the manager."""
    return Holder("clerk", f"window/{window}"), Holder("manager")


def signed_in(request: web.Request, *wanted: Holder) -> Session | None:
    """The first session of these that this request is of; one that changes something must prove it is our page's."""
    for each in wanted:
        session = request.app[HOUSE].sessions.find(request, each)
        if session is not None:
            if request.method not in READING:
                sessions.check_csrf(session, request.headers.get(CSRF_HEADER, ""))
            return session
    return None


def asker(request: web.Request, *wanted: Holder) -> Holder:
    """One of these holders, by token or session; raises a 401 or 403."""
    if "Authorization" not in request.headers:
        session = signed_in(request, *wanted)
        if session is not None:
            return session.holder
    who = holder(request, *(each.role for each in wanted))
    if who not in wanted:
        asked = " or ".join(each.place or each.role for each in wanted)
        raise Problem(403, "wrong-window", f"This token is for {who.place}", f"This door is for {asked}.")
    return who
