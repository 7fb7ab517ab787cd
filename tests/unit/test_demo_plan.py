"""The citizens' day is drawn from the seed alone."""

from itertools import islice, pairwise

from tools.demo import plan

SERVICES = ["A", "B", "C"]


def _visits(seed: int, count: int, pace: plan.Pace = plan.BRISK) -> list[plan.Citizen]:
    return list(islice(plan.visits(seed, SERVICES, pace), count))


def test_the_same_seed_is_the_same_day() -> None:
    assert _visits(1, 300) == _visits(1, 300)
    assert _visits(1, 300) != _visits(2, 300)


def test_more_citizens_leave_the_first_ones_as_they_were() -> None:
    assert _visits(7, 200)[:12] == _visits(7, 12)


def test_everybody_comes_in_order_within_the_pace() -> None:
    citizens = _visits(3, 500)
    assert [citizen.index for citizen in citizens] == list(range(500))
    steps = [later.arrival_ms - earlier.arrival_ms for earlier, later in pairwise(citizens)]
    assert min(steps) >= plan.BRISK.arrival_ms[0]
    assert max(steps) <= plan.BRISK.arrival_ms[1]
    assert {citizen.service for citizen in citizens} == set(SERVICES)


def test_all_keys_are_pressed_and_some_leave_without_pressing() -> None:
    citizens = _visits(1, 2000)
    assert {citizen.grade for citizen in citizens} == {None, 1, 2, 3, 4, 5}
    silent = sum(citizen.grade is None for citizen in citizens)
    assert 0.10 < silent / len(citizens) < 0.20
    assert any(citizen.second for citizen in citizens)
    assert not any(citizen.second and citizen.grade is None for citizen in citizens)


def test_chance_for_faults_is_not_the_citizens() -> None:
    assert plan.stream(1, "faults").random() != plan.stream(1, "citizens").random()


def test_some_go_first_some_are_expected_and_some_are_not_there() -> None:
    citizens = _visits(1, 2000)
    assert {citizen.priority for citizen in citizens} == {None, *plan.PRIORITIES}
    for share, count in (
        (plan.APPOINTMENT_SHARE, sum(citizen.appointment for citizen in citizens)),
        (plan.AWAY_SHARE, sum(citizen.away for citizen in citizens)),
    ):
        assert 0.7 * share < count / len(citizens) < 1.3 * share
    # Where each journey is counted to its finish, everybody comes back; where people watch, some don't.
    assert not any(citizen.gone for citizen in citizens)
    leaving = list(islice(plan.visits(1, SERVICES, plan.CALM, may_leave=True), 2000))
    assert 0.3 < sum(citizen.gone for citizen in leaving) / sum(citizen.away for citizen in leaving) < 0.7
    # And nothing else of the day is another for it.
    assert [citizen.grade for citizen in leaving[:50]] == [citizen.grade for citizen in _visits(1, 50, plan.CALM)]
