"""The page of threats can't rot: each row names a test, and each of those is there."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/explanation/threats.md").read_text("utf-8")
ATTACKERS = ("phone", "clerk", "stranger", "box", "card", "hall", "technician")
NODE = re.compile(r"`(tests/[\w/]+\.py)::(\w+)`")


def rows() -> list[list[str]]:
    """(tries, measure, test) of every table."""
    lines = [line.strip("| ").split(" | ") for line in PAGE.splitlines() if line.startswith("|")]
    return [cells for cells in lines if cells[0] != "tries" and not cells[0].startswith("---")]


def test_every_threat_has_a_measure_and_a_test() -> None:
    assert len(rows()) > 40
    for cells in rows():
        assert len(cells) == 3, cells
        assert cells[1], cells
        assert NODE.findall(cells[2]), cells
        assert NODE.sub("", cells[2]).strip(", ") == "", cells


def test_every_attacker_has_a_table() -> None:
    headings = [heading.lower() for heading in re.findall(r"^## (.+)$", PAGE, re.MULTILINE)]
    for attacker in ATTACKERS:
        assert any(attacker in heading for heading in headings), attacker


@pytest.mark.parametrize(("file", "name"), sorted(set(NODE.findall(PAGE))))
def test_every_named_test_is_there(file: str, name: str) -> None:
    tree = ast.parse((ROOT / file).read_text("utf-8"))
    found = [each for each in tree.body if isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef)]
    assert name in {each.name for each in found}, f"{file}::{name} is named in threats.md and is not there"
