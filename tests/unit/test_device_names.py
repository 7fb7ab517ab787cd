"""Shortened names: an image does the same under them, and its tracebacks can be read again."""

import ast
import importlib.metadata
import re
import subprocess
import sys
import types
from pathlib import Path

import pytest
from click.testing import CliRunner

from tests.both_pythons.interpreter import require
from tools.device import build, names
from tools.device.commands import device
from tools.device.linker import Linker

MAIN = """
import os
from ours.parts import Counter, Listed, helper_of_all as helper, WORDS, PartError
class Holder:
    def __init__(self, first_value, *, second=2):
        self._first = first_value
        self._second = second
        self.name = "first_value"
    def total_of(self, more_values):
        inner = lambda more_values: more_values + 1
        return [self._first + self._second + inner(value) for value in more_values]
    @property
    def doubled(self):
        return self._first * 2
class Deeper(Holder):
    def __init__(self):
        Holder.__init__(self, 5, second=6)
        self._third = 7
    def total_of(self, more_values):
        return Holder.total_of(self, more_values) + [self._third]
def broken(counter):
    return counter.fail_now()
def run():
    counter = Counter(3)
    counter.add_some()
    counter.add_some()
    deeper = Deeper()
    deeper.second_mark = 9
    listed = Listed()
    listed.append_all([deeper.doubled])
    try:
        broken(counter)
    except PartError as error:
        said = str(error)
    return [counter.total, deeper.total_of((1, 2)), deeper.second_mark, getattr(deeper, "name"), listed.items,
            helper(), WORDS, said, os.sep]
"""
PARTS = """
WORDS = {"total": 1, "fixed_word": 2}
class PartError(Exception):
    pass
class Counter:
    def __init__(self, step_size=1):
        self.total = 0
        self._step_size = step_size
        self.fixed_word = None
    def add_some(self):
        self.total += self._step_size
    def fail_now(self):
        raise PartError("as asked")
class Listed:
    def __init__(self):
        self.items = []
    def append_all(self, values):
        for value in values:
            self.items.append(value)
def helper_of_all():
    return [word for word in sorted(WORDS)]
"""


def sources(root: Path) -> dict[str, str]:
    package = root / "firmware"
    package.mkdir()
    for name, text in (("main", MAIN), ("parts", PARTS)):
        (package / f"{name}.py").write_text(text.replace("ours.", "firmware."), "utf-8")
    parts = (("firmware.wire", ("firmware.parts",)),)
    return Linker(root, ["firmware"]).link("firmware.main", frozenset({"run"}), parts)


