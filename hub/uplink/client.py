"""The center's doors as calls (contract, "Center, HTTP"); HTTP and its errors end here."""

import asyncio
import gzip
from collections.abc import Sequence
from typing import TypeVar

import aiohttp
import msgspec

from common import envelope
from common.guesses import TOO_MANY
from hub.uplink.errors import BatchTooLarge, CenterAway, CenterRefused, Forked, Gap

# A call is given up after this: long for a slow line (512 KiB at 256 kbit/s take 16 s), short for a dead one.
TOTAL_S = 30.0
CONNECT_S = 4.0  # less than the probes' 5 s, so that a center that came back is seen within them
ANSWER_BYTES = 256 * 1024  # a thousand quarantined ids fit; more is no answer of a center
GZIP_FROM_BYTES = 512  # below, gzip saves no packet
THREAD_FROM_BYTES = 32 * 1024  # above, packing would hold the loop for more than a millisecond

T = TypeVar("T")

_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504})


class Cursor(msgspec.Struct, frozen=True):
    """How far the center has a journal."""

    journal: str
    stored_through: int
    chain: str


class Stored(msgspec.Struct, frozen=True):
    """What the center says of a batch."""

    journal: str
    stored_through: int
    quarantined: list[str | int] = []


class _Refusal(msgspec.Struct, frozen=True):
    type: str = ""
    title: str = ""
    detail: str = ""
    stored_through: int | None = None


class CenterClient:
    """One hall's calls to its center."""

    def __init__(self, session: aiohttp.ClientSession, url: str, hall: str, token: str) -> None:
        self._session = session
        self._base = f"{url.rstrip('/')}/api/v1/halls/{hall}"
        self._headers = {"Authorization": f"Bearer {token}"}
        self._timeout = aiohttp.ClientTimeout(total=TOTAL_S, sock_connect=CONNECT_S)

    async def cursor(self, journal: str) -> Cursor:
        """Where to go on."""
        answer = await self._call("GET", "/cursor", {"journal": journal}, None, {})
        return _decoded(answer, Cursor)

    async def post(self, journal: str, after: int, chain: str, events: Sequence[bytes]) -> Stored:
        """Sends the events after `after`; chain is the journal's at `after`."""
        body = b"[" + b",".join(events) + b"]"
        headers = {"Content-Type": envelope.BATCH_CONTENT_TYPE, "Journal-Chain": chain}
        if len(body) >= GZIP_FROM_BYTES:
            headers["Content-Encoding"] = "gzip"
            body = await asyncio.to_thread(_packed, body) if len(body) >= THREAD_FROM_BYTES else _packed(body)
        answer = await self._call("POST", "/events", {"journal": journal, "after": str(after)}, body, headers)
        return _decoded(answer, Stored)

    async def _call(
        self, method: str, path: str, query: dict[str, str], body: bytes | None, headers: dict[str, str]
    ) -> bytes:
        try:
            async with self._session.request(
                method,
                self._base + path,
                params=query,
                data=body,
                headers=self._headers | headers,
                timeout=self._timeout,
                allow_redirects=False,
            ) as answer:
                content = b""
                while len(content) < ANSWER_BYTES and (part := await answer.content.read(ANSWER_BYTES)):
                    content += part
                status = answer.status
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise CenterAway(str(error) or type(error).__name__) from error
        if status == 200:
            return content
        raise _refusal(status, content)


def _packed(body: bytes) -> bytes:
    # Level 1: three times smaller than plain at a third of the default's time; mtime fixed, nothing of the clock.
    return gzip.compress(body, compresslevel=1, mtime=0)


def _refusal(status: int, content: bytes) -> Exception:
    try:
        problem = msgspec.json.decode(content, type=_Refusal)
    except (msgspec.DecodeError, RecursionError):
        problem = _Refusal(title="no problem details in the answer")
    said = f"{status} {problem.title} {problem.detail}".strip()
    kind = problem.type.rpartition(":")[2]
    if status in _BUSY and kind != TOO_MANY:  # it waits because of its token, and only a person can mend that
        return CenterAway(said)
    if status == 413:
        return BatchTooLarge(said)
    if status == 409 and kind == "forked":
        return Forked(said)
    if status == 409 and kind == "gap" and problem.stored_through is not None and problem.stored_through >= 0:
        return Gap(problem.stored_through)
    return CenterRefused(said)


def _decoded(content: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, RecursionError) as error:
        raise CenterRefused(f"its answer is not the contract's: {error}") from error
