"""The run of all checks: a line each, a clear end, and what to do."""

import pytest

from tools.checks import __main__ as checks


def test_all_well(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(checks, "CHECKS", (("one", list, "do one"), ("two", list, "do two")))
    assert checks.main() == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.split() for line in lines[:2]] == [["check:", "one", "ok"], ["check:", "two", "ok"]]
    assert lines[-1] == "check: all 2 passed"


def test_one_fails_and_the_others_still_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    long = [f"problem {number}" for number in range(100)]
    monkeypatch.setattr(checks, "CHECKS", (("bad", lambda: long, "do this"), ("good", list, "do that")))
    assert checks.main() == 1
    out = capsys.readouterr().out
    assert "problem 0\n" in out
    assert "problem 99" not in out
    assert "… and 40 lines more" in out
    assert "what to do: do this" in out
    assert "do that" not in out
    assert out.splitlines()[-1] == "check: 1 of 2 failed: bad"


def test_a_program_that_fails_is_shown_with_its_output() -> None:
    run = checks.tool("python", "-c", "print('said'); raise SystemExit(3)")
    assert run() == ["said"]
    silent = checks.tool("python", "-c", "raise SystemExit(3)")
    assert silent() == ["ended with 3"]
    assert checks.tool("python", "-c", "")() == []
