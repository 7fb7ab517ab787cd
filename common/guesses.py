"""Wrong tokens cost time, at every door and page of hub and center; a right one never waits.

A token has 128 bits of chance: this guards no secret, it keeps whoever tries them all day from the processor, the log
and the line. A right one passes at once, for a hall's screens and phones may share an address with whoever guesses.
"""

from collections.abc import Callable

from aiohttp import web

from common.pages import Handler
from common.problem import Problem
from common.throttle import Throttle

TOO_MANY = "too-many-guesses"
# Refusals of our doors that are a wrong guess. No token at all is none, nor a right token at a wrong door, nor what the
# rules of the queue refuse: a clerk who mistypes a number (`unknown-ticket`) guesses nothing.
GUESSES_BY_KIND = ("wrong-token", "unknown-address")


class Guesses:
    """Wrong tokens by the address that they came from."""

    def __init__(self, throttle: Throttle, address: Callable[[web.Request], str]) -> None:
        self._throttle = throttle
        self._address = address

    def wrong(self, request: web.Request) -> int:
        """A wrong one: 0 where it may be said so, else how many seconds this address waits for that."""
        key = f"token/{self._address(request)}"
        wait_ms = self._throttle.wait_ms(key)
        if not wait_ms:
            self._throttle.failed(key)
        return -(-wait_ms // 1000)


GUESSES: web.AppKey[Guesses] = web.AppKey("guesses", Guesses)


def remote(request: web.Request) -> str:
    """The other end of the connection."""
    return str(request.remote)


def waiting(answer: web.Response, wait_s: int) -> web.Response:
    """The page for who has to wait, as an answer that programs read, too."""
    answer.set_status(429)
    answer.headers["Retry-After"] = str(wait_s)
    return answer


@web.middleware
async def slow_guesses(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Doors: too many wrong tokens are 429 from then on. Pages say it themselves, by `Guesses.wrong`."""
    try:
        return await handler(request)
    except Problem as problem:
        if problem.kind not in GUESSES_BY_KIND or not (wait_s := request.app[GUESSES].wrong(request)):
            raise
        raise Problem(
            429,
            TOO_MANY,
            "Too many wrong tokens came from this address",
            f"Wait {wait_s} s. A right token passes at once.",
            retry_after_s=wait_s,
        ) from problem
