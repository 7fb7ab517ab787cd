"""The signs themselves: what is compared with what, and the finding with its numbers, its test and its events. Pure.

Each sign compares one person, window or box with the rest of its hall in the same time; none of them proves anything,
and none of them does anything. A sign is shown where Holm's correction over all comparisons of its kind leaves it.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from center.trust import chance

T = TypeVar("T")

QUICK_MS = 1_000  # nobody sees five keys light up, reads and presses in less
OLD_TEST_DAYS = 30  # a key is tested with the monthly check
LEVEL = 0.01  # over all comparisons of a kind: one false sign in a hundred reports
MIN_RATINGS = 20  # less says nothing, whatever it says
MAX_EVENTS = 50  # linked of one sign; all are counted
FAR_RATE = "far_rate"  # its events are with whoever knows the runs


@dataclass(frozen=True, slots=True)
class Press:
    """A counted rating at a box. `event`: its id, `<journal>/<sequence>`."""

    event: str
    staff: str
    window: str
    device: str
    grade: int
    at_ms: int
    pressed_after_ms: int


@dataclass(frozen=True, slots=True)
class Ignored:
    """A press that nobody was asked for. `quiet`: outside the hours in which anything was served at its window."""

    event: str
    device: str
    at_ms: int
    quiet: bool


@dataclass(frozen=True, slots=True)
class Served:
    """Runs and rated runs of one person in the time looked at."""

    staff: str
    served: int
    rated: int


@dataclass(frozen=True, slots=True)
class Box:
    """When the keys of a box were tested last; None: never."""

    device: str
    window: str
    tested_days_ago: int | None


@dataclass(frozen=True, slots=True)
class Sign:
    """One finding: what was counted, how likely that is by chance, by which test, and the first events behind it."""

    kind: str
    who: str
    numbers: dict[str, float]
    chance: float
    test: str
    events: tuple[str, ...] = ()


def quick_presses(presses: Sequence[Press]) -> list[Sign]:
    """People whose ratings come within a second of the invitation more often than the rest of the hall's do."""
    found = []
    for staff, own in _by(presses, lambda press: press.staff).items():
        rest = [press for press in presses if press.staff != staff]
        if len(own) < MIN_RATINGS or len(rest) < MIN_RATINGS:
            continue
        quick = [press for press in own if press.pressed_after_ms < QUICK_MS]
        others = sum(press.pressed_after_ms < QUICK_MS for press in rest)
        # One more than was seen: a hall without a single quick press doesn't make the first one impossible.
        share = (others + 1) / (len(rest) + 2)
        found.append(
            Sign(
                "quick_presses",
                staff,
                {"quick": len(quick), "ratings": len(own), "others_quick": others, "others_ratings": len(rest)},
                chance.at_least(len(quick), len(own), share),
                chance.BINOMIAL,
                _events(quick),
            )
        )
    return _standing(found)


def equal_grades(presses: Sequence[Press]) -> list[Sign]:
    """People with a longer row of equal grades than the hall's own mix of grades makes likely."""
    shares = (
        {grade: sum(press.grade == grade for press in presses) / len(presses) for grade in range(1, 6)}
        if presses
        else {}
    )
    found = []
    for staff, own in _by(presses, lambda press: press.staff).items():
        if len(own) < MIN_RATINGS:
            continue
        row = _longest(sorted(own, key=lambda press: press.at_ms))
        found.append(
            Sign(
                "equal_grades",
                staff,
                {"in_a_row": len(row), "ratings": len(own)},
                chance.run_at_least(len(row), min(len(own), chance.MAX_RUN_LENGTH), shares),
                chance.LONGEST_RUN,
                _events(row),
            )
        )
    return _standing(found)


def far_rates(people: Sequence[Served]) -> list[Sign]:
    """People whose evaluation rate is far from that of the rest of the hall, to either side."""
    served = sum(person.served for person in people)
    rated = sum(person.rated for person in people)
    found = []
    for person in people:
        rest_served, rest_rated = served - person.served, rated - person.rated
        if person.served < MIN_RATINGS or rest_served < MIN_RATINGS:
            continue
        share = (rest_rated + 1) / (rest_served + 2)
        found.append(
            Sign(
                FAR_RATE,
                person.staff,
                {
                    "rated": person.rated,
                    "served": person.served,
                    "others_rated": rest_rated,
                    "others_served": rest_served,
                },
                chance.as_far(person.rated, person.served, share),
                chance.BINOMIAL_TWO_SIDED,
            )
        )
    return _standing(found)


def quiet_presses(ignored: Sequence[Ignored], boxes: Sequence[Box]) -> list[Sign]:
    """Boxes that are pressed in quiet hours, when nobody is served, more often than the hall's boxes are on average."""
    quiet = _by([press for press in ignored if press.quiet], lambda press: press.device)
    total = sum(len(own) for own in quiet.values())
    found = []
    for device, own in quiet.items():
        others = max(1, len(boxes) - 1)
        expected = (total - len(own) + 1) / others
        found.append(
            Sign(
                "quiet_presses",
                device,
                {"presses": len(own), "others_presses": total - len(own), "others_boxes": others},
                chance.events_at_least(len(own), expected),
                chance.POISSON,
                _events(own),
            )
        )
    return _standing(found)


def never_bad(presses: Sequence[Press], boxes: Sequence[Box]) -> list[Sign]:
    """Boxes that never send a bad grade, though the hall's do, while their keys were not tested for long."""
    bad = sum(press.grade <= 2 for press in presses)
    by_device = _by(presses, lambda press: press.device)
    found = []
    for box in boxes:
        own = by_device.get(box.device, [])
        tested = box.tested_days_ago
        if len(own) < MIN_RATINGS or (tested is not None and tested <= OLD_TEST_DAYS):
            continue
        if any(press.grade <= 2 for press in own) or len(presses) == len(own):
            continue
        share = bad / (len(presses) - len(own))
        numbers: dict[str, float] = {"ratings": len(own), "others_bad": bad, "others_ratings": len(presses) - len(own)}
        if tested is not None:
            numbers["tested_days_ago"] = tested
        likely = chance.at_most(0, len(own), share)
        found.append(Sign("never_bad", box.device, numbers, likely, chance.BINOMIAL, _events(own)))
    return _standing(found)


def _by(items: Iterable[T], key: Callable[[T], str]) -> dict[str, list[T]]:
    grouped: dict[str, list[T]] = defaultdict(list)
    for item in items:
        grouped[key(item)].append(item)
    return grouped


def _longest(presses: Sequence[Press]) -> list[Press]:
    """The first of the longest rows of equal grades."""
    best: list[Press] = []
    row: list[Press] = []
    for press in presses:
        if row and row[-1].grade == press.grade:
            row.append(press)
        else:
            row = [press]
        if len(row) > len(best):
            best = row[:]
    return best


def _events(items: Sequence[Press] | Sequence[Ignored]) -> tuple[str, ...]:
    return tuple(item.event for item in items[:MAX_EVENTS])


def _standing(found: Sequence[Sign]) -> list[Sign]:
    """What is left after Holm's correction, the least likely first."""
    stands = chance.holm([sign.chance for sign in found], LEVEL)
    return sorted((sign for sign, stays in zip(found, stands, strict=True) if stays), key=lambda sign: sign.chance)
