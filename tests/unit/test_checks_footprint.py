"""The footprint's guard: what has grown fails until it is recorded on purpose."""

from dataclasses import replace
from pathlib import Path

import pytest

from tools.checks import footprint
from tools.checks.footprint import Footprint, FootprintError
from tools.device import build

RECORD = Footprint(mpy_bytes=40_000, used_bytes=100_000)


@pytest.mark.parametrize(
    ("now", "said"),
    [
        (RECORD, []),
        (Footprint(41_999, 104_999), []),
        (Footprint(20_000, 50_000), []),
        (Footprint(42_001, 100_000), [".mpy files: 42001 bytes, 5.0 % more than the recorded 40000"]),
        (Footprint(40_000, 105_100), ["used heap: 105100 bytes, 5.1 % more than the recorded 100000"]),
    ],
)
def test_growth_of_five_percent_is_said(now: Footprint, said: list[str]) -> None:
    assert footprint.grown(now, RECORD) == said


def test_the_limits_hold_whatever_is_recorded() -> None:
    now = Footprint(footprint.LARGEST_MPY_BYTES + 1, footprint.HEAP_BYTES - footprint.LEAST_FREE_BYTES + 1)
    assert footprint.grown(now, now) == [
        ".mpy files: 163841 bytes, the limit is 163840",
        "free heap: 92159 bytes of 204800, the limit is 92160",
    ]


def test_a_record_that_is_not_there_says_how_to_make_it(tmp_path: Path) -> None:
    with pytest.raises(FootprintError, match="--write"):
        footprint.recorded(tmp_path / "footprint.json")


def test_what_is_planted_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The real build on a real interpreter, with 8 KB of texts that somebody added."""
    monkeypatch.setattr(build, "BUILD", tmp_path / "build")
    linked = build.linked

    def with_more(role: str, board: str) -> list[tuple[str, str]]:
        planted = "\n".join(
            f"TEXT_{number} = 'a text of some length that nobody needs {number}'" for number in range(80)
        )
        return [(name, text + planted if name == "firmware.main" else text) for name, text in linked(role, board)]

    record = footprint.recorded()
    small = footprint.measure()
    assert footprint.grown(small, record) == []
    monkeypatch.setattr(build, "linked", with_more)
    large = footprint.measure()
    assert footprint.grown(replace(large, mpy_bytes=small.mpy_bytes), record)[0].startswith("used heap: ")
    assert footprint.grown(replace(large, used_bytes=small.used_bytes), record)[0].startswith(".mpy files: ")
