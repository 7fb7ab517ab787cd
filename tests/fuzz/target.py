"""What a fuzzer is given: one parser, what it must enter, and inputs to begin with."""

from collections.abc import Callable
from dataclasses import dataclass

Parse = Callable[[bytes], None]
MAX_BYTES = 4096  # longer inputs are slower and meet the same branches; limits on length have tests of their own


@dataclass(frozen=True)
class Target:
    """One parser; `seeds`: inputs that are right, to begin with."""

    one: Parse
    enters: frozenset[str]
    seeds: tuple[bytes, ...]
