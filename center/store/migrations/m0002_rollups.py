"""Events in their order of arrival; rollups by day and month; tickets, runs and devices that tell more.

What is counted is made anew from the events when the store is opened (`center.store.counted`).
"""

STATEMENTS = (
    # The position says in which order events came, over all journals: who counts again goes by it.
    """CREATE TABLE arrivals (
        position INTEGER PRIMARY KEY, journal INTEGER NOT NULL REFERENCES journals, sequence INTEGER NOT NULL,
        bytes BLOB NOT NULL, chain BLOB NOT NULL, UNIQUE (journal, sequence))""",
    """INSERT INTO arrivals (journal, sequence, bytes, chain)
    SELECT journal, sequence, bytes, chain FROM events ORDER BY rowid""",
    "DROP TABLE events",
    "ALTER TABLE arrivals RENAME TO events",
    "DROP TABLE runs",
    "DROP TABLE tickets",
    "DROP TABLE facts",
    "DROP TABLE devices",
    "CREATE TABLE counted (rules INTEGER NOT NULL)",
    """CREATE TABLE runs (
        hall TEXT NOT NULL, run TEXT NOT NULL, ticket TEXT, date TEXT, at_ms INTEGER, quarter INTEGER,
        window TEXT, staff TEXT, service TEXT, served_ms INTEGER, undone INTEGER NOT NULL, grade INTEGER,
        rated_ms INTEGER, unrated TEXT, aside INTEGER NOT NULL,
        finished_at INTEGER, rated_at INTEGER, undone_at INTEGER, PRIMARY KEY (hall, run)) WITHOUT ROWID""",
    "CREATE INDEX runs_by_date ON runs (hall, date) WHERE date IS NOT NULL",
    """CREATE TABLE tickets (
        hall TEXT NOT NULL, ticket TEXT NOT NULL, date TEXT, issued_ms INTEGER, quarter INTEGER, service TEXT,
        channel TEXT, called_date TEXT, called_ms INTEGER, called_quarter INTEGER, window TEXT, staff TEXT,
        waited_ms INTEGER, missed INTEGER NOT NULL, restored INTEGER NOT NULL, left INTEGER NOT NULL,
        issued_at INTEGER, called_at INTEGER, PRIMARY KEY (hall, ticket)) WITHOUT ROWID""",
    """CREATE INDEX tickets_waiting ON tickets (hall, date, issued_ms)
    WHERE called_date IS NULL AND left = 0 AND channel IS NOT 'walk_up'""",
    """CREATE TABLE facts (
        device TEXT NOT NULL, epoch TEXT NOT NULL, fact INTEGER NOT NULL, position INTEGER NOT NULL,
        PRIMARY KEY (device, epoch, fact)) WITHOUT ROWID""",
    """CREATE TABLE window_days (
        hall TEXT NOT NULL, window TEXT NOT NULL, date TEXT NOT NULL, staffed INTEGER NOT NULL,
        paused INTEGER NOT NULL, last_ms INTEGER NOT NULL, open_ms INTEGER NOT NULL,
        PRIMARY KEY (hall, window, date)) WITHOUT ROWID""",
    """CREATE TABLE devices (
        hall TEXT NOT NULL, device TEXT NOT NULL, role TEXT, window TEXT, up INTEGER NOT NULL, seen_ms INTEGER NOT NULL,
        booted_ms INTEGER, booted TEXT, fault_ms INTEGER, fault TEXT, tested_ms INTEGER, tested TEXT,
        PRIMARY KEY (hall, device)) WITHOUT ROWID""",
    """CREATE TABLE key_tests (
        position INTEGER PRIMARY KEY, hall TEXT NOT NULL, device TEXT NOT NULL, date TEXT NOT NULL,
        at_ms INTEGER NOT NULL, detail TEXT NOT NULL)""",
    "CREATE INDEX key_tests_by_date ON key_tests (date, hall, device)",
    # grain: day or month; key: the window, the clerk, the service or the quarter hour, empty where there is none.
    """CREATE TABLE ratings_rollup (
        grain TEXT NOT NULL, dimension TEXT NOT NULL, span TEXT NOT NULL, hall TEXT NOT NULL, key TEXT NOT NULL,
        served INTEGER NOT NULL, grade_1 INTEGER NOT NULL, grade_2 INTEGER NOT NULL, grade_3 INTEGER NOT NULL,
        grade_4 INTEGER NOT NULL, grade_5 INTEGER NOT NULL, aside INTEGER NOT NULL,
        PRIMARY KEY (grain, dimension, span, hall, key)) WITHOUT ROWID""",
    """CREATE TABLE times_rollup (
        grain TEXT NOT NULL, dimension TEXT NOT NULL, span TEXT NOT NULL, hall TEXT NOT NULL, key TEXT NOT NULL,
        counts BLOB NOT NULL, PRIMARY KEY (grain, dimension, span, hall, key)) WITHOUT ROWID""",
)
