"""Reading `hall.csv`: table by table and cell by cell, with everything that is wrong told at once."""

import csv
import difflib
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from hub.hall.errors import HallError, RowsError
from hub.hall.layout import layout
from hub.hall.rows import KEYS, Rows, check, table
from hub.hall.sheet_words import TABLES, Speak, column, hint, value

HALL, DEVICES = "hall", "devices"
EXAMPLE = {"table": "[windows], [窗口]"}
# Errors told at once; a person mends these and tries again.
ERRORS_MOST = 100
# A cell: twice the longest disclosure; a quote that is never closed would make the rest of the file one.
csv.field_size_limit(10_000)


@dataclass(frozen=True, slots=True)
class Wrong:
    """One thing that is wrong; column is its number from 1, 0 where a whole line is."""

    line: int
    column: int
    name: str
    what: str

    def plain(self) -> dict[str, Any]:
        """For an answer."""
        return {"line": self.line, "column": self.column, "name": self.name, "what": self.what}


class SheetError(HallError):
    """The file can't be taken; nothing of it was. `wrongs`: each line and cell."""

    def __init__(self, wrongs: Sequence[Wrong]) -> None:
        first = wrongs[0]
        super().__init__(f"line {first.line}: {first.what} ({len(wrongs)} in all)")
        self.wrongs = list(wrongs[:ERRORS_MOST])
        self.total = len(wrongs)


@dataclass(frozen=True, slots=True)
class Sheet:
    """What a file wants: the hall's rows, and where devices stand (None: its table isn't there)."""

    rows: Rows
    places: dict[str, str | None] | None


@dataclass
class _Table:
    """A table on its way: its columns, and for each row its line and its values."""

    name: str
    line: int
    columns: list[str | None] | None = None
    rows: list[tuple[int, dict[str, Any]]] = field(default_factory=list)

    @property
    def kind(self) -> type[msgspec.Struct]:
        return TABLES[self.name][1]

    @property
    def key(self) -> str:
        return "device" if self.name == DEVICES else KEYS.get(self.name, "name")

    def place(self, name: str) -> int:
        """The number of a column, 0 where the file doesn't have it."""
        return self.columns.index(name) + 1 if self.columns and name in self.columns else 0


