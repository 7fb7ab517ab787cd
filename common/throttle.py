"""Guesses cost time: after some wrong tries a name, and an address, must wait, longer each time."""

from collections import OrderedDict
from collections.abc import Callable

FREE_TRIES = 5  # a person mistypes a few times
FIRST_WAIT_MS = 1_000
LONGEST_WAIT_MS = 15 * 60_000  # beyond that a forgotten password is a call to the administrator anyway
FORGET_MS = 24 * 3_600_000
MAX_KEYS = 50_000  # of an attack from many addresses; beyond that the oldest is forgotten


class Throttle:
    """Wrong tries by key (`name/…`, `from/…`)."""

    def __init__(self, now_ms: Callable[[], int]) -> None:
        self._now_ms = now_ms
        # key → (wrong tries, time of the last)
        self._wrong: OrderedDict[str, tuple[int, int]] = OrderedDict()

    def wait_ms(self, *keys: str) -> int:
        """How long these keys must still wait, 0 when they may try."""
        now_ms = self._now_ms()
        return max((self._wait_ms(key, now_ms) for key in keys), default=0)

    def failed(self, *keys: str) -> None:
        """A wrong try of all of them."""
        now_ms = self._now_ms()
        for key in keys:
            tries, last_ms = self._wrong.pop(key, (0, now_ms))
            if now_ms - last_ms >= FORGET_MS:
                tries = 0
            self._wrong[key] = (tries + 1, now_ms)
        while len(self._wrong) > MAX_KEYS:
            self._wrong.popitem(last=False)

    def succeeded(self, *keys: str) -> None:
        """A right try: these are forgotten."""
        for key in keys:
            self._wrong.pop(key, None)

    def _wait_ms(self, key: str, now_ms: int) -> int:
        tries, last_ms = self._wrong.get(key, (0, 0))
        over = tries - FREE_TRIES
        if over < 0:
            return 0
        wait_ms = min(FIRST_WAIT_MS << min(over, 20), LONGEST_WAIT_MS)
        return max(0, last_ms + wait_ms - now_ms)
