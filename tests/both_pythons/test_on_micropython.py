"""The same files once more, on genuine MicroPython: every function is a test here, and shows its own traceback.

pytest itself collects the files beside this one and so runs them on CPython.
"""

import ast
import functools
import subprocess

import pytest

from tests.both_pythons.interpreter import MISSING, ROOT, require

HERE = ROOT / "tests" / "both_pythons"
HEAP = "2M"  # for the tests' own tables; what fits on a box is tested where the firmware is
LIMIT_S = 300  # a hung interpreter ends as a failure that names its file


def functions() -> list[tuple[str, str]]:
    """(file, function) of everything that must run on both."""
    found = []
    for path in sorted(HERE.glob("test_*.py")):
        if path.name == "test_on_micropython.py":
            continue
        tree = ast.parse(path.read_text("utf-8"))
        found += [
            (path.relative_to(ROOT).as_posix(), node.name)
            for node in tree.body
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
        ]
    return found


@functools.cache
def results(file: str) -> dict[str, str]:
    """What the runner printed for each function of a file, traceback included; run once a file."""
    command = [require(), "-X", f"heapsize={HEAP}", "tests/both_pythons/runner.py", file]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=LIMIT_S, check=False)
    texts: dict[str, str] = {}
    name = ""
    for line in done.stdout.splitlines():
        word, _, rest = line.partition(" ")
        if word in ("ok", "FAIL"):
            name = rest
            texts[name] = line
        elif name:
            texts[name] += "\n" + line
    texts[""] = f"{done.stdout}\n{done.stderr}"
    return texts


def test_micropython_is_here() -> None:
    require()


@pytest.mark.parametrize(("file", "function"), functions())
def test_on_micropython(file: str, function: str) -> None:
    texts = results(file)
    said = texts.get(function, f"not run:\n{texts['']}")
    assert said.startswith("ok "), f"on MicroPython, {file}: {said}"


def test_without_an_interpreter_the_tests_fail_with_one_clear_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tests.both_pythons.interpreter.find", lambda: None)
    with pytest.raises(AssertionError) as caught:
        require()
    assert str(caught.value).splitlines()[0] == MISSING
