"""Figures of some windows of a hall by what is not kept by window: clerk, service, quarter hour. From runs and tickets.

Such a question costs the runs of its windows and dates; whoever asks keeps the dates few (`center.web.reporting`).
"""

import sqlite3
from collections.abc import Iterator
from dataclasses import fields
from typing import Any

import msgspec

from center.rollups.cells import Changes, Times
from center.rollups.entities import Run, Ticket
from center.store.answers import Question, Tally, TimesTally

_RUN = ", ".join(field.name for field in fields(Run))
_TICKET = ", ".join(field.name for field in fields(Ticket))
_AMONG = "window IN (SELECT value FROM json_each(?))"


def tallies(connection: sqlite3.Connection, question: Question) -> list[Tally]:
    """Finished runs by group, as the rollups would say."""
    changes = Changes()
    for run in _runs(connection, question):
        changes.run(run, 1)
    sums: dict[str, list[int]] = {}
    for key, cell in changes.days(question.by):
        if not any(cell.ratings):  # ratings are not kept by quarter hour
            continue
        known = sums.get(key)
        sums[key] = [a + b for a, b in zip(known, cell.ratings, strict=True)] if known else cell.ratings
    return [
        Tally(_key(question, key), row[0], (row[1], row[2], row[3], row[4], row[5]), row[6])
        for key, row in sorted(sums.items())
    ]


def times(connection: sqlite3.Connection, question: Question) -> list[TimesTally]:
    """Tickets and times by group, likewise."""
    changes = Changes()
    for run in _runs(connection, question):
        changes.run(run, 1)
    day = "coalesce(date, called_date)"
    sql = f"SELECT {_TICKET} FROM tickets WHERE hall = ? AND {day} BETWEEN ? AND ? AND {_AMONG}"  # noqa: S608 - our names
    for row in connection.execute(sql, _values(question)):
        changes.ticket(Ticket(*row), 1)
    found: dict[str, Times] = {}
    for key, cell in changes.days(question.by):
        found.setdefault(key, Times()).merge(cell.times)
    return [TimesTally(_key(question, key), found[key]) for key in sorted(found)]


def _runs(connection: sqlite3.Connection, question: Question) -> Iterator[Run]:
    sql = f"SELECT {_RUN} FROM runs WHERE hall = ? AND date BETWEEN ? AND ? AND {_AMONG}"  # noqa: S608 - our names
    for row in connection.execute(sql, _values(question)):
        yield Run(*row)


def _values(question: Question) -> tuple[Any, ...]:
    (hall,) = question.halls or ()
    windows = msgspec.json.encode(sorted(question.windows or ())).decode()
    return hall, question.first, question.last, windows


def _key(question: Question, key: str) -> tuple[str | None, ...]:
    """As the rollups' answer has it: a quarter hour has no hall."""
    if question.by == "quarter":
        return (key,)
    (hall,) = question.halls or ()
    return hall, key or None
