"""A ticket is found by the token on its paper, a bad rating that nobody follows yet by being one."""

STATEMENTS = (
    "ALTER TABLE tickets ADD COLUMN token_sha256 TEXT",
    "CREATE INDEX tickets_by_token ON tickets (token_sha256) WHERE token_sha256 IS NOT NULL",
    "CREATE INDEX runs_by_ticket ON runs (hall, ticket) WHERE ticket IS NOT NULL",
    "ALTER TABLE runs ADD COLUMN cased INTEGER NOT NULL DEFAULT 0",
    "CREATE INDEX runs_to_follow ON runs (hall, rated_at) WHERE grade <= 2 AND cased = 0 AND date IS NOT NULL",
)
