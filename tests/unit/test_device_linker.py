"""The linker: the linked files do what the modules do, and hold only what is needed."""

import ast
from pathlib import Path
from typing import Any

import pytest

from tools.device.build import linked
from tools.device.linker import Linker, LinkError
from tools.device.syntax import Symbol

BASE = '''
"""Shared."""
LIMIT = 7
NAME = "base"
class BaseError(Exception):
    pass
class QuietError(BaseError):
    pass
class Counter:
    def __init__(self, step: int = LIMIT) -> None:
        self.count: int = 0
        self._step = step
    def add(self):
        self.count += self._step
        return helper(self.count)
    def unused(self):
        return only_for_unused()
def helper(value):
    return value * 2
def only_for_unused():
    raise QuietError("nobody")
'''
MIDDLE = """
from binascii import crc32
from ours import base
from ours.base import Counter as Tally
from ours.base import helper
TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any
def twice(base_limit: "Any" = base.LIMIT) -> "Any":
    helper = 3  # hides the name of the module
    return [helper * base_limit for base_limit in (1, 2)]
def crc(data):
    if not data:
        raise base.QuietError("of no use on a box")
    return crc32(data)
class Twin(Tally):
    def add(self):
        Tally.add(self)
        return helper(self.count)
"""
MAIN = """
from ours import base, middle
def helper():
    return base.NAME
def run():
    twin = middle.Twin()
    twin.add()
    return [helper(), middle.twice(), middle.crc(b"x"), twin.add(), base.Counter(1).add()]
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "ours").mkdir()
    for name, text in (("base", BASE), ("middle", MIDDLE), ("main", MAIN)):
        (tmp_path / "ours" / f"{name}.py").write_text(text, "utf-8")
    return tmp_path


def run(text: str) -> Any:
    scope: dict[str, Any] = {"const": lambda value: value}
    exec(compile(text, "linked", "exec"), scope)
    return scope["run"]()


def test_linker_keeps_what_the_modules_do(root: Path) -> None:
    files = Linker(root, ["ours"]).link("ours.main", frozenset({"run"}))
    assert list(files) == ["ours.main"]
    assert run(files["ours.main"]) == ["base", [3, 6], 2363233923, 28, 2]


def test_linker_leaves_out_what_nobody_needs(root: Path) -> None:
    text = Linker(root, ["ours"], ["QuietError"]).link("ours.main", frozenset({"run"}))["ours.main"]
    assert "unused" not in text
    assert "Shared" not in text
    assert "Any" not in text
    assert "of no use" not in text
    assert "_LIMIT = const(7)" in text
    assert "import" in text
    assert "ours" not in text


def test_linker_parts_import_from_the_parts_before_them(root: Path) -> None:
    parts = (("ours.low", ("ours.base",)), ("ours.high", ("ours.middle",)))
    files = Linker(root, ["ours"]).link("ours.main", frozenset({"run"}), parts)
    assert list(files) == ["ours.low", "ours.high", "ours.main"]
    assert "from ours.low import" in files["ours.high"]
    assert "class Counter" not in files["ours.main"]
    plain = "\n".join(line for text in files.values() for line in text.splitlines() if "from ours" not in line)
    assert run(plain) == ["base", [3, 6], 2363233923, 28, 2]


FAMILY = """
class Base:
    STEP = 2
    def __init__(self, start):
        self.total = start
        self._grow()
    def add(self, more):
        self.total += more * self.STEP
        return self._say()
    def _say(self):
        return ["base", self.total]
    def _grow(self):
        self.total += 1
    def never(self):
        return 0
class Only(Base):
    STEP = 3
    def __init__(self):
        Base.__init__(self, 10)
    def _say(self):
        return ["only", *Base._say(self)]
    def never(self):
        return 1
class Wide:
    pass
class First(Wide):
    pass
class Second(Wide):
    pass
class LostError(Exception):
    pass
class GoneError(LostError):
    pass
def run():
    try:
        raise GoneError
    except LostError:
        return [Only().add(5), Only().never(), isinstance(First(), Wide), isinstance(Second(), First)]
"""


def test_linker_makes_one_class_of_a_base_and_its_only_subclass(root: Path) -> None:
    (root / "ours" / "main.py").write_text(FAMILY, "utf-8")
    text = Linker(root, ["ours"]).link("ours.main", frozenset({"run"}))["ours.main"]
    assert run(text) == run(FAMILY) == [["only", "base", 26], 1, True, False]
    assert "class Only:" in text
    assert "class Base" not in text
    assert "return 0" not in text
    for kept in ("class Wide:", "class First(Wide):", "class Second(Wide):", "class GoneError(LostError):"):
        assert kept in text


ERRORS = """
class RootError(Exception):
    pass
class WireError(RootError):
    pass
class FrameError(WireError):
    pass
class SealError(WireError):
    pass
class OwnError(RootError):
    pass
class Said:
    def __repr__(self):
        return "for people"
    def raise_one(self, what):
        if what == 0:
            raise FrameError
        if what == 1:
            raise SealError
        if what == 2:
            raise WireError
        raise OwnError
def run():
    found = []
    for what in range(4):
        try:
            Said().raise_one(what)
        except FrameError:
            found.append("frame")
        except WireError:
            found.append("wire")
        except Exception as error:
            found.append(type(error).__name__)
    return found