def run(texts: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> object:
    scope: dict[str, object] = {}
    for name, text in texts.items():
        module = types.ModuleType(name)
        module.__dict__["const"] = lambda value: value
        exec(compile(text, name, "exec"), module.__dict__)
        monkeypatch.setitem(sys.modules, name, module)
        scope = module.__dict__
    return scope["run"]()  # type: ignore[operator]


def test_an_image_does_the_same_under_other_names(tmp_path, monkeypatch):
    before = sources(tmp_path)
    after, was = names.shorten(before, ("run",))
    expected = run(before, monkeypatch)
    assert expected[0] == 6
    assert expected == run(after, monkeypatch)
    old = {name for joined in was.values() for name in joined.split("|")}
    assert {"Counter", "add_some", "helper_of_all", "_step_size", "_first", "second_mark"} <= old
    assert not old & {"run", "PartError", "name", "fixed_word", "total", "second", "append", "items", "sep"}
    text = "".join(after.values())
    for name in old:
        assert not re.search(rf"\b{name}\b", text), f"{name} is still there"


def test_one_name_stands_for_one_function_and_no_object_has_two_of_a_name(tmp_path):
    before = sources(tmp_path)
    _, was = names.shorten(before, ("run",))
    present = set(re.findall(r"\w+", "".join(before.values())))
    assert not present & set(was), "a given name stood in the sources already"
    functions = {
        node.name
        for text in before.values()
        for node in ast.walk(ast.parse(text))
        if isinstance(node, (ast.FunctionDef, ast.ClassDef))
    }
    for joined in was.values():
        assert len(functions & set(joined.split("|"))) <= 1
    given = {old: new for new, joined in was.items() for old in joined.split("|")}
    deeper = [given[name] for name in ("_first", "_second", "_third", "total_of", "doubled", "second_mark")]
    assert len(set(deeper)) == len(deeper)
    assert len(set(names.SPARE)) == len(names.SPARE)
    assert not set(names.SPARE) & (set(names.ARGUMENTS) | names.FOREIGN)


def test_spare_words_and_arguments_cost_the_interpreter_nothing(tmp_path):
    """Its own count of names in RAM stays the same when it meets them."""
    words = [*names.SPARE, *names.ARGUMENTS]
    count = "micropython.qstr_info()"
    program = f"import micropython\n{count}\nfor w in %r.split():\n    getattr(0, w, 0)\n{count}"
    path = tmp_path / "words.py"
    path.write_text(program % " ".join(words), "utf-8")
    done = subprocess.run([require(), str(path)], capture_output=True, text=True, timeout=60, check=True)
    before, after = re.findall(r"n_qstr=(\d+)", done.stdout)
    assert before == after
    path.write_text(program % "surely_nobody_has_this", "utf-8")
    done = subprocess.run([require(), str(path)], capture_output=True, text=True, timeout=60, check=True)
    before, after = re.findall(r"n_qstr=(\d+)", done.stdout)
    assert int(after) == int(before) + 1


def test_no_public_name_that_goes_is_one_of_the_boards_own_objects():
    stubs: set[str] = set()
    for package in ("micropython-rp2-stubs", "micropython-esp32-stubs"):
        for file in importlib.metadata.files(package) or ():
            if file.suffix == ".pyi":
                for node in ast.walk(ast.parse(Path(str(file.locate())).read_text("utf-8"))):
                    if isinstance(node, ast.ClassDef):
                        stubs |= {inner.name for inner in node.body if isinstance(inner, ast.FunctionDef)}
    assert len(stubs) > 200
    for role in build.choices("roles"):
        _, was = names.shorten(dict(build.linked(role, "rpi_pico")), build.DOORS)
        public = {name for joined in was.values() for name in joined.split("|") if not name.startswith("_")}
        # No box has a socket or a network card. Anything new here: rename it, or add it to names.FOREIGN.
        assert public & stubs <= {"accept", "raw", "services", "status"}


def test_a_traceback_is_read_backwards():
    image = build.build("evaluator", "rpi_pico")
    _, was = names.shorten(dict(build.linked("evaluator", "rpi_pico")), build.DOORS)
    given = {old: new for new, joined in was.items() for old in joined.split("|")}
    kind = given["Directory"]
    said = (
        f'  File "firmware/main.mpy", line 1, in {given["_take_events"]}\n'
        f"AttributeError: '{kind}' object has no attribute 'nothing'\n"
    )
    done = CliRunner().invoke(device, ["traceback", image.version], input=said)
    assert done.exit_code == 0, done.output
    first, second = done.output.splitlines()
    assert first == '  File "firmware/main.mpy", line 1, in _take_events'
    assert re.fullmatch(r"AttributeError: 'Directory(\|\w+)*' object has no attribute 'nothing'", second)
    there = f"evaluator-rpi_pico-{image.version.rpartition('+')[2]}"
    for lang, begin, end in (
        ("en", "Error: no build 0.1.0+nothing in {}; there are: ", ". Build the same sources again, or copy it\n"),
        ("zh-CN", "错误：{} 里没有构建 0.1.0+nothing；现有：", "。请用同样的源码再构建一次，或把它拷过来\n"),
    ):
        done = CliRunner().invoke(device, ["traceback", "0.1.0+nothing"], input=said, env={"TINGTING_LANG": lang})
        assert done.exit_code == 1
        told = re.fullmatch(f"{re.escape(begin.format(build.BUILD))}(.+){re.escape(end)}", done.output)
        assert told, done.output
        assert there in told[1].split(", ")
