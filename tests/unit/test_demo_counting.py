"""The report counts what the center's doors say and doubts what doesn't add up."""

from typing import Any

from tools.demo import counting
from tools.demo.counting import Count
from tools.demo.presses import Press, clock_text

AT = clock_text(1_795_000_000_000)


def _day(citizens: int, rated: int) -> list[dict[str, Any]]:
    events: list[dict[str, Any]] = [
        {"type": "hall.device.booted", "data": {"detail": {"interpreter": "MicroPython 1.29"}}}
    ]
    for index in range(citizens):
        ticket, run = f"t{index}", f"r{index}"
        events += [
            {"type": f"hall.ticket.{kind}", "data": {"ticket": ticket, "run": run}}
            for kind in ("issued", "called", "arrived", "finished")
        ]
        if index < rated:
            events.append(_rating(index))
    return events


def _rating(index: int, fact: int | None = None) -> dict[str, Any]:
    data = {"ticket": f"t{index}", "run": f"r{index}", "window": "1", "grade": 5, "device": "d", "epoch": "e"}
    data["fact"] = index if fact is None else fact
    return {"id": f"j/{index}", "type": "hall.rating.submitted", "time": AT, "data": data}


def _presses(count: int) -> list[Press]:
    return [
        Press(window="1", grade=5, time=AT, ticket=f"t{n}", number="A", lit=True, thanked=True, power_lost=False)
        for n in range(count)
    ]


def _count(events: list[dict[str, Any]], served: int, rated: int, pressed: int) -> Count:
    ratings = {"served": served, "rated": rated, "unrated": served - rated}
    return counting.count(3, events, ratings, _presses(pressed), 1.0)


def test_a_whole_day_is_counted_without_doubt() -> None:
    found = _count(_day(3, 2), 3, 2, 2)
    report = found.report
    assert found.complaints == []
    assert (report.citizens, report.tickets, report.called, report.finished) == (3, 3, 3, 3)
    assert (report.rated, report.unrated, report.lost, report.duplicated) == (2, 1, 0, 0)
    assert report.interpreter == "MicroPython 1.29"


def test_a_visit_that_never_finished_is_lost() -> None:
    events = [event for event in _day(3, 0) if event["data"].get("run") != "r2"]
    found = _count(events, 2, 0, 0)
    assert found.report.lost == 1
    assert found.complaints


def test_a_thanked_press_without_its_rating_is_lost() -> None:
    found = _count(_day(3, 1), 3, 1, 2)
    assert found.report.lost == 1
    assert any("not at the center" in complaint for complaint in found.complaints)


def test_a_press_that_the_box_did_not_take_is_lost() -> None:
    ratings = {"served": 3, "rated": 1, "unrated": 2}
    dead = Press(window="1", grade=1, time=AT, ticket="t1", number="A", lit=True, thanked=False, power_lost=False)
    found = counting.count(3, _day(3, 1), ratings, [*_presses(1), dead], 1.0)
    assert found.report.lost == 1
    assert any("not taken by the box" in complaint for complaint in found.complaints)


def test_a_run_rated_twice_is_duplicated() -> None:
    found = _count([*_day(3, 2), _rating(0, fact=9)], 3, 2, 2)
    assert found.report.duplicated == 1
    assert found.complaints


def test_a_report_that_counts_more_than_its_events_is_doubted() -> None:
    found = _count(_day(3, 2), 3, 3, 2)
    assert found.report.duplicated == 1
    assert any("its events say" in complaint for complaint in found.complaints)


def test_no_interpreter_is_doubted() -> None:
    found = _count(_day(3, 2)[1:], 3, 2, 2)
    assert any("interpreter" in complaint for complaint in found.complaints)
