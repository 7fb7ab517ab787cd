"""Times as counts by length: mergeable, and exact to the second up to 34 minutes.

Longer ones fall into steps of 1/1024 of their power of two, as in HdrHistogram. A value that is read back is the lower
edge of its step: less than a second too small below 2,048 s, less than 1/1024 of itself above. Both are stated beside
every percentile (`ERROR`). The mean comes from the exact sum.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

EXACT_S = 2048  # nine waits in ten are shorter than half an hour, and people compare them by the minute
STEPS = 1024  # in each power of two above: an error that no report shows
LONGEST_MS = 7 * 86_400_000  # nobody waits a week; such a time is a clock's mistake and no sample
ERROR = {"below_s": EXACT_S, "absolute_ms": 1000, "relative_above": 1 / STEPS}


def step(ms: int) -> int:
    """The step that a time falls into."""
    seconds = ms // 1000
    if seconds < EXACT_S:
        return seconds
    power = seconds.bit_length() - EXACT_S.bit_length() + 1
    return EXACT_S + (power - 1) * STEPS + (seconds >> power) - STEPS


def edge_ms(number: int) -> int:
    """The shortest time of a step."""
    if number < EXACT_S:
        return number * 1000
    power, rest = divmod(number - EXACT_S, STEPS)
    return (rest + STEPS << power + 1) * 1000


@dataclass(slots=True)
class Histogram:
    """How many times of each step, and their exact sum."""

    sum_ms: int = 0
    counts: dict[int, int] = field(default_factory=dict)

    def add(self, ms: int, times: int = 1) -> None:
        """A sample, or with -1 one less."""
        self.put(step(ms), ms, times)

    def put(self, number: int, ms: int, times: int) -> None:
        """The same, where its step is known already."""
        self.sum_ms += ms * times
        left = self.counts.get(number, 0) + times
        if left:
            self.counts[number] = left
        else:
            del self.counts[number]

    def merge(self, other: "Histogram") -> None:
        """The samples of another, too; what comes to nothing leaves no trace."""
        self.sum_ms += other.sum_ms
        counts = self.counts
        for number, times in other.counts.items():
            left = counts.get(number, 0) + times
            if left:
                counts[number] = left
            else:
                del counts[number]

    def in_order(self) -> dict[int, int]:
        """The counts in the order of their steps; sorting keys alone takes half as long as sorting pairs."""
        steps = sorted(self.counts)
        return dict(zip(steps, map(self.counts.__getitem__, steps), strict=True))

    @property
    def count(self) -> int:
        """Samples."""
        return sum(self.counts.values())

    @property
    def mean_ms(self) -> float | None:
        """The exact mean."""
        count = self.count
        return self.sum_ms / count if count else None

    def percentiles_ms(self, shares: Iterable[tuple[int, int]]) -> list[int | None]:
        """By nearest rank, for shares such as (9, 10) in rising order."""
        count = self.count
        if not count:
            return [None for _ in shares]
        found: list[int | None] = []
        steps = sorted(self.counts)
        index, passed = 0, self.counts[steps[0]]
        for numerator, denominator in shares:
            rank = max(1, -(-count * numerator // denominator))
            while passed < rank:
                index += 1
                passed += self.counts[steps[index]]
            found.append(edge_ms(steps[index]))
        return found
