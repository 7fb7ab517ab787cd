"""What is different between two halls, row by row; and the same done to a third one."""

from collections.abc import Mapping
from typing import Any, NamedTuple

import msgspec

from hub.hall.rows import KEYS, Rows, table

HALL = "hall"
ADDED, CHANGED, REMOVED, ORDERED = "added", "changed", "removed", "ordered"


class Change(NamedTuple):
    """One row's difference; fields: which of a changed row. An `ordered` one stands for a whole table (row: empty)."""

    table: str
    row: str
    act: str
    fields: tuple[str, ...] = ()

    def plain(self) -> dict[str, Any]:
        """For an answer or an event: names of fields, never what they hold."""
        return {"table": self.table, "row": self.row, "act": self.act, "fields": list(self.fields)}


def between(before: Rows, after: Rows) -> list[Change]:
    """What changes, the hall first and then table by table; empty where nothing does."""
    found = []
    fields = _differing(before.hall, after.hall)
    if fields:
        found.append(Change(HALL, "", CHANGED, fields))
    for name in KEYS:
        found += _of_table(name, _keyed(before, name), _keyed(after, name))
    return found


def again(before: Rows, after: Rows, onto: Rows) -> Rows:
    """What leads from one hall to another, done to a third: rows that did not change there stay as they are here."""
    tables: dict[str, Any] = {}
    if before.hall != after.hall:
        tables[HALL] = after.hall
    for name in KEYS:
        was, wanted, rows = _keyed(before, name), _keyed(after, name), _keyed(onto, name)
        if was == wanted and list(was) == list(wanted):
            continue
        for key in was.keys() | wanted.keys():
            if key not in wanted:
                rows.pop(key, None)
        rows |= {key: row for key, row in wanted.items() if was.get(key) != row}
        place = {key: number for number, key in enumerate(wanted)}
        ordered = sorted(rows, key=lambda key: place.get(key, len(place)))
        tables[name] = tuple(rows[key] for key in ordered)
    return msgspec.structs.replace(onto, **tables)


def _of_table(name: str, before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    found = [Change(name, key, REMOVED) for key in before if key not in after]
    for key, row in after.items():
        if key not in before:
            found.append(Change(name, key, ADDED))
        elif fields := _differing(before[key], row):
            found.append(Change(name, key, CHANGED, fields))
    if [key for key in before if key in after] != [key for key in after if key in before]:
        found.append(Change(name, "", ORDERED))
    return found


def _differing(before: msgspec.Struct, after: msgspec.Struct) -> tuple[str, ...]:
    return tuple(name for name in before.__struct_fields__ if getattr(before, name) != getattr(after, name))


def _keyed(rows: Rows, name: str) -> dict[str, Any]:
    return {getattr(row, KEYS[name]): row for row in table(rows, name)}