"""


def test_linker_raises_the_base_of_an_error_that_nobody_tells_from_it(root: Path) -> None:
    (root / "ours" / "main.py").write_text(ERRORS, "utf-8")
    silent = ["WireError", "FrameError", "SealError", "OwnError"]
    text = Linker(root, ["ours"], silent).link("ours.main", frozenset({"run"}))["ours.main"]
    assert run(text) == run(ERRORS) == ["frame", "wire", "wire", "OwnError"]
    assert "SealError" not in text
    assert "RootError" not in text
    assert "class OwnError(Exception):" in text  # whose name somebody reads
    assert "__repr__" not in text
    assert "class SealError(WireError):" in Linker(root, ["ours"]).link("ours.main", frozenset({"run"}))["ours.main"]


def test_linker_puts_what_is_forgotten_into_the_last_file_and_keeps_a_door_before_it(root: Path) -> None:
    (root / "ours" / "opening.py").write_text(
        "from ours.low import part\nfrom ours.main import run\ndef opened():\n    return part(), run\n", "utf-8"
    )
    (root / "ours" / "low.py").write_text("def part():\n    return 1\n", "utf-8")
    parts = (("ours.opening", ("ours.opening", "ours.low")), ("ours.main", ("ours",)))
    linker = Linker(root, ["ours"])
    files = linker.link("ours.opening", frozenset({"opened"}), parts, doors=[Symbol("ours.main", "run")])
    assert list(files) == ["ours.main", "ours.opening"]
    assert "def run" in files["ours.main"]
    assert "def part" in files["ours.opening"]
    assert "from ours.main import run" in files["ours.opening"]


def test_linker_forgets_functions_that_only_tables_are_made_with(root: Path) -> None:
    (root / "ours" / "main.py").write_text(
        "def _row(x):\n    return (x, _both(x))\ndef _both(x):\n    return x\ndef _late(x):\n    return x\n"
        "TABLE = (_row(1), _late(2))\ndef run():\n    return [TABLE, _late(3)]\n"
    )
    text = Linker(root, ["ours"]).link("ours.main", frozenset({"run"}))["ours.main"]
    assert text.endswith("del _row\n")
    assert run(text) == [((1, 1), 2), 3]


def test_what_opens_a_box_is_in_no_file_that_stays() -> None:
    """Nothing of a board's pins, of settings and of the first facts is needed by a box that runs."""
    for role in ("evaluator", "caller", "dispenser"):
        files = dict(linked(role, "rpi_pico"))
        assert list(files)[:4] == ["firmware.wire", "firmware.log", "firmware.main", "firmware.opening"]
        for gone in ("machine.Pin(", "machine.PWM(", "_PINS", "urandom"):
            assert gone in files["firmware.opening"]
            assert gone not in files["firmware.main"]
    assert "class Requests" not in dict(linked("evaluator", "rpi_pico"))["firmware.wire"]
    assert "class Requests" in dict(linked("caller", "rpi_pico"))["firmware.wire"]


def test_linker_puts_another_module_in_ones_place(root: Path) -> None:
    (root / "ours" / "other.py").write_text("def twice():\n    return 'other'\ndef crc(data):\n    return 0\n", "utf-8")
    (root / "ours" / "main.py").write_text(
        "from ours import middle\nfrom ours.middle import crc\ndef run():\n    return [middle.twice(), crc(b'x')]\n"
    )
    linker = Linker(root, ["ours"], instead={"ours.middle": "ours.other"})
    assert run(linker.link("ours.main", frozenset({"run"}))["ours.main"]) == ["other", 0]
    assert linker.reach("ours.main") == {"ours.main", "ours.other"}


def test_linker_keeps_the_public_names_of_a_file_that_stands_alone(root: Path) -> None:
    text = Linker(root, ["ours"]).link("ours.base")["ours.base"]
    assert "LIMIT = 7" in text
    assert "def unused" in text


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("from ours import base\nx = base\n", "used as a value"),
        ("from ours.base import *\n", "star import"),
        ("x = 1\ndef f():\n    global x\n", "`global`"),
        ("from ours import base\nx = base.missing\n", "has no missing"),
        ("import os.path\n", "in place of `import os.path`"),
    ],
)
def test_linker_refuses_what_it_can_not_follow(root: Path, text: str, why: str) -> None:
    (root / "ours" / "main.py").write_text(text, "utf-8")
    with pytest.raises(LinkError, match=why):
        Linker(root, ["ours"]).link("ours.main")


def test_linker_drops_functions_that_only_call_each_other(root: Path) -> None:
    (root / "ours" / "alone.py").write_text(
        "def run():\n    return 1\ndef _to():\n    return _fro()\ndef _fro():\n    return _to()\n", "utf-8"
    )
    assert Linker(root, ["ours"]).link("ours.alone")["ours.alone"] == "def run():\n    return 1\n"


def test_a_role_carries_no_rows_of_what_it_never_names() -> None:
    """In its tables of facts and commands stand those that its own code names, and those only."""
    for role, has, lacks in (("evaluator", ("_RATED", "_INVITE"), ("_WINDOW_COMMAND",)),):
        text = dict(linked(role, "rpi_pico"))["firmware.wire"]
        rows = {
            key.id
            for node in ast.walk(ast.parse(text))
            if isinstance(node, ast.Dict)
            for key in node.keys
            if isinstance(key, ast.Name)
        }
        assert rows.issuperset(has)
        assert not rows.intersection(lacks)
        assert "WINDOW_COMMAND" not in text
