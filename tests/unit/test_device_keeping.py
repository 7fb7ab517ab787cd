"""What is kept beside the builds: made once for its sources, anew for others, and never trusted when damaged."""

from pathlib import Path

from tools.device import build
from tools.device.keeping import MOST, kept


def test_it_is_made_once_for_a_digest(tmp_path: Path) -> None:
    made: list[str] = []

    def make() -> list[str]:
        made.append("x")
        return [f"made {len(made)}"]

    assert kept(tmp_path, "a", "1" * 64, make) == ["made 1"]
    assert kept(tmp_path, "a", "1" * 64, make) == ["made 1"]
    assert kept(tmp_path, "a", "2" * 64, make) == ["made 2"]
    assert kept(tmp_path, "b", "1" * 64, make) == ["made 3"]
    for path in tmp_path.iterdir():
        path.write_text("{half", "utf-8")
    assert kept(tmp_path, "a", "1" * 64, make) == ["made 4"]


def test_the_oldest_are_let_go(tmp_path: Path) -> None:
    for number in range(MOST + 10):
        kept(tmp_path, "a", f"{number:064}"[::-1], lambda: 1)
    assert len(list(tmp_path.iterdir())) == MOST


def test_what_is_kept_is_what_is_linked(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setattr(build, "BUILD", tmp_path)
    assert build.linked("evaluator", "rpi_pico") == list(build._link("evaluator", "rpi_pico"))
    assert build.linked("evaluator", "rpi_pico") == list(build._link("evaluator", "rpi_pico"))
    before = build._of_sources()
    monkeypatch.setattr(build, "_MADE_OF", ("firmware", "protocol"))
    assert build._of_sources() != before
