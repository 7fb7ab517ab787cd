"""A page for somebody who may change something: signed in, with the word that its forms send along."""

from typing import Any

from aiohttp import web

from center.people.reader import Reader
from center.web.context import CENTER
from center.web.paging import page


def signed_in(request: web.Request) -> Reader:
    """Who is here; anybody else is sent to sign in."""
    reader = request.app[CENTER].sessions.find(request)
    if reader is None:
        raise web.HTTPSeeOther("/sign-in")
    return reader


def desk_page(request: web.Request, template: str, here: str, status: int = 200, **values: Any) -> web.Response:
    """The page in the center's frame."""
    session = request.app[CENTER].sessions.session(request)
    assert session is not None
    answer = page(request, template, here, status, reader=session.reader, csrf=session.csrf, **values)
    answer.headers["Cache-Control"] = "no-store"
    return answer
