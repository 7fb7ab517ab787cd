"""The tests are exact, the signs find what was planted, and an honest hall is left alone."""

import random
from itertools import product
from math import comb, exp, factorial

import pytest

from center.trust import chance
from center.trust.signs import (
    LEVEL,
    MAX_EVENTS,
    MIN_RATINGS,
    Box,
    Ignored,
    Press,
    Served,
    equal_grades,
    far_rates,
    never_bad,
    quick_presses,
    quiet_presses,
)


@pytest.mark.parametrize(("n", "p"), [(1, 0.5), (7, 0.2), (12, 0.93)])
def test_binomial_tails_are_sums_of_the_definition(n: int, p: float) -> None:
    mass = [comb(n, k) * p**k * (1 - p) ** (n - k) for k in range(n + 1)]
    for k in range(n + 1):
        assert chance.at_least(k, n, p) == pytest.approx(sum(mass[k:]))
        assert chance.at_most(k, n, p) == pytest.approx(sum(mass[: k + 1]))
        assert chance.as_far(k, n, p) == pytest.approx(sum(m for m in mass if m <= mass[k] * (1 + 1e-7)))


def test_the_ends_of_binomial_and_poisson() -> None:
    assert chance.at_least(1, 10, 0.0) == 0.0
    assert chance.at_most(9, 10, 1.0) == 0.0
    assert chance.events_at_least(3, 2.5) == pytest.approx(1 - sum(2.5**i * exp(-2.5) / factorial(i) for i in range(3)))
    assert chance.events_at_least(1, 0.0) == 0.0
    # P(X ≥ 40) at mean 5, from the series itself: where 1 − below would be nothing but rounding.
    assert chance.events_at_least(40, 5.0) == pytest.approx(sum(5.0**i * exp(-5) / factorial(i) for i in range(40, 90)))


@pytest.mark.parametrize("shares", [{1: 0.5, 2: 0.5}, {1: 0.2, 3: 0.3, 5: 0.5}, {5: 0.9, 1: 0.1}])
@pytest.mark.parametrize("length", [2, 3, 4, 7, 8])
def test_the_longest_run_agrees_with_counting_every_sequence(shares: dict[int, float], length: int) -> None:
    n = 7
    wanted = 0.0
    for sequence in product(shares, repeat=n):
        if chance.longest_run(sequence) >= length:
            weight = 1.0
            for value in sequence:
                weight *= shares[value]
            wanted += weight
    assert chance.run_at_least(length, n, shares) == pytest.approx(wanted)


def test_a_run_of_the_only_grade_is_certain_and_a_long_one_of_many_is_not() -> None:
    assert chance.run_at_least(50, 50, {5: 1.0}) == 1.0
    assert 0.0 < chance.run_at_least(60, 10_000, {5: 0.7, 4: 0.3}) < 1e-4


def test_holm_looks_at_how_many_were_compared() -> None:
    assert chance.holm([0.004, 0.02, 0.5], 0.01) == [False, False, False]
    assert chance.holm([0.003, 0.5, 0.004], 0.01) == [True, False, True]
    assert chance.holm([], 0.01) == []


def hall(seed: int, people: int = 12, each: int = 120) -> list[Press]:
    """An honest hall: one mix of grades, presses after one to fifteen seconds."""
    draw = random.Random(seed)
    presses = []
    for number in range(people * each):
        staff = f"S{number % people:02}"
        presses.append(
            Press(
                event=f"j/{number + 1}",
                staff=staff,
                window=staff,
                device=f"box{number % people:02}",
                grade=draw.choices((5, 4, 3, 2, 1), (70, 18, 7, 3, 2))[0],
                at_ms=number * 60_000,
                pressed_after_ms=900 if draw.random() < 0.01 else draw.randrange(1_000, 15_000),
            )
        )
    return presses


BOXES = [Box(f"box{number:02}", f"S{number:02}", 100) for number in range(12)]


@pytest.mark.parametrize("seed", range(5))
def test_an_honest_hall_shows_no_sign(seed: int) -> None:
    presses = hall(seed)
    assert quick_presses(presses) == []
    assert equal_grades(presses) == []
    assert never_bad(presses, BOXES) == []
    assert far_rates([Served(f"S{n}", 200, 120 + n) for n in range(12)]) == []


