"""The order of the test files: the longest begin, and what it rests on is there."""

import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

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


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small one with our conftest, and figures from before."""
    root = tmp_path_factory.mktemp("project")
    tests = root / "tests"
    tests.mkdir()
    for name in ("__init__.py", "conftest.py", "pace.py", "seconds.json"):
        shutil.copyfile(ROOT / "tests" / name, tests / name)
    (root / "pytest.ini").write_text("[pytest]\ntestpaths = tests\nmarkers = long\n", "utf-8")
    for name in ("one", "two"):
        (tests / f"test_{name}.py").write_text("def test_a():\n    pass\n\ndef test_b():\n    pass\n", "utf-8")
    return root


WHOLE = ("-m", "not long", "-n", "1", "--dist", "loadfile")


def _left(project: Path, *words: str) -> dict[str, int]:
    """What a run leaves where figures from before stood."""
    made = project / "build" / "test-seconds.json"
    made.parent.mkdir(exist_ok=True)
    made.write_text('{"before": 9}', "utf-8")
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words]
    ended = subprocess.run(command, cwd=project, check=False, capture_output=True, text=True, timeout=120)
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return pace.read(made)


def test_a_whole_run_leaves_its_figures(project: Path) -> None:
    assert _left(project, *WHOLE) == {"tests/test_one.py": 0, "tests/test_two.py": 0}


@pytest.mark.parametrize(
    "words",
    [
        (*WHOLE, "tests/test_one.py"),
        (*WHOLE, "-k", "test_a"),
        ("-n", "1"),
        ("-m", "not long", "-p", "no:xdist"),
    ],
    ids=["a file", "a word", "the long ones too", "no xdist"],
)
def test_a_run_of_a_part_leaves_none_nor_one_that_is_not_parallel(project: Path, words: tuple[str, ...]) -> None:
    assert _left(project, *words) == {"before": 9}
