"""How often a PIN may be tried. Pure: time is an argument."""

from dataclasses import dataclass
from typing import Final

FREE_TRIES: Final = 5  # a tired clerk mistypes twice; a stranger has 1 in 2,000 with five tries at four digits
FIRST_LOCK_MS: Final = 60_000
LAST_LOCK_MS: Final = 15 * 60_000  # then 100 tries a day: four digits take two months, and every try is counted
MOST_CODES: Final = 4_000  # twice the staff of a hall; made-up codes push out the oldest


@dataclass(slots=True)
class _Tries:
    wrong: int = 0
    locked_until_ms: int = 0


class Throttle:
    """By staff code, whether there is such a clerk or not: how long one waits must not tell who exists."""

    def __init__(self) -> None:
        self._tries: dict[str, _Tries] = {}

    def locked_ms(self, staff: str, now_ms: int) -> int:
        """How long no PIN of this code is looked at; 0: try."""
        tries = self._tries.get(staff)
        return 0 if tries is None else max(0, tries.locked_until_ms - now_ms)

    def wrong(self, staff: str, now_ms: int) -> None:
        """A try that failed; from the fifth on each locks the code, twice as long as the one before, up to a limit."""
        tries = self._tries.pop(staff, _Tries())
        self._tries[staff] = tries
        if len(self._tries) > MOST_CODES:
            del self._tries[next(iter(self._tries))]
        tries.wrong += 1
        if tries.wrong >= FREE_TRIES:
            lock_ms = FIRST_LOCK_MS * 2 ** min(tries.wrong - FREE_TRIES, 10)
            tries.locked_until_ms = now_ms + min(lock_ms, LAST_LOCK_MS)

    def right(self, staff: str) -> None:
        """The right PIN, or a new one: nothing is held against this code any more."""
        self._tries.pop(staff, None)