def test_a_clerk_who_presses_at_once_is_found_with_the_events() -> None:
    presses = hall(1)
    own = [index for index, press in enumerate(presses) if press.staff == "S03"][:40]
    for index in own:
        press = presses[index]
        presses[index] = Press(press.event, "S03", "S03", press.device, 5, press.at_ms, 400)
    (sign,) = quick_presses(presses)
    assert (sign.who, sign.numbers["ratings"], sign.test) == ("S03", 120, chance.BINOMIAL)
    assert sign.numbers["quick"] >= 40
    assert sign.chance < 1e-20
    assert len(sign.events) == sign.numbers["quick"]
    assert set(sign.events) <= {press.event for press in presses if press.staff == "S03"}


def test_a_row_of_equal_grades_is_found_with_its_events() -> None:
    presses = hall(2)
    own = [index for index, press in enumerate(presses) if press.staff == "S05"][10:70]
    for index in own:
        press = presses[index]
        presses[index] = Press(press.event, "S05", "S05", press.device, 5, press.at_ms, press.pressed_after_ms)
    (sign,) = equal_grades(presses)
    assert sign.who == "S05"
    assert sign.numbers["in_a_row"] >= 60
    assert sign.chance < LEVEL / 12
    assert set(sign.events) <= {presses[index].event for index in range(len(presses)) if presses[index].staff == "S05"}


@pytest.mark.parametrize("rated", [30, 199])
def test_a_rate_far_to_either_side_is_found(rated: int) -> None:
    people = [Served(f"S{n}", 200, 120) for n in range(11)] + [Served("odd", 200, rated)]
    (sign,) = far_rates(people)
    assert (sign.who, sign.test) == ("odd", chance.BINOMIAL_TWO_SIDED)
    assert sign.numbers == {"rated": rated, "served": 200, "others_rated": 1320, "others_served": 2200}


def test_presses_in_quiet_hours_are_found_and_those_at_work_are_not() -> None:
    ignored = [Ignored(f"j/{n}", f"box{n % 12:02}", n, True) for n in range(12)]
    busy = [Ignored(f"k/{n}", "box07", n, False) for n in range(50)]
    assert quiet_presses(ignored + busy, BOXES) == []
    extra = [Ignored(f"m/{n}", "box07", n, True) for n in range(15)]
    (sign,) = quiet_presses(ignored + busy + extra, BOXES)
    assert (sign.who, sign.numbers["presses"], sign.test) == ("box07", 16, chance.POISSON)


def test_a_box_without_a_bad_grade_is_a_sign_only_while_its_keys_are_untested() -> None:
    draw = random.Random(9)
    presses = [
        Press(
            f"j/{n}",
            "S",
            "1",
            "dead" if n % 4 == 0 else f"box{n % 4}",
            5 if n % 4 == 0 or draw.random() < 0.9 else 1,
            n,
            3000,
        )
        for n in range(800)
    ]
    (sign,) = never_bad(presses, [Box("dead", "1", None), Box("box1", "2", None)])
    assert (sign.who, sign.numbers["ratings"]) == ("dead", 200)
    assert sign.events == tuple(press.event for press in presses if press.device == "dead")[:MAX_EVENTS]
    assert "tested_days_ago" not in sign.numbers
    assert never_bad(presses, [Box("dead", "1", 31)])[0].numbers["tested_days_ago"] == 31
    assert never_bad(presses, [Box("dead", "1", 30)]) == []


def test_little_says_nothing() -> None:
    few = [Press(f"j/{n}", "S1", "1", "b", 5, n, 100) for n in range(MIN_RATINGS - 1)]
    many = [Press(f"k/{n}", "S2", "2", "c", 3, n, 5000) for n in range(500)]
    assert quick_presses(few + many) == []
    assert equal_grades([]) == []
    assert quick_presses([]) == []
    assert far_rates([Served("S1", 5, 0), Served("S2", 500, 400)]) == []