class Reading:
    """One file."""

    def __init__(self, now: Rows, devices: Mapping[str, str], _: Speak) -> None:
        self._now = now
        self._devices = devices
        self._speak = _
        self._wrongs: list[Wrong] = []

    def sheet(self, text: str) -> Sheet:
        """Table by table, then what must fit between them."""
        _ = self._speak
        tables: dict[str, _Table] = {}
        for found in self._tables(text):
            if found.name in tables:
                first = tables[found.name].line
                self._wrong(
                    found.line, 0, "", self._speak("This table began in line %(line)s already.") % {"line": first}
                )
            tables.setdefault(found.name, found)
        _ = self._speak
        if not tables and not self._wrongs:
            self._wrong(1, 0, "", _("No table begins here; the first row names one, such as %(table)s.") % EXAMPLE)
        self._each_once(tables)
        self._references(tables)
        self._one_box_a_place(tables)
        self._raise()
        rows = self._rows(tables)
        places = None
        if DEVICES in tables:
            places = {row["device"]: row.get("window") or None for _line, row in tables[DEVICES].rows}
        return Sheet(rows, places)

    def _tables(self, text: str) -> Iterator[_Table]:
        _ = self._speak
        current: _Table | None = None
        unknown = False
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        line = 1
        while True:
            line = reader.line_num + 1
            try:
                cells = next(reader, None)
            except csv.Error as error:
                self._wrong(line, 0, "", _("The line can't be read (%(why)s). Is a quote not closed?") % {"why": error})
                cells = None
            if cells is None:
                break
            if not any(cell.strip() for cell in cells):
                continue
            named = re.fullmatch(r"\s*\[(.*)\]\s*", cells[0])
            if named and not any(cell.strip() for cell in cells[1:]):
                if current is not None:
                    yield current
                current = self._begin(named[1].strip(), line)
                unknown = current is None
            elif current is not None and current.columns is None:
                self._columns(current, cells, line)
            elif current is not None:
                self._row(current, cells, line)
            elif not unknown:
                what = _("No table has begun; a row such as %(table)s begins one.") % EXAMPLE
                self._wrong(line, 0, "", what)
                unknown = True
        if current is not None:
            yield current

    def _begin(self, word: str, line: int) -> _Table | None:
        for name, (chinese, _kind) in TABLES.items():
            if word.lower() == name or word == chinese:
                return _Table(name, line)
        known = ", ".join(f"[{name}] [{chinese}]" for name, (chinese, _kind) in TABLES.items())
        what = self._speak("There is no table [%(name)s]; there are: %(known)s") % {"name": word, "known": known}
        self._wrong(line, 1, "", what)
        return None

    def _columns(self, found: _Table, cells: list[str], line: int) -> None:
        _ = self._speak
        names = found.kind.__struct_fields__
        known = {name: name for name in names} | {column(name): name for name in names}
        found.columns = []
        for number, cell in enumerate(cells, 1):
            word = cell.strip()
            name = known.get(word.lower()) or known.get(word)
            if word and name is None:
                close = difflib.get_close_matches(word, known, n=1)
                like = _("; did you mean %(close)s?") % {"close": close[0]} if close else ""
                allowed = " ".join(f"{each}/{column(each)}" for each in names)
                what = _("There is no column %(name)s%(like)s Columns here: %(allowed)s") % {
                    "name": word,
                    "like": like or ".",
                    "allowed": allowed,
                }
                self._wrong(line, number, word, what)
            elif name is not None and name in found.columns:
                self._wrong(line, number, word, _("This column stands there twice."))
            found.columns.append(name)
        needed = {each.encode_name for each in msgspec.structs.fields(found.kind) if each.required}
        # A name that isn't known may be the one that is missing.
        strange = any(cell.strip() and name is None for cell, name in zip(cells, found.columns, strict=True))
        for name in () if strange else sorted(needed - set(found.columns)):
            self._wrong(
                line, 0, name, _("The column %(name)s/%(word)s is missing.") % {"name": name, "word": column(name)}
            )

    def _row(self, found: _Table, cells: list[str], line: int) -> None:
        _ = self._speak
        values: dict[str, Any] = {}
        assert found.columns is not None
        needed = {each.encode_name for each in msgspec.structs.fields(found.kind) if each.required}
        for number, cell in enumerate(cells, 1):
            name = found.columns[number - 1] if number <= len(found.columns) else None
            if name is None:
                if cell.strip() and number > len(found.columns):
                    self._wrong(line, number, "", _("The table has no such column; is a comma too many in the line?"))
                continue
            if not cell.strip() and name not in needed:
                continue  # an empty cell is the field's default
            needed.discard(name)
            try:
                values[name] = value(found.kind, name, cell)
            except (ValueError, KeyError):
                said = cell if len(cell) <= 40 else cell[:40] + "…"
                what = _("“%(value)s” can't stand here; allowed: %(allowed)s") % {
                    "value": said,
                    "allowed": hint(found.kind, name, _),
                }
                self._wrong(line, number, name, what)
        for name in sorted(needed & set(found.columns)):
            self._wrong(
                line, found.place(name), name, _("%(name)s/%(word)s is missing.") % {"name": name, "word": column(name)}
            )
        found.rows.append((line, values))

    def _each_once(self, tables: Mapping[str, _Table]) -> None:
        _ = self._speak
        for found in tables.values():
            seen: dict[Any, int] = {}
            for line, row in found.rows:
                key = row.get(found.key)
                if key in seen and key is not None:
                    what = _("“%(value)s” stands in line %(line)s already.") % {"value": key, "line": seen[key]}
                    self._wrong(line, found.place(found.key), found.key, what)
                seen.setdefault(key, line)
        hall = tables.get(HALL)
        if hall is not None and len(hall.rows) != 1:
            self._wrong(hall.line, 0, "", _("The table of the hall has one row."))
        for name in ("services", "windows"):
            if name in tables and not tables[name].rows:
                self._wrong(tables[name].line, 0, "", _("This table can't be empty."))

    def _references(self, tables: Mapping[str, _Table]) -> None:
        """Names of rows in other tables, those of this file or else those of the hall."""
        known = {name: self._ids(tables, name) for name in ("zones", "services", "windows")}
        for name, where, wanted in (
            ("services", "zone", "zones"),
            ("windows", "zone", "zones"),
            ("windows", "services", "services"),
            ("announcements", "zone", "zones"),
            ("matters", "service", "services"),
            ("leds", "window", "windows"),
            ("devices", "window", "windows"),
        ):
            for line, row in tables[name].rows if name in tables else ():
                named = row.get(where) or ()
                for each in (named,) if isinstance(named, str) else named:
                    if each not in known[wanted]:
                        self._unknown(tables[name], line, where, each, known[wanted])

    def _ids(self, tables: Mapping[str, _Table], name: str) -> list[str]:
        if name in tables:
            return [row["id"] for _line, row in tables[name].rows if "id" in row]
        return [row.id for row in table(self._now, name)]

    def _one_box_a_place(self, tables: Mapping[str, _Table]) -> None:
        _ = self._speak
        if DEVICES not in tables:
            return
        found = tables[DEVICES]
        stands: dict[tuple[str, str], str] = {}
        for line, row in found.rows:
            name, role, window = row.get("device", ""), row.get("role", ""), row.get("window", "")
            if name not in self._devices:
                known = ", ".join(sorted(self._devices)) or "–"
                what = _("No device %(name)s is registered; provision it first. Registered: %(known)s") % {
                    "name": name,
                    "known": known,
                }
                self._wrong(line, found.place("device"), "device", what)
            elif role != self._devices[name]:
                what = _("%(name)s is registered as %(role)s.") % {"name": name, "role": self._devices[name]}
                self._wrong(line, found.place("role"), "role", what)
            elif window and (window, role) in stands:
                what = _("%(other)s stands at this window already.") % {"other": stands[(window, role)]}
                self._wrong(line, found.place("window"), "window", what)
            stands[(window, role)] = name

    def _unknown(self, found: _Table, line: int, where: str, named: str, known: Sequence[str]) -> None:
        what = self._speak("There is no “%(value)s”; allowed: %(allowed)s") % {
            "value": named,
            "allowed": ", ".join(known) or "–",
        }
        self._wrong(line, found.place(where), where, what)

    def _rows(self, tables: Mapping[str, _Table]) -> Rows:
        wanted: dict[str, Any] = {}
        for name, found in tables.items():
            if name == DEVICES:
                continue
            if name == HALL:
                before = {HALL: self._now.hall}
            else:
                before = {getattr(row, found.key): row for row in table(self._now, name)}
            made = []
            for _line, row in found.rows:
                was = before.get(HALL if name == HALL else row[found.key])
                # A column that the file doesn't have stays as it is.
                kept = {} if was is None else msgspec.structs.asdict(was)
                made.append(found.kind(**{each: kept[each] for each in kept if not found.place(each)} | row))
            wanted[name] = made[0] if name == HALL else tuple(made)
        rows = msgspec.structs.replace(self._now, **wanted)
        try:
            check(rows)
            layout("", 0, rows)
        except RowsError as error:
            # What is between rows and not in one cell: too many, too large, numbers that meet.
            line = tables[error.where].line if error.where in tables else 1
            self._wrong(line, 0, error.where, error.what)
        self._raise()
        return rows

    def _wrong(self, line: int, number: int, name: str, what: str) -> None:
        self._wrongs.append(Wrong(line, number, name, what))

    def _raise(self) -> None:
        if self._wrongs:
            raise SheetError(sorted(self._wrongs, key=lambda wrong: (wrong.line, wrong.column)))
