"""One name for one thing: the words that lost stand nowhere (docs/reference/words.md has them)."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from tools.checks.rooms import ROOT

PAGE: Final = Path("docs/reference/words.md")
_ROOMS: Final = ("common", "docs", "hub", "center", "tools")
_KINDS: Final = frozenset({".po", ".md", ".py", ".html", ".js", ".svg"})
_ROW: Final = re.compile(r"^\| [^|]+ \| ([^|]+) \| [^|]+ \| ([^|]+) \|$", re.MULTILINE)


def lost(page: str) -> dict[str, str]:
    """Each word that is not said → the one that is."""
    rows = _ROW.findall(page)[1:]  # without the heading
    return {word: said.partition(",")[0] for said, never in rows for word in never.split(", ")}


def check(root: Path = ROOT) -> list[str]:
    """Each place where such a word stands."""
    words = lost((root / PAGE).read_text("utf-8"))
    out = []
    for path in _files(root):
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
            out += [
                f"{path.relative_to(root)}:{number}: {word}: say {said}" for word, said in words.items() if word in line
            ]
    return out


def _files(root: Path) -> Iterator[Path]:
    yield from sorted(root.glob("README*.md"))
    for room in _ROOMS:
        for path in sorted((root / room).rglob("*")):
            if path.suffix in _KINDS and path != root / PAGE:
                yield path
