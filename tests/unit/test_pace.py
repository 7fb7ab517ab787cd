"""The order of the test files: the longest begin, and what it rests on is there."""

from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tests import pace
from tools.checks.rooms import ROOT


def items(*nodeids: str) -> list[Any]:
    return [SimpleNamespace(nodeid=nodeid) for nodeid in nodeids]


def test_the_longest_files_begin_and_each_keeps_its_own_order() -> None:
    made = items("a.py::two", "a.py::one", "new.py::x", "long.py::z", "long.py::y", "b.py::x")
    pace.sort(made, {"a.py": 0, "b.py": 0, "long.py": pace.NEW_S + 1})
    assert [item.nodeid for item in made] == [
        "long.py::z",
        "long.py::y",
        "new.py::x",  # nobody knows yet
        "a.py::two",
        "a.py::one",
        "b.py::x",
    ]


def test_what_a_run_took_is_noted_file_by_file(tmp_path: Path) -> None:
    noting = pace.Noting()
    for nodeid, seconds in (("a.py::one[x::y]", 1.4), ("a.py::two", 2.2), ("b.py::one", 40.0), ("c.py::one", 0.1)):
        noting.add(nodeid, seconds)
    noting.write(tmp_path / "build" / "seconds.json")
    assert list(pace.read(tmp_path / "build" / "seconds.json").items()) == [("b.py", 40), ("a.py", 4), ("c.py", 0)]


def test_what_is_noted_is_still_true_of_most_files() -> None:
    """One that went or came costs nothing; with many of them it is time to copy a run's own figures."""
    noted = pace.read()
    here = {str(path.relative_to(ROOT)) for path in (ROOT / "tests").rglob("test_*.py")}
    assert len(noted.keys() ^ here) < len(here) / 5, sorted(noted.keys() ^ here)
    assert max(noted.values()) > pace.NEW_S
