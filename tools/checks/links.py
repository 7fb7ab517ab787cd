"""Every relative link and anchor in the Markdown files leads somewhere."""

import re
from pathlib import Path
from urllib.parse import unquote

from tools.checks.rooms import ROOT
from tools.checks.tracked import tracked

_FENCE = re.compile(r"^(```|~~~).*?^\1[^\n]*$", re.MULTILINE | re.DOTALL)
_CODE = re.compile(r"`[^`\n]+`")
_INLINE = re.compile(r"!?\[[^\]]*\]\(\s*<?([^)\s>]+)>?(?:\s+\"[^\"]*\")?\s*\)")
_DEFINED = re.compile(r"^\[[^\]]+\]:\s+(\S+)", re.MULTILINE)
_HTML = re.compile(r"(?:href|src)=\"([^\"]+)\"")
_HEADING = re.compile(r"^#{1,6}\s+(.+?)\s*#*$", re.MULTILINE)
_ANCHOR = re.compile(r"(?:id|name)=\"([^\"]+)\"")
_ELSEWHERE = re.compile(r"^(?:[a-z][a-z0-9+.-]*:|//)", re.IGNORECASE)


def slug(heading: str) -> str:
    """The anchor that forges make of a heading."""
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "")
    text = re.sub(r"[^\w\- ]", "", text.lower())
    return text.replace(" ", "-")


def anchors(text: str) -> set[str]:
    """All anchors of a Markdown text; a heading seen again gets -1, -2, …"""
    seen: dict[str, int] = {}
    out = set(_ANCHOR.findall(text))
    for heading in _HEADING.findall(_FENCE.sub("", text)):
        name = slug(heading)
        count = seen.get(name, 0)
        seen[name] = count + 1
        out.add(name if count == 0 else f"{name}-{count}")
    return out


def targets(text: str) -> list[str]:
    """What a Markdown text links to, code left aside."""
    plain = _CODE.sub("", _FENCE.sub("", text))
    return [*_INLINE.findall(plain), *_DEFINED.findall(plain), *_HTML.findall(plain)]


def broken(path: Path, root: Path = ROOT) -> list[str]:
    """The links of one file that lead nowhere."""
    out = []
    for target in targets(path.read_text("utf-8")):
        if _ELSEWHERE.match(target):
            continue
        place, _, anchor = unquote(target).partition("#")
        goal = (root / place.lstrip("/") if place.startswith("/") else path.parent / place) if place else path
        shown = path.relative_to(root)
        if not goal.exists():
            out.append(f"{shown}: {target} leads nowhere")
        elif anchor and goal.suffix == ".md" and anchor not in anchors(goal.read_text("utf-8")):
            out.append(f"{shown}: {target} names a heading that is not there")
    return out


def check(root: Path = ROOT) -> list[str]:
    """Every broken link in the tracked Markdown files."""
    return [line for path in tracked(root) if path.suffix == ".md" for line in broken(path, root)]
