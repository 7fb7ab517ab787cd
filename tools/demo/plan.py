"""What the citizens of a demo will do, drawn from the seed alone: pure, so the same seed is the same day."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from random import Random
from typing import Final

SILENT_SHARE: Final = 0.15  # about one in seven leaves without pressing, so that 未评价 is seen too
RESTLESS_SHARE: Final = 0.05  # one in twenty presses again after the thanks
GRADE_WEIGHTS: Final = (2, 3, 10, 35, 50)  # for the grades 1 to 5: mostly content, and every key in use
STREAMS: Final = ("citizens", "faults")  # each kind of chance has its own stream: one more never shifts another


@dataclass(frozen=True, slots=True)
class Pace:
    """How quickly people act. Pairs are least and most, in ms."""

    arrival_ms: tuple[int, int]  # between two citizens at the kiosk
    serving_ms: tuple[int, int]  # from arriving at the window to finish
    thinking_ms: tuple[int, int]  # from the lamps to the press


# Quick enough for 200 citizens at three windows in two minutes, slow enough that a fault finds people in every state.
BRISK: Final = Pace(arrival_ms=(40, 240), serving_ms=(60, 300), thinking_ms=(80, 500))
# For a person who watches: one visit takes about half a minute, and the lamps stay on long enough to press oneself.
CALM: Final = Pace(arrival_ms=(4_000, 12_000), serving_ms=(5_000, 12_000), thinking_ms=(6_000, 13_000))


@dataclass(frozen=True, slots=True)
class Citizen:
    """One visit: which service, when to the kiosk, and whether and how it will be rated."""

    index: int
    service: str
    arrival_ms: int  # after the doors opened
    serving_ms: int
    thinking_ms: int
    grade: int | None  # None leaves without pressing
    second: int | None  # a key pressed once more after the thanks, which must not count


def stream(seed: int, name: str) -> Random:
    """The stream of chance of that name; the same seed and name give the same stream on every machine."""
    assert name in STREAMS
    return Random(f"{seed}/{name}")


def visits(seed: int, services: Sequence[str], pace: Pace) -> Iterator[Citizen]:
    """The citizens in order of arrival, without end; the first N are the same for every N."""
    chance = stream(seed, "citizens")
    arrival_ms = 0
    for index in count():
        arrival_ms += chance.randint(*pace.arrival_ms)
        service = chance.choice(services)
        serving_ms = chance.randint(*pace.serving_ms)
        thinking_ms = chance.randint(*pace.thinking_ms)
        grade = chance.choices((1, 2, 3, 4, 5), GRADE_WEIGHTS)[0]
        silent = chance.random() < SILENT_SHARE
        second = chance.randint(1, 5)
        restless = chance.random() < RESTLESS_SHARE
        yield Citizen(
            index=index,
            service=service,
            arrival_ms=arrival_ms,
            serving_ms=serving_ms,
            thinking_ms=thinking_ms,
            grade=None if silent else grade,
            second=second if restless and not silent else None,
        )
