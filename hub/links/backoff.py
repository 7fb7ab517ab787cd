"""How long to wait before trying again: doubling, capped, jittered, so that many lines don't try in step."""

from collections.abc import Callable


class Backoff:
    """Waits of half to all of first, 2 x first, … cap; `chance` gives numbers in [0, 1)."""

    def __init__(self, first_s: float, cap_s: float, chance: Callable[[], float]) -> None:
        self._first_s = first_s
        self._cap_s = cap_s
        self._chance = chance
        self._step_s = first_s

    def next_s(self) -> float:
        """The wait before the next try."""
        wait_s = self._step_s * (0.5 + 0.5 * self._chance())
        self._step_s = min(self._cap_s, self._step_s * 2)
        return wait_s

    def reset(self) -> None:
        """It worked: begin small again."""
        self._step_s = self._first_s
