"""From counted facts to rows: runs, tickets and devices, in the transaction that stores the events."""

import sqlite3
from dataclasses import dataclass

from center.counting import (
    Called,
    DeviceSeen,
    Fact,
    Finished,
    Ignored,
    Issued,
    Left,
    Submitted,
    Unrated,
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an event stands in the store, and when it came."""

    hall: str
    journal: int
    sequence: int
    received_ms: int


def count(connection: sqlite3.Connection, place: Place, fact: Fact) -> None:
    """Changes the rows that a fact is about; a fact of a type that we only keep changes none."""
    hall = place.hall
    match fact.data:
        case Finished() as data:
            connection.execute(
                """INSERT INTO runs (hall, run, date, window, staff, service, served_ms) VALUES (?, ?, ?, ?, ?, ?, ?)
                ON CONFLICT (hall, run) DO UPDATE SET date = excluded.date, window = excluded.window,
                staff = excluded.staff, service = excluded.service, served_ms = excluded.served_ms
                WHERE runs.date IS NULL""",
                (hall, data.run, fact.date, data.window, data.staff, data.service, data.served_ms),
            )
        case Submitted() as data:
            if _first(connection, place, data):
                connection.execute(
                    """INSERT INTO runs (hall, run, grade, rated_ms) VALUES (?, ?, ?, ?)
                    ON CONFLICT (hall, run) DO UPDATE SET grade = excluded.grade, rated_ms = excluded.rated_ms
                    WHERE runs.grade IS NULL""",
                    (hall, data.run, data.grade, fact.at_ms),
                )
        case Unrated() as data:
            _first(connection, place, data)
            connection.execute(
                """INSERT INTO runs (hall, run, unrated) VALUES (?, ?, ?)
                ON CONFLICT (hall, run) DO UPDATE SET unrated = excluded.unrated""",
                (hall, data.run, data.reason),
            )
        case Ignored() as data:
            _first(connection, place, data)
        case Issued() as data:
            # A walk-up is served without a number: it never stands in a line.
            connection.execute(
                """INSERT INTO tickets (hall, ticket, date, issued_ms, left) VALUES (?, ?, ?, ?, ?)
                ON CONFLICT (hall, ticket) DO UPDATE SET date = excluded.date, issued_ms = excluded.issued_ms
                WHERE tickets.date IS NULL""",
                (hall, data.ticket, fact.date, fact.at_ms, int(data.channel == "walk_up")),
            )
        case Called() as data:
            connection.execute(
                """INSERT INTO tickets (hall, ticket, called_date, waited_ms) VALUES (?, ?, ?, ?)
                ON CONFLICT (hall, ticket) DO UPDATE SET called_date = excluded.called_date,
                waited_ms = coalesce(excluded.waited_ms, max(0, ? - tickets.issued_ms))
                WHERE tickets.called_date IS NULL""",
                (hall, data.ticket, fact.date, data.waited_ms, fact.at_ms),
            )
        case Left() as data:
            connection.execute(
                """INSERT INTO tickets (hall, ticket, left) VALUES (?, ?, 1)
                ON CONFLICT (hall, ticket) DO UPDATE SET left = 1""",
                (hall, data.ticket),
            )
        case DeviceSeen() as data:
            _device(connection, hall, data, fact)
        case None:
            pass


def _first(connection: sqlite3.Connection, place: Place, data: Submitted | Unrated | Ignored) -> bool:
    """Takes the fact number; False when an event already has it. An event without a fact is always first."""
    if data.fact is None:
        return True
    taken = connection.execute(
        "INSERT OR IGNORE INTO facts (device, epoch, fact, journal, sequence) VALUES (?, ?, ?, ?, ?)",
        (data.device, data.epoch, data.fact, place.journal, place.sequence),
    )
    return taken.rowcount == 1


def _device(connection: sqlite3.Connection, hall: str, data: DeviceSeen, fact: Fact) -> None:
    """A boot is told later than it happened and doesn't say that the device is up now; it only makes it known."""
    told_by = fact.recorded_ms
    if fact.type == "hall.device.booted":
        connection.execute(
            """INSERT INTO devices (hall, device, role, up, seen_ms) VALUES (?, ?, ?, 0, ?)
            ON CONFLICT (hall, device) DO UPDATE SET seen_ms = max(seen_ms, excluded.seen_ms)""",
            (hall, data.device, data.role, told_by),
        )
        return
    connection.execute(
        """INSERT INTO devices (hall, device, role, up, seen_ms) VALUES (?, ?, ?, ?, ?)
        ON CONFLICT (hall, device) DO UPDATE SET up = excluded.up, role = coalesce(excluded.role, role),
        seen_ms = excluded.seen_ms WHERE excluded.seen_ms >= devices.seen_ms""",
        (hall, data.device, data.role, int(fact.type == "hall.device.online"), told_by),
    )
