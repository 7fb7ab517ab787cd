"""The forms of `/admin`, made from the rows themselves: a field that a row gains has a form without a line here but its
label."""

from collections.abc import Callable
from typing import Any

import msgspec
from msgspec import inspect

from hub.hall.rows import KEYS, Rows
from hub.leds.drivers import names
from hub.web.admin_labels import LABELS, TABLES, hints

Translate = Callable[[str], str]
# A text that may be longer gets a box of its own height.
LONG_TEXT = 250
# Fields that name a row of another table: field → table.
REFERENCES = {"zone": "zones", "service": "services", "window": "windows"}


def forms(translate: Translate) -> dict[str, Any]:
    """table → its title, the field that names a row, and its fields in their order; `hall` has one row."""
    found: dict[str, Any] = {}
    info = inspect.type_info(Rows)
    assert isinstance(info, inspect.StructType)
    for field in info.fields:
        row = _row(field.type)
        title, one = TABLES[field.name]
        found[field.name] = {
            "title": translate(title),
            "one": translate(one),
            "key": KEYS.get(field.name),
            "needed": field.required and field.name in KEYS,
            "fields": [_field(field.name, each, translate) for each in row.fields],
        }
    return found


def _row(info: inspect.Type) -> inspect.StructType:
    plain = _plain(info)
    if isinstance(plain, inspect.VarTupleType):
        plain = _plain(plain.item_type)
    assert isinstance(plain, inspect.StructType)
    return plain


def _plain(info: inspect.Type) -> inspect.Type:
    return _plain(info.type) if isinstance(info, inspect.Metadata) else info


def _field(table: str, field: inspect.Field, translate: Translate) -> dict[str, Any]:
    plain = _plain(field.type)
    told = hints(translate)
    made: dict[str, Any] = {
        "name": field.name,
        "label": translate(LABELS[field.name]),
        "hint": told.get(f"{table}.{field.name}", told.get(field.name, "")),
        "needed": field.required,
        "default": None if field.required else _default(field),
        **_kind(field.name, plain),
    }
    return made


def _default(field: inspect.Field) -> Any:
    value = field.default if field.default is not msgspec.NODEFAULT else field.default_factory()
    return list(value) if isinstance(value, tuple) else value


def _kind(name: str, plain: inspect.Type) -> dict[str, Any]:
    if name in REFERENCES:
        return {"kind": "row", "of": REFERENCES[name]}
    choices = {"driver": names(), "role": ["A", "B"]}.get(name)
    if choices is not None or isinstance(plain, inspect.LiteralType):
        return {"kind": "choice", "choices": choices or list(plain.values)}  # type: ignore[attr-defined]  # a literal's
    return _of_type(name, plain)


def _of_type(name: str, plain: inspect.Type) -> dict[str, Any]:
    if isinstance(plain, inspect.BoolType):
        return {"kind": "tick"}
    if isinstance(plain, inspect.IntType):
        return {"kind": "number", "least": plain.ge, "most": plain.le}
    if isinstance(plain, inspect.VarTupleType):
        return {"kind": "rows", "of": "services"} if name == "services" else {"kind": "lines"}
    assert isinstance(plain, inspect.StrType)
    most = plain.max_length or 200
    return {"kind": "long" if most > LONG_TEXT else "text", "most": most, "pattern": plain.pattern}
