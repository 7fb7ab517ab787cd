"""No file names a package host or a path of somebody's machine: they mean nothing to whoever reads it next."""

import re
from pathlib import Path

from tools.checks.rooms import ROOT
from tools.checks.tracked import tracked

# Written in pieces so that this file passes its own check.
_HOSTS = ("pypi" + r"\.org", "files" + r"\.pythonhosted", "registry" + r"\.npmjs", "proxy" + r"\.golang")
# A home is named in general (`/root/` alone); what lies in one is somebody's.
_PATHS = ("work/", "tmp" + "/brief", r"root/[\w.]", r"home/[a-z]+/[\w.]")
_PRIVATE = re.compile("|".join([*_HOSTS, *(r"(?<![\w./*$}-])/" + path for path in _PATHS)]))


def findings(text: str) -> list[tuple[int, str]]:
    """(line, what) of each host or path in a text."""
    return [
        (number, match.group()) for number, line in enumerate(text.splitlines(), 1) for match in _PRIVATE.finditer(line)
    ]


def check(root: Path = ROOT) -> list[str]:
    """Every finding in the tracked text files."""
    out = []
    for path in tracked(root):
        try:
            text = path.read_text("utf-8")
        except UnicodeDecodeError:  # a picture or a binary
            continue
        out += [f"{path.relative_to(root)}:{line}: names {what}; say it in general" for line, what in findings(text)]
    return out
