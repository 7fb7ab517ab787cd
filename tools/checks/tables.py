"""What makes each generated table: read from the code, never typed twice."""

import pkgutil
import re
from collections.abc import Iterable, Iterator, Mapping
from importlib import import_module
from typing import Any

import click

import center.config as center_config
import hub.config as hub_config
from center.casework import tables as case_tables
from center.exports.profiles import PROFILES
from center.metrics import CENTER
from center.people import roles
from common import settings
from common.metrics import Metric
from hub.journal.renewal import GAP
from hub.queueing import events
from hub.queueing import tables as queueing_tables
from hub.web import doors
from hub.web.metrics import HUB
from tools.checks.event_types import EVENT_DATA
from tools.checks.rooms import ROOT
from tools.cli import cli


class TableError(Exception):
    """A table can't be made; the text says what is missing."""


def _rows(head: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(cell.replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines)


def make_verbs() -> str:
    """The verbs of the Makefile with what they say of themselves."""
    text = (ROOT / "Makefile").read_text("utf-8")
    verbs = re.findall(r"^([a-z-]+):[^#\n]*##\s*(.+)$", text, re.MULTILINE)
    return _rows(("command", "does"), [(f"`make {verb}`", does) for verb, does in verbs])


def libraries() -> str:
    """The libraries that pyproject.toml asks for, with the version the lock pins and what each brings along."""
    lock = (ROOT / "requirements/base.txt").read_text("utf-8")
    asked = re.findall(
        r"^  \"([a-z0-9-]+)>=", (ROOT / "pyproject.toml").read_text("utf-8").partition("[dependency-")[0], re.MULTILINE
    )
    versions: dict[str, str] = {}
    brings: dict[str, list[str]] = {}
    for name, version, body in re.findall(r"^([a-z0-9.-]+)==([^\s;\\]+)((?:.*\n(?=[\s#]))*.*)", lock, re.MULTILINE):
        versions[name] = version
        for parent in re.findall(r"^\s+#\s+(?:via\s+)?([a-z0-9.-]+)$", body, re.MULTILINE):
            brings.setdefault(parent, []).append(name)
    rows = [(f"`{name}`", versions[name], ", ".join(brings.get(name, [])) or "nothing") for name in asked]
    return _rows(("library", "locked", "brings along"), rows)


def hub_keys() -> str:
    """Every key of the hub's configuration."""
    return settings.reference(hub_config.Config).rstrip()


def center_keys() -> str:
    """Every key of the center's configuration."""
    return settings.reference(center_config.CenterSettings).rstrip()


def event_types() -> str:
    """Every event that the rules of this version make; a type without a description here is an error."""
    made = {value for name, value in vars(events).items() if name.isupper() and isinstance(value, str)} | {GAP}
    if made != set(EVENT_DATA):
        raise TableError(f"tools/checks/event_types.py and hub/queueing/events.py differ in {made ^ set(EVENT_DATA)}")
    rows = [(f"`{name}`", when, f"`{data}`") for name, (when, data) in EVENT_DATA.items()]
    return _rows(("type", "when", "data"), rows)


def hub_doors() -> str:
    """The hub's doors, from the table that its routes are made from."""
    rows = []
    for door in doors.DOORS:
        who = "anybody on this machine; else monitor" if door.who == doors.LOCAL else ", ".join(door.who) or "public"
        rows.append((f"`{door.method} {door.path}`", who, door.summary))
    return _rows(("door", "who", "does"), rows)


def hub_metrics() -> str:
    """The hub's numbers, from the table that its text is made from."""
    return _metrics(HUB)


def center_metrics() -> str:
    """The center's numbers, likewise."""
    return _metrics(CENTER)


def _metrics(table: Iterable[Metric]) -> str:
    rows = [(f"`{row.name}`", row.kind, ", ".join(f"`{x}`" for x in row.labels) or "–", row.meaning) for row in table]
    return _rows(("metric", "kind", "labels", "meaning"), rows)


def ticket_moves() -> str:
    """The rules' table of ticket states."""
    return _moves("ticket is", "event", queueing_tables.TICKET_MOVES)


def window_moves() -> str:
    """The rules' table of window states."""
    return _moves("window is", "command", queueing_tables.WINDOW_MOVES)


def _moves(thing: str, move: str, moves: Mapping[tuple[Any, str], Any]) -> str:
    rows: dict[tuple[str, str], list[str]] = {}
    for (state, name), target in moves.items():
        rows.setdefault((state.value, target.value), []).append(f"`{name}`")
    return _rows((thing, move, "and then"), [(state, ", ".join(names), to) for (state, to), names in rows.items()])


def case_moves() -> str:
    """What a case takes in which state."""
    return _moves("case is", "action", case_tables.MOVES)


def center_roles() -> str:
    """What each role may do at the center."""
    rights = sorted({right for rights in roles.MAY.values() for right in rights})
    rows = [(f"`{role}`", *("yes" if right in roles.MAY[role] else "–" for right in rights)) for role in roles.ROLES]
    return _rows(("role", *(f"`{right}`" for right in rights)), rows)


def export_fields() -> str:
    """The fields of each profile, and what each is made from."""
    names = sorted({name for profile in PROFILES.values() for name in profile.fields})
    rows = [(f"`{name}`", *(profile.fields.get(name, "–") for profile in PROFILES.values())) for name in names]
    return _rows(("field", *(f"`{name}`" for name in PROFILES)), rows)


def export_codes() -> str:
    """The code tables of each profile."""
    rows = []
    for profile in PROFILES.values():
        for codes in (profile.satisfaction, profile.promise, profile.channel):
            said = ", ".join(f"{word} = {code}" for word, code in codes.of.items())
            rows.append((f"`{profile.id}`", codes.name, said))
    return _rows(("profile", "table", "ours = theirs"), rows)


def pins() -> str:
    """The pins of each board."""
    boards = {
        name: import_module(f"firmware.boards.{name}")
        for _, name, _ in sorted(pkgutil.iter_modules([str(ROOT / "firmware/boards")]))
    }
    names = sorted({key for board in boards.values() for key in vars(board) if key.isupper() and key[0] != "_"})
    rows = [(f"`{name}`", *(str(getattr(board, name, "–")) for board in boards.values())) for name in names]
    return _rows(("constant", *(f"`{name}`" for name in boards)), rows)


def command_line() -> str:
    """Every command of `tingting` with its options."""
    rows = [(f"`{path}`", command.get_short_help_str(200), _options(command)) for path, command in _commands()]
    return _rows(("command", "does", "options"), rows)


def _commands() -> Iterator[tuple[str, click.Command]]:
    waiting: list[tuple[str, click.Command]] = [("tingting", cli)]
    while waiting:
        path, command = waiting.pop(0)
        yield path, command
        if isinstance(command, click.Group):
            context = click.Context(command)
            found = ((name, command.get_command(context, name)) for name in command.list_commands(context))
            waiting = [(f"{path} {name}", inner) for name, inner in found if inner is not None] + waiting


def _options(command: click.Command) -> str:
    out = []
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            out.append(f"`{parameter.opts[0]}`" + (f" {parameter.help}" if parameter.help else ""))
        else:
            out.append(f"`{parameter.make_metavar(click.Context(command))}`")
    return "; ".join(out) or "–"
