"""The hall's configuration in one TinyDB file: rows, their revision, what may be undone, and a change under way.

A change is prepared here, told to the journal, and settled here. Between the two a start finds it pending and asks the
journal whether it happened, so that file and journal never tell two stories.
"""

from pathlib import Path
from typing import Any, NamedTuple

import msgspec
from tinydb import TinyDB

from hub.devices.errors import RegistryError
from hub.devices.storage import CrashSafeStorage
from hub.hall import difference
from hub.hall.difference import Change
from hub.hall.errors import ChangedMeanwhileError, HallFileError, NothingToUndoError, RowsError
from hub.hall.rows import KEYS, MAX_BYTES, Rows, check, table

HALL_FILE = "hall.json"
# The rows, those of the settings file, a change under way and what may be undone, in JSON with a line a field.
MAX_FILE_BYTES = 8 * MAX_BYTES
# Changes that can be taken back: a morning's work. Beyond it, or beyond so many bytes, the oldest is forgotten.
UNDO_MOST = 20
UNDO_BYTES = 1024 * 1024


class Past(msgspec.Struct, frozen=True, kw_only=True):
    """A change that can be taken back."""

    revision: int
    at: str
    by: str
    changes: list[dict[str, Any]]
    # What each changed row was (None: not there), by table; and the order of each table that has another one since.
    rows: dict[str, dict[str, Any]]
    orders: dict[str, list[str]]


class Prepared(NamedTuple):
    """A change that is checked and not done."""

    revision: int
    before: Rows
    rows: Rows
    changes: list[Change]


class _Meta(msgspec.Struct, kw_only=True):
    revision: int
    # What the settings file said when it was last taken in.
    seed: Rows
    pending: Rows | None = None
    pending_past: Past | None = None
    # It takes the last change back.
    pending_undo: bool = False


