"""The cases, as the center's own journals make them: a file that can be made again from those at any time.

A list of cases is asked for often and by many; reading it must not replay a year. So what the events lead to is kept
in SQLite with how far each journal was followed, both in one transaction.
"""

import sqlite3
import threading
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import msgspec

from center.casework.cases import DUE_SOON, Case, fold
from center.casework.errors import CaseworkError
from common import envelope
from common.envelope import parse_time
from common.files import OWNER_ONLY

VERSION = 3  # of these rules: a file that others made is made again
_SCHEMA = (
    """CREATE TABLE cases (
        id TEXT PRIMARY KEY, hall TEXT NOT NULL, window TEXT, date TEXT NOT NULL, state TEXT NOT NULL,
        ended INTEGER NOT NULL, answered INTEGER NOT NULL, due TEXT NOT NULL, opened_ms INTEGER NOT NULL,
        handler TEXT, reminder TEXT, case_json BLOB NOT NULL) WITHOUT ROWID""",
    "CREATE INDEX cases_open ON cases (hall, due) WHERE ended = 0",
    "CREATE INDEX cases_reminded ON cases (hall, due) WHERE reminder IS NOT NULL",
    "CREATE INDEX cases_by_opening ON cases (hall, opened_ms)",
    "CREATE INDEX cases_by_date ON cases (hall, date)",
    "CREATE TABLE followed (journal TEXT PRIMARY KEY, through INTEGER NOT NULL) WITHOUT ROWID",
)
_case = msgspec.json.Decoder(Case)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which cases: of these halls, and where `windows` names a hall, of these windows of it."""

    halls: Sequence[str]
    windows: dict[str, frozenset[str]]
    ended: bool | None = None
    overdue_on: date | None = None
    # Not answered, due on the second of these days or before, and not reminded of as it stands on the first, today.
    to_remind: tuple[date, date] | None = None
    # With a reminder that stands, for this account: its own cases, and those that nobody works on.
    reminded: str | None = None
    limit: int = 200
    offset: int = 0


@dataclass(frozen=True, slots=True)
class HeldCases:
    """Cases as they are once each of these journals (journal → event number) was followed so far."""

    cases: list[Case]
    through: dict[str, int]


class CaseBook:
    """All cases; every call is one short transaction."""

    def __init__(self, path: Path) -> None:
        """Opens the file, or begins it anew where other rules made it; raises `CaseworkError`."""
        self._path = path
        self._lock = threading.Lock()
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch(mode=OWNER_ONLY)
            self._connection = self._open()
            if self._connection.execute("PRAGMA user_version").fetchone()[0] != VERSION:
                self._connection.close()
                for old in path.parent.glob(f"{path.name}*"):
                    old.unlink()
                path.touch(mode=OWNER_ONLY)
                self._connection = self._open()
                for statement in (*_SCHEMA, f"PRAGMA user_version = {VERSION}"):
                    self._connection.execute(statement)
        except (OSError, sqlite3.Error) as error:
            raise CaseworkError(
                f"{path}: can't be opened: {error}. It is made from the store: move it away and start again."
            ) from error

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA journal_mode = WAL")
        # What a power cut takes is followed again; `followed` goes with it.
        connection.execute("PRAGMA synchronous = NORMAL")
        return connection

    def close(self) -> None:
        """Ends."""
        self._connection.close()

    def followed(self, journal: str) -> int:
        """How far a journal's events are in here."""
        with self._lock:
            row = self._connection.execute("SELECT through FROM followed WHERE journal = ?", (journal,)).fetchone()
        return 0 if row is None else int(row[0])

    def follow(self, journal: str, events: Iterable[bytes]) -> list[Case]:
        """Takes the next events of a journal, in their order; returns the cases that they changed."""
        changed: dict[str, Case] = {}  # and those that were looked at for it
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                through = None
                for data in events:
                    event = envelope.decode(data)
                    through = event.number
                    self._load(changed, event.data.get("case"))
                    case = fold(changed, event.type, event.data, parse_time(event.time))
                    if case is not None:
                        self._put(case)
                if through is not None:
                    self._connection.execute(
                        "INSERT OR REPLACE INTO followed (journal, through) VALUES (?, ?)", (journal, through)
                    )
            except BaseException:
                self._connection.execute("ROLLBACK")
                raise
            self._connection.execute("COMMIT")
        return list(changed.values())

    def _load(self, cases: dict[str, Case], name: Any) -> None:
        """What an event may change, if it isn't there yet."""
        if isinstance(name, str) and name not in cases:
            case = self._find(name)
            if case is not None:
                cases[name] = case

    def _put(self, case: Case) -> None:
        self._connection.execute(
            "INSERT OR REPLACE INTO cases (id, hall, window, date, state, ended, answered, due, opened_ms, handler, "
            "reminder, case_json) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                case.id,
                case.rating.hall,
                case.rating.window,
                case.rating.date,
                case.state,
                case.ended,
                case.answered,
                case.due.isoformat(),
                case.opened_ms,
                case.handler,
                case.reminder,
                msgspec.json.encode(case),
            ),
        )

    def _find(self, name: str) -> Case | None:
        row = self._connection.execute("SELECT case_json FROM cases WHERE id = ?", (name,)).fetchone()
        return None if row is None else _case.decode(row[0])

    def find(self, name: str) -> Case | None:
        """One case."""
        with self._lock:
            return self._find(name)

    def cases(self, wanted: Wanted) -> list[Case]:
        """Cases, the open ones by deadline first, then the ended ones, the newest first."""
        where, values = _where(wanted)
        sql = f"""SELECT case_json FROM cases WHERE {where}
            ORDER BY ended, CASE ended WHEN 0 THEN due END, opened_ms DESC LIMIT ? OFFSET ?"""  # noqa: S608 - `_where` has our words and question marks only
        with self._lock:
            rows = self._connection.execute(sql, (*values, wanted.limit, wanted.offset)).fetchall()
        return [_case.decode(row[0]) for row in rows]

    def of_dates(self, journals: Mapping[str, str], first: str, last: str) -> HeldCases:
        """The cases of ratings of service dates first to last of halls (hall → journal), and how far these go."""
        sql = "SELECT case_json FROM cases WHERE hall = ? AND date BETWEEN ? AND ? ORDER BY date, id"
        with self._lock:
            self._connection.execute("BEGIN")
            cases = [
                _case.decode(row[0]) for hall in journals for row in self._connection.execute(sql, (hall, first, last))
            ]
            rows = dict(self._connection.execute("SELECT journal, through FROM followed").fetchall())
            self._connection.execute("COMMIT")
        return HeldCases(cases, {journal: rows.get(journal, 0) for journal in journals.values()})

    def count(self, wanted: Wanted) -> int:
        """How many there are, whatever the limit."""
        where, values = _where(wanted)
        with self._lock:
            sql = f"SELECT count(*) FROM cases WHERE {where}"  # noqa: S608 - `_where` has our words and question marks only
            row = self._connection.execute(sql, values).fetchone()
        return int(row[0])


def _where(wanted: Wanted) -> tuple[str, list[Any]]:
    parts: list[str] = []
    values: list[Any] = []
    for hall in wanted.halls:
        windows = wanted.windows.get(hall)
        if windows is None:
            parts.append("hall = ?")
            values.append(hall)
        else:
            parts.append("(hall = ? AND window IN (SELECT value FROM json_each(?)))")
            values += [hall, msgspec.json.encode(sorted(windows)).decode()]
    where = f"({' OR '.join(parts)})" if parts else "0"
    if wanted.ended is not None:
        where += " AND ended = ?"
        values.append(wanted.ended)
    if wanted.overdue_on is not None:
        where += " AND answered = 0 AND due < ?"
        values.append(wanted.overdue_on.isoformat())
    if wanted.to_remind is not None:
        where += " AND answered = 0 AND due <= ? AND (reminder IS NULL OR reminder IS ? AND due < ?)"
        today, last = wanted.to_remind
        values += [last.isoformat(), DUE_SOON, today.isoformat()]
    if wanted.reminded is not None:
        where += " AND reminder IS NOT NULL AND (handler IS NULL OR handler = ?)"
        values.append(wanted.reminded)
    return where, values
