"""Where the events stand that end a ticket without a service, and the one that sets a rating aside."""

STATEMENTS = (
    "ALTER TABLE tickets ADD COLUMN missed_at INTEGER",
    "ALTER TABLE tickets ADD COLUMN left_at INTEGER",
    "ALTER TABLE runs ADD COLUMN aside_at INTEGER",
)
