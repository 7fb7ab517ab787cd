"""Who is signed in on the pages: a cookie that names a session of this process; the token itself is in no cookie."""

from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from common import tokens
from common.tokens import Holder

COOKIE = "session"
LASTS_S = 12 * 3600  # a working day; a page left open over night asks for the token again
MAX_SESSIONS = 10_000  # a city's desks; beyond that the oldest is signed out


@dataclass(frozen=True, slots=True)
class _Session:
    holder: Holder
    ends_ms: int


class Sessions:
    """Sessions by the digest of their cookie, oldest first."""

    def __init__(self, now_ms: Callable[[], int], secure: bool) -> None:
        self._now_ms = now_ms
        self._secure = secure
        self._sessions: dict[str, _Session] = {}

    def begin(self, answer: web.Response, holder: Holder) -> None:
        """Signs a holder in with this answer."""
        while len(self._sessions) >= MAX_SESSIONS:
            self._sessions.pop(next(iter(self._sessions)))
        cookie = tokens.new()
        self._sessions[tokens.digest(cookie)] = _Session(holder, self._now_ms() + LASTS_S * 1000)
        answer.set_cookie(
            COOKIE, cookie, max_age=LASTS_S, httponly=True, samesite="Strict", secure=self._secure, path="/"
        )

    def find(self, request: web.Request) -> Holder | None:
        """Who is signed in, or None."""
        digest = tokens.digest(request.cookies.get(COOKIE, ""))
        session = self._sessions.get(digest)
        if session is None:
            return None
        if session.ends_ms <= self._now_ms():
            del self._sessions[digest]
            return None
        return session.holder

    def end(self, request: web.Request, answer: web.Response) -> None:
        """Signs out."""
        self._sessions.pop(tokens.digest(request.cookies.get(COOKIE, "")), None)
        answer.del_cookie(COOKIE, path="/", httponly=True, samesite="Strict", secure=self._secure)
