"""How likely a finding is by chance alone: exact tests, each named. Pure; standard library only.

Binomial and Poisson tails are summed in logarithms; the longest run is counted by an exact recursion. Nothing here is
approximated, so a small sample says honestly how little it says.
"""

from collections.abc import Iterable, Mapping, Sequence
from math import exp, lgamma, log

BINOMIAL = "exact binomial test, one-sided"
BINOMIAL_TWO_SIDED = "exact binomial test, two-sided"
POISSON = "exact Poisson test, one-sided"
LONGEST_RUN = "exact distribution of the longest run"
MAX_RUN_LENGTH = 100_000  # ratings of one person that are looked at; a clerk has some 10,000 a year
_EQUAL = 1e-7  # of probabilities that are equal but for rounding, relative


def _log_choose(n: int, k: int) -> float:
    return lgamma(n + 1) - lgamma(k + 1) - lgamma(n - k + 1)


def _log_binomial(k: int, n: int, p: float) -> float:
    if p <= 0.0:
        return 0.0 if k == 0 else float("-inf")
    if p >= 1.0:
        return 0.0 if k == n else float("-inf")
    return _log_choose(n, k) + k * log(p) + (n - k) * log(1.0 - p)


def _total(logs: Iterable[float]) -> float:
    """The sum of probabilities, small ones first; never above 1."""
    return min(1.0, sum(sorted(exp(value) for value in logs)))


def at_least(k: int, n: int, p: float) -> float:
    """P(X ≥ k) of n tries with chance p each."""
    if k <= 0:
        return 1.0
    return _total(_log_binomial(i, n, p) for i in range(k, n + 1))


def at_most(k: int, n: int, p: float) -> float:
    """P(X ≤ k) of n tries with chance p each."""
    if k >= n:
        return 1.0
    return _total(_log_binomial(i, n, p) for i in range(k + 1))


def as_far(k: int, n: int, p: float) -> float:
    """P of anything that is no likelier than k of n: the two-sided test by likelihood."""
    seen = _log_binomial(k, n, p)
    return _total(value for i in range(n + 1) if (value := _log_binomial(i, n, p)) <= seen + _EQUAL)


def events_at_least(k: int, expected: float) -> float:
    """P(X ≥ k) where `expected` is the mean of a Poisson count."""
    if k <= 0:
        return 1.0
    if expected <= 0.0:
        return 0.0
    below = _total(i * log(expected) - expected - lgamma(i + 1) for i in range(k))
    if below < 0.999:
        return 1.0 - below
    # The tail itself, where 1 − below would be rounding: terms fall at least by half from twice the mean on.
    terms, i = [], k
    while True:
        value = i * log(expected) - expected - lgamma(i + 1)
        terms.append(value)
        if i > expected and value < terms[0] - 50:
            return _total(terms)
        i += 1


def longest_run(values: Sequence[int]) -> int:
    """How many equal values stand in a row, at most."""
    best = current = 0
    last: int | None = None
    for value in values:
        current = current + 1 if value == last else 1
        last = value
        best = max(best, current)
    return best


def run_at_least(length: int, n: int, shares: Mapping[int, float]) -> float:
    """P(some value stands `length` times or more in a row) in n independent draws with these shares.

    The exact recursion over "no long run so far": a run of `length` ends at draw i where a streak began `length` draws
    before. It costs n times the number of values; the chances that end it are added up, so small ones stay exact.
    """
    if length <= 1:
        return 1.0 if n >= length else 0.0
    if length > n:
        return 0.0
    chances = {value: share for value, share in shares.items() if share > 0.0}
    if len(chances) == 1:
        return 1.0
    # started[v][i]: P(no long run within i draws, draw i is not v, draw i + 1 is v). streak[v]: P(no long run within i
    # draws, draw i is v).
    started = {value: [share] for value, share in chances.items()}
    streak = dict.fromkeys(chances, 0.0)
    happened = 0.0
    for i in range(1, n + 1):
        ends = {
            value: started[value][i - length] * share ** (length - 1) if i >= length else 0.0
            for value, share in chances.items()
        }
        happened += sum(ends.values())
        clean = max(0.0, 1.0 - happened)
        for value, share in chances.items():
            streak[value] = max(0.0, started[value][i - 1] + share * streak[value] - ends[value])
            started[value].append(max(0.0, clean - streak[value]) * share)
    return min(1.0, happened)


def holm(values: Sequence[float], level: float) -> list[bool]:
    """Which findings of many stand at a level, by Holm's step-down: looking at many people finds some by chance."""
    order = sorted(range(len(values)), key=lambda index: values[index])
    stands = [False] * len(values)
    for rank, index in enumerate(order):
        if values[index] > level / (len(values) - rank):
            break
        stands[index] = True
    return stands
