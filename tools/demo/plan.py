"""What the citizens of a demo will do, drawn from the seed alone: pure, so the same seed is the same day."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count
from random import Random
from typing import Any, Final

SILENT_SHARE: Final = 0.15  # about one in seven leaves without pressing, so that 未评价 is seen too
RESTLESS_SHARE: Final = 0.05  # one in twenty presses again after the thanks
GRADE_WEIGHTS: Final = (2, 3, 10, 35, 50)  # for the grades 1 to 5: mostly content, and every key in use
# Who comes first, and who is not there when called: about one in eight each, and an appointment for one in ten.
PRIORITY_SHARE: Final = 0.12
APPOINTMENT_SHARE: Final = 0.1
AWAY_SHARE: Final = 0.12
GONE_SHARE: Final = 0.5  # of those who are away when they are called, where some may leave for good
PRIORITIES: Final = ("elderly", "disabled", "pregnant", "with_infant", "military")
# Each kind of chance has its own stream: one more never shifts another.
STREAMS: Final = ("citizens", "faults", "manners")


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
    priority: str | None = None
    appointment: bool = False
    away: bool = False  # not there at the first call: a no-show, who comes back and is restored
    gone: bool = False  # or who has left for good


def stream(seed: int, name: str) -> Random:
    """The stream of chance of that name; the same seed and name give the same stream on every machine."""
    assert name in STREAMS
    return Random(f"{seed}/{name}")


def visits(seed: int, services: Sequence[str], pace: Pace, *, may_leave: bool = False) -> Iterator[Citizen]:
    """The citizens in order of arrival, without end; the first N are the same for every N.

    may_leave: some who miss their call never come back; where every journey is counted to its finish they all do.
    """
    chance, manners = stream(seed, "citizens"), stream(seed, "manners")
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
            **_manners(manners, may_leave=may_leave),
        )


def _manners(chance: Random, *, may_leave: bool) -> dict[str, Any]:
    """Drawn whole for each citizen, so that one kind of them never shifts another."""
    first, class_, booked, away, gone = (chance.random() for _ in range(5))
    appointment = booked < APPOINTMENT_SHARE
    prior = first < PRIORITY_SHARE and not appointment
    return {
        "priority": PRIORITIES[int(class_ * len(PRIORITIES))] if prior else None,
        "appointment": appointment,
        "away": away < AWAY_SHARE,
        "gone": away < AWAY_SHARE and gone < GONE_SHARE and may_leave,
    }
