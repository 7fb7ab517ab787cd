"""How a box's clock runs against the hub's, from the moments at which it tells its uptime; pure.

A report may wait on its way, never come before it was made: so the least difference of many is the true one, within the
milliseconds of a quiet line.
"""

from dataclasses import dataclass, field

SPAN_MS = 5 * 60 * 1000  # ten reports; the least delay among them is a few ms
MOST = 20  # reports of a span; a box tells one every 30 s
LEAST_MS = 10 * 60 * 1000  # 10 ms of delay over ten minutes are 17 millionths; a bad crystal is off by 50


@dataclass(slots=True)
class Drift:
    """Of one start of one box."""

    boot: int = -1
    _began_ms: int = 0  # the uptime of the first report: its span ends by it, or the first would creep along
    _first: tuple[int, int] | None = None  # (uptime_ms, difference) with the least difference of the first span
    _recent: list[tuple[int, int]] = field(default_factory=list)

    def heard(self, boot: int, uptime_ms: int, rising_ms: int) -> None:
        """It told its uptime."""
        if boot != self.boot:
            self.boot, self._began_ms, self._first, self._recent = boot, uptime_ms, None, []
        told = (uptime_ms, rising_ms - uptime_ms)
        self._recent = [*(each for each in self._recent[-MOST:] if uptime_ms - each[0] < SPAN_MS), told]
        if self._first is None or (uptime_ms - self._began_ms < SPAN_MS and told[1] < self._first[1]):
            self._first = told

    @property
    def ppm(self) -> float | None:
        """Millionths by which it runs fast; None before LEAST_MS of one start."""
        if self._first is None or not self._recent:
            return None
        last = min(self._recent, key=lambda each: each[1])
        between_ms = last[0] - self._first[0]
        return None if between_ms < LEAST_MS else round((self._first[1] - last[1]) * 1e6 / between_ms, 1)
