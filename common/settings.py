"""One TOML file into one frozen msgspec structure, with errors that name file, key and what is allowed.

Every field of a settings structure is `Annotated[type, key("what it is for")]`; `reference()` makes the documentation
of all keys from that, so that it can't go stale, and `load()` refuses a key that isn't there.
"""

import difflib
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, TypeVar

import msgspec
from msgspec import inspect

from common.errors import CommonError

T = TypeVar("T", bound=msgspec.Struct)

_AT = re.compile(r"^(?P<what>.*?)(?: - at `\$\.?(?P<key>.*)`)?$", re.DOTALL)


class SettingsError(CommonError):
    """A settings file can't be used; one line naming file, key and what is allowed."""

    def __init__(self, path: Path, key: str, what: str) -> None:
        super().__init__(f"{path}: {key + ': ' if key else ''}{what}")
        self.path = path
        self.key = key


def key(description: str, **limits: Any) -> msgspec.Meta:
    """The meaning of a key and its limits (`ge`, `le`, `pattern`, `min_length`, …), for `Annotated`."""
    return msgspec.Meta(description=description, **limits)


def load(path: Path, kind: type[T]) -> T:
    """Reads, checks and freezes a settings file; raises `SettingsError`."""
    try:
        text = path.read_text("utf-8")
    except FileNotFoundError as error:
        raise SettingsError(path, "", "there is no such file; say where it is with --config") from error
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(path, "", f"can't be read: {error}") from error
    try:
        raw = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise SettingsError(path, "", f"not TOML: {error}") from error
    return convert(path, raw, kind)


def convert(path: Path, raw: dict[str, Any], kind: type[T]) -> T:
    """As `load`, from what the TOML said; `path` is only named in errors."""
    for where, name, known in _unknown_keys(raw, inspect.type_info(kind), ""):
        close = difflib.get_close_matches(name, known, n=1)
        hint = f"; did you mean {close[0]!r}" if close else ""
        raise SettingsError(path, where + name, f"there is no such key{hint}; allowed here: {', '.join(sorted(known))}")
    try:
        return msgspec.convert(raw, kind)
    except msgspec.ValidationError as error:
        match = _AT.match(str(error))
        what, at = (match["what"], match["key"] or "") if match else (str(error), "")
        raise SettingsError(path, at, _plain(what, raw, at) + _allowed(kind, at)) from error


def _plain(what: str, raw: dict[str, Any], at: str) -> str:
    """The finding with the value that was there."""
    value: Any = raw
    for part in re.findall(r"[^.\[\]]+", at):
        try:
            value = value[int(part)] if isinstance(value, list) else value[part]
        except (KeyError, IndexError, ValueError, TypeError):
            return what
    return what if isinstance(value, (dict, list)) else f"{value!r} is not allowed here: {what}"


def _allowed(kind: type[msgspec.Struct], at: str) -> str:
    """What the key is for, in brackets, when we know it."""
    wanted = re.sub(r"\[[^\]]*\]", "[]", at)
    for row in rows(kind):
        if row[0] == wanted and row[3]:
            return f" ({row[3]}; {row[1]})"
    return ""


def _parts(info: inspect.Type) -> Iterator[inspect.Type]:
    """A type without its annotations and unions."""
    if isinstance(info, inspect.Metadata):
        yield from _parts(info.type)
    elif isinstance(info, inspect.UnionType):
        for part in info.types:
            yield from _parts(part)
    else:
        yield info


def _unknown_keys(raw: Any, info: inspect.Type, where: str) -> Iterator[tuple[str, str, list[str]]]:
    for part in _parts(info):
        if isinstance(part, inspect.StructType) and isinstance(raw, dict):
            known = {field.encode_name: field.type for field in part.fields}
            for name, value in raw.items():
                if name not in known:
                    yield where, name, list(known)
                else:
                    yield from _unknown_keys(value, known[name], f"{where}{name}.")
        elif isinstance(part, (inspect.VarTupleType, inspect.ListType)) and isinstance(raw, list):
            for index, value in enumerate(raw):
                yield from _unknown_keys(value, part.item_type, f"{where[:-1]}[{index}].")


def _type_words(info: inspect.Type) -> str:
    words = []
    for part in _parts(info):
        name = type(part).__name__.removesuffix("Type").lower()
        limits = [
            f"{sign} {getattr(part, attribute)}"
            for attribute, sign in (("ge", "≥"), ("gt", ">"), ("le", "≤"), ("lt", "<"), ("pattern", "matching"))
            if getattr(part, attribute, None) is not None
        ]
        if isinstance(part, inspect.LiteralType):
            limits = [" or ".join(repr(value) for value in part.values)]
            name = ""
        name = {"vartuple": "list", "str": "text", "int": "number", "float": "number", "dict": "table"}.get(name, name)
        if name != "none":
            words.append(" ".join([name, *limits]).strip())
    return " or ".join(words)


def rows(kind: type[msgspec.Struct], prefix: str = "") -> list[tuple[str, str, str, str]]:
    """Every key as (dotted name, allowed, default, meaning); a list of tables is written `windows[].id`."""
    info = inspect.type_info(kind)
    assert isinstance(info, inspect.StructType)
    found: list[tuple[str, str, str, str]] = []
    for field in info.fields:
        name = prefix + field.encode_name
        nested = next((part for part in _parts(field.type) if isinstance(part, inspect.StructType)), None)
        listed = next((part for part in _parts(field.type) if isinstance(part, inspect.VarTupleType)), None)
        inner = (
            next((p for p in _parts(listed.item_type) if isinstance(p, inspect.StructType)), None) if listed else None
        )
        if nested is not None:
            found += rows(nested.cls, f"{name}.")
        elif inner is not None:
            found += rows(inner.cls, f"{name}[].")
        else:
            meaning = ""
            if isinstance(field.type, inspect.Metadata):
                meaning = (field.type.extra_json_schema or {}).get("description", "")
            found.append((name, _type_words(field.type), _default(field), meaning))
    return found


def _default(field: inspect.Field) -> str:
    if field.required:
        return "needed"
    value = field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
    return "none" if value is None else msgspec.json.encode(value).decode()


def reference(kind: type[msgspec.Struct]) -> str:
    """All keys as a Markdown table."""
    lines = ["| key | allowed | default | meaning |", "|---|---|---|---|"]
    for name, allowed, default, meaning in rows(kind):
        lines.append(f"| `{name}` | {allowed.replace('|', chr(92) + '|')} | `{default}` | {meaning} |")
    return "\n".join(lines) + "\n"
