"""The check finds what is missing, doubled, moved or invented between fingers and center."""

import json
from pathlib import Path
from typing import Any

import pytest

from tools.demo import check, presses
from tools.demo.errors import DemoError
from tools.demo.presses import Press, PressLog, clock_text

START_MS = 1_795_000_000_000


def _press(at_ms: int = 0, ticket: str = "t1", grade: int = 4, **more: Any) -> Press:
    fields: dict[str, Any] = {"lit": True, "thanked": True, "power_lost": False, "number": "A001", **more}
    return Press(window="1", grade=grade, time=clock_text(START_MS + at_ms), ticket=ticket, **fields)


def _event(at_ms: int = 0, ticket: str = "t1", grade: int = 4, fact: int = 1, run: str = "r1") -> dict[str, Any]:
    data = {"run": run, "ticket": ticket, "window": "1", "grade": grade, "device": "d", "epoch": "e", "fact": fact}
    return {
        "id": f"j/{fact}",
        "type": "hall.rating.submitted",
        "time": clock_text(START_MS + at_ms),
        "data": data,
    }


def test_a_press_that_stands_once_at_its_time_is_well() -> None:
    assert check.compare([_press()], [_event(at_ms=900)]) == []


@pytest.mark.parametrize(
    ("pressed", "events", "word"),
    [
        ([_press()], [], "not at the center"),
        ([_press()], [_event(grade=5)], "nobody pressed"),
        ([], [_event()], "nobody pressed"),
        ([_press()], [_event(), _event(fact=2)], "rated 2 times"),
        ([_press()], [_event(), _event(run="r2")], "stands 2 times"),
        ([_press()], [_event(at_ms=1500)], "1500 ms away"),
        ([_press()], [_event(ticket="t2")], "counted for ticket t2"),
        ([_press(thanked=False)], [], "not taken by the box"),
        ([_press(lit=False, thanked=False)], [_event()], "nobody pressed"),
    ],
)
def test_what_is_wrong_is_named(pressed: list[Press], events: list[dict[str, Any]], word: str) -> None:
    assert any(word in complaint for complaint in check.compare(pressed, events))


def test_a_press_that_lost_the_power_may_count_or_not() -> None:
    press = _press(thanked=False, power_lost=True)
    assert check.compare([press], []) == []
    assert check.compare([press], [_event()]) == []


def test_a_press_on_dark_lamps_must_not_count() -> None:
    assert check.compare([_press(lit=False, thanked=False)], []) == []


def test_two_presses_close_together_each_take_their_own_event() -> None:
    pressed = [_press(0, "t1"), _press(400, "t2")]
    events = [_event(400, "t2", fact=2, run="r2"), _event(0, "t1")]
    assert check.compare(pressed, events) == []


def test_presses_are_written_line_by_line_and_read_back(tmp_path: Path) -> None:
    log = PressLog(tmp_path / "pressed.jsonl")
    log.add(_press())
    log.add(_press(at_ms=50, grade=1))
    log.close()
    assert presses.read(tmp_path / "pressed.jsonl") == log.presses
    assert log.presses[1].at_ms - log.presses[0].at_ms == 50


def test_a_torn_file_of_presses_is_named(tmp_path: Path) -> None:
    path = tmp_path / "pressed.jsonl"
    path.write_text('{"window": "1"')
    with pytest.raises(DemoError, match=r"pressed\.jsonl"):
        presses.read(path)


def test_the_command_says_complaints_and_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    log = PressLog(tmp_path / "pressed.jsonl")
    log.add(_press())
    log.close()
    (tmp_path / "events.jsonl").write_text(json.dumps(_event()) + "\n")
    assert check.main([str(tmp_path)]) == 0
    (tmp_path / "events.jsonl").write_text("")
    assert check.main([str(tmp_path)]) == 1
    assert "not at the center" in capsys.readouterr().out
    assert check.main([str(tmp_path / "nowhere")]) == 2
