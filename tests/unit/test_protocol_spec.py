"""SPEC.md and the schema say what the code does, and the room keeps its walls."""

import ast
import re
from pathlib import Path

import pytest

from protocol import calling, device, dispensing, hub, messages, session
from tools import protocol_tables

ROOM = Path(messages.__file__).parent
FILES = sorted(ROOM.glob("*.py"))
AGAIN = "run `python -m tools.protocol_tables` and commit what it writes"


def test_the_tables_in_the_spec_are_current() -> None:
    text = (ROOM / "SPEC.md").read_text("utf-8")
    assert protocol_tables.spec(text) == text, AGAIN


def test_the_schema_is_current() -> None:
    assert (ROOM / "messages.cddl").read_text("utf-8") == protocol_tables.cddl(), AGAIN


def test_a_spec_without_a_place_for_its_table_is_named() -> None:
    with pytest.raises(ValueError, match="0 places for the table wire-kinds"):
        protocol_tables.spec("")


def test_every_constant_of_the_messages_stands_in_the_spec() -> None:
    text = (ROOM / "SPEC.md").read_text("utf-8")
    plain = {
        "INT",
        "BYTES",
        "TEXT",
        "BOOL",
        "SETTINGS",
        "BY_FACT",
        "BY_COMMAND",
        "UNREADABLE",
        "TYPE_CHECKING",
        "SMALL",
    }
    for name, value in (*vars(messages).items(), *vars(calling).items(), *vars(dispensing).items()):
        if not isinstance(value, int) or not name.isupper() or name.startswith("_") or name in plain:
            continue
        if name == "VERSION":
            assert f"Version {value}." in text
        elif not name.startswith("MAX_") and not name.endswith(("_SIZE", "_BASE_MIN")):
            prefix = re.match(r"(ROLE|REFUSED|UNRATED|IGNORED|FAULT|APP|WINDOW|PRINT)_", name)
            whole = name in ("WINDOW_COMMAND", "PRINT_FAILED")
            word = name if whole or prefix is None else name[prefix.end() :].lower()
            row = re.search(rf"\| {word} \| {value} \||\({value}\)|\| {value} \| {word} \|", text, re.IGNORECASE)
            assert row, f"{name} = {value} is missing in SPEC.md"


def test_the_packets_of_the_spec_are_the_packets_of_the_code() -> None:
    text = (ROOM / "SPEC.md").read_text("utf-8")
    for name in ("GREET", "HELLO", "CHALLENGE", "PROOF", "REFUSE"):
        assert f"| {getattr(session, name):02x} {name} |" in text


@pytest.mark.parametrize("table", [messages.FIELDS, messages.FACT_FIELDS, messages.COMMAND_FIELDS])
def test_keys_and_names_are_unique_in_each_table(table: dict[int, tuple[messages.Field, ...]]) -> None:
    for fields in table.values():
        keys = [field.key for field in fields]
        assert keys == list(range(1, len(fields) + 1))  # a box finds the key by counting
        assert len({field.name for field in fields}) == len(fields)


def test_commands_keep_to_their_halves() -> None:
    from_device = {messages.WINDOW_COMMAND, calling.SIGN_IN, dispensing.ISSUE}
    for command in messages.COMMAND_FIELDS:
        assert (command >= 64) == (command in from_device)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_the_room_has_no_clock_no_chance_and_no_files(path: Path) -> None:
    tree = ast.parse(path.read_text("utf-8"))
    allowed = {"protocol", "collections"}
    if path.name == "compat.py":
        allowed |= {"sys", "binascii", "hashlib", "hmac", "cryptography", "cryptolib", "micropython", "typing"}
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [node.module or ""]
        for name in names:
            assert name.partition(".")[0] in allowed, f"{path.name} imports {name}"
        assert not isinstance(node, ast.Assert), f"{path.name}: asserts are dropped by mpy-cross -O1"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_files_stay_short(path: Path) -> None:
    assert len(path.read_text("utf-8").splitlines()) < 400


@pytest.mark.parametrize(("table", "states"), [(device.TABLE, 4), (hub.TABLE, 4)])
def test_state_tables_have_no_orphans(table: dict[tuple[str, str], str], states: int) -> None:
    assert len({state for state, _ in table} | set(table.values())) == states
