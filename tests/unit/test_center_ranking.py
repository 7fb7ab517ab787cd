"""The ranking: three ratings don't beat three hundred, nobody is ranked under thirty, the interval holds its level."""

import random

import pytest

from center.reports.ranking import LEAST_RANKED, interval, points, rank, row
from center.store.answers import Tally


def tally(name: str, *grades: int) -> Tally:
    one, two, three, four, five = grades
    return Tally(("qingxi", name), sum(grades) + 5, (one, two, three, four, five))


def test_three_ratings_do_not_beat_three_hundred() -> None:
    ranked = rank([tally("three", 0, 0, 0, 0, 3), tally("hundreds", 0, 1, 2, 17, 280), tally("thirty", 0, 0, 0, 0, 30)])
    assert [(one.key[1], one.rank) for one in ranked] == [("hundreds", 1), ("thirty", 2), ("three", None)]
    assert ranked[2].interval.mean == 10.0


@pytest.mark.parametrize(("count", "place"), [(LEAST_RANKED - 1, None), (LEAST_RANKED, 1)])
def test_no_rank_under_thirty(count: int, place: int | None) -> None:
    (one,) = rank([tally("w", 0, 0, 0, 0, count)])
    assert one.rank == place


def test_equal_bounds_share_a_rank_and_who_served_nobody_is_not_there() -> None:
    same = (0, 0, 0, 10, 40)
    ranked = rank([tally("b", *same), tally("a", *same), tally("c", 0, 0, 0, 20, 30), Tally(("x", "d"), 0, (0,) * 5)])
    assert [(one.key[1], one.rank) for one in ranked] == [("a", 1), ("b", 1), ("c", 3)]


def test_the_interval_stays_in_its_bounds_and_holds_the_mean() -> None:
    assert interval((0, 0, 0, 0, 0)).mean is None
    perfect = interval((0, 0, 0, 0, 30))
    assert (perfect.mean, perfect.high) == pytest.approx((10.0, 10.0))
    assert perfect.low == pytest.approx(10 * 30 / (30 + 1.96**2), abs=1e-3)
    worst = interval((30, 0, 0, 0, 0))
    assert (worst.mean, worst.low) == pytest.approx((0.0, 0.0))
    assert points((1, 1, 1, 1, 1)) == 27


@pytest.mark.parametrize(
    "shares",
    [(0.01, 0.01, 0.02, 0.12, 0.84), (0.3, 0.1, 0.1, 0.1, 0.4), (0.5, 0.0, 0.0, 0.0, 0.5), (0.0, 0.0, 0.1, 0.5, 0.4)],
)
@pytest.mark.parametrize("size", [30, 300])
def test_the_interval_holds_the_true_mean_in_at_least_its_share_of_samples(
    shares: tuple[float, ...], size: int
) -> None:
    """2,000 seeded samples of each mix: 95 % less three standard errors of the count itself."""
    chance = random.Random(size)
    true = sum(share * value for share, value in zip(shares, (0, 3, 6, 8, 10), strict=True))
    held, samples = 0, 2000
    for _ in range(samples):
        drawn = chance.choices((0, 1, 2, 3, 4), shares, k=size)
        bounds = interval([drawn.count(grade) for grade in range(5)])
        assert bounds.low is not None
        assert bounds.high is not None
        held += bounds.low <= true <= bounds.high
    assert held / samples >= 0.95 - 3 * (0.95 * 0.05 / samples) ** 0.5


def test_a_hidden_person_has_neither_rank_nor_mean() -> None:
    (one,) = rank([tally("s1", 0, 0, 0, 0, 3)])
    assert row(one, True) == {
        "key": "s1",
        "hall": "qingxi",
        "rank": None,
        "rated": 3,
        "served": 8,
        "mean": None,
        "low": None,
        "high": None,
        "hidden": True,
    }
