"""What makes each generated table: read from the code, never typed twice."""

import re
from collections.abc import Iterable

from tools.checks.rooms import ROOT


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
