"""Problem details (RFC 9457): how every HTTP door of ours says what was wrong and what to do."""

import logging
from typing import Any

import msgspec
from aiohttp import web

log = logging.getLogger("http")

CONTENT_TYPE = "application/problem+json"
DOORS = "/api/v1/openapi.json"  # hub and center describe their doors there


class Problem(Exception):  # noqa: N818 - the RFC's own word
    """A refusal with its status; handlers raise it, `middleware` answers with it.

    kind: a short name in kebab-case, stable for programs (`gap`, `wrong-token`); title: one line for people;
    detail: what was wrong here and what to do next; extra: further members (`stored_through`, `state`, …).
    """

    def __init__(self, status: int, kind: str, title: str, detail: str = "", **extra: Any) -> None:
        super().__init__(f"{status} {kind}: {title} {detail}".rstrip())
        self.status = status
        self.kind = kind
        self.title = title
        self.detail = detail
        self.extra = extra

    def body(self) -> dict[str, Any]:
        """The members of the problem object."""
        members: dict[str, Any] = {"type": f"urn:tingting:problem:{self.kind}", "title": self.title}
        members["status"] = self.status
        if self.detail:
            members["detail"] = self.detail
        return members | self.extra


def response(problem: Problem) -> web.Response:
    """The HTTP answer for a problem."""
    headers = {"WWW-Authenticate": "Bearer"} if problem.status == web.HTTPUnauthorized.status_code else {}
    if "retry_after_s" in problem.extra:
        headers["Retry-After"] = str(problem.extra["retry_after_s"])
    return web.Response(
        status=problem.status, body=msgspec.json.encode(problem.body()), content_type=CONTENT_TYPE, headers=headers
    )


def _todo(request: web.Request, error: web.HTTPException) -> str:
    """What aiohttp refused, and what would be taken instead."""
    asked = f"{request.method} {request.path}"
    if isinstance(error, web.HTTPNotFound):
        return f"{asked}: there is no such door here. Those that are: {DOORS}."
    if isinstance(error, web.HTTPMethodNotAllowed):
        return f"{asked}: allowed here: {', '.join(sorted(error.allowed_methods))}."
    if isinstance(error, web.HTTPRequestEntityTooLarge):
        return f"{asked}: the body is too large: {error.text}"
    return asked


def route(request: web.Request) -> str:
    """The door as its table writes it: an address itself may be a key (`/t/…`), which no log may hold."""
    resource = request.match_info.route.resource
    return "no route" if resource is None else resource.canonical


@web.middleware
async def middleware(request: web.Request, handler: Any) -> web.StreamResponse:
    """Answers every refusal, aiohttp's own (404, 405, 413) and our mistakes included, as problem details."""
    try:
        answer: web.StreamResponse = await handler(request)
    except Problem as problem:
        return response(problem)
    except web.HTTPException as error:
        if error.status < 400:
            raise
        kind = error.reason.lower().replace(" ", "-")
        mended = response(Problem(error.status, kind, error.reason, _todo(request, error)))
        if "Allow" in error.headers:
            mended.headers["Allow"] = error.headers["Allow"]
        return mended
    except Exception:
        log.exception("%s %s", request.method, route(request), extra={"event": "http.failed"})
        return response(
            Problem(500, "our-mistake", "Something went wrong here", "It stands in the log of this program.")
        )
    return answer