class HallStore:
    """The rows of the hall; `rows` and `revision` are what holds."""

    def __init__(self, path: Path, seed: Rows) -> None:
        """Opens the file, or begins it with the settings file's rows; raises `HallError`.

        Where the settings file was changed since the last start, what changed in it is done to the rows.
        """
        self.path = path
        self.past: list[Past] = []
        self._db = TinyDB(path=path, storage=CrashSafeStorage, max_bytes=MAX_FILE_BYTES, else_do="start again")
        stored = self._read()
        if stored is None:
            check(seed)
            # Written at the start's end; whoever only looks leaves nothing behind.
            self.rows, self._meta = seed, _Meta(revision=1, seed=seed)
        else:
            self.rows, self._meta, self.past = stored
        self._seed = seed
        self._written = stored is not None

    @property
    def revision(self) -> int:
        """Rises by one with each change."""
        return self._meta.revision

    @property
    def pending(self) -> int | None:
        """The revision of a change that was told to the journal and not settled."""
        return None if self._meta.pending is None else self._meta.revision + 1

    def taken_in(self) -> Rows | None:
        """The rows after what has changed in the settings file, None where nothing has; raises `RowsError`."""
        if self._seed == self._meta.seed:
            return None
        rows = difference.again(self._meta.seed, self._seed, self.rows)
        try:
            check(rows)
        except RowsError as error:
            raise RowsError(
                error.where,
                f"{error.what}. The settings file was changed and doesn't fit what was changed since in {self.path}",
            ) from error
        return rows

    def keep_seed(self) -> None:
        """What the settings file says now is done."""
        if self._seed != self._meta.seed or not self._written:
            self._meta.seed = self._seed
            self._write()

    def prepare(self, rows: Rows, revision: int | None = None) -> Prepared:
        """Checks rows against each other and against the revision they were made from; raises `HallError`."""
        check(rows)
        changes = difference.between(self.rows, rows)
        if changes and revision not in (None, self.revision):
            raise ChangedMeanwhileError(revision or 0, self.revision)
        return Prepared(self.revision + 1, self.rows, rows, changes)

    def before_last(self) -> tuple[Rows, int]:
        """The rows without the last change that can be taken back, and its revision; raises `NothingToUndoError`."""
        if not self.past:
            raise NothingToUndoError("No change is left to undo.")
        past = self.past[-1]
        tables: dict[str, Any] = {}
        hall = past.rows.get(difference.HALL)
        if hall is not None:
            tables[difference.HALL] = hall[""]
        for name, field in KEYS.items():
            if name not in past.rows and name not in past.orders:
                continue
            rows = {getattr(row, field): msgspec.to_builtins(row) for row in table(self.rows, name)}
            for key, row in past.rows.get(name, {}).items():
                if row is None:
                    rows.pop(key, None)
                else:
                    rows[key] = row
            order = {key: number for number, key in enumerate(past.orders.get(name, rows))}
            tables[name] = [rows[key] for key in sorted(rows, key=lambda key: order.get(key, len(order)))]
        whole = msgspec.to_builtins(self.rows) | tables
        return msgspec.convert(whole, Rows), past.revision

    def begin(self, prepared: Prepared, by: str, at: str, *, undo: bool = False) -> None:
        """Writes that it is under way; raises `HallFileError`, and then it is not. undo: it takes the last one back."""
        self._meta.pending = prepared.rows
        self._meta.pending_past = _past(prepared, by, at)
        self._meta.pending_undo = undo
        try:
            self._write()
        except HallFileError:
            self._forget()
            raise

    def settle(self, *, happened: bool) -> None:
        """Ends what is under way as the journal says; a change that was taken back is past no longer."""
        rows, past, undo = self._meta.pending, self._meta.pending_past, self._meta.pending_undo
        self._forget()
        if happened and rows is not None and past is not None:
            self.rows = rows
            self._meta.revision = past.revision
            self.past = self.past[:-1] if undo else _trimmed([*self.past, past])
        self._write()

    def close(self) -> None:
        """Gives the file back."""
        self._db.close()

    def _forget(self) -> None:
        self._meta.pending = self._meta.pending_past = None
        self._meta.pending_undo = False

    def _read(self) -> tuple[Rows, _Meta, list[Past]] | None:
        try:
            found = self._db.storage.read()
        except RegistryError as error:
            raise HallFileError(str(error)) from error
        if not found:
            return None
        try:
            tables = {name: [dict(row) for row in rows.values()] for name, rows in found.items()}
            meta = msgspec.convert(tables.pop("meta")[0], _Meta)
            past = msgspec.convert(tables.pop("past", []), list[Past])
            hall = tables.pop(difference.HALL)[0]
            return msgspec.convert({difference.HALL: hall, **tables}, Rows), meta, past
        except (msgspec.ValidationError, KeyError, IndexError, AttributeError, TypeError) as error:
            raise HallFileError(
                f"{self.path}: {error}. Restore it from a backup, or move it away: the hub then begins with what its "
                "settings file says."
            ) from error

    def _write(self) -> None:
        """All tables at once, so that a cut leaves the old ones or the new ones."""
        tables: dict[str, list[Any]] = {"meta": [self._meta], difference.HALL: [self.rows.hall]}
        tables |= {name: list(table(self.rows, name)) for name in KEYS}
        tables["past"] = list(self.past)
        plain = {
            name: {str(number): msgspec.to_builtins(row) for number, row in enumerate(rows, 1)}
            for name, rows in tables.items()
        }
        try:
            self._db.storage.write(plain)
        except RegistryError as error:
            raise HallFileError(str(error)) from error
        self._written = True


def current(path: Path, seed: Rows) -> Rows:
    """The rows that a hub would start with, for tools beside it; raises `HallError`."""
    store = HallStore(path, seed)
    try:
        return store.taken_in() or store.rows
    finally:
        store.close()


def _past(prepared: Prepared, by: str, at: str) -> Past:
    rows: dict[str, dict[str, Any]] = {}
    orders: dict[str, list[str]] = {}
    for change in prepared.changes:
        if change.table == difference.HALL:
            rows[change.table] = {"": msgspec.to_builtins(prepared.before.hall)}
            continue
        field = KEYS[change.table]
        was = {getattr(row, field): row for row in table(prepared.before, change.table)}
        if change.act == difference.ORDERED or change.row in was:
            orders[change.table] = list(was)
        if change.act != difference.ORDERED:
            row = was.get(change.row)
            rows.setdefault(change.table, {})[change.row] = None if row is None else msgspec.to_builtins(row)
    return Past(
        revision=prepared.revision,
        at=at,
        by=by,
        changes=[change.plain() for change in prepared.changes],
        rows=rows,
        orders=orders,
    )


def _trimmed(past: list[Past]) -> list[Past]:
    kept = past[-UNDO_MOST:]
    while kept and len(msgspec.json.encode(kept)) > UNDO_BYTES:
        kept = kept[1:]
    return kept
