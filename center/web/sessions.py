"""Who is signed in on the pages: a cookie that names a session of this process; no token or password is in it.

What came by a cookie and changes something carries the session's second secret as well, which only our own pages hold.
"""

import hmac
from collections.abc import Callable
from dataclasses import dataclass

from aiohttp import web

from center.people.accounts import Accounts
from center.people.reader import Reader
from common import tokens
from common.problem import Problem
from common.sessions import CSRF_FIELD, CSRF_HEADER

COOKIE = "session"
LASTS_S = 12 * 3600  # a working day; a page left open over night asks again
MAX_SESSIONS = 10_000  # a city's desks; beyond that the oldest is signed out


@dataclass(frozen=True, slots=True)
class Session:
    """One who is signed in; csrf: what a request that changes something sends along."""

    reader: Reader
    ends_ms: int
    csrf: str
    must_change: bool = False


class Sessions:
    """Sessions by the digest of their cookie, oldest first."""

    def __init__(self, now_ms: Callable[[], int], secure: bool, accounts: Accounts) -> None:
        self._now_ms = now_ms
        self._secure = secure
        self._accounts = accounts
        self._sessions: dict[str, Session] = {}

    def begin(self, answer: web.Response, reader: Reader, must_change: bool = False) -> None:
        """Signs a reader in with this answer."""
        while len(self._sessions) >= MAX_SESSIONS:
            self._sessions.pop(next(iter(self._sessions)))
        cookie = tokens.new()
        ends_ms = self._now_ms() + LASTS_S * 1000
        self._sessions[tokens.digest(cookie)] = Session(reader, ends_ms, tokens.new(), must_change)
        answer.set_cookie(
            COOKIE, cookie, max_age=LASTS_S, httponly=True, samesite="Strict", secure=self._secure, path="/"
        )

    def find(self, request: web.Request) -> Reader | None:
        """Who is signed in and may read, or None; who must change a password first may do nothing else."""
        session = self.session(request)
        return None if session is None or session.must_change else session.reader

    def session(self, request: web.Request) -> Session | None:
        """The session of a request; an account that was changed or shut out since is signed out."""
        digest = tokens.digest(request.cookies.get(COOKIE, ""))
        session = self._sessions.get(digest)
        if session is None:
            return None
        if session.ends_ms <= self._now_ms() or not self._stands(session.reader):
            del self._sessions[digest]
            return None
        return session

    def _stands(self, reader: Reader) -> bool:
        if not reader.account:
            return True
        account = self._accounts.find(reader.name)
        return account is not None and account.generation == reader.generation

    def end(self, request: web.Request, answer: web.Response) -> None:
        """Signs out."""
        self._sessions.pop(tokens.digest(request.cookies.get(COOKIE, "")), None)
        answer.del_cookie(COOKIE, path="/", httponly=True, samesite="Strict", secure=self._secure)


async def check_csrf(request: web.Request, session: Session) -> None:
    """Refuses what another site's page, which rides on the cookie, sends: a form's field, or a header."""
    sent = request.headers.get(CSRF_HEADER)
    if sent is None and request.content_type in ("application/x-www-form-urlencoded", "multipart/form-data"):
        sent = str((await request.post()).get(CSRF_FIELD, ""))
    if not hmac.compare_digest(session.csrf.encode(), (sent or "").encode("utf-8", "surrogateescape")):
        raise Problem(
            403,
            "no-csrf-token",
            "This did not come from our own page",
            f"Load the page again. A program uses a bearer token, or sends {CSRF_HEADER} with the page's word.",
        )
