"""Presses that nobody was asked for, by hall and date: one of the signs that somebody rates for others."""

STATEMENTS = (
    """CREATE TABLE ignored (
        position INTEGER PRIMARY KEY, hall TEXT NOT NULL, device TEXT NOT NULL, window TEXT, date TEXT NOT NULL,
        at_ms INTEGER NOT NULL)""",
    "CREATE INDEX ignored_by_date ON ignored (hall, date)",
)
