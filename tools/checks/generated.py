"""Tables made from the code: written by `make docs` (`--write`), checked by `make check`.

A table stands in a Markdown file between `<!-- generated: NAME -->` and `<!-- end: NAME -->`; the text around it is
written by hand. `.importlinter` is generated whole.
"""

import re
import sys
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tools.checks import bare_c3, caller_tables, device_json, measured, rooms, tables, wiring
from tools.checks.rooms import ROOT

_WRITE_AGAIN = "run `make docs` and commit what it writes"


@dataclass(frozen=True, slots=True)
class Table:
    """One generated table: its name, the file it stands in, and what makes its text."""

    name: str
    path: str
    make: Callable[[], str]


TABLES = (
    Table("rooms", "docs/reference/rooms.md", rooms.table),
    Table("make-verbs", "docs/reference/commands.md", tables.make_verbs),
    Table("hub-keys", "docs/reference/configuration.md", tables.hub_keys),
    Table("center-keys", "docs/reference/configuration.md", tables.center_keys),
    Table("command-line", "docs/reference/commands.md", tables.command_line),
    Table("device-json", "docs/reference/device-json.md", device_json.members),
    Table("reach-codes", "docs/reference/device-json.md", device_json.codes),
    Table("pins", "docs/reference/boards.md", tables.pins),
    Table("caller-pins", "docs/how-to/use-a-caller.md", caller_tables.pins),
    Table("caller-codes", "docs/how-to/use-a-caller.md", caller_tables.codes),
    Table("hub-doors", "docs/reference/http.md", tables.hub_doors),
    Table("hub-metrics", "docs/reference/metrics.md", tables.hub_metrics),
    Table("center-metrics", "docs/reference/metrics.md", tables.center_metrics),
    Table("ticket-moves", "docs/explanation/queue-rules.md", tables.ticket_moves),
    Table("window-moves", "docs/explanation/queue-rules.md", tables.window_moves),
    Table("event-types", "docs/reference/events.md", tables.event_types),
    Table("case-moves", "docs/how-to/follow-a-bad-rating.md", tables.case_moves),
    Table("center-roles", "docs/how-to/let-people-into-the-center.md", tables.center_roles),
    Table("export-fields", "docs/reference/exports.md", tables.export_fields),
    Table("export-codes", "docs/reference/exports.md", tables.export_codes),
    Table("libraries", "docs/reference/libraries.md", tables.libraries),
    *(
        Table(f"box-{name}", path, make)
        for path, language in (("docs/how-to/technician.md", "en"), ("docs/how-to/technician.zh-CN.md", "zh-CN"))
        for name, make in (
            ("parts", wiring.parts),
            ("pins", wiring.pins),
            ("lights", partial(wiring.lights, language)),
            ("faults", partial(wiring.faults, language)),
        )
    ),
    Table("c3-wires", "docs/tutorial/bare-esp32-c3.md", bare_c3.table),
    Table("c3-wires", "docs/tutorial/bare-esp32-c3.zh-CN.md", bare_c3.table),
    Table("measured", "docs/explanation/performance.md", measured.table),
)


class GeneratedError(Exception):
    """A file has no place for its table; the text says which markers are missing."""


def place(text: str, name: str, body: str, path: str) -> str:
    """The text with the table put between its markers; raises `GeneratedError` where they are missing."""
    opening, closing = f"<!-- generated: {name} -->", f"<!-- end: {name} -->"
    pattern = re.compile(re.escape(opening) + r"\n.*?" + re.escape(closing), re.DOTALL)
    if not pattern.search(text):
        raise GeneratedError(f"{path} has no line {opening} followed by {closing}; put both where the table goes")
    return pattern.sub(lambda _: f"{opening}\n{body}\n{closing}", text, count=1)


def wanted(root: Path = ROOT) -> dict[str, str]:
    """What each file with generated text should hold, by its path."""
    out = {".importlinter": rooms.importlinter(root), **wiring.files(), bare_c3.PICTURE: bare_c3.drawing()}
    for table in TABLES:
        path = root / table.path
        if table.path not in out and not path.exists():
            raise GeneratedError(f"{table.path} is missing; make it with the markers of the table {table.name}")
        text = out.get(table.path) or path.read_text("utf-8")
        out[table.path] = place(text, table.name, table.make(), table.path)
    return out


def check(root: Path = ROOT) -> list[str]:
    """The files whose generated text is not what the code says today."""
    try:
        files = wanted(root)
    except (GeneratedError, tables.TableError) as error:
        return [str(error)]
    out = []
    for name, text in files.items():
        path = root / name
        if not path.exists() or path.read_text("utf-8") != text:
            out.append(f"{name} is not current; {_WRITE_AGAIN}")
    return out


def write(root: Path = ROOT) -> list[str]:
    """Writes what is not current; returns the paths that changed."""
    changed = []
    for name, text in wanted(root).items():
        path = root / name
        if not path.exists() or path.read_text("utf-8") != text:
            path.write_text(text, "utf-8")
            changed.append(name)
    return changed


def main(arguments: list[str]) -> int:
    """`--write` writes; without it the tables are only checked."""
    try:
        if arguments == ["--write"]:
            changed = write()
            print("\n".join(f"wrote {name}" for name in changed) or "all generated text was current")
            return 0
        problems = check()
    except (GeneratedError, tables.TableError) as error:
        print(error, file=sys.stderr)
        return 1
    print("\n".join(problems) or "all generated text is current")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
