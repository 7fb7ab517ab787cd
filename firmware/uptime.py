"""A board's ticks wrap after 12.4 days (2^30 ms); facts need an uptime that never does."""


class Uptime:
    """Call it at least once in 6 days; `ticks` and `diff` are time.ticks_ms and time.ticks_diff."""

    def __init__(self, ticks, diff):
        self._ticks = ticks
        self._diff = diff
        self._last = ticks()
        self._ms = 0

    def __call__(self):
        """Milliseconds since this was made."""
        now = self._ticks()
        self._ms += self._diff(now, self._last)
        self._last = now
        return self._ms
