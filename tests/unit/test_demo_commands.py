"""`tingting demo` refuses what makes no sense before it starts anything."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from tools.cli import cli
from tools.demo import faults
from tools.demo.commands import FAULTS


@pytest.mark.parametrize("words", [["--fault", "wires"], ["--report", "out.json"], ["--keep", "kept"]])
def test_what_belongs_to_headless_is_refused_without_it(words: list[str]) -> None:
    result = CliRunner().invoke(cli, ["demo", *words])
    assert result.exit_code == 2
    assert "belong to --headless" in result.output


def test_an_unknown_fault_is_refused_and_the_known_are_named() -> None:
    result = CliRunner().invoke(cli, ["demo", "--headless", "--fault", "earthquake"])
    assert result.exit_code == 2
    assert all(kind in result.output for kind in faults.KINDS)


def test_every_fault_is_explained() -> None:
    assert set(FAULTS) == set(faults.KINDS)
    result = CliRunner().invoke(cli, ["demo", "--help"])
    assert all(meaning in result.output for meaning in FAULTS.values())


def test_nobody_is_too_few_citizens() -> None:
    result = CliRunner().invoke(cli, ["demo", "--headless", "--citizens", "0"])
    assert result.exit_code == 2


def test_a_full_folder_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("precious")
    result = CliRunner().invoke(cli, ["demo", "--headless", "--keep", str(tmp_path)])
    assert result.exit_code == 2
    assert "not empty" in result.output
