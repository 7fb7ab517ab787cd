"""A settings file that explains itself: every key with its meaning, those that have a default as comments."""

import itertools
import json
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import msgspec

from common import settings


class _Key(NamedTuple):
    section: str
    listed: bool
    name: str
    allowed: str
    default: str
    meaning: str


Chosen = Mapping[str, Sequence[Mapping[str, Any]]]  # section → its tables; one table for a section that isn't a list


def render(kind: type[msgspec.Struct], chosen: Chosen, opening: str) -> str:
    """The file. A section nobody chose stands there as a comment; a list's further tables name only what was chosen."""
    lines = [f"# {line}" for line in opening.splitlines()]
    keys = [_key(*row) for row in settings.rows(kind)]
    for (section, listed), grouped in itertools.groupby(keys, key=lambda key: (key.section, key.listed)):
        known = list(grouped)
        head = f"[[{section}]]" if listed else f"[{section}]"
        tables = chosen.get(section, ())
        for number, table in enumerate(tables or ({},)):
            # A section that nobody chose and that can't stand empty is a comment as a whole.
            needs = any(key.default == "needed" for key in known)
            lines += ["", head if tables or not needs else f"# {head}"]
            for key in known:
                if number == 0:
                    lines.append(f"# {key.meaning} ({key.allowed})")
                if key.name in table:
                    lines.append(f"{key.name} = {_toml(table[key.name])}")
                elif number == 0:
                    lines.append(f"# {key.name} = {'…' if key.default == 'needed' else key.default}")
    return "\n".join(lines) + "\n"


def _key(dotted: str, allowed: str, default: str, meaning: str) -> _Key:
    section, _, name = dotted.replace("[]", "").rpartition(".")
    return _Key(section, "[]" in dotted, name, allowed, default, meaning)


def _toml(value: Any) -> str:
    # JSON's text, numbers, true and false and lists of them are TOML's as well; DEL is the one character that isn't.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
