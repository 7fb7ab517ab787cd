"""Journals byte for byte, runs, tickets, facts and devices."""

STATEMENTS = (
    """CREATE TABLE journals (
        number INTEGER PRIMARY KEY, journal TEXT NOT NULL UNIQUE, hall TEXT NOT NULL,
        stored_through INTEGER NOT NULL, chain BLOB NOT NULL,
        last_event_ms INTEGER, received_ms INTEGER NOT NULL, quarantined INTEGER NOT NULL DEFAULT 0)""",
    "CREATE INDEX journals_by_hall ON journals (hall)",
    # The exact bytes, and the chain after them: any batch can be checked where it begins.
    """CREATE TABLE events (
        journal INTEGER NOT NULL REFERENCES journals, sequence INTEGER NOT NULL,
        bytes BLOB NOT NULL, chain BLOB NOT NULL, PRIMARY KEY (journal, sequence))""",
    """CREATE TABLE quarantine (
        journal INTEGER NOT NULL REFERENCES journals, sequence INTEGER NOT NULL,
        reason TEXT NOT NULL, received_ms INTEGER NOT NULL, PRIMARY KEY (journal, sequence)) WITHOUT ROWID""",
    # A run has a row from its finish or its rating on, whichever comes first; it counts once date is there.
    """CREATE TABLE runs (
        hall TEXT NOT NULL, run TEXT NOT NULL, date TEXT, window TEXT, staff TEXT, service TEXT,
        served_ms INTEGER, grade INTEGER, rated_ms INTEGER, unrated TEXT,
        PRIMARY KEY (hall, run)) WITHOUT ROWID""",
    "CREATE INDEX runs_by_date ON runs (date, hall, window, staff, service, grade)",
    """CREATE TABLE facts (
        device TEXT NOT NULL, epoch TEXT NOT NULL, fact INTEGER NOT NULL,
        journal INTEGER NOT NULL, sequence INTEGER NOT NULL, PRIMARY KEY (device, epoch, fact)) WITHOUT ROWID""",
    """CREATE TABLE tickets (
        hall TEXT NOT NULL, ticket TEXT NOT NULL, date TEXT, issued_ms INTEGER, called_date TEXT,
        waited_ms INTEGER, left INTEGER NOT NULL DEFAULT 0, PRIMARY KEY (hall, ticket)) WITHOUT ROWID""",
    "CREATE INDEX tickets_waiting ON tickets (hall, date, issued_ms) WHERE called_date IS NULL AND left = 0",
    "CREATE INDEX tickets_called ON tickets (called_date, hall, waited_ms)",
    """CREATE TABLE devices (
        hall TEXT NOT NULL, device TEXT NOT NULL, role TEXT, up INTEGER NOT NULL, seen_ms INTEGER NOT NULL,
        PRIMARY KEY (hall, device)) WITHOUT ROWID""",
)
