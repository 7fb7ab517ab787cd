"""Who is signed in on the pages: a cookie that names a session; the token itself is in no cookie.

Each holder has a cookie of its own, so that one machine can stand at a window and at the manager's desk at once. What
came by a cookie and changes something needs the session's second secret as well, which only our own pages hold.
Sessions outlive a restart: a hub that starts again must not sign a whole hall out.
"""

import hmac
import json
import logging
from collections.abc import Callable
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from urllib.parse import urlsplit

from aiohttp import web

from common import files, tokens
from common.problem import Problem
from common.tokens import Holder

COOKIE = "session"
CSRF_HEADER = "X-CSRF-Token"
CSRF_FIELD = "csrf"
HOUR_S = 3600
# Roles of a machine, which stands in its place for months; everybody else asks for the token again each working day.
STANDING_ROLES = ("clerk", "kiosk")
STANDING_S = 90 * 24 * HOUR_S
LASTS_S = 12 * HOUR_S
MAX_SESSIONS = 2_000  # five for each window of the largest hall; beyond that the oldest is signed out

log = logging.getLogger("sessions")


@dataclass(frozen=True, slots=True)
class Session:
    """A signed-in holder; csrf: what a request that changes something sends along."""

    holder: Holder
    ends_ms: int
    csrf: str


def cookie_name(holder: Holder) -> str:
    """`session-manager`, `session-clerk-window-3`."""
    place = "" if holder.place is None else "-" + holder.place.replace("/", "-")
    return f"{COOKIE}-{holder.role}{place}"


def lasts_s(role: str) -> int:
    """How long a session of a role lasts."""
    return STANDING_S if role in STANDING_ROLES else LASTS_S


class Sessions:
    """Sessions by the digest of their cookie, oldest first, kept in a file; only digests are in it."""

    def __init__(self, path: Path, now_ms: Callable[[], int]) -> None:
        self._path = path
        self._now_ms = now_ms
        self._kept: dict[str, tuple[Holder, int]] = self._read()

    def begin(self, request: web.Request, answer: web.Response, holder: Holder) -> None:
        """Signs a holder in with this answer."""
        now_ms = self._now_ms()
        self._kept = {key: kept for key, kept in self._kept.items() if kept[1] > now_ms}
        while len(self._kept) >= MAX_SESSIONS:
            self._kept.pop(next(iter(self._kept)))
        cookie = tokens.new()
        seconds = lasts_s(holder.role)
        self._kept[tokens.digest(cookie)] = (holder, now_ms + seconds * 1000)
        self._write()
        answer.set_cookie(
            cookie_name(holder),
            cookie,
            max_age=seconds,
            httponly=True,
            samesite="Strict",
            secure=request.secure,
            path="/",
        )

    def find(self, request: web.Request, holder: Holder) -> Session | None:
        """The session of this holder, if this request is of it."""
        cookie = request.cookies.get(cookie_name(holder), "")
        kept = self._kept.get(tokens.digest(cookie))
        if kept is None or kept[0] != holder or kept[1] <= self._now_ms():
            return None
        return Session(holder, kept[1], _csrf(cookie))

    def end(self, request: web.Request, answer: web.Response, holder: Holder) -> None:
        """Signs out."""
        if self._kept.pop(tokens.digest(request.cookies.get(cookie_name(holder), "")), None) is not None:
            self._write()
        answer.del_cookie(cookie_name(holder), path="/", httponly=True, samesite="Strict", secure=request.secure)

    def end_all(self, holder: Holder) -> None:
        """Everybody who came in by this holder's token is out: it was replaced."""
        kept = {key: each for key, each in self._kept.items() if each[0] != holder}
        if len(kept) != len(self._kept):
            self._kept = kept
            self._write()

    def _read(self) -> dict[str, tuple[Holder, int]]:
        """A file that can't be read costs everybody a sign-in, not the start."""
        try:
            entries = json.loads(self._path.read_text("utf-8"))
            return {key: (Holder(role, place), int(ends)) for key, (role, place, ends) in entries.items()}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, TypeError, AttributeError) as error:
            log.warning("%s can't be used (%s); everybody signs in again", self._path, error)
            return {}

    def _write(self) -> None:
        entries = {key: (holder.role, holder.place, ends) for key, (holder, ends) in self._kept.items()}
        try:
            files.replace(self._path, json.dumps(entries).encode())
        except OSError as error:
            # Whoever looks after a disk that takes no writes has to come in.
            log.warning(
                "%s can't be written (%s); after a restart everybody signs in again", self._path, error.strerror
            )


def _csrf(cookie: str) -> str:
    """Made from the cookie, so there is nothing more to keep; it doesn't lead back to it."""
    return sha256(b"csrf:" + cookie.encode("utf-8", "surrogateescape")).hexdigest()


def check_csrf(session: Session, sent: str) -> None:
    """Refuses what another site's page, which rides on the cookie, sends."""
    if not hmac.compare_digest(session.csrf.encode(), sent.encode("utf-8", "surrogateescape")):
        raise Problem(
            403,
            "no-csrf-token",
            "This did not come from our own page",
            f"Load the page again. A program uses a bearer token, or sends {CSRF_HEADER} with the page's word.",
        )


def check_origin(request: web.Request) -> None:
    """Refuses a form that a page of elsewhere sent: before a sign-in there is no session whose word it could lack."""
    origin = request.headers.get("Origin")
    elsewhere = origin is not None and urlsplit(origin).netloc != request.host
    if elsewhere or request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        raise Problem(403, "wrong-origin", "This form was sent by another site", "Open the page here and sign in.")
