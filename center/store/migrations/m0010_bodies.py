"""Large batches as the packed bodies that brought them, beside the events that came a few at a time.

What is stored one by one stays so.
"""

STATEMENTS = (
    # position and sequence are of its first event; before: the chain there.
    """CREATE TABLE bodies (
        position INTEGER PRIMARY KEY, journal INTEGER NOT NULL REFERENCES journals, sequence INTEGER NOT NULL,
        events INTEGER NOT NULL, before BLOB NOT NULL, encoding TEXT NOT NULL, body BLOB NOT NULL,
        UNIQUE (journal, sequence))""",
)
