"""Every text that people read, in code and templates, has its Chinese in the message catalogue."""

from collections.abc import Iterator
from pathlib import Path

from babel.messages.extract import extract_from_dir

from common import catalogue
from tools.checks import spoken_commands
from tools.checks.rooms import ROOT

_METHODS = [("**/templates/**.html", "jinja2.ext:babel_extract"), ("**.py", "python")]
_KEYWORDS: dict[str, tuple[int, ...] | None] = {"_": None, "gettext": None, "ngettext": (1, 2)}
SPEAKING = ("hub", "center", "common", "tools")


def extracted(root: Path) -> Iterator[tuple[str, int, str]]:
    """(file, line, English text) of every message; of a plural, its singular."""
    for top in SPEAKING:
        for name, line, message, _, _ in extract_from_dir(root / top, _METHODS, keywords=_KEYWORDS):
            yield f"{top}/{name}", line, message if isinstance(message, str) else message[0]
    for name, line, said in spoken_commands.errors(root):
        if said is not None:
            yield name, line, said
    if root == ROOT:
        for name, said in spoken_commands.spoken():
            yield name, 0, said


def check(root: Path = ROOT) -> list[str]:
    """Each message without Chinese, and each translation that is marked as doubtful."""
    known = {entry.msgid: entry for entry in catalogue.merge(root / "common/catalogue")}
    out = []
    for name, line, text in extracted(root):
        message = known.get(text)
        if message is None or not catalogue.said(message):
            out.append(f"{name}:{line}: {text!r} has no Chinese in common/catalogue/*.zh_CN.po")
        elif message.fuzzy:
            out.append(f"{name}:{line}: {text!r} has a doubtful translation (fuzzy); look at it and take the mark away")
    return out
