"""The walls stand: every module has a room, and what crosses a wall is found."""

import subprocess
import sys
from pathlib import Path

import pytest

from tools.checks import generated, outside, rooms


def _house(root: Path, files: dict[str, str]) -> Path:
    """A small house on disk: every top with the rooms that import-linter needs, and `files` planted in it."""
    planted = {f"{top}/__init__.py": "" for top in rooms.TOPS} | {"tests/__init__.py": ""}
    for room in rooms.ROOMS:
        planted[room.name.replace(".", "/") + "/__init__.py"] = ""
    for name, text in (planted | files).items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    (root / ".importlinter").write_text(rooms.importlinter(root), "utf-8")
    return root


def _lint(root: Path) -> subprocess.CompletedProcess[str]:
    program = Path(sys.executable).with_name("lint-imports")
    return subprocess.run(
        [program, "--no-logo", "--no-cache"],
        cwd=root,
        capture_output=True,
        text=True,
        check=False,
        env={"PYTHONPATH": str(root), "COLUMNS": "200"},
    )


def test_every_module_of_the_project_stands_in_a_room() -> None:
    assert rooms.homeless() == []


def test_a_module_without_a_room_is_named(tmp_path: Path) -> None:
    house = _house(tmp_path, {"hub/surprise.py": ""})
    assert rooms.homeless(house) == ["hub.surprise"]
    assert any("hub.surprise" in line for line in outside.check(house))


def test_the_contracts_on_disk_are_those_of_the_table() -> None:
    assert (rooms.ROOT / ".importlinter").read_text("utf-8") == rooms.importlinter()


def test_the_house_itself_keeps_its_walls() -> None:
    assert outside.check() == []


def test_an_empty_house_passes(tmp_path: Path) -> None:
    done = _lint(_house(tmp_path, {}))
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("path", "text", "allowed"),
    [
        ("hub/queueing/decide.py", "import common.chain", False),
        ("hub/queueing/decide.py", "from hub.journal import store", False),
        ("hub/links/serial.py", "from protocol import messages", False),
        ("hub/links/serial.py", "from protocol import framing", True),
        ("hub/web/pages.py", "from hub.journal import store", False),
        ("hub/journal/more.py", "from hub.queueing import events", True),
        ("hub/journal/more.py", "from hub.queueing import decide", False),
        ("center/ingest.py", "from protocol import framing", False),
        ("center/ingest.py", "from hub.queueing import events", False),
        ("center/ingest.py", "from common import chain", True),
        ("common/more.py", "import center.ingest", False),
        ("firmware/apps/evaluator.py", "from firmware.drivers import keys", False),
        ("firmware/drivers/more.py", "from protocol import framing", False),
        ("protocol/more.py", "from common import chain", False),
        ("hub/uplink/more.py", "import tests", False),
        ("tools/more.py", "import hub.main, firmware.apps, center.main", True),
    ],
)
def test_an_import_through_a_wall_is_found(tmp_path: Path, path: str, text: str, allowed: bool) -> None:
    neighbours = {
        "common/chain.py": "",
        "firmware/drivers/keys.py": "",
        "hub/journal/store.py": "",
        "hub/queueing/decide.py": "",
        "hub/queueing/events.py": "",
        "protocol/framing.py": "",
        "protocol/messages.py": "",
    }
    done = _lint(_house(tmp_path, neighbours | {path: text}))
    assert (done.returncode == 0) is allowed, done.stdout
    if not allowed:
        assert path.removesuffix(".py").replace("/", ".") in done.stdout


@pytest.mark.parametrize(
    ("module", "source", "found"),
    [
        ("hub.queueing.decide", "import random", "1: imports random"),
        ("hub.queueing.decide", "def f():\n    import time", "2: imports time"),
        ("hub.queueing.decide", "from os import path", "1: imports os"),
        ("hub.queueing.decide", "import msgspec", "1: imports msgspec"),
        ("hub.queueing.decide", "open('x')", "1: calls open()"),
        ("protocol.session", "import asyncio", "1: imports asyncio"),
        ("protocol.session", "from time import ticks_ms", "1: imports time"),
        ("firmware.apps.evaluator", "import machine", "1: imports machine"),
        ("firmware.eventlog", "from machine import Pin", "1: imports machine"),
        ("hub.main", "import bluetooth", "1: imports bluetooth"),
    ],
)
def test_what_a_room_must_not_take_from_outside_is_found(module: str, source: str, found: str) -> None:
    assert any(line.startswith(found) for line in outside.violations(module, source))


@pytest.mark.parametrize(
    ("module", "source"),
    [
        ("hub.queueing.decide", "import hashlib\nfrom dataclasses import dataclass\nfrom hub.queueing import events"),
        ("protocol.compat", "import binascii\nimport hashlib"),
        ("firmware.drivers.keys", "from machine import Pin"),
        ("tools.simulator.onboard.machine_pin", "import machine"),
        ("hub.journal.store", "import sqlite3, threading"),
    ],
)
def test_what_a_room_may_take_from_outside_passes(module: str, source: str) -> None:
    assert outside.violations(module, source) == []


def test_a_table_goes_between_its_markers_and_nothing_else_changes() -> None:
    text = "before\n<!-- generated: t -->\nold\n<!-- end: t -->\nafter\n"
    placed = generated.place(text, "t", "| new \\1 |", "x.md")
    assert placed == "before\n<!-- generated: t -->\n| new \\1 |\n<!-- end: t -->\nafter\n"
    assert generated.place(placed, "t", "| new \\1 |", "x.md") == placed


def test_missing_markers_are_said() -> None:
    with pytest.raises(generated.GeneratedError, match=r"x\.md has no line <!-- generated: t -->"):
        generated.place("text", "t", "table", "x.md")
